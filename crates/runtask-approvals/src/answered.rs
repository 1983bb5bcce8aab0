//! Takes what became of a message into the approval that it is of.

use crate::approval::Approval;
use crate::message::{Answer, Entry, Message, Sending};
use crate::status::Status;
use crate::time::UnixTime;
use std::time::Duration;

/// How long HCP Terraform waits for a final result, from the request on, whatever progress is reported.
///
/// Source: HCP Terraform, "Run Tasks Integration API".
const RESULT_DEADLINE: Duration = runtask_protocol::limits::RESULT_DEADLINE;

/// The first pause between two tries; each later one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_mins(2);

/// However long a receiver asks us to wait, it is tried again after this.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// What comes of an answer. An answer to a message that is not wanted any more changes nothing.
pub(crate) fn answered(approval: &mut Approval, message: Message, answer: Answer, now: UnixTime) {
    let mut entry = approval.entry(&message).cloned().unwrap_or_else(|| Entry::new(message, now));
    let came_too_late = match entry.message {
        Message::Running => approval.status != Status::Open,
        Message::Verdict => approval.status.decision().is_none() || approval.status.ended_at().is_some(),
        // It says which channels have to hear how it ended.
        Message::Card(_) | Message::FollowUp(_) | Message::Audit(_) => entry.state != Sending::Waiting,
    };
    if came_too_late {
        return;
    }
    if moved(approval, &entry, &answer, now) {
        close_if_ended(approval);
    }
    entry.under_way = false;
    entry.tries = entry.tries.saturating_add(1);
    entry.at = now;
    match answer {
        Answer::Taken { reference } => {
            entry.state = Sending::Done;
            entry.tries = if entry.message == Message::Running { 0 } else { entry.tries };
            entry.reference = reference;
        }
        Answer::Again { after_s, maybe_taken } if !is_hopeless(approval, &entry, now) => {
            entry.state = Sending::Waiting;
            entry.maybe_taken |= maybe_taken;
            entry.at = now.plus(pause(entry.tries, after_s));
        }
        // The next one may be taken: HCP Terraform gives up after ten minutes without word, not after one refusal.
        Answer::Refused | Answer::NotFound
            if matches!(entry.message, Message::Running | Message::Audit(_)) =>
        {
            entry.state = Sending::Waiting;
            entry.at = now.plus(pause(entry.tries, None));
        }
        Answer::Again { .. } | Answer::Over | Answer::TokenRefused | Answer::NotFound | Answer::Refused => {
            entry.state = Sending::GivenUp;
        }
    }
    approval.put_entry(entry);
}

/// Whether the answer moves the approval itself, which it then does: what HCP Terraform says may end it.
fn moved(approval: &mut Approval, entry: &Entry, answer: &Answer, now: UnixTime) -> bool {
    let decision = approval.status.decision();
    approval.status = match (&entry.message, approval.status, answer) {
        (Message::Running, Status::Open, Answer::Taken { .. }) => {
            approval.running_at = now;
            return false;
        }
        (Message::Running, Status::Open, Answer::Over) => Status::Cancelled { decision, at: now },
        // It may come from a proxy in trouble, and is believed the second time.
        (Message::Running, Status::Open, Answer::NotFound) if entry.tries > 0 => {
            Status::Cancelled { decision, at: now }
        }
        (Message::Running, Status::Open, Answer::TokenRefused) => Status::Lost { decision, at: now },
        (Message::Verdict, Status::Decided { decision }, answer) => match answer {
            Answer::Taken { .. } => Status::Reported { decision, at: now, confirmed: true },
            // It is final: by our own try, if the answer to that was lost.
            Answer::Over if entry.maybe_taken => Status::Reported { decision, at: now, confirmed: true },
            Answer::Over => Status::Cancelled { decision: Some(decision), at: now },
            // A token is worth nothing after the final result, so the refusal may be the work of that try.
            Answer::TokenRefused | Answer::NotFound if entry.maybe_taken => {
                Status::Reported { decision, at: now, confirmed: false }
            }
            Answer::Again { .. } if !is_hopeless(approval, entry, now) => return false,
            Answer::TokenRefused | Answer::NotFound | Answer::Refused | Answer::Again { .. } => {
                Status::Lost { decision: Some(decision), at: now }
            }
        },
        _ => return false,
    };
    true
}

/// What is over needs no token.
fn close_if_ended(approval: &mut Approval) {
    if approval.status.ended_at().is_some() {
        approval.sealed_token = None;
    }
}

/// Whether it is too late to try a message again.
fn is_hopeless(approval: &Approval, entry: &Entry, now: UnixTime) -> bool {
    let patience = Duration::from_mins(approval.rules.channel_minutes);
    match &entry.message {
        Message::Running | Message::Audit(_) => false,
        Message::Verdict => now >= approval.asked_at.plus(RESULT_DEADLINE),
        Message::Card(_) | Message::FollowUp(_) => {
            now >= wanted_since(approval, &entry.message).plus(patience)
        }
    }
}

/// Since when a message to a channel is wanted.
pub(crate) fn wanted_since(approval: &Approval, message: &Message) -> UnixTime {
    match message {
        Message::Card(channel) if approval.fallback.as_ref() == Some(channel) => {
            first_given_up(approval).unwrap_or(approval.asked_at)
        }
        Message::FollowUp(_) => approval.status.ended_at().unwrap_or(approval.asked_at),
        _ => approval.asked_at,
    }
}

/// When the first question was given up, which the fallback is for.
pub(crate) fn first_given_up(approval: &Approval) -> Option<UnixTime> {
    let given_up = |it: &&Entry| match &it.message {
        Message::Card(channel) => it.state == Sending::GivenUp && approval.channels.contains(channel),
        _ => false,
    };
    approval.outbox.iter().filter(given_up).map(|it| it.at).min()
}

fn pause(tries: u32, after_s: Option<u64>) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << (tries.saturating_sub(1)).min(10)).min(LONGEST_PAUSE);
    doubled.max(Duration::from_secs(after_s.unwrap_or(0)).min(LONGEST_WAIT))
}
