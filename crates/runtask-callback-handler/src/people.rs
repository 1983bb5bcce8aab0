//! Decides, once the checks of a task are done, whether people have to approve the run; and has them asked.

use runtask_approvals::{
    AskError, AskPeople, Need, PlanFacts, Policy, RunFacts, TaskApproval, UnixTime, Waiting,
};
use runtask_checks::PlanChanges;
use runtask_findings::{CheckReport, Code, Finding, Level, OnError};
use runtask_log::{Chain, event};
use runtask_protocol::{Receipt, Run, Status, TaskResult};
use runtask_setup::{JobSettings, LoadedTask};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep};
use tracing::warn;

/// How long a question is tried to be kept; HCP Terraform hears nothing meanwhile.
const PATIENCE: Duration = Duration::from_mins(2);

/// The pause before it is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// Nobody to ask: for programs without approvals.
#[derive(Debug)]
pub enum NoPeople {}

impl AskPeople for NoPeople {
    async fn ask(&self, _waiting: Waiting) -> Result<(), AskError> {
        match *self {}
    }
}

/// The run of a task that asks people, if they have to approve it; `None` where what the checks say is the verdict.
pub(crate) fn waiting(
    settings: &JobSettings,
    task: &LoadedTask,
    run: &Run,
    receipt: &Receipt,
    reports: &[CheckReport],
    plan: Option<PlanChanges>,
    now: SystemTime,
) -> Option<Waiting> {
    let (approval, asking) = (task.approval()?, settings.tasks.asking.as_ref()?);
    let plan = plan.map(|it| PlanFacts {
        add: it.add,
        change: it.change,
        destroy: it.destroy,
        destroys: it.destroyed,
    });
    let policies = policies(reports, settings.on_error(&task.task.name), approval);
    match approval.need(&asking.settings, &RunFacts::of(run), plan.as_ref(), &policies) {
        Need::Nobody | Need::Hopeless(_) => None,
        Need::People(rules) => Some(Waiting {
            run: run.clone(),
            task: task.task.name.clone(),
            received_at: UnixTime::from(receipt.received_at().unwrap_or(now)),
            settings: approval.clone(),
            rules,
            plan,
            policies,
        }),
    }
}

/// What checks say, a policy for each rule: those that fail the verdict, and those that do not.
fn policies(reports: &[CheckReport], on_error: OnError, approval: &TaskApproval) -> Vec<Policy> {
    let fails = |it: &&Finding| {
        it.level == Level::Error && (it.code != Code::CHECK_UNAVAILABLE || on_error == OnError::Failed)
    };
    let mut policies = Vec::new();
    for report in reports {
        let mut failed: BTreeMap<&Code, Vec<&Finding>> = BTreeMap::new();
        for finding in report.findings.iter().filter(fails) {
            failed.entry(&finding.code).or_default().push(finding);
        }
        let passed = |id: &str, text: &str| Policy {
            id: id.to_owned(),
            passed: true,
            overridable: false,
            text: text.to_owned(),
        };
        if failed.is_empty() && report.rules.is_empty() {
            policies.push(passed(report.check, &report.headline));
        }
        let rules = report.rules.iter().filter(|it| !failed.contains_key(&it.code));
        policies.extend(rules.map(|it| passed(it.code.as_str(), &it.title)));
        policies.extend(failed.into_iter().map(|(code, findings)| Policy {
            id: code.as_str().to_owned(),
            passed: false,
            overridable: approval.overrides.iter().any(|it| it == code.as_str()),
            text: text(&findings),
        }));
    }
    policies
}

fn text(findings: &[&Finding]) -> String {
    match findings {
        [] => String::new(),
        [only] => only.summary.clone(),
        [first, rest @ ..] => format!("{} (and {} more)", first.summary, rest.len()),
    }
}

/// Has people asked, again while nobody has the question, until `until` at most.
///
/// # Errors
///
/// The result of a run about which nobody could be asked: what the task says of one that nobody decides.
pub(crate) async fn ask(
    people: Option<&impl AskPeople>,
    waiting: Waiting,
    until: Instant,
) -> Result<(), TaskResult> {
    let status = match waiting.settings.on_expiry {
        runtask_approvals::Verdict::Passed => Status::Passed,
        runtask_approvals::Verdict::Failed => Status::Failed,
    };
    let unasked = |why: &str| {
        Err(TaskResult::new(status, &format!("Nobody could be asked to approve this run: {why}")))
    };
    let Some(people) = people else { return unasked("this run task is not set up to ask people") };
    let until = until.min(Instant::now() + PATIENCE);
    loop {
        match people.ask(waiting.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                warn!(event = event::APPROVAL_FAILED, error = %Chain(&error), "an approval was not kept (yet)");
            }
        }
        if Instant::now() + PAUSE >= until {
            return unasked("what keeps approvals does not answer");
        }
        sleep(PAUSE).await;
    }
}
