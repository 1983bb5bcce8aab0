//! Moves an approval: what happened to it makes another one of it, or is refused.
//!
//! One function, without clock, store and network. Whatever happens in whatever order, there is one verdict at most, and
//! what is closed stays closed.

use crate::answered;
use crate::approval::Approval;
use crate::event::Event;
use crate::message::{Channel, Message, Sending};
use crate::person::{Person, Proof};
use crate::refusal::Refusal;
use crate::status::{Cause, Decision, Status};
use crate::tally;
use crate::text::fitted;
use crate::time::UnixTime;
use crate::verdict::Verdict;
use crate::vote::{Ballot, Choice, Vote};
use std::collections::BTreeSet;

/// Votes that one approval holds, those that were taken back among them. A vote that decides always has room.
pub const MAX_VOTES: usize = 24;

/// Bytes of a reason.
const REASON_BYTES: usize = 500;

/// Users of HCP Terraform that are kept with a vote.
const MAX_USERS: usize = 4;

/// What `event` makes of an approval. Only what people want can be refused: everything else that comes too late changes
/// nothing.
///
/// # Errors
///
/// Why an answer does not count; the approval stays as it is.
pub fn apply(approval: &Approval, event: Event, now: UnixTime) -> Result<Approval, Refusal> {
    let mut next = approval.clone();
    match event {
        Event::Vote(ballot) => vote(&mut next, ballot, now)?,
        Event::Withdraw(person) => withdraw(&mut next, &person, now)?,
        Event::Tick => tick(&mut next, now),
        Event::Stop => decide_if_open(&mut next, Verdict::Failed, Cause::Stopped, now),
        Event::Tried { message, answer } => {
            answered::answered(&mut next, message, answer, now);
            tick(&mut next, now);
        }
    }
    Ok(next)
}

fn vote(approval: &mut Approval, ballot: Ballot, now: UnixTime) -> Result<(), Refusal> {
    must_be_open(approval, now)?;
    let Ballot { person, choice, reason, typed_name } = ballot;
    let reason = fitted(&reason, REASON_BYTES);
    let groups = may_vote(approval, &person, choice)?;
    let reason_is_needed = match choice {
        Choice::Approve => false,
        Choice::Reject => approval.rules.reject_reason,
        Choice::BreakGlass => approval.rules.break_glass.as_ref().is_some_and(|it| it.reason),
    };
    if reason_is_needed && reason.is_empty() {
        return Err(Refusal::ReasonNeeded);
    }
    must_know_what_is_destroyed(approval, &person, choice, typed_name.as_deref())?;
    take_back_what_this_replaces(approval, &person, choice, now)?;
    let mut who = person.voter.clone();
    who.users = who.users.into_iter().take(MAX_USERS).collect();
    approval.votes.push(Vote { decision: choice, groups, reason, at: now, who, withdrawn_at: None });
    if choice == Choice::Reject && is_creator(approval, &person) {
        // Whoever started a run could as well discard it.
        decide_if_open(approval, Verdict::Failed, Cause::Rejected, now);
    }
    count(approval, now);
    if approval.status == Status::Open && approval.votes.len() > MAX_VOTES {
        return Err(Refusal::TooManyVotes);
    }
    Ok(())
}

fn withdraw(approval: &mut Approval, person: &Person, now: UnixTime) -> Result<(), Refusal> {
    must_be_open(approval, now)?;
    let theirs = approval.votes.iter_mut().find(|it| it.counts() && it.who.is(&person.voter));
    theirs.ok_or(Refusal::NothingToWithdraw)?.withdrawn_at = Some(now);
    Ok(())
}

fn tick(approval: &mut Approval, now: UnixTime) {
    if now >= approval.closes_at {
        decide_if_open(approval, approval.rules.on_expiry, Cause::Expired, now);
    } else if nobody_can_be_asked(approval) {
        decide_if_open(approval, approval.rules.on_expiry, Cause::Unasked, now);
    }
}

/// Whether every question was given up, the one to the fallback too.
fn nobody_can_be_asked(approval: &Approval) -> bool {
    let given_up = |channel: &Channel| {
        let entry = approval.entry(&Message::Card(channel.clone()));
        entry.is_some_and(|it| it.state == Sending::GivenUp)
    };
    !approval.channels.is_empty() && approval.channels.iter().chain(&approval.fallback).all(given_up)
}

