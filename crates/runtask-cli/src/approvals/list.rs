//! `runtask approvals list`: those that are not over, oldest first.

use crate::approval_clock::approval_time;
use crate::stores::shared_approvals;
use clap::Args;
use runtask_approvals::store::load;
use runtask_approvals::{Approval, UnixTime, effects, progress};
use runtask_findings::{counted, printable};
use runtask_log::Chain;
use runtask_state::DocumentStore;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// Whatever is not over is due within this time: people are given less than an hour.
const HORIZON: Duration = Duration::from_hours(1);

/// The most that are read.
const MAX: usize = 10_000;

/// What the key of an approval begins with.
const PREFIX: &str = "approval#";

/// List the approvals that are not over: those that people are asked about, and those of which something is still to be sent
///
/// They are read from the Redis that REDIS_URL names, which is where `runtask serve` keeps them.
#[derive(Debug, Args)]
#[command(after_long_help = LIST_HELP)]
pub(crate) struct ListArguments {}

const LIST_HELP: &str = "\
Example:
  REDIS_URL=redis://127.0.0.1:6379 runtask approvals list

Columns: how it stands, approvals of those required, how long people have been asked, when the time is up, how long ago
HCP Terraform last heard of it (it gives up after 10 minutes), messages that could not be sent yet.

Exit codes: 0 they are listed, 2 the store could not be read.
";

pub(crate) async fn list(_arguments: &ListArguments, output: &Output) -> anyhow::Result<Exit> {
    let store = shared_approvals().await?;
    let now = approval_time();
    let mut approvals = Vec::new();
    for due in store.due(now.plus(HORIZON).into(), MAX).await? {
        let Some(id) = due.key.strip_prefix(PREFIX) else { continue };
        match load(&store, id, now).await {
            Ok(kept) => approvals.extend(kept.map(|it| it.approval)),
            // The others are worth seeing.
            Err(error) => {
                output.note(&format!("{} cannot be read: {}\n", printable(&due.key), Chain(&error)))
            }
        }
    }
    approvals.sort_by_key(|it| it.asked_at);
    if output.json {
        output.json(&approvals.iter().map(|it| document(it, now)).collect::<Value>())?;
    } else if approvals.is_empty() {
        output.prose("No approval is open, and nothing is left to be sent\n")?;
    } else {
        output.result(&table(&approvals, now))?;
    }
    Ok(Exit::Passed)
}

/// Messages that were tried in vain, or should have been sent by now.
fn unsent(approval: &Approval, now: UnixTime) -> usize {
    effects(approval)
        .iter()
        .filter(|it| it.due_at <= now || approval.entry(&it.message).is_some_and(|it| it.tries > 0))
        .count()
}

fn document(approval: &Approval, now: UnixTime) -> Value {
    let so_far = progress(approval);
    json!({
        "id": approval.id,
        "status": approval.status.as_str(),
        "organization": approval.run.organization,
        "workspace": approval.run.workspace,
        "run": approval.run.run_id,
        "stage": approval.run.stage,
        "task": approval.task,
        "approvals": so_far.given,
        "required": so_far.required,
        "asked_at": approval.asked_at,
        "closes_at": approval.closes_at,
        "heard_s": now.since(approval.running_at).as_secs(),
        "unsent": unsent(approval, now),
    })
}

fn table(approvals: &[Approval], now: UnixTime) -> String {
    let head = ["ID", "WORKSPACE", "STATUS", "VOTES", "AGE", "CLOSES", "HEARD", "UNSENT"].map(str::to_owned);
    let rows = approvals.iter().map(|it| {
        let so_far = progress(it);
        [
            printable(&it.id),
            printable(&it.run.workspace),
            it.status.as_str().to_owned(),
            format!("{}/{}", so_far.given, so_far.required),
            short(now.since(it.asked_at)),
            it.closes_at.to_string(),
            short(now.since(it.running_at)),
            unsent(it, now).to_string(),
        ]
    });
    let rows: Vec<[String; 8]> = std::iter::once(head).chain(rows).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width =
                rows.iter().filter_map(|it| it.get(column)).map(|it| it.chars().count()).max().unwrap_or(0);
            let _infallible = write!(line, "{cell:width$}  ");
        }
        let _infallible = writeln!(text, "{}", line.trim_end());
    }
    let _infallible = writeln!(text, "{}", counted(approvals.len(), "approval"));
    text
}

/// `40 s`, `12 min`.
fn short(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_approvals::test_util::{approval, at};

    #[test]
    fn a_line_says_how_an_approval_stands() {
        insta::assert_snapshot!(table(&[approval()], at(12)), @r"
        ID             WORKSPACE      STATUS  VOTES  AGE     CLOSES     HEARD   UNSENT
        taskrs-abc123  payments-prod  open    0/2    12 min  01:43 UTC  12 min  3
        1 approval
        ");
        let mut document = document(&approval(), at(12));
        document["asked_at"].take();
        assert_eq!((&document["required"], &document["heard_s"]), (&json!(2), &json!(720)));
    }
}
