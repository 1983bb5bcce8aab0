//! Policies on a plan: starts the process that evaluates them, watches it, and makes a report of what it says.

use crate::builtin;
use crate::bundle::{Bundle, LoadError};
use crate::evaluator::Evaluator;
use crate::findings;
use crate::message::{Answer, Cause, Purpose, Request, RuleEntry, Trouble};
use crate::session::{self, Ended};
use runtask_findings::CheckReport;
use runtask_tasks::{Date, PolicySettings};
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::path::Path;
use std::time::Duration;
use tracing::{info, warn};

/// The name of this check.
pub(crate) const CHECK: &str = "policy";
/// How often a process is started again because a rule killed it.
const MAX_DEATHS: usize = 16;

/// What a policy can know of a run: `data.run`, without what is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "named as in HCP Terraform's run task payload, without prefixes")]
pub struct RunFacts {
    pub id: Option<String>,
    pub organization: Option<String>,
    pub project: Option<String>,
    pub workspace: Option<String>,
    pub stage: Option<String>,
    pub created_by: Option<String>,
    pub message: Option<String>,
    pub branch: Option<String>,
    pub speculative: Option<bool>,
}

/// The policies of one task.
#[derive(Debug, Clone)]
pub struct Policy {
    task: String,
    bundle: Bundle,
    settings: PolicySettings,
    evaluator: Evaluator,
}

/// Why policies say nothing at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnavailableError {
    /// They cannot be compiled, or their data is in the way.
    #[error("{}", .0.summary)]
    Policies(Trouble),
    /// The plan cannot be read.
    #[error("{}", .0.summary)]
    Plan(Trouble),
    /// The process could not be started, or ended before it asked anything.
    #[error("{0}")]
    Process(String),
}

/// What the tests of policies came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// Each test, in the order of files and lines.
    pub tests: Vec<TestResult>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestResult {
    /// Its package and name.
    pub name: String,
    /// The file.
    pub file: String,
    /// The line there, from 1.
    pub line: u32,
    /// How long it took.
    pub duration_ms: u64,
    /// Why it failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Trouble>,
}

/// What was evaluated.
pub(crate) struct Evaluation {
    pub(crate) rules: Vec<RuleEntry>,
    /// For each rule that was asked, with the index of `rules`.
    pub(crate) answers: Vec<Answer>,
}

impl Policy {
    /// The policies of `task`, whose [`PolicySettings`] are `settings`, read from disk. Relative paths are below `base`.
    ///
    /// # Errors
    ///
    /// The first path that cannot be read.
    pub fn load(
        task: &str,
        settings: &PolicySettings,
        base: &Path,
        evaluator: Evaluator,
    ) -> Result<Self, LoadError> {
        let bundle = Bundle::load(&settings.paths, &settings.data, base)?;
        Ok(Self::new(task, bundle, settings.clone(), evaluator))
    }

    /// These policies, for the task of this name.
    #[must_use]
    pub fn new(task: &str, bundle: Bundle, settings: PolicySettings, evaluator: Evaluator) -> Self {
        Self { task: task.to_owned(), bundle, settings, evaluator }
    }

    /// Judges a plan, the JSON that `terraform show -json` prints. `today` decides which exceptions have expired.
    pub async fn check(&self, plan: File, run: &RunFacts, today: Date) -> CheckReport {
        match self.evaluate(Purpose::Judge, Some(plan), run).await {
            Ok(evaluation) => {
                let issues: usize = evaluation.answers.iter().map(|it| it.violations.len() + it.more).sum();
                info!(
                    rules = evaluation.rules.len(),
                    issues,
                    "asked {} rules, which found {issues} things",
                    evaluation.rules.len()
                );
                findings::report(&self.task, &self.settings, &evaluation, today)
            }
            Err(error) => findings::unavailable(&error),
        }
    }

    /// What this check says at a stage where there is no plan yet.
    #[must_use]
    pub fn no_plan(stage: &str) -> CheckReport {
        findings::no_plan(stage)
    }

    /// The rules that would be asked.
    ///
    /// # Errors
    ///
    /// When they cannot be compiled.
    pub async fn rules(&self) -> Result<Vec<RuleEntry>, UnavailableError> {
        Ok(self.evaluate(Purpose::List, None, &RunFacts::default()).await?.rules)
    }

