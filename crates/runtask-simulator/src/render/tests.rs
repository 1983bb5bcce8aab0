//! Shows the time line and the page of one record, and of one that a stranger filled.

use super::{Style, judgement, result, summary, time_line, title, visible};
use crate::fault::Fault;
use crate::record::{Conduct, Delivery, Event, Judgement, Label, Outcome, Record, Status, TaskResult, What};

fn label(label: &str, level: &str) -> Vec<Label> {
    vec![Label { label: label.into(), level: level.into() }]
}

fn record() -> Record {
    let formatted = Outcome {
        id: "main.tf".into(),
        description: "main.tf is not formatted".into(),
        tags: [
            ("Status".to_owned(), label("Failed", "error")),
            ("severity".to_owned(), label("Low", "warning")),
            ("Rule".to_owned(), label("fmt", "none")),
        ]
        .into(),
        body: Some("# Diff\n\n```diff\n-a   = 1\n+a = 1\n```\n".into()),
        url: Some("https://example.com/report".into()),
    };
    let second = Outcome {
        id: "modules/network/subnets/outputs.tf".into(),
        description:
            "One line that says at some length what is the matter with this file, and then goes on to \
                      say it again in other words"
                .into(),
        tags: [("Status".to_owned(), label("Passed", "info"))].into(),
        ..Outcome::default()
    };
    let callback = |status: &str, answered| What::CallbackReceived {
        status: Some(status.to_owned()),
        message: Some("Checking the configuration".to_owned()),
        outcomes: 2,
        answered,
    };
    let events = [
        (0, What::Sent { delivery: Delivery::Probe, note: None }),
        (3, What::Answered { delivery: Delivery::Probe, status: 200, body: String::new() }),
        (4, What::Sent { delivery: Delivery::Request, note: Some("try 2".into()) }),
        (
            11,
            What::Answered {
                delivery: Delivery::Request,
                status: 500,
                body: "{\"status\":\"oh\"}\nmore".into(),
            },
        ),
        (20, What::ConfigurationRequested { answered: Some(302) }),
        (22, What::ArchiveServed { bytes: 2345, cut: false }),
        (30, callback("running", Some(200))),
        (31, callback("failed", None)),
        (40, What::Violation { sentence: "the final result was sent twice".into() }),
    ];
    Record {
        run_id: "run-1".into(),
        task_result_id: "taskrs-1".into(),
        stage: "post_plan".into(),
        enforcement: "mandatory".into(),
        organization: "acme".into(),
        workspace: "shop".into(),
        result: TaskResult {
            status: Status::Failed,
            message: Some("1 of 2 files is not formatted.\nRun `terraform fmt`.".into()),
            url: Some("https://example.com".into()),
            outcomes: vec![formatted, second],
        },
        violations: vec!["the final result was sent twice".into()],
        callbacks: Vec::new(),
        finals_accepted: 1,
        finals_refused: 1,
        events: events.into_iter().map(|(at_ms, what)| Event { at_ms, what }).collect(),
        faults: Vec::new(),
    }
}

