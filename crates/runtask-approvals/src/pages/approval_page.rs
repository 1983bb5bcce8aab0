//! The page of one approval: what is at stake, who has answered, and a form for whoever may.
//!
//! It shows what the record holds and asks nobody. Values of the plan are not in the record.

use super::page::page;
use crate::apply::apply;
use crate::approval::Approval;
use crate::event::Event;
use crate::facts::{PlanFacts, Policy};
use crate::link::Offer;
use crate::person::{Person, Proof, Voter};
use crate::refusal::Refusal;
use crate::result::sentence;
use crate::status::Status;
use crate::tally::progress;
use crate::time::UnixTime;
use crate::verdict::Verdict;
use crate::vote::{Ballot, Choice, Vote};
use maud::{Markup, html};

/// Who looks.
#[derive(Debug)]
pub(super) enum Viewer {
    /// Somebody who is known.
    Person {
        person: Box<Person>,
        /// Whether there is a session to end.
        can_leave: bool,
    },
    /// Somebody with the link, who writes a name.
    Anybody,
    /// Somebody who answers in Slack.
    Reader,
}

/// Everything that is shown.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) approval: &'a Approval,
    /// Which answer is offered first.
    pub(super) offer: Offer,
    pub(super) viewer: &'a Viewer,
    /// The mark of the forms.
    pub(super) csrf: &'a str,
    /// Why the last answer did not count, and what was typed with it.
    pub(super) refused: Option<Refused<'a>>,
    pub(super) now: UnixTime,
}

/// An answer that did not count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused<'a> {
    pub(super) refusal: &'a Refusal,
    /// Which form it came in.
    pub(super) decision: &'a str,
    /// Nobody types it twice.
    pub(super) reason: &'a str,
}

/// The page.
pub(super) fn approval_page(shown: &Shown<'_>) -> Markup {
    let approval = shown.approval;
    let state = state(approval, shown.now);
    let body = html! {
        header {
            p.kicker { "Approval of a Terraform run" }
            h1 { (approval.run.workspace) }
            p.where {
                "Organization " strong { (approval.run.organization) }
                ", stage " strong { (approval.run.stage) }
                @if !approval.task.is_empty() { ", task " strong { (approval.task) } }
                @if approval.run.speculative { ", " strong { "speculative" } }
            }
        }
        p.state.(state.class) role="status" { strong { (state.word) (state.when) "." } " " (state.text) }
        @if let Some(refused) = shown.refused {
            p.refusal role="alert" { strong { "Nothing has changed. " } (refused.refusal.to_string()) }
        }
        (plan(approval.plan.as_ref()))
        (policies(approval))
        (run(approval))
        @if approval.status == Status::Open { (answer(shown)) }
        (votes(approval))
    };
    page(&format!("{}: {}", state.word, approval.run.workspace), &body)
}

struct State {
    class: &'static str,
    word: &'static str,
    /// Such as ` at 13:27 UTC`; nothing where the text tells.
    when: String,
    text: String,
}

fn state(approval: &Approval, now: UnixTime) -> State {
    let decided = approval.status.decision();
    let text = decided.map(|it| sentence(approval, it)).unwrap_or_default();
    let (class, word, at, text) = match approval.status {
        Status::Open if now >= approval.closes_at => ("bad", "Closed", Some(approval.closes_at), text),
        Status::Open => ("open", "Open", None, open(approval)),
        Status::Cancelled { at, .. } => (
            "bad",
            "Cancelled",
            Some(at),
            format!("HCP Terraform does not wait for an answer any more. {text}"),
        ),
        Status::Lost { at, .. } => (
            "bad",
            "Cannot be delivered",
            Some(at),
            format!("HCP Terraform does not accept an answer for this run any more: start it again. {text}"),
        ),
        Status::Decided { decision } | Status::Reported { decision, .. } => match decision.verdict {
            Verdict::Passed => ("good", "Passed", Some(decision.at), text),
            Verdict::Failed => ("bad", "Failed", Some(decision.at), text),
        },
    };
    let when = at.map(|it| format!(" at {it}")).unwrap_or_default();
    State { class, word, when, text }
}

