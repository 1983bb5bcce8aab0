//! Writes the audit log: one line for each fact, to the log and, where that is wanted, to the store.

use crate::approval::Approval;
use crate::effects::facts;
use crate::message::{Answer, Fact, Message};
use crate::result::sentence;
use crate::time::UnixTime;
use runtask_log::{Chain, event};
use runtask_state::{DocumentStore, Record};
use serde::Serialize;
use serde_json::Value;
use std::time::{Duration, SystemTime};
use tracing::{info, warn};

/// One line of the audit log. Names and reasons in it are personal data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditLine {
    /// What happened: `asked`, `vote`, `withdrawn`, `decided`, `ended`.
    pub fact: &'static str,
    /// When, in seconds since 1970.
    pub at: UnixTime,
    /// The task result's id.
    pub task_result: String,
    /// The run's id.
    pub run: String,
    /// The organization and the workspace.
    pub workspace: String,
    /// The task.
    pub task: String,
    /// Names the rules: the same for the same rules.
    pub rules: String,
    /// What there is to say of the fact.
    pub detail: Value,
}

impl AuditLine {
    /// The line for a fact; `None` when it has not happened.
    #[must_use]
    pub fn of(approval: &Approval, fact: Fact) -> Option<Self> {
        let (name, at, detail) = match fact {
            Fact::Asked => ("asked", approval.asked_at, serde_json::json!(approval.rules)),
            Fact::Vote(number) => {
                let vote = approval.votes.get(number)?;
                ("vote", vote.at, serde_json::json!(vote))
            }
            Fact::Withdrawn(number) => {
                let vote = approval.votes.get(number)?;
                ("withdrawn", vote.withdrawn_at?, serde_json::json!(vote.who))
            }
            Fact::Decided => {
                let decision = approval.status.decision()?;
                let detail = serde_json::json!({
                    "verdict": decision.verdict, "cause": decision.cause, "text": sentence(approval, decision),
                });
                ("decided", decision.at, detail)
            }
            Fact::Ended => ("ended", approval.status.ended_at()?, serde_json::json!(approval.status)),
        };
        Some(Self {
            fact: name,
            at,
            task_result: approval.id.clone(),
            run: approval.run.run_id.clone(),
            workspace: format!("{}/{}", approval.run.organization, approval.run.workspace),
            task: approval.task.clone(),
            rules: rules_name(approval),
            detail,
        })
    }
}

impl Approval {
    /// The audit log of it, as far as its record goes, in the order in which things happened. Answers that were refused are in
    /// no record.
    #[must_use]
    pub fn audit(&self) -> Vec<AuditLine> {
        let mut lines: Vec<_> =
            facts(self).into_iter().filter_map(|(fact, _at)| AuditLine::of(self, fact)).collect();
        lines.sort_by_key(|it| it.at);
        lines
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of the rules.
fn rules_name(approval: &Approval) -> String {
    let rules = serde_json::json!(approval.rules).to_string();
    let digest = ring::digest::digest(&ring::digest::SHA256, rules.as_bytes());
    hex::encode(digest.as_ref().get(..8).unwrap_or_default())
}

/// Writes a fact down, once however often it is asked to. `kept` is for how long the store has it; without, the log alone
/// has it.
pub(crate) async fn write(
    store: &impl DocumentStore,
    kept: Option<Duration>,
    approval: &Approval,
    fact: Fact,
    now: UnixTime,
) -> Answer {
    let Some(line) = AuditLine::of(approval, fact) else { return Answer::Taken { reference: None } };
    let json = serde_json::json!(line).to_string();
    if let Some(kept) = kept {
        let key = format!("audit#{}#{}", approval.id, Message::Audit(fact));
        let record = Record {
            content: json.clone().into_bytes(),
            expires_at: SystemTime::from(line.at.plus(kept)),
            due_at: None,
        };
        if let Err(error) = store.create(&key, &record, now.into()).await {
            warn!(event = event::APPROVAL_NOT_SENT, message = "audit", "not audited yet: {}", Chain(&error));
            return Answer::Again { after_s: None, maybe_taken: true };
        }
    }
    info!(event = event::APPROVAL_AUDIT, fact = line.fact, audit = json, "audit: {}", line.fact);
    Answer::Taken { reference: None }
}
