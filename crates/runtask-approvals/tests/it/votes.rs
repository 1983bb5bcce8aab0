//! T-34, T-35: who may answer, and what comes of it.

use runtask_approvals::test_util::{approval, at, ballot, person, question, rules};
use runtask_approvals::{
    Answer, Approval, Ballot, Cause, Choice, Decision, Event, MAX_VOTES, Message, Person, Proof, Refusal,
    Reject, Rules, Status, Verdict, apply, progress,
};
use std::collections::BTreeSet;

fn ask(rules: Rules) -> Approval {
    let mut question = question();
    question.rules = rules;
    Approval::ask(question, at(0))
}

fn vote(approval: &Approval, ballot: Ballot) -> Result<Approval, Refusal> {
    apply(approval, Event::Vote(ballot), at(1))
}

fn votes(approval: &Approval, ballots: impl IntoIterator<Item = (Person, Choice)>) -> Approval {
    ballots
        .into_iter()
        .fold(approval.clone(), |it, (person, choice)| vote(&it, ballot(person, choice)).unwrap())
}

fn approve(name: &str, groups: &[&str]) -> (Person, Choice) {
    (person(name, groups), Choice::Approve)
}

fn reject(name: &str, groups: &[&str]) -> (Person, Choice) {
    (person(name, groups), Choice::Reject)
}

#[track_caller]
fn assert_decided(approval: &Approval, verdict: Verdict, cause: Cause) {
    assert_eq!(approval.status, Status::Decided { decision: Decision { verdict, cause, at: at(1) } });
}

#[test]
fn as_many_as_are_required_decide() {
    let one = votes(&approval(), [approve("ada", &["payments"])]);
    assert_eq!(one.status, Status::Open);
    assert_eq!((progress(&one).given, progress(&one).required), (1, 2));
    let two = votes(&one, [approve("edsger", &["payments", "security"])]);
    assert_decided(&two, Verdict::Passed, Cause::Approved);
}

#[test]
fn one_person_counts_once_over_all_groups_where_that_is_of_most_use() {
    let asked = ask(rules(&[("payments", 1), ("security", 1)]));
    let both = votes(&asked, [approve("ada", &["payments", "security"])]);
    assert_eq!(progress(&both).given, 1);
    // Whoever comes first, Ada counts for the group that the other is not in.
    for other in ["payments", "security"] {
        let passed = votes(&both, [approve("edsger", &[other])]);
        assert_decided(&passed, Verdict::Passed, Cause::Approved);
    }
    let three = ask(rules(&[("payments", 2), ("security", 1)]));
    let in_vain = votes(
        &three,
        [approve("ada", &["payments"]), approve("lin", &["payments"]), approve("bo", &["payments"])],
    );
    assert_eq!((progress(&in_vain).given, in_vain.status), (2, Status::Open));
}

/// Settings refuse such rules; a record that has them all the same lets nothing pass.
#[test]
fn rules_that_ask_for_nobody_are_met_by_nobody() {
    let refused = vote(&ask(rules(&[])), ballot(person("ada", &["payments"]), Choice::Approve));
    assert_eq!(refused, Err(Refusal::NotAnApprover));
    assert!(!progress(&ask(rules(&[]))).is_complete());
}

#[test]
fn one_person_counts_in_each_of_their_groups_where_settings_say_so() {
    let asked = ask(Rules { distinct: false, ..rules(&[("payments", 1), ("security", 1)]) });
    let passed = votes(&asked, [approve("ada", &["payments", "security"])]);
    assert_decided(&passed, Verdict::Passed, Cause::Approved);
}

#[test]
fn nobody_votes_twice_whichever_way_they_came() {
    let once = votes(&approval(), [approve("ada", &["payments"])]);
    let again = |change: &dyn Fn(&mut Person)| {
        let mut same = person("ada", &["payments"]);
        same.voter.issuer = "slack:T0EXAMPLE01".to_owned();
        same.voter.subject = "U0EXAMPLE01".to_owned();
        same.voter.email = None;
        same.voter.users.clear();
        change(&mut same);
        vote(&once, ballot(same, Choice::Approve)).map(|it| it.status)
    };
    // By the user of HCP Terraform, by the verified address, by the subject.
    assert_eq!(again(&|it| it.voter.users = BTreeSet::from(["ada".to_owned()])), Err(Refusal::AlreadyVoted));
    assert_eq!(again(&|it| it.voter.email = Some("ADA@example.com".to_owned())), Err(Refusal::AlreadyVoted));
    let same = |it: &mut Person| it.voter = person("ada", &[]).voter;
    assert_eq!(again(&same), Err(Refusal::AlreadyVoted));
    // Somebody of whom nothing is the same is somebody else.
    assert!(again(&|_| {}).is_ok_and(|it| it != Status::Open));
}

