//! `runtask approvals show`: everything that is known of one approval, its audit log among it, except the run's token.

use crate::approval_clock::approval_time;
use crate::stores::shared_approvals;
use anyhow::bail;
use clap::Args;
use runtask_approvals::store::load;
use runtask_approvals::{Approval, AuditLine, Sending, UnixTime, progress};
use runtask_findings::printable;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Show one approval: the run, its plan, who has answered, which messages were sent, and the audit log
#[derive(Debug, Args)]
#[command(after_long_help = SHOW_HELP)]
pub(crate) struct ShowArguments {
    /// The task result's id, as `runtask approvals list` shows it
    #[arg(value_name = "ID")]
    id: String,
}

const SHOW_HELP: &str = "\
Example:
  REDIS_URL=redis://127.0.0.1:6379 runtask approvals show taskrs-abc123

An approval is kept for a day after its time was up, and this shows its audit log for as long.
For longer, the log of `runtask serve` has it, and on AWS the table of approvals: lines
`approval.audit`.

Exit codes: 0 it is shown, 2 there is none, or the store could not be read.
";

pub(crate) async fn show(arguments: &ShowArguments, output: &Output) -> anyhow::Result<Exit> {
    let now = approval_time();
    let Some(kept) = load(&shared_approvals().await?, &arguments.id, now).await? else {
        bail!(
            "there is no approval {}: `runtask approvals list` shows those that are not over",
            printable(&arguments.id)
        );
    };
    if output.json {
        output.json(&document(&kept.approval))?;
    } else {
        output.result(&(text(&kept.approval, now) + &audit_log(&kept.approval)))?;
    }
    Ok(Exit::Passed)
}

/// The record as it is kept, without the token: sealed as it is, it is nobody's to see.
fn document(approval: &Approval) -> Value {
    let mut document = json!(approval);
    if let Some(fields) = document.as_object_mut() {
        fields.remove("sealed_token");
        fields.insert("audit".to_owned(), json!(approval.audit()));
    }
    document
}

fn text(approval: &Approval, now: UnixTime) -> String {
    let (run, so_far) = (&approval.run, progress(approval));
    let mut lines = vec![
        ("approval", approval.id.clone()),
        ("task", approval.task.clone()),
        ("run", format!("{} of {}/{}, {}", run.run_id, run.organization, run.workspace, run.stage)),
        ("status", approval.status.as_str().to_owned()),
        ("votes", format!("{} of {}", so_far.given, so_far.required)),
        ("asked", format!("{}, {} min ago", approval.asked_at, now.since(approval.asked_at).as_secs() / 60)),
        ("closes", approval.closes_at.to_string()),
        ("heard", format!("{} s ago", now.since(approval.running_at).as_secs())),
    ];
    if let Some(decision) = approval.status.decision() {
        let text = runtask_approvals::result::sentence(approval, decision);
        lines.push(("decided", format!("{}, {text}", decision.at)));
    }
    if let Some(plan) = &approval.plan {
        lines.push((
            "plan",
            format!("{} to add, {} to change, {} to destroy", plan.add, plan.change, plan.destroy),
        ));
    }
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _infallible = writeln!(text, "{name:10}{}", printable(value));
    };
    for (name, value) in &lines {
        line(name, value);
    }
    for policy in &approval.policies {
        let word = if policy.passed { "passed" } else { "failed" };
        line("policy", &format!("{word}: {} ({})", policy.text, policy.id));
    }
    for vote in &approval.votes {
        let taken_back = if vote.counts() { "" } else { ", taken back" };
        let because = if vote.reason.is_empty() { String::new() } else { format!(": {}", vote.reason) };
        line(
            "vote",
            &format!("{:?} by {} at {}{taken_back}{because}", vote.decision, vote.who.shown(), vote.at),
        );
    }
    for entry in &approval.outbox {
        let state = match entry.state {
            Sending::Done => format!("sent at {}", entry.at),
            Sending::Waiting => format!("tried {} times, again at {}", entry.tries, entry.at),
            Sending::GivenUp => format!("given up at {}", entry.at),
        };
        line("message", &format!("{}: {state}", entry.message));
    }
    text
}

/// A line for each fact, with all there is to say of it.
fn audit_log(approval: &Approval) -> String {
    let line = |it: AuditLine| {
        format!("{:10}{}\n", "audit", printable(&format!("{} {} {}", it.at, it.fact, it.detail)))
    };
    approval.audit().into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_approvals::test_util::{approval, at, ballot, person};
    use runtask_approvals::{Choice, Event, apply};

    #[test]
    fn it_has_what_an_operator_asks_and_no_token() {
        let event = Event::Vote(ballot(person("ada", &["payments"]), Choice::Approve));
        let approval = apply(&approval(), event, at(3)).unwrap();
        insta::assert_snapshot!(text(&approval, at(12)), @r"
        approval  taskrs-abc123
        task      prod
        run       run-6XpqB3aTk1ExampleId of acme/payments-prod, post_plan
        status    open
        votes     1 of 2
        asked     00:53 UTC, 12 min ago
        closes    01:43 UTC
        heard     720 s ago
        plan      3 to add, 1 to change, 2 to destroy
        policy    failed: mandatory tags (tags)
        vote      Approve by ada@example.com at 00:56 UTC: because
        ");
        let log = audit_log(&approval);
        let lines: Vec<_> = log.lines().collect();
        assert!(lines.len() == 2 && lines[0].starts_with("audit     00:53 UTC asked {"), "{log}");
        assert!(lines[1].starts_with("audit     00:56 UTC vote {") && lines[1].contains("oidc"), "{log}");
        let document = document(&approval);
        assert!(document.get("sealed_token").is_none());
        assert_eq!(document["audit"][1]["fact"], "vote");
        assert_eq!(document["audit"][1]["detail"]["who"]["proof"], "oidc");
    }
}
