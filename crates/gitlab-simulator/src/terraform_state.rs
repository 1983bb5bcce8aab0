//! Keeps Terraform's states as GitLab does, and every lock with its unlock.
//!
//! Source: Terraform, backend `http`; GitLab, "GitLab-managed Terraform state".

use crate::call::{Call, Reply};
use crate::json::text_at;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What happened to the lock of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockEvent {
    /// The state's name.
    pub state: String,
    /// The job whose token it was done with.
    pub job: u64,
    /// What it was.
    pub kind: LockKind,
    /// The lock's id.
    pub lock: String,
}

/// What is done to a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// It was taken.
    Locked,
    /// Somebody else had it.
    Refused,
    /// It was given back.
    Unlocked,
}

/// The states of one project.
#[derive(Debug, Default)]
pub(crate) struct TerraformStates {
    states: BTreeMap<String, State>,
    events: Vec<LockEvent>,
}

#[derive(Debug, Default)]
struct State {
    content: Option<Bytes>,
    lock: Option<Value>,
}

impl TerraformStates {
    /// `path` is what follows `…/terraform/state/`.
    pub(crate) fn answer(&mut self, path: &[&str], job: u64, call: &Call) -> Reply {
        let (name, is_lock) = match path {
            [name] => (*name, false),
            [name, "lock"] => (*name, true),
            _ => return Reply::message(404, "404 Not Found"),
        };
        let state = self.states.entry(name.to_owned()).or_default();
        let mut event =
            |kind, lock: String| self.events.push(LockEvent { state: name.to_owned(), job, kind, lock });
        if is_lock {
            let wanted = call.json();
            return match (&call.method, &state.lock) {
                (&Method::POST, None) if text_at(&wanted, "/ID").is_some() => {
                    event(LockKind::Locked, id(&wanted));
                    state.lock = Some(wanted);
                    Reply::new(200, "")
                }
                (&Method::POST, Some(holder)) => {
                    event(LockKind::Refused, id(&wanted));
                    Reply::json(423, holder)
                }
                (&Method::DELETE, Some(holder))
                    if text_at(&wanted, "/ID").is_none_or(|it| it == id(holder)) =>
                {
                    event(LockKind::Unlocked, id(holder));
                    state.lock = None;
                    Reply::new(200, "")
                }
                (&Method::DELETE, _) => Reply::message(409, "409 Conflict"),
                _ => Reply::message(400, "400 Bad request"),
            };
        }
        match call.method {
            Method::GET => match &state.content {
                Some(content) => Reply::new(200, content.clone()).with("content-type", "application/json"),
                None => Reply::new(204, ""),
            },
            Method::POST => {
                let holder = state.lock.as_ref().map(id);
                if holder.is_some() && holder != call.parameter("ID") {
                    return Reply::message(409, "409 Conflict");
                }
                state.content = Some(call.body.clone());
                Reply::new(200, "")
            }
            Method::DELETE => {
                state.content = None;
                Reply::new(200, "")
            }
            _ => Reply::message(405, "405 Method Not Allowed"),
        }
    }

    pub(crate) fn content(&self, name: &str) -> Option<Bytes> {
        self.states.get(name)?.content.clone()
    }

    pub(crate) fn events(&self) -> Vec<LockEvent> {
        self.events.clone()
    }

    /// Takes the lock of a state on behalf of `who`, as if it were at work.
    pub(crate) fn lock(&mut self, name: &str, who: &str) {
        let lock = json!({"ID": "9db590f1-b6fe-c5f2-2678-8804f089deba", "Operation": "OperationTypeApply",
            "Who": who, "Version": "1.12.2", "Created": "2026-08-20T09:15:02Z", "Path": ""});
        self.states.entry(name.to_owned()).or_default().lock = Some(lock);
    }

    /// The states that are locked.
    pub(crate) fn locked(&self) -> Vec<String> {
        self.states.iter().filter(|(_, it)| it.lock.is_some()).map(|(name, _)| name.clone()).collect()
    }
}

fn id(lock: &Value) -> String {
    text_at(lock, "/ID").unwrap_or_default().to_owned()
}