#[test]
fn whoever_started_a_run_may_reject_it_and_not_approve_it() {
    let own = |choice| vote(&approval(), ballot(person("grace", &["payments", "security"]), choice));
    assert_eq!(own(Choice::Approve), Err(Refusal::OwnRun));
    assert_eq!(own(Choice::BreakGlass), Err(Refusal::OwnRun));
    assert_decided(&own(Choice::Reject).unwrap(), Verdict::Failed, Cause::Rejected);
    // By anything that may be a name of theirs, in no group, and where a majority would be needed.
    let mut unmapped = person("somebody", &["payments"]);
    unmapped.names.insert("GRACE".to_owned());
    assert_eq!(vote(&approval(), ballot(unmapped, Choice::Approve)), Err(Refusal::OwnRun));
    let majority = ask(Rules { reject: Reject::MajorityOfRequired, ..rules(&[("payments", 3)]) });
    assert_decided(&votes(&majority, [reject("grace", &[])]), Verdict::Failed, Cause::Rejected);
    let allowed = ask(Rules { self_approval: true, ..rules(&[("payments", 1)]) });
    assert_decided(&votes(&allowed, [approve("grace", &["payments"])]), Verdict::Passed, Cause::Approved);
}

#[test]
fn where_nobody_knows_whose_run_it_is_it_can_be_rejected_only() {
    let asked = ask(Rules { creator_refused: true, ..rules(&[("payments", 1)]) });
    let refused = vote(&asked, ballot(person("ada", &["payments"]), Choice::Approve));
    assert_eq!(refused, Err(Refusal::CreatorUnknown));
    assert_decided(&votes(&asked, [reject("ada", &["payments"])]), Verdict::Failed, Cause::Rejected);
}

#[test]
fn whoever_is_asked_in_no_group_is_refused_and_told_when_it_is_not_known() {
    for choice in [Choice::Approve, Choice::Reject, Choice::BreakGlass] {
        let stranger = person("eve", &["tourists"]);
        assert_eq!(vote(&approval(), ballot(stranger.clone(), choice)), Err(Refusal::NotAnApprover));
        let unknown = Person { groups_unknown: true, ..stranger };
        assert_eq!(vote(&approval(), ballot(unknown, choice)), Err(Refusal::GroupsUnknown));
    }
    // What is known is enough, whatever is not.
    let named = Person { groups_unknown: true, ..person("ada", &["payments"]) };
    assert!(vote(&approval(), ballot(named, Choice::Approve)).is_ok());
}

#[test]
fn the_first_rejection_decides_or_a_majority() {
    let rejected = votes(&approval(), [approve("ada", &["payments"]), reject("edsger", &["payments"])]);
    assert_decided(&rejected, Verdict::Failed, Cause::Rejected);
    let majority = ask(Rules { reject: Reject::MajorityOfRequired, ..rules(&[("payments", 3)]) });
    let one = votes(&majority, [reject("ada", &["payments"])]);
    assert_eq!(one.status, Status::Open);
    assert_decided(&votes(&one, [reject("edsger", &["payments"])]), Verdict::Failed, Cause::Rejected);
}

#[test]
fn a_rejection_needs_a_reason_where_settings_say_so() {
    let bare = |rules| {
        let ballot =
            Ballot { reason: " \n".to_owned(), ..ballot(person("ada", &["payments"]), Choice::Reject) };
        vote(&ask(rules), ballot).map(|it| it.status.decision().map(|it| it.cause))
    };
    assert_eq!(bare(rules(&[("payments", 1)])), Err(Refusal::ReasonNeeded));
    let lenient = Rules { reject_reason: false, ..rules(&[("payments", 1)]) };
    assert_eq!(bare(lenient), Ok(Some(Cause::Rejected)));
}

#[test]
fn whoever_approves_what_destroys_types_the_name() {
    let typed = |name: Option<&str>, proof| {
        let mut person = person("ada", &["payments"]);
        person.voter.proof = proof;
        let typed_name = name.map(str::to_owned);
        vote(&approval(), Ballot { typed_name, ..ballot(person, Choice::Approve) }).map(|it| it.votes.len())
    };
    assert_eq!(typed(None, Proof::Oidc), Err(Refusal::NameMismatch));
    assert_eq!(typed(Some("payments-dev"), Proof::Oidc), Err(Refusal::NameMismatch));
    assert_eq!(typed(Some(" payments-prod "), Proof::Oidc), Ok(1));
    assert_eq!(typed(None, Proof::Slack), Ok(1));
    let mut harmless = question();
    harmless.plan = None;
    let ballot = Ballot { typed_name: None, ..ballot(person("ada", &["payments"]), Choice::Approve) };
    assert!(vote(&Approval::ask(harmless, at(0)), ballot).is_ok());
}