fn open(approval: &Approval) -> String {
    let so_far = progress(approval);
    let groups = approval.rules.required.iter().map(|it| format!("{} of {}", it.count, it.group));
    let groups = groups.collect::<Vec<_>>().join(" and ");
    let then = match approval.rules.on_expiry {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
    };
    let advisory = if approval.run.advisory {
        " The run task is advisory: the run goes on whatever is decided."
    } else {
        ""
    };
    format!(
        "{} of {} approvals so far: it needs {groups}. Closes at {}, then counts as {then}.{advisory}",
        so_far.given, so_far.required, approval.closes_at
    )
}

fn plan(plan: Option<&PlanFacts>) -> Markup {
    html! {
        section aria-labelledby="plan" {
            h2 id="plan" { "Plan" }
            @match plan {
                None => p { "There is no plan to look at: the run is before it, or it could not be read." },
                Some(plan) => {
                    ul.counts {
                        li { strong { (plan.add) } " to add" }
                        li { strong { (plan.change) } " to change" }
                        li.danger[plan.destroy > 0] { strong { (plan.destroy) } " to destroy" }
                    }
                    @if !plan.destroys.is_empty() { (destroyed(plan)) }
                },
            }
        }
    }
}

/// How many addresses are shown without a click.
const OPEN_LIST: usize = 12;

fn destroyed(plan: &PlanFacts) -> Markup {
    let shown = plan.destroys.len();
    let left = usize::try_from(plan.destroy).unwrap_or(usize::MAX).saturating_sub(shown);
    let which = if left > 0 {
        format!("{shown} of {} addresses", plan.destroy)
    } else {
        format!("{shown} addresses")
    };
    // Whoever uses a keyboard scrolls what has the focus.
    let list = html! {
        div.addresses role="region" aria-label="Destroyed or replaced" tabindex="0" {
            ul {
                @for address in &plan.destroys { li { code { (address) } } }
                @if left > 0 { li { "and " (left) " more" } }
            }
        }
    };
    html! {
        @if plan.destroys.len() <= OPEN_LIST {
            h3 { "Destroyed or replaced" }
            (list)
        } @else {
            details {
                summary { "Destroyed or replaced: " (which) }
                (list)
            }
        }
    }
}

fn policies(approval: &Approval) -> Markup {
    let policies = &approval.policies;
    html! {
        @if !policies.is_empty() {
            section aria-labelledby="policies" {
                h2 id="policies" { "Policies" }
                ul.policies {
                    // The record has those that failed first.
                    @for policy in policies {
                        li {
                            @if policy.passed { span.mark.good { "Passed" } } @else { span.mark.bad { "Failed" } }
                            " "
                            @if policy.text.is_empty() { (policy.id) } @else { (policy.text) " (" code { (policy.id) } ")" }
                            @if let Some(note) = note(approval, policy) { span.note { (note) } }
                        }
                    }
                }
            }
        }
    }
}

/// What an approval does about a policy that failed, or did.
fn note(approval: &Approval, policy: &Policy) -> Option<&'static str> {
    let overridable = !policy.passed && policy.overridable;
    let passed = approval.status.decision().is_some_and(|it| it.verdict == Verdict::Passed);
    match approval.status {
        Status::Open => overridable.then_some("Approving overrides it."),
        _ => (overridable && passed).then_some("Overridden."),
    }
}