#[test]
fn a_time_line_reads_from_top_to_bottom() {
    insta::assert_snapshot!(time_line(&record(), Style::default()), @r#"
     0 ms  → probe sent
     3 ms  ← probe answered 200
     4 ms  → request sent (try 2)
    11 ms  ← request answered 500: {"status":"oh"}…
    20 ms  ← configuration requested, answered 302
    22 ms  → archive served, 2.3 KiB
    30 ms  ← callback running “Checking the configuration”, 2 outcomes, answered 200
    31 ms  ← callback failed “Checking the configuration”, 2 outcomes, connection closed without an
             answer
    40 ms  ! protocol: the final result was sent twice
    "#);
}

#[test]
fn a_result_looks_like_a_page() {
    insta::assert_snapshot!(result(&record(), Style { color: false, width: 96 }), @"
    ✗ Failed  (post_plan · mandatory · acme/shop)
      1 of 2 files is not formatted.
      Run `terraform fmt`.
      Details: https://example.com

      Status  Severity  Id                                  Description
      Failed  Low       main.tf                             main.tf is not formatted
        Rule: fmt
        Details: https://example.com/report

        # Diff

        ```diff
        -a   = 1
        +a = 1
        ```

      Passed            modules/network/subnets/outputs.tf  One line that says at some length what
                                                            is the matter with this file, and then
                                                            goes on to say it again in other words

    Protocol: broken once.
      ! the final result was sent twice
    ");
}

#[test]
fn colours_are_only_there_when_asked_for() {
    let painted = result(&record(), Style { color: true, width: 96 });
    assert!(painted.contains("\u{1b}[31m✗ Failed\u{1b}[0m"), "{painted}");
    let plain = result(&record(), Style { color: false, width: 96 });
    assert!(!plain.contains('\u{1b}'));
}

/// What a stranger wrote cannot move the cursor, set the title or turn the text round.
#[test]
fn hostile_text_is_shown_not_obeyed() {
    assert_eq!(visible("a\u{1b}[2Jb\u{7}\u{9b}\u{202e}c\td\r\ne\r"), "a␛[2Jb␇\\u{9b}\\u{202e}c    d\ne␍");
    let mut record = record();
    let hostile = "x\u{1b}]0;pwned\u{7}\u{202e}\r";
    record.result.message = Some(hostile.into());
    record.result.url = Some(hostile.into());
    record.workspace = hostile.into();
    record.violations = vec![hostile.into()];
    record.events = vec![
        Event {
            at_ms: 0,
            what: What::Answered { delivery: Delivery::Probe, status: 200, body: hostile.into() },
        },
        Event { at_ms: 0, what: What::Violation { sentence: hostile.into() } },
    ];
    record.result.outcomes = vec![Outcome {
        id: hostile.into(),
        description: hostile.into(),
        tags: [(hostile.to_owned(), label(hostile, hostile)), ("Status".to_owned(), label(hostile, "none"))]
            .into(),
        body: Some(hostile.into()),
        url: Some(hostile.into()),
    }];
    let text = result(&record, Style::default()) + &time_line(&record, Style::default());
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{text}");
    assert!(text.contains('␛'));
}

#[test]
fn a_narrow_terminal_gets_no_wider_table_than_it_must() {
    let text = result(&record(), Style { color: false, width: 10 });
    assert!(text.contains("Description"));
}

/// U-03: each fault says what happened and whether that is right, in a wide terminal and in a narrow one.
#[test]
fn faults_have_a_line_each() {
    let all = [
        (Fault::Callback500, Conduct::Right, "2 callbacks were answered 500; it passed the run"),
        (Fault::SignatureHeaderTitleCase, Conduct::Wrong, "no result was delivered"),
        (Fault::AnyTwoHundred, Conduct::Unseen, "the request was answered 200"),
    ];
    let shown = |width| -> String {
        let style = Style { color: false, width };
        let names: Vec<_> = all.iter().map(|it| it.0.as_str()).collect();
        let judgements = all.iter().map(|(fault, conduct, happened)| Judgement {
            fault: *fault,
            conduct: *conduct,
            happened: (*happened).to_owned(),
        });
        let judgements: Vec<_> = judgements.collect();
        let lines: String = judgements.iter().map(|it| judgement(it, style)).collect();
        title("examples/formatted", "our own run task", &names, style) + &lines + &summary(&judgements, style)
    };
    insta::assert_snapshot!(shown(100), @"
    HCP Terraform, simulated: examples/formatted → our own run task, with callback-500,
    signature-header-title-case, any-2xx
    ✓ callback-500                 right: 2 callbacks were answered 500; it passed the run
    ✗ signature-header-title-case  wrong: no result was delivered
    · any-2xx                      never came up: the request was answered 200
    3 faults: 1 right, 1 wrong, 1 never came up.
    ");
    insta::assert_snapshot!(shown(60), @"
    HCP Terraform, simulated: examples/formatted → our own run
    task, with callback-500, signature-header-title-case,
    any-2xx
    ✓ callback-500
        right: 2 callbacks were answered 500; it passed the run
    ✗ signature-header-title-case
        wrong: no result was delivered
    · any-2xx
        never came up: the request was answered 200
    3 faults: 1 right, 1 wrong, 1 never came up.
    ");
}

/// U-03: what did not come up, or could not be tried, was not kept.
#[test]
fn the_protocol_is_kept_where_it_was_tried() {
    let ended = |status, conduct: Option<Conduct>| {
        let faults = conduct.map(|conduct| Judgement { fault: Fault::Cancel, conduct, happened: "x".into() });
        let mut record = record();
        record.violations.clear();
        record.result.status = status;
        record.faults = faults.into_iter().collect();
        result(&record, Style::default()).lines().last().unwrap().to_owned()
    };
    assert_eq!(ended(Status::Passed, None), "Protocol: kept.");
    assert_eq!(ended(Status::Canceled, Some(Conduct::Right)), "Protocol: kept.");
    assert_eq!(ended(Status::Passed, Some(Conduct::Unseen)), "Protocol: kept, as far as it was tried.");
    assert_eq!(ended(Status::Passed, Some(Conduct::Wrong)), "Protocol: broken: see above.");
    assert_eq!(ended(Status::Errored, None), "Protocol: broken: no final result came.");
    assert_eq!(ended(Status::Errored, Some(Conduct::Unseen)), "Protocol: broken: no final result came.");
    assert_eq!(ended(Status::Errored, Some(Conduct::Right)), "Protocol: kept.");
    assert_eq!(ended(Status::Unreachable, None), "Protocol: not tried.");
}
