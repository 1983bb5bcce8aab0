//! What holds whatever happens, in whatever order.

use proptest::prelude::*;
use runtask_approvals::test_util::{at, ballot, person, question, rules};
use runtask_approvals::{
    Answer, Approval, Ballot, Cause, Channel, Choice, Decision, Event, Message, Proof, Reject, Rules, Status,
    Verdict, apply, due_at, effects, progress,
};
use std::collections::BTreeSet;

const NAMES: [&str; 6] = ["ada", "edsger", "lin", "bo", "grace", "eve"];
const GROUPS: [&str; 3] = ["payments", "security", "tourists"];

fn any_rules() -> impl Strategy<Value = Rules> {
    let required = prop_oneof![
        Just(vec![("payments", 1)]),
        Just(vec![("payments", 2)]),
        Just(vec![("payments", 2), ("security", 1)]),
    ];
    (required, any::<[bool; 6]>()).prop_map(|(required, flags)| {
        let [distinct, at_once, lenient, glass, by_link, confirm_name] = flags;
        let rules = rules(&required);
        Rules {
            distinct,
            reject: if at_once { Reject::AtOnce } else { Reject::MajorityOfRequired },
            on_expiry: if lenient { Verdict::Passed } else { Verdict::Failed },
            break_glass: rules.break_glass.clone().filter(|_| glass),
            by_link,
            confirm_name,
            ..rules
        }
    })
}

fn any_ballot() -> impl Strategy<Value = Ballot> {
    let choice =
        prop_oneof![4 => Just(Choice::Approve), 1 => Just(Choice::Reject), 1 => Just(Choice::BreakGlass)];
    let groups = prop::sample::subsequence(GROUPS.to_vec(), 0..=3);
    // The same people, by several ways.
    let proof = prop_oneof![4 => Just(Proof::Oidc), 2 => Just(Proof::Slack), 1 => Just(Proof::Link)];
    (0..NAMES.len(), groups, choice, proof, any::<[bool; 3]>()).prop_map(
        |(who, groups, choice, proof, [with_reason, with_name, with_email])| {
            let mut ballot = ballot(person(NAMES[who], &groups), choice);
            let voter = &mut ballot.person.voter;
            voter.proof = proof;
            if proof == Proof::Slack {
                voter.issuer = "slack:T0EXAMPLE01".to_owned();
                voter.subject = format!("U{who}");
            }
            voter.email = voter.email.take().filter(|_| with_email);
            ballot.reason = if with_reason { "because".to_owned() } else { String::new() };
            ballot.typed_name = ballot.typed_name.filter(|_| with_name);
            ballot
        },
    )
}

fn any_event() -> impl Strategy<Value = Event> {
    let answer = prop_oneof![
        3 => Just(Answer::Taken { reference: None }),
        1 => Just(Answer::Over),
        1 => Just(Answer::TokenRefused),
        1 => Just(Answer::NotFound),
        1 => Just(Answer::Refused),
        3 => (any::<Option<u64>>(), any::<bool>())
            .prop_map(|(after_s, maybe_taken)| Answer::Again { after_s, maybe_taken }),
    ];
    let message = prop::sample::select(vec![
        "verdict",
        "running",
        "card/teams:payments",
        "card/slack:C",
        "follow-up/teams:payments",
        "audit/asked",
        "audit/vote/0",
        "audit/decided",
    ]);
    prop_oneof![
        8 => any_ballot().prop_map(Event::Vote),
        2 => any_ballot().prop_map(|it| Event::Withdraw(it.person)),
        1 => Just(Event::Tick),
        1 => prop_oneof![9 => Just(Event::Tick), 1 => Just(Event::Stop)],
        3 => (message, answer).prop_map(|(message, answer)| {
            Event::Tried { message: message.parse::<Message>().unwrap(), answer }
        }),
    ]
}

/// Events, and how many seconds pass before each.
fn any_history() -> impl Strategy<Value = Vec<(Event, u64)>> {
    prop::collection::vec((any_event(), 0u64..200), 0..60)
}

fn ask(rules: Rules, fallback: bool) -> Approval {
    let mut question = question();
    question.rules = rules;
    question.fallback = fallback.then(|| Channel("slack:C".to_owned()));
    Approval::ask(question, at(0))
}

/// Every state that it went through, the first one too.
fn states(asked: Approval, history: Vec<(Event, u64)>) -> Vec<Approval> {
    let mut now = asked.asked_at;
    let mut states = vec![asked];
    for (event, seconds) in history {
        now.0 += seconds;
        let last = states.last().unwrap();
        states.push(apply(last, event, now).unwrap_or_else(|_refused| last.clone()));
    }
    states
}