fn run(approval: &Approval) -> Markup {
    let run = &approval.run;
    html! {
        section aria-labelledby="run" {
            h2 id="run" { "Run" }
            dl {
                dt { "Id" }
                dd { code { (run.run_id) } }
                @if let Some(by) = &run.created_by { dt { "Started by" } dd { (by) } }
                @if let Some(message) = &run.message { dt { "Message" } dd.quoted { (message) } }
            }
            p.links {
                @if let Some(url) = &run.run_url { a href=(url) rel="noopener noreferrer" { "Run in HCP Terraform" } }
                @if let Some(url) = &run.pull_request_url { a href=(url) rel="noopener noreferrer" { "Pull request" } }
                @if let Some(url) = &run.commit_url { a href=(url) rel="noopener noreferrer" { "Commit" } }
            }
        }
    }
}

fn answer(shown: &Shown<'_>) -> Markup {
    html! {
        section.answer aria-labelledby="answer" {
            h2 id="answer" { "Your answer" }
            @match shown.viewer {
                Viewer::Reader => p { "Answer in Slack: the message there has the buttons." },
                Viewer::Anybody => {
                    p { "Nobody checks who you are here. Your answer is marked as unverified." }
                    div.forms { (forms(shown, [true, true, false])) }
                },
                Viewer::Person { person, can_leave } => {
                    p {
                        "You are " strong { (person.voter.shown()) } (known_by(&person.voter)) "."
                        @if *can_leave { " " a href="/-/signout" { "Sign out" } }
                    }
                    (answer_of(shown, person))
                },
            }
        }
    }
}

fn known_by(voter: &Voter) -> String {
    let host = url::Url::parse(&voter.issuer).ok().and_then(|it| it.host_str().map(str::to_owned));
    match (voter.proof, host) {
        (Proof::Oidc, Some(host)) => format!(", signed in at {host}"),
        (Proof::ProxyJwt | Proof::ProxyHeader, Some(host)) => format!(", by the company's proxy ({host})"),
        _ => String::new(),
    }
}

fn answer_of(shown: &Shown<'_>, person: &Person) -> Markup {
    let approval = shown.approval;
    let given = approval.counted().find(|it| it.who.is(&person.voter));
    let choices = [Choice::Approve, Choice::Reject, Choice::BreakGlass];
    // What would be refused is not offered: the same function that will judge is asked.
    let refusals = choices.map(|it| refusal(shown, person, it));
    let [approving, rejecting, _] = &refusals;
    let why = match (approving, rejecting) {
        (Some(approving), Some(rejecting)) if approving == rejecting => vec![approving],
        (approving, rejecting) => approving.iter().chain(rejecting).collect(),
    };
    let has_given = given.is_some();
    html! {
        @if let Some(vote) = given {
            p { "You " (past(vote.decision)) " at " (vote.at.to_string()) "." }
            (withdraw(shown))
        }
        @for refusal in why {
            @if !(has_given && *refusal == Refusal::AlreadyVoted) { p.why { (refusal.to_string()) } }
        }
        div.forms { (forms(shown, refusals.map(|it| it.is_none()))) }
    }
}

fn refusal(shown: &Shown<'_>, person: &Person, choice: Choice) -> Option<Refusal> {
    let ballot = Ballot {
        person: person.clone(),
        choice,
        reason: "a reason".to_owned(),
        typed_name: Some(shown.approval.run.workspace.clone()),
    };
    apply(shown.approval, Event::Vote(ballot), shown.now).err()
}

/// The forms to approve, to reject, and for emergencies, as far as they are `offered`; what the link was for stands first.
fn forms(shown: &Shown<'_>, offered: [bool; 3]) -> Markup {
    let [approving, rejecting, breaking] = offered;
    let approve = html! { @if approving { (approve_form(shown)) } };
    let reject = html! { @if rejecting { (reject_form(shown)) } };
    html! {
        @if shown.offer == Offer::Reject { (reject) (approve) } @else { (approve) (reject) }
        @if breaking { (glass_form(shown)) }
    }
}

