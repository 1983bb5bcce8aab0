//! Gets the sources of a job with git.
//!
//! The job's token is in one file outside of the work tree, which git's settings include by its path: never in an argument,
//! nor in `.git/config`. Nothing of the job's variables reaches git; nothing of a repository's is run by it.

use crate::address::Address;
use crate::host::Host;
use crate::log::Log;
use crate::private_file;
use crate::shell::{End, run_logged};
use crate::stop::{Stop, Stopping, brief_ladder};
use crate::switches::{Submodules, Switches};
use crate::workspace::Workspace;
use gitlab_runner_protocol::job::{GitInfo, RefType};
use runtask_process::{Program, RunError};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Settings of every repository that is made here.
const TEMPLATE: &str = "[init]\n\tdefaultBranch = none\n[fetch]\n\trecurseSubmodules = false\n\
    [credential]\n\tinteractive = never\n[gc]\n\tautoDetach = false\n";

/// What git may print for us to read: the list of files.
const MAX_LIST_BYTES: u64 = 64 * 1024 * 1024;

/// Names in the private directory. No variable of a job has such a name, so no file of it is in the way.
const CREDENTIALS: &str = "git-credentials.config";
const TEMPLATE_DIRECTORY: &str = "git-template";

/// What git needs to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Git<'a> {
    /// The project's directory, the work tree.
    pub(crate) project: &'a Path,
    /// Where the credentials are: a directory for us alone, outside of the project's.
    pub(crate) private: &'a Path,
    /// Variables that every program gets: `PATH`, `HOME`, …
    pub(crate) environment: &'a [(String, String)],
}

