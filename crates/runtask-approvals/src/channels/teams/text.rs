//! Words messages of the form `{"text": …}`, as the run task wrote them that this one replaces.

use super::super::links::Links;
use super::super::words;
use crate::approval::Approval;
use runtask_findings::markdown_escaped;

/// The question: lines with a blank one between them.
pub(super) fn question(approval: &Approval, links: &Links) -> String {
    let run = &approval.run;
    let shown = |text: &str, missing: &str| {
        if text.is_empty() { missing.to_owned() } else { markdown_escaped(&words::quoted(text)) }
    };
    let speculative = if run.speculative { "Yes" } else { "No" };
    let mut lines = vec![
        format!("Workspace **{}** has requested approval.", shown(&run.workspace, "unknown-workspace")),
        format!("Run ID: **{}**", shown(&run.run_id, "unknown-run-id")),
        format!("Stage: **{}**", shown(&run.stage, "unknown-stage")),
        format!("Speculative: **{speculative}**"),
    ];
    lines.extend(run.created_by.as_deref().map(|it| format!("Triggered by: **{}**", shown(it, ""))));
    lines.extend(run.message.as_deref().map(|it| format!("Run Message: {}", shown(it, ""))));
    lines.extend(run.run_url.as_deref().map(|it| format!("[Open Run]({it})")));
    let pull_request = run.pull_request_url.as_deref().map(|it| format!("[View Pull Request]({it})"));
    let commit = run.commit_url.as_deref().map(|it| format!("[View Commit]({it})"));
    lines.extend(pull_request.or(commit));
    lines.push(format!("[Approve]({}) | [Reject]({})", links.approve, links.reject));
    lines.join("\n\n")
}

/// How it ended.
pub(super) fn follow_up(approval: &Approval) -> String {
    let workspace = markdown_escaped(&words::quoted(&approval.run.workspace));
    let run = markdown_escaped(&words::quoted(&approval.run.run_id));
    let ending = markdown_escaped(&words::quoted(&words::ending(approval)));
    format!("**{}**: {workspace}, {run}\n\n{ending}", words::end(approval))
}
