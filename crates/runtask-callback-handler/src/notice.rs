//! Says what people are told of a result, and tells them.

use crate::attempt::Attempt;
use crate::work::facts;
use runtask_findings::{CheckReport, Finding, Level, Verdict};
use runtask_notify::{Message, Notifier, Outcome};
use runtask_protocol::Run;
use runtask_report::summary;
use std::pin::pin;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};

/// How long telling may take, all channels together.
const LIMIT: Duration = Duration::from_secs(10);

/// What is told of these reports: counts, headlines, and the first lines of errors.
pub(crate) fn notice(
    task: &str,
    run: &Run,
    reports: &[CheckReport],
    verdict: Verdict,
    at: SystemTime,
) -> Message {
    let errors = || reports.iter().flat_map(|it| &it.findings).filter(|it| it.level == Level::Error);
    let found: Vec<&Finding> = errors().filter(|it| !it.code.is_of_no_check()).collect();
    let outcome = match (found.as_slice(), errors().next()) {
        ([], None) => Outcome::Passed,
        ([], Some(_)) => Outcome::Unavailable,
        _ => Outcome::Failed,
    };
    let facts = facts(run);
    Message {
        id: run.task_result_id.as_str().to_owned(),
        outcome,
        task: task.to_owned(),
        stage: facts.stage,
        organization: facts.organization,
        workspace: facts.workspace,
        project: facts.project,
        run: facts.id,
        run_url: run.run_page.clone(),
        counts: summary(reports, verdict),
        headlines: reports.iter().map(|it| it.headline.clone()).collect(),
        findings: found.iter().map(|it| it.summary.clone()).collect(),
        at,
    }
}

/// Tells the channels of these names, in what is left of the attempt, and not for long. What came of it is in the log.
pub(crate) async fn tell(
    notifier: &Notifier,
    names: &[String],
    message: &Message,
    now: SystemTime,
    attempt: &Attempt,
) {
    let until = attempt.deliver_until().min(Instant::now() + LIMIT);
    let mut telling = pin!(notifier.tell(names, message, now, until));
    tokio::select! {
        _told = &mut telling => {}
        until = attempt.cut_short() => {
            let _cut = timeout_at(until, telling).await;
        }
    }
}
