//! Makes, verifies and removes runners.
//!
//! Source: GitLab, "Runners API" and `lib/api/ci/runner.rb`.

use super::call::{Answer, Authority, Call};
use super::error::CallError;
use super::http::Client;
use crate::identity::Identity;
use crate::secret::{RunnerToken, SecretText};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

/// What GitLab knows of a runner.
#[derive(Debug, Clone, Deserialize)]
pub struct Registered {
    /// Its number.
    pub id: u64,
    /// Its token; GitLab says it once.
    pub token: RunnerToken,
    /// When the token expires, as GitLab writes times; `None` if it does not.
    #[serde(default)]
    pub token_expires_at: Option<String>,
}

/// To whom a runner belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The whole instance; only administrators may do that.
    Instance,
    /// The group of this number.
    Group(u64),
    /// The project of this number.
    Project(u64),
}

/// A runner that is to be made.
#[derive(Debug, Clone)]
pub struct NewRunner {
    /// To whom it belongs.
    pub owner: Owner,
    /// What people read of it.
    pub description: String,
    /// Which jobs it takes.
    pub tags: Vec<String>,
    /// Whether it takes jobs without tags.
    pub run_untagged: bool,
    /// Whether it takes jobs of protected refs alone.
    pub protected_only: bool,
    /// Seconds that a job may take; GitLab wants 600 at least.
    pub maximum_timeout_seconds: u64,
}

impl Client {
    /// Makes a runner with a personal token that has the scope `create_runner`.
    ///
    /// # Errors
    ///
    /// When GitLab refuses; its message says why.
    pub async fn create_runner(
        &self,
        token: &SecretText,
        new: &NewRunner,
        deadline: Instant,
    ) -> Result<Registered, CallError> {
        const NAME: &str = "the new runner";
        let access = if new.protected_only { "ref_protected" } else { "not_protected" };
        let mut body = json!({
            "description": new.description,
            "tag_list": new.tags,
            "run_untagged": new.run_untagged,
            "access_level": access,
            "maximum_timeout": new.maximum_timeout_seconds,
        });
        let owner = match new.owner {
            Owner::Instance => json!({"runner_type": "instance_type"}),
            Owner::Group(id) => json!({"runner_type": "group_type", "group_id": id}),
            Owner::Project(id) => json!({"runner_type": "project_type", "project_id": id, "locked": true}),
        };
        if let (Value::Object(body), Value::Object(owner)) = (&mut body, owner) {
            body.extend(owner);
        }
        let authority = Authority::Person(token.expose());
        let mut call = Call::json(NAME, Method::POST, self.url("user/runners"), authority, &body);
        // Whether there is a runner now would not be known.
        call.is_repeatable = false;
        registered(NAME, &self.send(&call, deadline).await?)
    }

    /// Asks whether the runner's token is good.
    ///
    /// # Errors
    ///
    /// 403 is a bad token, 422 an orphaned runner.
    pub async fn verify(&self, runner: &Identity, deadline: Instant) -> Result<Registered, CallError> {
        const NAME: &str = "the verification of the runner";
        registered(NAME, &self.runner_call(NAME, Method::POST, "runners/verify", runner, deadline).await?)
    }

    /// Removes this manager of the runner. The runner itself, and its token, stay.
    ///
    /// # Errors
    ///
    /// When GitLab refuses, except for one that there is not any more.
    pub async fn remove_manager(&self, runner: &Identity, deadline: Instant) -> Result<(), CallError> {
        const NAME: &str = "the removal of the runner manager";
        gone(NAME, &self.runner_call(NAME, Method::DELETE, "runners/managers", runner, deadline).await?)
    }

    /// Deletes the runner, with all its managers: for one that this program has made, and no other.
    ///
    /// # Errors
    ///
    /// When GitLab refuses, except for one that there is not any more.
    pub async fn delete_runner(&self, runner: &Identity, deadline: Instant) -> Result<(), CallError> {
        const NAME: &str = "the deletion of the runner";
        gone(NAME, &self.runner_call(NAME, Method::DELETE, "runners", runner, deadline).await?)
    }

    async fn runner_call(
        &self,
        name: &'static str,
        method: Method,
        path: &str,
        runner: &Identity,
        deadline: Instant,
    ) -> Result<Answer, CallError> {
        let body = json!({
            "token": runner.token.expose(),
            "system_id": runner.system_id.as_str(),
            "info": runner.info(),
        });
        let authority = Authority::Runner(runner.token.expose());
        self.send(&Call::json(name, method, self.url(path), authority, &body), deadline).await
    }
}

fn gone(name: &'static str, answer: &Answer) -> Result<(), CallError> {
    let is_gone = matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::NOT_FOUND);
    if is_gone { Ok(()) } else { Err(answer.refused(name)) }
}

fn registered(name: &'static str, answer: &Answer) -> Result<Registered, CallError> {
    if !answer.status.is_success() {
        return Err(answer.refused(name));
    }
    let strange = |_unreadable| CallError::Strange { call: name, defect: "it is no JSON of a runner" };
    serde_json::from_slice(&answer.body).map_err(strange)
}
