//! T-18, T-35: what HCP Terraform is told.

use runtask_approvals::result::{running, verdict};
use runtask_approvals::test_util::{approval, at, ballot, person};
use runtask_approvals::{Approval, Ballot, Choice, Event, apply};
use runtask_protocol::DetailsUrl;

fn after(events: impl IntoIterator<Item = Event>) -> Approval {
    events.into_iter().fold(approval(), |it, event| apply(&it, event, at(28)).unwrap())
}

fn vote(name: &str, choice: Choice, reason: &str) -> Event {
    let person = person(name, &["payments", "security"]);
    Event::Vote(Ballot { reason: reason.to_owned(), ..ballot(person, choice) })
}

fn message(approval: &Approval) -> String {
    let result = verdict(approval, None).unwrap();
    format!("{}: {}", result.status(), result.message())
}

#[test]
fn while_people_are_asked_it_says_how_many_are_missing() {
    let one = after([vote("ada", Choice::Approve, "")]);
    assert_eq!(verdict(&one, None), None);
    let page = DetailsUrl::new("https://approve.example.com/-/a/TOKEN");
    let result: serde_json::Value = serde_json::from_slice(&running(&one, page).to_json()).unwrap();
    insta::assert_json_snapshot!(result["data"]["attributes"], @r#"
    {
      "message": "Waiting for approval (1 of 2) until 01:43 UTC.",
      "status": "running",
      "url": "https://approve.example.com/-/a/TOKEN"
    }
    "#);
}

#[test]
fn a_verdict_says_who_and_why() {
    let mut said = vec![
        message(&after([vote("ada", Choice::Approve, ""), vote("edsger", Choice::Approve, "")])),
        message(&after([vote("ada", Choice::Reject, "not on a\nFriday")])),
        message(&after([vote("ada", Choice::BreakGlass, "outage 17")])),
        message(&after([Event::Stop])),
    ];
    let mut lenient = after([vote("ada", Choice::Approve, "")]);
    said.push(message(&apply(&lenient, Event::Tick, at(50)).unwrap()));
    lenient.rules.on_expiry = runtask_approvals::Verdict::Passed;
    said.push(message(&apply(&lenient, Event::Tick, at(50)).unwrap()));
    insta::assert_snapshot!(said.join("\n"), @"
    passed: Approved by ada@example.com and edsger@example.com (2 of 2).
    failed: Rejected by ada@example.com. “not on a Friday”
    passed: Emergency, passed without the required approvals by ada@example.com. “outage 17”
    failed: The approval service stopped before anybody decided.
    failed: Not decided by 01:43 UTC (1 of 2 approvals).
    passed: Not decided by 01:43 UTC (1 of 2 approvals). The settings of this task let such runs pass.
    ");
}

#[test]
fn each_vote_and_each_policy_is_an_outcome() {
    let approved = after([
        vote("ada", Choice::Approve, "*looks* [good](https://evil.example)"),
        vote("edsger", Choice::Approve, ""),
    ]);
    let result: serde_json::Value =
        serde_json::from_slice(&verdict(&approved, None).unwrap().to_json()).unwrap();
    insta::assert_json_snapshot!(result["data"]["relationships"]["outcomes"]["data"]);
    let old = Approval { accepts_outcomes: false, ..approved };
    assert_eq!(verdict(&old, None).unwrap().outcome_count(), 0);
}

/// An approval makes the result pass; what a policy said stays.
#[test]
fn a_policy_is_overridden_by_people_only() {
    let of = |event| {
        let result = verdict(&after([event]), None).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&result.to_json()).unwrap();
        let rows = json["data"]["relationships"]["outcomes"]["data"].as_array().unwrap().clone();
        rows.last().unwrap()["attributes"]["tags"]["Status"][0]["label"].clone()
    };
    assert_eq!(of(vote("ada", Choice::BreakGlass, "outage")), "Overridden");
    assert_eq!(of(vote("ada", Choice::Reject, "no")), "Failed");
    assert_eq!(of(Event::Stop), "Failed");
}