/// Why there are no sources. The texts are for the job's log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum GitError {
    #[error("the job was stopped")]
    Stopped(Stop),
    #[error("git did not end in time")]
    TimedOut,
    #[error("git {what} ended with exit code {code}")]
    Failed { what: &'static str, code: i32 },
    #[error("git could not be started")]
    Start(#[source] io::Error),
    #[error("the directories of git could not be made")]
    Directory(#[source] io::Error),
    #[error("{0}")]
    Refused(&'static str),
    #[error("the list of files could not be read")]
    List(#[source] RunError),
}

impl<'a> Git<'a> {
    /// Git in the directories of a job.
    pub(crate) fn of(workspace: &'a Workspace, host: &'a Host) -> Self {
        Self { project: &workspace.project, private: &workspace.private, environment: &host.environment }
    }

    /// Makes the project's directory a repository with the job's commit checked out. Everything has to be over at `end`.
    ///
    /// # Errors
    ///
    /// Whatever went wrong first. What git has said about it is in the log.
    pub(crate) async fn get_sources(
        &self,
        info: &GitInfo,
        switches: &Switches,
        log: &Log,
        stopping: &Stopping,
        end: Instant,
    ) -> Result<(), GitError> {
        let address = Address::parse(info.repo_url.expose())
            .ok_or(GitError::Refused("GitLab gave no usable address of the repository"))?;
        let refspecs = refspecs(info);
        if !is_object_id(&info.sha) || refspecs.iter().any(|it| it.starts_with('-')) {
            return Err(GitError::Refused("GitLab gave no usable commit or refspecs"));
        }
        let template = self.private.join(TEMPLATE_DIRECTORY);
        let credentials = self.private.join(CREDENTIALS);
        fs::create_dir_all(&template)
            .and_then(|()| fs::write(template.join("config"), TEMPLATE))
            .and_then(|()| {
                let settings = address.credentials(switches.submodule_force_https);
                private_file::write(&credentials, settings.as_bytes())
            })
            .map_err(GitError::Directory)?;
        let git = async |what: &'static str, arguments: Vec<OsString>| {
            let program = self.program(what, arguments);
            match run_logged(program, log, stopping.or_at(end), |_| brief_ladder()).await {
                Ok(End::Exited(0)) => Ok(()),
                Ok(End::Exited(code)) => Err(GitError::Failed { what, code }),
                Ok(End::Stopped(Stop::TimeUp)) => Err(GitError::TimedOut),
                Ok(End::Stopped(why)) => Err(GitError::Stopped(why)),
                Err(error) => Err(GitError::Start(error)),
            }
        };

        let mut arguments = words(&["--quiet", "--template"]);
        arguments.push(template.into());
        if info.repo_object_format == "sha256" {
            arguments.push("--object-format=sha256".into());
        }
        arguments.push(self.project.into());
        git("init", arguments).await?;
        git("remote", words(&["add", "origin", &address.plain])).await?;
        git("config", vec!["include.path".into(), credentials.clone().into()]).await?;

        let depth = (info.depth > 0).then(|| info.depth.to_string());
        log.line(&match &depth {
            Some(depth) => format!("Fetching {depth} commits of each ref"),
            None => "Fetching the whole history".to_owned(),
        });
        let mut arguments = words(&["origin", "--no-recurse-submodules"]);
        arguments.extend(refspecs.iter().map(Into::into));
        arguments.extend(depth.iter().flat_map(|it| words(&["--depth", it])));
        arguments.extend(switches.git_fetch_extra_flags.iter().map(Into::into));
        git("fetch", arguments).await?;

        if !switches.git_checkout {
            log.line("Skipping the checkout");
            return Ok(());
        }
        log.line(&format!("Checking out {} as detached HEAD (ref is {})", short(&info.sha), info.reference));
        git("checkout", words(&["-f", "-q", &info.sha])).await?;
        if let Some(flags) = &switches.git_clean_flags {
            git("clean", flags.iter().map(Into::into).collect()).await?;
        }
        let has_lfs = !switches.lfs_skip_smudge && self.has_lfs(end).await;
        if has_lfs {
            git("lfs", words(&["pull"])).await?;
        }

        if switches.submodules == Submodules::None {
            return Ok(());
        }
        log.line("Updating submodules");
        let recursive: &[&str] =
            if switches.submodules == Submodules::Recursive { &["--recursive"] } else { &[] };
        let paths: Vec<&str> = switches.submodule_paths.iter().map(String::as_str).collect();
        git("submodule", [words(&["init", "--"]), words(&paths)].concat()).await?;
        git(
            "submodule",
            [words(&["sync", "--quiet"]), words(recursive), words(&["--"]), words(&paths)].concat(),
        )
        .await?;
        let mut arguments = [words(&["update", "--init"]), words(recursive)].concat();
        let depth = switches.submodule_depth.unwrap_or(info.depth);
        if depth > 0 {
            arguments.extend(words(&["--depth", &depth.to_string()]));
        }
        arguments.extend(switches.submodule_update_flags.iter().map(Into::into));
        arguments.extend([words(&["--"]), words(&paths)].concat());
        git("submodule", arguments).await?;
        if has_lfs {
            git(
                "submodule",
                [words(&["foreach", "--quiet"]), words(recursive), words(&["git lfs pull"])].concat(),
            )
            .await?;
        }
        Ok(())
    }

    /// The files that git does not track, ignored ones among them, relative to the project's directory.
    ///
    /// # Errors
    ///
    /// When git fails, or does not end in time.
    pub(crate) async fn untracked(&self, end: Instant) -> Result<Vec<OsString>, GitError> {
        let what = "ls-files";
        let left = end.saturating_duration_since(Instant::now());
        let program = self.program(what, words(&["-o", "-z"]));
        let finished = program.run(end, left, MAX_LIST_BYTES).await.map_err(GitError::List)?;
        if finished.code != 0 {
            return Err(GitError::Failed { what, code: finished.code });
        }
        let names = finished.stdout.split(|it| *it == 0).filter(|it| !it.is_empty());
        Ok(names.map(|it| std::os::unix::ffi::OsStringExt::from_vec(it.to_vec())).collect())
    }

    async fn has_lfs(&self, end: Instant) -> bool {
        let program = self.program("lfs", words(&["version"]));
        program.run(end, Duration::ZERO, MAX_LIST_BYTES).await.is_ok_and(|it| it.code == 0)
    }

    /// Git with a command and its arguments, in the project's directory.
    fn program(&self, command: &str, arguments: Vec<OsString>) -> Program {
        let mut include = OsString::from("include.path=");
        include.push(self.private.join(CREDENTIALS));
        let mut program = Program::new("git")
            .directory(self.project)
            // For repositories of submodules, which do not see the settings of this one.
            .arguments(["-c".into(), include])
            // Programs that a repository's settings could name.
            .arguments(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
            .arguments(["-c", "submodule.recurse=false", command])
            .arguments(arguments);
        for (name, value) in self.environment {
            program = program.variable(name, value);
        }
        program
            .variable("GIT_TERMINAL_PROMPT", "0")
            .variable("GCM_INTERACTIVE", "Never")
            .variable("GIT_LFS_SKIP_SMUDGE", "1")
            .variable("GIT_CONFIG_NOSYSTEM", "1")
    }
}

/// What is fetched. A server of old times sends none: then it is the ref.
fn refspecs(info: &GitInfo) -> Vec<String> {
    if !info.refspecs.is_empty() {
        return info.refspecs.clone();
    }
    let name = &info.reference;
    vec![match info.ref_type {
        RefType::Branch => format!("+refs/heads/{name}:refs/remotes/origin/{name}"),
        RefType::Tag => format!("+refs/tags/{name}:refs/tags/{name}"),
    }]
}

fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|it| it.is_ascii_hexdigit())
}

fn short(sha: &str) -> &str {
    sha.get(..8).unwrap_or(sha)
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(Into::into).collect()
}

#[cfg(test)]
mod tests;
