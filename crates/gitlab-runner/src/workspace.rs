//! The directories of a job.

use crate::private_file;
use crate::variables::Variables;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What a job may hand on to its later shells, in bytes.
const MAX_HANDED_ON: u64 = 1024 * 1024;

/// The name of the file for that; no variable has such a name.
const HANDED_ON: &str = "gitlab.env";

/// Where the files of one job are.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The project's directory, in which its scripts run.
    pub(crate) project: PathBuf,
    /// The directory beside it, for files of variables and of git: `<project>.tmp`.
    pub(crate) private: PathBuf,
    /// The project's directory itself, from when it was made.
    made: Arc<OnceLock<OwnedFd>>,
}

impl Workspace {
    /// The directories of a project, whose path is GitLab's word, below `builds`. `None` when the path would leave it.
    pub(crate) fn of(builds: &Path, project_path: &str, project_id: u64) -> Option<Self> {
        // Old servers know no path.
        let path =
            if project_path.is_empty() { format!("project-{project_id}") } else { project_path.to_owned() };
        let is_part = |it: &str| !it.is_empty() && it != "." && it != ".." && !it.contains('\0');
        if !path.split('/').all(is_part) {
            return None;
        }
        let project = builds.join(&path);
        let private = builds.join(format!("{path}.tmp"));
        Some(Self { project, private, made: Arc::default() })
    }

    /// For a job that is not run.
    pub(crate) fn nowhere(builds: &Path) -> Self {
        Self { project: builds.to_owned(), private: builds.to_owned(), made: Arc::default() }
    }

    /// Makes both, new and empty, for us alone. To be called once.
    pub(crate) fn make(&self) -> io::Result<()> {
        remove(&self.private)?;
        remove(&self.project)?;
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&self.project)?;
        let _made_once = self.made.set(File::open(&self.project)?.into());
        builder.create(&self.private)
    }

    /// The project's directory as it was made, whatever a job has put at its path since then: a link to `/proc/self` there
    /// would have us take our own environment for the job's files.
    pub(crate) fn files(&self) -> PathBuf {
        match self.made.get() {
            // The dot leads through the link that this is.
            Some(made) => format!("/proc/self/fd/{}/.", made.as_raw_fd()).into(),
            None => self.project.clone(),
        }
    }

    /// Empties the project's directory, after a checkout that failed.
    pub(crate) fn empty(&self) -> io::Result<()> {
        crate::wipe::wipe(&self.files()).map(drop)
    }

    /// Removes the files of variables and of git.
    pub(crate) fn remove_private(&self) -> io::Result<()> {
        remove(&self.private)
    }

    /// Writes the files of variables.
    pub(crate) fn write_files(&self, variables: &Variables) -> io::Result<()> {
        for (name, it) in variables.iter().filter(|(name, _)| crate::exports::is_name(name)) {
            if it.path.is_some() {
                private_file::write(&self.private.join(name), it.value.expose().as_bytes())?;
            }
        }
        private_file::write(&self.handed_on_path(), b"")
    }

    /// `GITLAB_ENV`: where a job may write variables for its later shells.
    pub(crate) fn handed_on_path(&self) -> PathBuf {
        self.private.join(HANDED_ON)
    }

    /// What the job has written there.
    pub(crate) fn handed_on(&self) -> io::Result<String> {
        let content = private_file::read(&self.handed_on_path(), MAX_HANDED_ON)?;
        Ok(String::from_utf8_lossy(&content.unwrap_or_default()).into_owned())
    }
}

/// Removes a directory, whatever a job has made of it.
fn remove(directory: &Path) -> io::Result<()> {
    match fs::symlink_metadata(directory) {
        Err(_) => Ok(()),
        Ok(it) if it.is_dir() => {
            crate::wipe::wipe(directory)?;
            fs::remove_dir(directory)
        }
        Ok(_) => fs::remove_file(directory),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_its_own_directories_and_no_others() {
        let of = |path| Workspace::of(Path::new("/tmp/builds"), path, 42);
        let workspace = of("infra/network").unwrap();
        assert_eq!(workspace.project, Path::new("/tmp/builds/infra/network"));
        assert_eq!(workspace.private, Path::new("/tmp/builds/infra/network.tmp"));
        assert_eq!(of("").unwrap().project, Path::new("/tmp/builds/project-42"));
        for path in ["..", "infra/../../etc", "/etc", "infra//network", "infra/", "a\0b"] {
            assert!(of(path).is_none(), "{path}");
        }
    }

    #[test]
    fn nothing_of_an_earlier_job_is_left() {
        let builds = tempfile::tempdir().unwrap();
        let workspace = Workspace::of(builds.path(), "infra/network", 42).unwrap();
        workspace.make().unwrap();
        fs::write(workspace.project.join("file"), "").unwrap();
        std::os::unix::fs::symlink("/", workspace.handed_on_path()).unwrap();
        assert_eq!(workspace.handed_on().unwrap(), "", "a link is not followed");
        workspace.make().unwrap();
        assert_eq!(fs::read_dir(&workspace.project).unwrap().count(), 0);
        workspace.remove_private().unwrap();
        assert!(!workspace.private.exists());
    }
}
