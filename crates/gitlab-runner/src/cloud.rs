//! What jobs get of a cloud: credentials, places for caches, and a place for a state that would be lost.

use gitlab_runner_protocol::job::{Job, Variable};
use std::fs::File;
use std::future::Future;
use tokio::time::Instant;

/// A cloud. Errors are for the job's log.
pub trait Cloud: Send + Sync {
    /// The variables that a job is given, with its role if it has one; all of them are secrets of its log.
    fn credentials(
        &self,
        job: &Job,
        role: Option<&str>,
    ) -> impl Future<Output = Result<Vec<Variable>, String>> + Send;

    /// Whether there is a place for caches.
    fn has_caches(&self) -> bool;

    /// Fetches a cache into an empty file; `false` when there is none of this name. A name is a path without `.`, `..` and a
    /// slash at its beginning.
    fn fetch_cache(
        &self,
        name: &str,
        into: &mut File,
        end: Instant,
    ) -> impl Future<Output = Result<bool, String>> + Send;

    /// Keeps a cache, in the place of what was there; the file is so many bytes long.
    fn keep_cache(
        &self,
        name: &str,
        file: File,
        bytes: u64,
        end: Instant,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Keeps a state that Terraform could not store, encrypted, and says where; `None` without a place for it.
    fn rescue(
        &self,
        job: &Job,
        state: File,
        end: Instant,
    ) -> impl Future<Output = Result<Option<String>, String>> + Send;
}

/// No cloud at all.
#[derive(Debug, Clone, Copy)]
pub struct NoCloud;

impl Cloud for NoCloud {
    async fn credentials(&self, _job: &Job, role: Option<&str>) -> Result<Vec<Variable>, String> {
        match role {
            None => Ok(Vec::new()),
            Some(_) => Err("the job has a role, and this runner has nobody to ask for it".to_owned()),
        }
    }

    fn has_caches(&self) -> bool {
        false
    }

    async fn fetch_cache(&self, _name: &str, _into: &mut File, _end: Instant) -> Result<bool, String> {
        Ok(false)
    }

    async fn keep_cache(&self, _name: &str, _file: File, _bytes: u64, _end: Instant) -> Result<(), String> {
        Err("there is no place for it".to_owned())
    }

    async fn rescue(&self, _job: &Job, _state: File, _end: Instant) -> Result<Option<String>, String> {
        Ok(None)
    }
}