    /// Runs the rules whose names begin with `test_`.
    ///
    /// # Errors
    ///
    /// When they cannot be compiled.
    pub async fn test(&self) -> Result<TestReport, UnavailableError> {
        let evaluation = self.evaluate(Purpose::Test, None, &RunFacts::default()).await?;
        let result = |answer: Answer| {
            let rule = evaluation.rules.get(answer.index)?;
            Some(TestResult {
                name: format!("{}.{}", rule.package, rule.name),
                file: rule.file.clone(),
                line: rule.line,
                duration_ms: answer.duration_ms,
                failure: answer.trouble,
            })
        };
        Ok(TestReport { tests: evaluation.answers.into_iter().filter_map(result).collect() })
    }

    /// Asks all rules, and starts again without a rule that killed the process: what one does must not hide what others
    /// say.
    async fn evaluate(
        &self,
        purpose: Purpose,
        plan: Option<File>,
        run: &RunFacts,
    ) -> Result<Evaluation, UnavailableError> {
        let mut request = self.request(purpose, run);
        let mut rules: Vec<RuleEntry> = Vec::new();
        let mut answers: Vec<Answer> = Vec::new();
        for deaths in 0.. {
            let ended = session::run(&self.evaluator, &request, plan.as_ref()).await;
            let session = ended.map_err(|error| UnavailableError::Process(error.to_string()))?;
            if rules.is_empty() {
                rules.clone_from(&session.rules);
            }
            let index_of = |rule: &RuleEntry| rules.iter().position(|it| it.path == rule.path);
            let indexed = session.answers.into_iter().filter_map(|mut answer| {
                answer.index = index_of(session.rules.get(answer.index)?)?;
                Some(answer)
            });
            answers.extend(indexed);
            let (asked, reason) = match session.ended {
                Ended::Done => break,
                Ended::Refused(refusal) => {
                    return Err(match refusal.cause {
                        Cause::Policies => UnavailableError::Policies(refusal.error),
                        Cause::Plan => UnavailableError::Plan(refusal.error),
                    });
                }
                Ended::Died { during: None, reason } => return Err(UnavailableError::Process(reason)),
                Ended::Died { during: Some(asked), reason } => (asked, reason),
            };
            let died = session.rules.get(asked).and_then(index_of);
            let died = died.ok_or_else(|| UnavailableError::Process(reason.clone()))?;
            warn!(rule = rules.get(died).map(|it| &*it.path), "a rule was stopped: {reason}");
            let trouble = |text: String| Some(Trouble::new(text));
            answers.push(Answer { index: died, trouble: trouble(reason), ..Answer::default() });
            let answered: Vec<usize> = answers.iter().map(|it| it.index).collect();
            let left: Vec<usize> = (0..rules.len()).filter(|it| !answered.contains(it)).collect();
            if left.is_empty() {
                break;
            }
            if deaths + 1 >= MAX_DEATHS {
                let reason = format!("it was not asked, because {MAX_DEATHS} other rules had to be stopped");
                let given_up = left.into_iter().map(|index| Answer {
                    index,
                    trouble: trouble(reason.clone()),
                    ..Answer::default()
                });
                answers.extend(given_up);
                break;
            }
            request.only =
                Some(left.iter().filter_map(|it| rules.get(*it)).map(|it| it.path.clone()).collect());
        }
        answers.sort_by_key(|it| it.index);
        Ok(Evaluation { rules, answers })
    }

    fn request(&self, purpose: Purpose, run: &RunFacts) -> Request {
        let testing = (purpose != Purpose::Judge).then(builtin::testing);
        Request {
            files: self.bundle.files.iter().cloned().chain(testing).collect(),
            data: self.bundle.data.clone(),
            run: known(run),
            params: self.settings.params.clone(),
            namespaces: self.settings.namespaces.clone(),
            only: None,
            purpose,
            time_limit_ms: millis(self.settings.time_limit),
        }
    }
}

/// What is known of a run. What is not is left out: null is true to Rego where a rule asks `if data.run.speculative`.
fn known(run: &RunFacts) -> Value {
    let mut run = serde_json::to_value(run).unwrap_or(Value::Null);
    if let Some(facts) = run.as_object_mut() {
        facts.retain(|_name, fact| !fact.is_null());
    }
    run
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
