//! Holds a run whose checks are done and that waits for people, from its job to its approval.

use crate::approval::{Approval, Question};
use crate::effects::RUNNING_EVERY;
use crate::facts::{PlanFacts, Policy, RunFacts};
use crate::keys::{Keys, SealError};
use crate::rules::Rules;
use crate::settings::TaskApproval;
use crate::time::UnixTime;
use crate::token::seal_token;
use ring::rand::SystemRandom;
use runtask_protocol::{Run, RunId, Stage};
use runtask_state::DocumentError;
use std::future::Future;

/// A run that waits for people.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The run, with the token that its result is sent with.
    pub run: Run,
    /// The name of the task.
    pub task: String,
    /// When HCP Terraform asked for the result: the time to answer counts from there.
    pub received_at: UnixTime,
    /// What the task says of people and channels.
    pub settings: TaskApproval,
    /// What the answers are judged by.
    pub rules: Rules,
    /// What the plan would do; `None` where there is none, or nobody could read it.
    pub plan: Option<PlanFacts>,
    /// What the checks said.
    pub policies: Vec<Policy>,
}

/// A question could not be kept, so nobody is asked. Trying again may help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The run's token.
    #[error("the run's token could not be sealed")]
    Seal(#[from] SealError),
    /// The store did not take it.
    #[error("the approval could not be kept")]
    Store(#[from] DocumentError),
}

/// Keeps questions for people.
pub trait AskPeople: Send + Sync {
    /// Keeps the question of one run. From then on its record owns the verdict: whoever asked sends nothing more to HCP
    /// Terraform. A question that is kept already stays as it is.
    ///
    /// # Errors
    ///
    /// When nobody has it; ask again, or report a result.
    fn ask(&self, waiting: Waiting) -> impl Future<Output = Result<(), AskError>> + Send;
}

impl RunFacts {
    /// The facts of a run that its payload has.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        Self {
            organization: run.organization_name.clone().unwrap_or_default(),
            workspace: run.workspace_name.clone().unwrap_or_default(),
            run_id: run.run_id.as_ref().map(RunId::as_str).unwrap_or_default().to_owned(),
            stage: run.stage.as_ref().map(Stage::as_str).unwrap_or_default().to_owned(),
            speculative: run.is_speculative.unwrap_or(false),
            advisory: run.is_advisory,
            created_by: run.created_by.clone(),
            message: run.message.clone(),
            run_url: run.run_page.clone(),
            commit_url: run.commit_page.clone(),
            pull_request_url: run.pull_request_page.clone(),
        }
    }
}

impl Waiting {
    /// The approval that people are asked for, with the run's token sealed.
    ///
    /// # Errors
    ///
    /// When the system has no randomness.
    pub fn into_approval(self, keys: &Keys, now: UnixTime) -> Result<Approval, SealError> {
        let Self { run, task, received_at, settings, rules, plan, policies } = self;
        let id = run.task_result_id.as_str().to_owned();
        let sealed_token = seal_token(keys, &run.access_token, &id, &run.callback_url, &SystemRandom::new())?;
        let question = Question {
            id,
            task,
            closes_at: received_at.plus(settings.open),
            run: RunFacts::of(&run),
            plan,
            policies,
            rules,
            callback_url: run.callback_url,
            sealed_token,
            accepts_outcomes: run.accepts_outcomes,
            channels: settings.channels,
            fallback: settings.fallback,
        };
        let mut approval = Approval::ask(question, now);
        // What HCP Terraform has heard so far was not that people are asked: it is to hear of that first thing.
        approval.running_at = UnixTime(now.0.saturating_sub(RUNNING_EVERY.as_secs()));
        Ok(approval)
    }
}
