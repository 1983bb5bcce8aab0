//! What jobs get here: members of the file that holds the runner's token. There is no cloud that has roles, or keeps caches.

use crate::credentials::Credentials;
use clap::ValueEnum;
use gitlab_runner::{Cloud, NoCloud, brings_credentials, is_protected};
use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::job::{Job, Variable};
use std::fs::File;
use tokio::time::Instant;

/// Jobs of which refs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Refs {
    Protected,
    All,
}

/// The file's members, and who gets which.
#[derive(Debug)]
pub(crate) struct FileCloud {
    pub(crate) credentials: Credentials,
    /// The members that jobs are given.
    pub(crate) give: Vec<String>,
    pub(crate) refs: Refs,
}

impl Cloud for FileCloud {
    async fn credentials(&self, job: &Job, _role: Option<&str>) -> Result<Vec<Variable>, String> {
        // None of ours are mixed with its own.
        if brings_credentials(job) || (self.refs == Refs::Protected && !is_protected(job)) {
            return Ok(Vec::new());
        }
        let variable = |name: &String| {
            let value =
                self.credentials.text(name).ok_or(format!("the file of --credentials has no {name}"))?;
            let value = SecretText::new(value);
            Ok(Variable { key: name.clone(), value, public: false, masked: true, file: false, raw: true })
        };
        self.give.iter().map(variable).collect()
    }

    fn has_caches(&self) -> bool {
        NoCloud.has_caches()
    }

    async fn fetch_cache(&self, name: &str, into: &mut File, end: Instant) -> Result<bool, String> {
        NoCloud.fetch_cache(name, into, end).await
    }

    async fn keep_cache(&self, name: &str, file: File, bytes: u64, end: Instant) -> Result<(), String> {
        NoCloud.keep_cache(name, file, bytes, end).await
    }

    async fn rescue(&self, job: &Job, state: File, end: Instant) -> Result<Option<String>, String> {
        NoCloud.rescue(job, state, end).await
    }
}
