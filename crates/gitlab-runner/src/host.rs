//! Where jobs run, and as whom: what is the same for every job.

use crate::log::Clock;
use crate::roles::Access;
use crate::wipe::wipe;
use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::job::Variable;
use runtask_process::Leftovers;
use std::path::PathBuf;
use std::time::Duration;
use tracing::warn;

/// How long it may take to end what a job has left running.
const LEFTOVERS_LIMIT: Duration = Duration::from_secs(5);

/// What is the same for every job.
#[derive(Debug)]
pub struct Host {
    /// The first lines of each log: who runs the job, and where.
    pub identity: Vec<String>,
    /// `CI_RUNNER_VERSION`.
    pub version: String,
    /// `CI_RUNNER_REVISION`.
    pub revision: String,
    /// The beginning of the runner's token that people may see.
    pub short_token: String,
    /// Where projects are.
    pub builds: PathBuf,
    /// Bash.
    pub bash: PathBuf,
    /// The environment of programs, as [`crate::environment()`] makes it.
    pub environment: Vec<(String, String)>,
    /// Variables that every job has, unless it says otherwise: those of [`crate::terraform_state_variables`], say.
    pub variables: Vec<Variable>,
    /// Certificates of a private authority, as text, where GitLab has one.
    pub certificates: Option<String>,
    /// Whose jobs are run, and which get which role.
    pub access: Access,
    /// Whether jobs may have each command of their shells printed, with secrets that no mask catches.
    pub allows_debug_trace: bool,
    /// Bytes of a log that are kept.
    pub log_limit_bytes: usize,
    /// Texts that must appear in no log, besides those of the job: the runner's token.
    pub secrets: Vec<SecretText>,
    /// The time.
    pub clock: Clock,
    /// What is cleaned after each job.
    pub sandbox: Sandbox,
}

/// What a job could leave something in.
#[derive(Debug)]
pub struct Sandbox {
    /// Ends what runs; `None` where the system does not say what that is.
    pub leftovers: Option<Leftovers>,
    /// Directories that are emptied: every one that a job can write to, where nobody else has anything in it.
    pub directories: Vec<PathBuf>,
}

impl Sandbox {
    /// Ends what a job has left running. Says in words what could not be.
    ///
    /// # Errors
    ///
    /// When somebody is left.
    pub async fn end_leftovers(&self) -> Result<(), String> {
        match &self.leftovers {
            Some(leftovers) => {
                leftovers.end_all(LEFTOVERS_LIMIT).await.map(drop).map_err(|it| it.to_string())
            }
            None => Ok(()),
        }
    }

    /// Ends and removes what a job has left. Says in words what could not be.
    ///
    /// # Errors
    ///
    /// When something is left: no other job may run here then.
    pub async fn clean(&self) -> Result<(), Vec<String>> {
        let mut left = Vec::new();
        left.extend(self.end_leftovers().await.err());
        for directory in self.directories.clone() {
            let name = directory.display().to_string();
            match tokio::task::spawn_blocking(move || wipe(&directory)).await {
                Ok(Ok(0)) => {}
                Ok(Ok(count)) => left.push(format!("{count} files in {name} cannot be removed")),
                Ok(Err(_)) | Err(_) => left.push(format!("{name} cannot be emptied")),
            }
        }
        // The job's log has ended when this is done, so that the runner's own has to hold it.
        for it in &left {
            warn!("something of a job is left: {it}");
        }
        if left.is_empty() { Ok(()) } else { Err(left) }
    }
}