fn count(approval: &mut Approval, now: UnixTime) {
    if tally::is_rejected(approval) {
        decide_if_open(approval, Verdict::Failed, Cause::Rejected, now);
    } else if tally::is_broken(approval) {
        decide_if_open(approval, Verdict::Passed, Cause::BreakGlass, now);
    } else if tally::progress(approval).is_complete() {
        decide_if_open(approval, Verdict::Passed, Cause::Approved, now);
    }
}

/// The only place where a verdict comes into being.
fn decide_if_open(approval: &mut Approval, verdict: Verdict, cause: Cause, now: UnixTime) {
    if approval.status == Status::Open {
        approval.status = Status::Decided { decision: Decision { verdict, cause, at: now } };
    }
}

fn must_be_open(approval: &Approval, now: UnixTime) -> Result<(), Refusal> {
    match approval.status.decision() {
        None if approval.status != Status::Open => Err(Refusal::Over),
        None if now >= approval.closes_at => Err(Refusal::Expired { at: approval.closes_at }),
        None => Ok(()),
        Some(Decision { cause: Cause::Expired, at, .. }) => Err(Refusal::Expired { at }),
        Some(Decision { cause, at, .. }) => {
            Err(Refusal::AlreadyDecided { by: tally::who(approval, cause), at })
        }
    }
}

/// The groups that a person speaks for.
fn may_vote(approval: &Approval, person: &Person, choice: Choice) -> Result<BTreeSet<String>, Refusal> {
    let rules = &approval.rules;
    let by_link = person.voter.proof == Proof::Link;
    if by_link && (!rules.by_link || choice == Choice::BreakGlass) {
        return Err(Refusal::Unverified);
    }
    let is_creator = is_creator(approval, person);
    if choice != Choice::Reject && !rules.self_approval {
        if is_creator {
            return Err(Refusal::OwnRun);
        }
        if rules.creator_refused {
            return Err(Refusal::CreatorUnknown);
        }
    }
    let required = rules.required.iter().map(|it| &it.group);
    let glass = rules.break_glass.iter().map(|it| &it.group);
    let asked: BTreeSet<&String> = match choice {
        Choice::Approve => required.collect(),
        Choice::Reject => required.chain(glass).collect(),
        Choice::BreakGlass => glass.collect(),
    };
    let theirs = asked.into_iter().filter(|it| by_link || person.groups.contains(*it)).cloned();
    let theirs: BTreeSet<String> = theirs.collect();
    if !theirs.is_empty() || (choice == Choice::Reject && is_creator) {
        Ok(theirs)
    } else if person.groups_unknown {
        Err(Refusal::GroupsUnknown)
    } else {
        Err(Refusal::NotAnApprover)
    }
}

/// Whether the run is the person's own, by any name that may be theirs.
fn is_creator(approval: &Approval, person: &Person) -> bool {
    let Some(creator) = &approval.run.created_by else { return false };
    person.voter.users.iter().chain(&person.names).any(|it| it.eq_ignore_ascii_case(creator))
}

fn must_know_what_is_destroyed(
    approval: &Approval,
    person: &Person,
    choice: Choice,
    typed: Option<&str>,
) -> Result<(), Refusal> {
    // Slack asks in a dialog of its own, in which nothing can be typed.
    let asked = approval.rules.confirm_name && approval.destroys() && person.voter.proof != Proof::Slack;
    let knows = typed.is_some_and(|it| it.trim() == approval.run.workspace);
    if choice == Choice::Reject || !asked || knows { Ok(()) } else { Err(Refusal::NameMismatch) }
}

/// One person, one vote. Who has approved may still reject, or break the glass, instead.
fn take_back_what_this_replaces(
    approval: &mut Approval,
    person: &Person,
    choice: Choice,
    now: UnixTime,
) -> Result<(), Refusal> {
    for vote in approval.votes.iter_mut().filter(|it| it.counts() && it.who.is(&person.voter)) {
        if vote.decision != Choice::Approve || choice == Choice::Approve {
            return Err(Refusal::AlreadyVoted);
        }
        vote.withdrawn_at = Some(now);
    }
    Ok(())
}
