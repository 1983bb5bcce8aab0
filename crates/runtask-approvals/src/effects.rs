//! Says what is still to be sent: everything that follows from an approval, without what its outbox says is done.
//!
//! So a process may die between any two steps: whoever loads the approval next sees what is left.

use crate::answered::{first_given_up, wanted_since};
use crate::approval::Approval;
use crate::message::{Channel, Effect, Entry, Fact, Message, Sending};
use crate::status::Status;
use crate::time::UnixTime;
use std::time::Duration;

/// How long after one word to HCP Terraform the next one follows. It gives up after ten minutes without.
pub const RUNNING_EVERY: Duration = Duration::from_mins(4);

/// What is still to be sent, most urgent first. What stands behind a verdict that HCP Terraform does not have yet is not
/// among it: nobody hears of a verdict first.
#[must_use]
pub fn effects(approval: &Approval) -> Vec<Effect> {
    wanted(approval)
        .into_iter()
        .filter_map(|(message, since)| {
            let due_at = match approval.entry(&message) {
                Some(entry) if message == Message::Running && entry.state == Sending::Done => since,
                Some(entry) if entry.state == Sending::Waiting => entry.at,
                Some(_) => return None,
                None => since,
            };
            Some(Effect { message, due_at })
        })
        .collect()
}

/// When somebody has to look at it again: something is to be sent, or time is up. `None` when nothing is left.
#[must_use]
pub fn due_at(approval: &Approval) -> Option<UnixTime> {
    let closing = (approval.status == Status::Open).then_some(approval.closes_at);
    effects(approval).into_iter().map(|it| it.due_at).chain(closing).min()
}

/// Notes that messages are about to be tried. Whoever finds such a note after its writer died knows that the message may
/// have been taken.
pub(crate) fn under_way(approval: &mut Approval, messages: &[Message], now: UnixTime) {
    // The others do no harm when they are sent once more.
    let matters = |it: &&Message| !matches!(it, Message::Running | Message::Audit(_));
    for message in messages.iter().filter(matters) {
        let entry = approval.entry(message).cloned();
        let mut entry = entry.unwrap_or_else(|| Entry::new(message.clone(), now));
        entry.maybe_taken |= entry.under_way;
        entry.under_way = true;
        approval.put_entry(entry);
    }
}

/// Every message that there is to be at this point, and since when.
fn wanted(approval: &Approval) -> Vec<(Message, UnixTime)> {
    let mut wanted = Vec::new();
    match approval.status {
        Status::Open => {
            wanted.push((Message::Running, approval.running_at.plus(RUNNING_EVERY)));
            let fallback = approval.fallback.iter().filter(|_| first_given_up(approval).is_some());
            for channel in approval.channels.iter().chain(fallback) {
                let card = Message::Card(channel.clone());
                let since = wanted_since(approval, &card);
                wanted.push((card, since));
            }
        }
        Status::Decided { decision } => wanted.push((Message::Verdict, decision.at)),
        Status::Reported { at, .. } | Status::Cancelled { at, .. } | Status::Lost { at, .. } => {
            wanted.extend(asked(approval).map(|channel| (Message::FollowUp(channel.clone()), at)));
        }
    }
    wanted.extend(facts(approval).into_iter().map(|(fact, at)| (Message::Audit(fact), at)));
    wanted
}

/// The channels that may have the question.
fn asked(approval: &Approval) -> impl Iterator<Item = &Channel> {
    approval.outbox.iter().filter_map(|it| match &it.message {
        Message::Card(channel) if it.state == Sending::Done || it.maybe_taken || it.under_way => {
            Some(channel)
        }
        _ => None,
    })
}

/// Every fact for the audit log.
pub(crate) fn facts(approval: &Approval) -> Vec<(Fact, UnixTime)> {
    let mut facts = vec![(Fact::Asked, approval.asked_at)];
    for (number, vote) in approval.votes.iter().enumerate() {
        facts.push((Fact::Vote(number), vote.at));
        facts.extend(vote.withdrawn_at.map(|at| (Fact::Withdrawn(number), at)));
    }
    facts.extend(approval.status.decision().map(|it| (Fact::Decided, it.at)));
    facts.extend(approval.status.ended_at().map(|at| (Fact::Ended, at)));
    facts
}
