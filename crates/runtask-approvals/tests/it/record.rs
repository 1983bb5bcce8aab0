//! How an approval is written down and read again.

use runtask_approvals::test_util::{approval, at, ballot, person, question, rules};
use runtask_approvals::{
    Answer, Approval, Channel, Choice, Event, MAX_GROUPS, MAX_VOTES, Message, PlanFacts, Policy, RecordError,
    apply, effects,
};

#[test]
fn a_record_is_read_as_it_was_written() {
    let voted = Event::Vote(ballot(person("ada", &["payments"]), Choice::Approve));
    let voted = apply(&approval(), voted, at(1)).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&voted.to_json()).unwrap();
    insta::assert_json_snapshot!(record);
    assert_eq!(Approval::from_json(&voted.to_json()), Ok(voted));
}

#[test]
fn what_a_newer_version_added_is_ignored_and_a_newer_format_is_refused() {
    let mut record: serde_json::Value = serde_json::from_slice(&approval().to_json()).unwrap();
    record["mood"] = "hopeful".into();
    record["run"]["weather"] = "fair".into();
    assert_eq!(Approval::from_json(record.to_string().as_bytes()), Ok(approval()));
    record["format"] = 2.into();
    record["status"] = "of another form".into();
    let newer = Approval::from_json(record.to_string().as_bytes()).unwrap_err();
    assert_eq!(newer, RecordError::Newer { format: 2 });
    assert!(newer.to_string().contains("update every replica"));
}

#[test]
fn what_is_no_record_is_an_error_that_repeats_nothing() {
    for text in ["", "{}", "[]", r#"{"format":1,"id":"hunter2"}"#, r#"{"format":"hunter2"}"#] {
        let error = Approval::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("this is no record of an approval: line "), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let deep = "[".repeat(100_000);
    assert!(Approval::from_json(deep.as_bytes()).is_err());
    let long = vec![b' '; 129 * 1024];
    assert!(matches!(Approval::from_json(&long), Err(RecordError::TooLarge { .. })));
}

/// However much there is of everything.
#[test]
fn a_record_stays_under_100_kb() {
    let long = "\"\\ä\u{1F600} long".repeat(10_000);
    let groups: Vec<String> = (0..MAX_GROUPS).map(|it| format!("{it}{}", "g".repeat(63))).collect();
    let names: Vec<&str> = groups.iter().map(String::as_str).collect();
    let mut question = question();
    question.plan =
        Some(PlanFacts { destroys: vec![long.clone(); 10_000], destroy: 10_000, ..PlanFacts::default() });
    question.policies =
        vec![Policy { id: long.clone(), passed: false, overridable: true, text: long.clone() }; 10_000];
    question.run.message = Some(long.clone());
    question.run.run_url = Some(format!("https://app.terraform.io/{long}"));
    question.run.workspace = long.clone();
    question.rules = rules(&names.iter().map(|it| (*it, 12)).collect::<Vec<_>>());
    question.channels = (0..8).map(|it| Channel(format!("teams:{it}{}", "c".repeat(80)))).collect();
    let mut approval = Approval::ask(question, at(0));
    for number in 0..MAX_VOTES {
        let mut ballot = ballot(person(&format!("n{number}"), &names), Choice::Approve);
        ballot.reason = long.clone();
        ballot.typed_name = Some(approval.run.workspace.clone());
        ballot.person.voter.issuer = format!("https://{}", "i".repeat(240));
        ballot.person.voter.subject = format!("{number}{}", "s".repeat(240));
        ballot.person.voter.name = Some("n".repeat(100));
        approval = apply(&approval, Event::Vote(ballot), at(1)).unwrap();
    }
    for _ in 0..3 {
        for effect in effects(&approval) {
            let answer = match effect.message {
                Message::Running | Message::Verdict => continue,
                _ => Answer::Taken { reference: Some("1796000000.000200".to_owned()) },
            };
            approval = apply(&approval, Event::Tried { message: effect.message, answer }, at(2)).unwrap();
        }
    }
    assert_eq!(approval.votes.len(), MAX_VOTES);
    let bytes = approval.to_json().len();
    assert!((60_000..100_000).contains(&bytes), "{bytes} bytes");
    assert_eq!(Approval::from_json(&approval.to_json()), Ok(approval));
}

#[test]
fn links_of_strangers_are_kept_only_if_people_may_follow_them() {
    for url in ["http://app.terraform.io/", "javascript:alert(1)", "https://u:p@app.terraform.io/", "run"] {
        let mut question = question();
        question.run.run_url = Some(url.to_owned());
        assert_eq!(Approval::ask(question, at(0)).run.run_url, None, "{url}");
    }
}

#[test]
fn nothing_prints_what_is_sealed() {
    assert!(!format!("{:?}", approval()).contains("c2VhbGVkIGJ5dGVz"));
}