fn approve_form(shown: &Shown<'_>) -> Markup {
    let approval = shown.approval;
    let overridden = approval.policies.iter().filter(|it| !it.passed && it.overridable).count();
    form(
        shown,
        "approve",
        &html! {
            h3 { "Approve" }
            (name_field(shown, "approve"))
            (confirm_field(approval, "approve"))
            (reason_field(shown, "approve", "Reason (optional)", false))
            @if overridden > 0 {
                p.warning { "This overrides " (runtask_findings::counted(overridden, "failed policy").replace("policys", "policies")) "." }
            }
            button.good type="submit" { "Approve" }
        },
    )
}

fn reject_form(shown: &Shown<'_>) -> Markup {
    let needed = shown.approval.rules.reject_reason;
    let label = if needed { "Reason (people will read this in the run)" } else { "Reason (optional)" };
    form(
        shown,
        "reject",
        &html! {
            h3 { "Reject" }
            (name_field(shown, "reject"))
            (reason_field(shown, "reject", label, needed))
            button.bad type="submit" { "Reject" }
        },
    )
}

fn glass_form(shown: &Shown<'_>) -> Markup {
    let needed = shown.approval.rules.break_glass.as_ref().is_some_and(|it| it.reason);
    html! {
        details.glass {
            summary { "Emergency: pass without the required approvals" }
            (form(shown, "break-glass", &html! {
                p { "This is recorded as an emergency, and everybody in the channel is told." }
                (confirm_field(shown.approval, "break-glass"))
                (reason_field(shown, "break-glass", "Reason (people will read this in the run)", needed))
                button.bad type="submit" { "Pass in an emergency" }
            }))
        }
    }
}

fn withdraw(shown: &Shown<'_>) -> Markup {
    form(shown, "withdraw", &html! { button type="submit" { "Take it back" } })
}

fn form(shown: &Shown<'_>, decision: &str, fields: &Markup) -> Markup {
    html! {
        form method="post" {
            input type="hidden" name="csrf" value=(shown.csrf);
            input type="hidden" name="decision" value=(decision);
            (fields)
        }
    }
}

fn name_field(shown: &Shown<'_>, form: &str) -> Markup {
    let id = format!("{form}-name");
    html! {
        @if matches!(shown.viewer, Viewer::Anybody) {
            label for=(id) { "Your name" }
            input id=(id) name="name" type="text" maxlength="80" autocomplete="name" required;
        }
    }
}

fn confirm_field(approval: &Approval, form: &str) -> Markup {
    let id = format!("{form}-confirm");
    html! {
        @if approval.rules.confirm_name && approval.destroys() {
            label for=(id) { "This plan destroys something. Type " code { (approval.run.workspace) } " to confirm" }
            input id=(id) name="confirm" type="text" autocomplete="off" autocapitalize="none" spellcheck="false" required;
        }
    }
}

fn reason_field(shown: &Shown<'_>, form: &str, label: &str, required: bool) -> Markup {
    let id = format!("{form}-reason");
    let typed = shown.refused.filter(|it| it.decision == form).map(|it| it.reason);
    html! {
        label for=(id) { (label) }
        textarea id=(id) name="reason" rows="3" maxlength="500" required[required] { (typed.unwrap_or_default()) }
    }
}

fn votes(approval: &Approval) -> Markup {
    let heading = if approval.status == Status::Open { "Answers so far" } else { "Answers" };
    html! {
        @if !approval.votes.is_empty() {
            section aria-labelledby="votes" {
                h2 id="votes" { (heading) }
                ol.votes { @for vote in &approval.votes { li.withdrawn[!vote.counts()] { (told(vote)) } } }
            }
        }
    }
}

fn told(vote: &Vote) -> Markup {
    html! {
        strong { (vote.who.shown()) } " " (past(vote.decision)) " at " (vote.at.to_string())
        @if let Some(at) = vote.withdrawn_at { ", and took it back at " (at.to_string()) }
        "."
        @if !vote.reason.is_empty() { span.quoted { (vote.reason) } }
    }
}

fn past(choice: Choice) -> &'static str {
    match choice {
        Choice::Approve => "approved",
        Choice::Reject => "rejected",
        Choice::BreakGlass => "broke the glass",
    }
}
