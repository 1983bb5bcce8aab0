//! Says what people are told of a result.

use crate::work::facts;
use runtask_findings::{CheckReport, Finding, Level, Verdict};
use runtask_notify::{Message, Outcome};
use runtask_protocol::Run;
use runtask_report::summary;
use std::time::SystemTime;

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
    .bounded()
}
