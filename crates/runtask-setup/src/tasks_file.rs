//! Holds a file of tasks as it came, from disk or from elsewhere.

use crate::checks::ENTRIES;
use runtask_approvals::SECTION;
use runtask_findings::printable;
use runtask_notify::SETTINGS;
use runtask_policy::PolicySettings;
use runtask_settings::SettingsReader;
use runtask_sources::Source;
use runtask_tasks::{Date, Kind, MAX_FILE_BYTES, Problems, Tasks, file_kind, task_kind};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The kinds of tables of a tasks' file that are put together here; those below them they name themselves.
#[derive(Debug, Clone)]
pub struct TasksFileKinds {
    /// The top.
    pub file: Kind,
    /// A task.
    pub task: Kind,
    /// A channel.
    pub channel: &'static Kind,
}

/// What a tasks' file may hold.
#[must_use]
pub fn tasks_file_kinds() -> TasksFileKinds {
    let sections = [SECTION];
    TasksFileKinds { file: file_kind(&sections), task: task_kind(ENTRIES, &sections), channel: SETTINGS.kind }
}

/// A tasks' file, read.
#[derive(Debug, Clone)]
pub struct TasksFile {
    /// Its name in messages.
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    /// Where its relative paths begin.
    pub(crate) directory: PathBuf,
}

impl TasksFile {
    /// Reads it from disk; its relative paths are below its own directory.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut content = Vec::new();
        File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut content)?;
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { name: path.display().to_string(), content, directory })
    }

    /// From elsewhere; its relative paths are below `directory`.
    #[must_use]
    pub fn fetched(name: &str, content: Vec<u8>, directory: &Path) -> Self {
        Self { name: name.to_owned(), content, directory: directory.to_owned() }
    }

    /// The sources of policies and data that its tasks name, each once, in the order of tasks. `now` decides what has expired.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn sources(&self, now: SystemTime) -> Result<Vec<Source>, Problems> {
        let (tasks, _warnings) = self.tasks(now)?;
        let settings = tasks.iter().flat_map(|it| &it.checks).filter_map(|it| it.settings.as_ref());
        let mut sources: Vec<Source> = Vec::new();
        for source in settings.filter_map(|it| it.get::<PolicySettings>()).flat_map(PolicySettings::sources) {
            if !sources.contains(source) {
                sources.push(source.clone());
            }
        }
        Ok(sources)
    }

    /// Where its relative paths begin.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// `fetched`, or else the file that `RUNTASK_CONFIG` names; `None` where it names none, or one that cannot be read,
    /// which is noted.
    pub(crate) fn named(settings: &mut SettingsReader<'_>, fetched: Option<Self>) -> Option<Self> {
        if fetched.is_some() {
            return fetched;
        }
        let path = settings.text("RUNTASK_CONFIG")?;
        if path.contains("://") {
            settings.problem(
                "RUNTASK_CONFIG: ssm:// and s3:// are for the Lambda functions; here it is the path of a file",
            );
            return None;
        }
        match Self::read(Path::new(&path)) {
            Ok(file) => Some(file),
            Err(error) => {
                settings.problem(format!("{}: the file cannot be read: {error}", printable(&path)));
                None
            }
        }
    }

    /// Its tasks, and what is odd about them; `None` where something is wrong with it, which is noted. `now` decides
    /// which of its exceptions have expired.
    pub(crate) fn parse(
        &self,
        settings: &mut SettingsReader<'_>,
        now: SystemTime,
    ) -> Option<(Tasks, Problems)> {
        match self.tasks(now) {
            Ok(read) => Some(read),
            Err(problems) => {
                // Each names the file: whoever started this need not have set anything.
                settings.problem(problems.to_string());
                None
            }
        }
    }

    fn tasks(&self, now: SystemTime) -> Result<(Tasks, Problems), Problems> {
        Tasks::parse(&self.name, &self.content, Date::of(now), ENTRIES, &SETTINGS, &[SECTION])
    }
}