#[test]
fn breaking_the_glass_passes_a_run_with_a_reason() {
    let broken = |reason: &str, groups: &[&str]| {
        let ballot =
            Ballot { reason: reason.to_owned(), ..ballot(person("ada", groups), Choice::BreakGlass) };
        vote(&votes(&approval(), [approve("ada", &["payments"])]), ballot)
    };
    assert_eq!(broken("", &["security"]), Err(Refusal::ReasonNeeded));
    assert_eq!(broken("outage", &["payments"]), Err(Refusal::NotAnApprover));
    let passed = broken("outage", &["security"]).unwrap();
    assert_decided(&passed, Verdict::Passed, Cause::BreakGlass);
    assert_eq!(passed.counted().count(), 1, "it replaces the approval of the same person");
    let without = ask(Rules { break_glass: None, ..rules(&[("payments", 1)]) });
    let refused = vote(&without, ballot(person("ada", &["security"]), Choice::BreakGlass));
    assert_eq!(refused, Err(Refusal::NotAnApprover));
}

/// T-37: only where settings say so, and then for every group, but never to break the glass.
#[test]
fn a_link_alone_is_worth_what_settings_say() {
    let mut anybody = person("whoever", &[]);
    anybody.voter.proof = Proof::Link;
    let by_link = |it: &Approval, choice| vote(it, ballot(anybody.clone(), choice)).map(|it| it.status);
    assert_eq!(by_link(&approval(), Choice::Approve), Err(Refusal::Unverified));
    assert_eq!(by_link(&approval(), Choice::Reject), Err(Refusal::Unverified));
    let open = ask(Rules { by_link: true, self_approval: true, ..rules(&[("payments", 1)]) });
    assert!(by_link(&open, Choice::Approve).is_ok_and(|it| it != Status::Open));
    assert_eq!(by_link(&open, Choice::BreakGlass), Err(Refusal::Unverified));
    let shown = vote(&open, ballot(anybody, Choice::Approve)).unwrap().votes[0].who.shown();
    assert_eq!(shown, "whoever@example.com (unverified)");
}

#[test]
fn an_answer_can_be_taken_back_until_it_is_decided() {
    let ada = person("ada", &["payments"]);
    let withdraw = |it: &Approval, who: Person| apply(it, Event::Withdraw(who), at(2));
    let one = votes(&approval(), [approve("ada", &["payments"])]);
    assert_eq!(withdraw(&one, person("edsger", &["payments"])), Err(Refusal::NothingToWithdraw));
    let none = withdraw(&one, ada.clone()).unwrap();
    assert_eq!((progress(&none).given, none.votes[0].withdrawn_at), (0, Some(at(2))));
    assert_eq!(withdraw(&none, ada.clone()), Err(Refusal::NothingToWithdraw));
    let two = votes(&none, [approve("ada", &["payments"]), approve("edsger", &["payments"])]);
    let by = Some("ada@example.com and edsger@example.com".to_owned());
    assert_eq!(withdraw(&two, ada), Err(Refusal::AlreadyDecided { by, at: at(1) }));
}

#[test]
fn answers_that_come_and_go_do_not_fill_the_record() {
    let mut approval = approval();
    for _ in 0..MAX_VOTES {
        approval = votes(&approval, [approve("ada", &["payments"])]);
        approval = apply(&approval, Event::Withdraw(person("ada", &[])), at(1)).unwrap();
    }
    let once_more = vote(&approval, ballot(person("ada", &["payments"]), Choice::Approve));
    assert_eq!(once_more, Err(Refusal::TooManyVotes));
    assert_decided(&votes(&approval, [reject("ada", &["payments"])]), Verdict::Failed, Cause::Rejected);
}

/// T-34.
#[test]
fn whoever_comes_late_hears_who_decided_and_when() {
    let rejected = votes(&approval(), [reject("ada", &["payments"])]);
    let late = vote(&rejected, ballot(person("edsger", &["payments"]), Choice::Approve)).unwrap_err();
    assert_eq!(late.to_string(), "This was already decided by ada@example.com at 00:54 UTC.");
    let too_late = Event::Vote(ballot(person("ada", &["payments"]), Choice::Approve));
    let expired = Err(Refusal::Expired { at: at(50) });
    assert_eq!(apply(&approval(), too_late.clone(), at(50)), expired);
    let ticked = apply(&approval(), Event::Tick, at(50)).unwrap();
    assert_eq!(apply(&ticked, too_late.clone(), at(51)), expired);
    let gone = Event::Tried { message: Message::Running, answer: Answer::Over };
    let cancelled = apply(&approval(), gone, at(4)).unwrap();
    assert_eq!(apply(&cancelled, too_late, at(5)), Err(Refusal::Over));
}

/// T-18.
#[test]
fn when_time_is_up_settings_decide() {
    let early = apply(&approval(), Event::Tick, at(49)).unwrap();
    assert_eq!(early, approval());
    for on_expiry in [Verdict::Failed, Verdict::Passed] {
        let asked = ask(Rules { on_expiry, ..rules(&[("payments", 1)]) });
        let expired = apply(&asked, Event::Tick, at(50)).unwrap();
        let decision = Decision { verdict: on_expiry, cause: Cause::Expired, at: at(50) };
        assert_eq!(expired.status, Status::Decided { decision });
    }
}