fn rank(status: &Status) -> u8 {
    match status {
        Status::Open => 0,
        Status::Decided { .. } => 1,
        Status::Reported { .. } | Status::Cancelled { .. } | Status::Lost { .. } => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn there_is_one_verdict_at_most_and_what_is_closed_stays_closed(
        rules in any_rules(), fallback: bool, history in any_history(),
    ) {
        let states = states(ask(rules, fallback), history);
        for pair in states.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            prop_assert!(rank(&before.status) <= rank(&after.status));
            if rank(&before.status) == 2 {
                prop_assert_eq!(before.status, after.status);
            }
            if before.status != Status::Open {
                prop_assert_eq!(before.status.decision(), after.status.decision());
                prop_assert_eq!(&before.votes, &after.votes);
            }
            prop_assert_eq!(after.sealed_token.is_none(), rank(&after.status) == 2);
        }
    }

    #[test]
    fn no_vote_counts_twice(rules in any_rules(), history in any_history()) {
        for state in states(ask(rules, false), history) {
            // Whichever way they came, the user of HCP Terraform is the same.
            let voters: Vec<_> = state.counted().map(|it| it.who.users.clone()).collect();
            prop_assert_eq!(voters.iter().collect::<BTreeSet<_>>().len(), voters.len());
        }
    }

    #[test]
    fn nobody_passes_a_run_of_their_own(rules in any_rules(), history in any_history()) {
        for state in states(ask(rules, false), history) {
            let own = state.votes.iter().find(|it| it.who.users.contains("grace"));
            prop_assert!(own.is_none_or(|it| it.decision == Choice::Reject), "{own:?}");
        }
    }

    /// What passes has what the rules ask for, counted anew and in another way.
    #[test]
    fn a_run_passes_only_with_what_its_rules_ask_for(rules in any_rules(), history in any_history()) {
        let last = states(ask(rules.clone(), false), history).pop().unwrap();
        let Some(Decision { verdict: Verdict::Passed, cause, .. }) = last.status.decision() else { return Ok(()) };
        match cause {
            Cause::Approved => {
                let approvals: Vec<BTreeSet<String>> = last
                    .counted()
                    .filter(|it| it.decision == Choice::Approve)
                    .map(|it| it.groups.clone())
                    .collect();
                prop_assert!(can_be_met(&rules, &approvals), "{approvals:?}");
                prop_assert!(progress(&last).is_complete());
            }
            Cause::BreakGlass => prop_assert!(rules.break_glass.is_some()),
            Cause::Expired | Cause::Unasked => prop_assert_eq!(rules.on_expiry, Verdict::Passed),
            Cause::Rejected | Cause::Stopped => prop_assert!(false, "{cause:?} passed"),
        }
        let unverified = last.counted().find(|it| it.who.proof == Proof::Link);
        prop_assert!(unverified.is_none() || rules.by_link);
    }

    /// Of two who decide differently on what both have read, the store takes one. Whoever comes second reads again.
    #[test]
    fn whoever_is_second_does_not_decide_anew(rules in any_rules(), history in any_history(), late in any_ballot()) {
        let last = states(ask(rules, false), history).pop().unwrap();
        if last.status != Status::Open {
            let again = apply(&last, Event::Vote(late), at(49));
            prop_assert!(again.is_err());
        }
    }

    #[test]
    fn the_same_events_make_the_same_state(rules in any_rules(), fallback: bool, history in any_history()) {
        let once = states(ask(rules.clone(), fallback), history.clone());
        prop_assert_eq!(once, states(ask(rules, fallback), history));
    }

    /// A crash between any two steps loses nothing: what was written says all.
    #[test]
    fn any_state_is_read_as_it_was_written(rules in any_rules(), fallback: bool, history in any_history()) {
        let last = states(ask(rules, fallback), history).pop().unwrap();
        prop_assert_eq!(Approval::from_json(&last.to_json()).unwrap(), last);
    }

    /// From any state on, whoever sends what is due and hears yes comes to an end, with the verdict delivered if there is
    /// one, and everybody who was asked told.
    #[test]
    fn every_state_comes_to_an_end(rules in any_rules(), fallback: bool, history in any_history()) {
        let mut state = states(ask(rules, fallback), history).pop().unwrap();
        let mut steps = 0;
        while let Some(now) = due_at(&state) {
            state = apply(&state, Event::Tick, now).unwrap();
            for effect in effects(&state).into_iter().filter(|it| it.due_at <= now) {
                let answer = Answer::Taken { reference: None };
                state = apply(&state, Event::Tried { message: effect.message, answer }, now).unwrap();
            }
            steps += 1;
            prop_assert!(steps < 100, "{state:?}");
        }
        prop_assert_eq!(rank(&state.status), 2);
    }
}

/// Tries every way to give each approval to one of its groups.
fn can_be_met(rules: &Rules, approvals: &[BTreeSet<String>]) -> bool {
    if !rules.distinct {
        let of = |group: &String| approvals.iter().filter(|it| it.contains(group)).count();
        return rules.required.iter().all(|it| of(&it.group) >= it.count as usize);
    }
    let mut missing: Vec<Vec<i64>> = vec![rules.required.iter().map(|it| i64::from(it.count)).collect()];
    for groups in approvals {
        let mut next = missing.clone();
        for counts in &missing {
            for (number, requirement) in rules.required.iter().enumerate() {
                if groups.contains(&requirement.group) {
                    let mut counts = counts.clone();
                    counts[number] -= 1;
                    next.push(counts);
                }
            }
        }
        next.sort();
        next.dedup();
        missing = next;
    }
    missing.iter().any(|counts| counts.iter().all(|it| *it <= 0))
}
