//! Tests whole files: what good ones become, and what holds for any.

use crate::{names, parse, parse_on, policy};
use proptest::prelude::*;
use runtask_findings::OnError;
use runtask_policy::{PolicyPath, SETTINGS, Unknown};
use runtask_tasks::{Date, OnSkip, RunFacts, Tasks};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The tasks of a file of which nothing is to be said.
fn good(text: &str) -> Tasks {
    let (tasks, warnings) = parse(text).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(warnings.is_empty(), "{warnings}");
    tasks
}

/// As the documentation has it.
const DOCUMENTED: &str = r#"
[tasks.format]
checks = ["fmt"]

[tasks.policy]
checks   = ["policy"]
stages   = ["post_plan"]            # other stages: skipped, by on_skip
organizations = ["acme"]            # and workspaces = ["net-*"], projects, speculative = true|false
on_skip  = "passed"                 # what a filtered-out run gets, with a message that says why
on_error = "failed"                 # overrides RUNTASK_ON_ERROR

[tasks.policy.policy]
paths    = ["policies/"]            # Rego; builtin:NAME for the rules we ship
data     = ["data/"]
unknown  = "warn"                   # a value not known until apply: "pass", "warn" or "fail"
[[tasks.policy.policy.exceptions]]
rule     = "public-s3-bucket"
address  = "aws_s3_bucket.site"
reason   = "static site"
owner    = "web"
expires  = 2027-03-31
"#;

#[test]
fn the_documented_file_is_read() {
    let tasks = good(DOCUMENTED);
    assert_eq!(tasks.names().collect::<Vec<_>>(), ["format", "policy"]);
    assert!(tasks.get("default").is_none());

    let format = tasks.get("format").unwrap();
    assert_eq!((format.name.as_str(), names(format)), ("format", vec!["fmt"]));
    assert_eq!((format.on_skip, format.on_error), (OnSkip::Passed, None));
    assert!(policy(format).is_none() && format.filter.admits(&RunFacts::default()).is_ok());

    let task = tasks.get("policy").unwrap();
    assert_eq!(names(task), ["policy"]);
    assert_eq!((task.on_skip, task.on_error), (OnSkip::Passed, Some(OnError::Failed)));
    let facts = || RunFacts { stage: text("post_plan"), organization: text("acme"), ..RunFacts::default() };
    assert!(task.filter.admits(&facts()).is_ok());
    assert!(task.filter.admits(&RunFacts { stage: text("pre_apply"), ..facts() }).is_err());
    assert!(task.filter.admits(&RunFacts { organization: text("acme2"), ..facts() }).is_err());
    insta::assert_debug_snapshot!(policy(task), @r#"
    Some(
        PolicySettings {
            paths: [
                Path(
                    "policies/",
                ),
            ],
            data: [
                Path(
                    "data/",
                ),
            ],
            namespaces: None,
            unknown: Warn,
            params: Object {},
            exceptions: [
                Exception {
                    rule: "public-s3-bucket",
                    address: AddressPattern(
                        "aws_s3_bucket.site",
                    ),
                    reason: "static site",
                    owner: Some(
                        "web",
                    ),
                    expires: Some(
                        Date {
                            year: 2027,
                            month: 3,
                            day: 31,
                        },
                    ),
                    expired: false,
                    line: 16,
                },
            ],
            time_limit: 10s,
        },
    )
    "#);
}

#[test]
fn the_example_of_the_page_is_read_and_names_every_key() {
    let page = include_str!("../../../../docs/tasks.md");
    let example = page.split("```toml run>runtask.toml\n").nth(1).unwrap().split("```").next().unwrap();
    let tasks = good(example);
    assert_eq!(tasks.names().collect::<Vec<_>>(), ["format", "policy"]);
    for key in [vec![SETTINGS.kind], SETTINGS.kind.below()].concat().iter().flat_map(|it| it.names()) {
        assert!(example.contains(key), "{key}");
    }
    for key in ["checks", "stages", "organizations", "speculative", "on_skip", "on_error"] {
        assert!(example.contains(key), "{key}");
    }
}

#[test]
fn exceptions_read_the_same_in_every_form_that_toml_has() {
    let start = "[tasks.a]\nchecks = ['policy']\n[tasks.a.policy]\npaths = ['builtin:all']\n";
    let exceptions =
        |rest: &str| policy(good(&format!("{start}{rest}")).get("a").unwrap()).unwrap().exceptions.clone();
    let inline = exceptions("exceptions = [{ rule = 'open-ingress', address = '*', reason = 'r' }]\n");
    let header = "[[tasks.a.policy.exceptions]]\n";
    let lines = exceptions(&format!("{header}rule = 'open-ingress'\naddress = '*'\nreason = 'r'\n"));
    assert_eq!(inline, lines);
    assert_eq!((inline.len(), inline[0].line, inline[0].expires), (1, 5, None));
}

#[test]
fn everything_that_a_task_can_say_is_read() {
    let tasks = good(
        r#"
        [tasks.default]
        checks = ["fmt", "plan-summary", "policy"]
        stages = ["pre_plan", "post_plan"]
        workspaces = ["net-*"]
        projects = ["Team ?"]
        speculative = false
        on_skip = "failed"
        on_error = "passed"
        [tasks.default.policy]
        paths = ["builtin:required-tags", "own.rego", "builtin:all"]
        namespaces = ["main", "terraform.aws"]
        unknown = "fail"
        time_limit_ms = 1_500
        [tasks.default.policy.params]
        since = 2027-01-01T10:00:00Z
        list = [1, -2, 0xff, 2.5, 18446744073709551615, true]
        required-tags.tags = ["owner"]
        "#,
    );
    let task = tasks.get("default").unwrap();
    assert_eq!(names(task), ["fmt", "plan-summary", "policy"]);
    assert_eq!((task.on_skip, task.on_error), (OnSkip::Failed, Some(OnError::Passed)));
    let facts = || RunFacts {
        stage: text("pre_plan"),
        workspace: text("net-1"),
        project: text("Team A"),
        speculative: Some(false),
        ..RunFacts::default()
    };
    assert!(task.filter.admits(&facts()).is_ok());
    assert!(task.filter.admits(&RunFacts { workspace: text("app"), ..facts() }).is_err());
    assert!(task.filter.admits(&RunFacts { project: text("Team"), ..facts() }).is_err());
    assert!(task.filter.admits(&RunFacts { speculative: Some(true), ..facts() }).is_err());

    let policy = policy(task).unwrap();
    let builtin = |it: &str| PolicyPath::Builtin(it.to_owned());
    // `builtin:all` stands for each of them, and the first was there already.
    assert_eq!(
        policy.paths,
        [
            builtin("required-tags"),
            PolicyPath::Path(PathBuf::from("own.rego")),
            builtin("open-ingress"),
            builtin("public-s3-bucket"),
        ]
    );
    assert_eq!(policy.namespaces.as_deref(), Some(&["main".to_owned(), "terraform.aws".to_owned()][..]));
    assert_eq!((policy.unknown, policy.time_limit), (Unknown::Fail, Duration::from_millis(1500)));
    assert_eq!(
        policy.params,
        json!({
            "since": "2027-01-01T10:00:00Z",
            "list": [1, -2, 255, 2.5, 18_446_744_073_709_551_615_u64, true],
            "required-tags": { "tags": ["owner"] },
        })
    );
}

#[test]
fn what_a_task_does_not_say_has_defaults() {
    let tasks = good("tasks.a = { checks = ['policy'], policy.paths = ['x'] }");
    let policy = policy(tasks.get("a").unwrap()).unwrap();
    assert_eq!((policy.unknown, policy.time_limit), (Unknown::Warn, Duration::from_secs(10)));
    assert_eq!((&policy.params, &policy.namespaces), (&json!({}), &None));
    assert!(policy.data.is_empty() && policy.exceptions.is_empty());
}

#[test]
fn without_a_file_there_is_the_default_task() {
    let tasks = Tasks::only_default(&["fmt"]);
    assert_eq!(tasks.names().collect::<Vec<_>>(), ["default"]);
    let task = tasks.get("default").unwrap();
    assert_eq!((names(task), task.on_error), (vec!["fmt"], None));
    assert!(task.filter.admits(&RunFacts::default()).is_ok());
    assert_eq!(tasks.iter().count(), 1);
}

#[test]
fn an_exception_holds_through_its_last_day() {
    let text = "tasks.a = { checks = ['policy'], policy = { paths = ['x'], exceptions = [\n\
                { rule = 'r', address = 'a', reason = 'b', expires = 2027-03-31 } ] } }";
    let on = |year, month, day| {
        let today = Date::new(year, month, day).unwrap();
        let (tasks, warnings) = parse_on(today, text).unwrap();
        (policy(tasks.get("a").unwrap()).unwrap().exceptions[0].expired, warnings.to_string())
    };
    assert!(!on(2026, 12, 1).0 && !on(2027, 3, 31).0);
    let (expired, warning) = on(2027, 4, 1);
    assert!(expired);
    insta::assert_snapshot!(warning, @"
    warning: this exception ended on 2027-03-31 and excuses nothing any more: renew or remove it
     --> runtask.toml:2:54
      |
    2 | { rule = 'r', address = 'a', reason = 'b', expires = 2027-03-31 } ] } }
      |                                                      ^^^^^^^^^^

    no errors, 1 warning
    ");
}

/// Pieces of which files are made that are nearly right.
const PIECES: [&str; 40] = [
    "[tasks.",
    "[tasks]",
    "[[tasks.a.policy.exceptions]]",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\n",
    " = ",
    ".",
    ",",
    ";",
    "#",
    "\"",
    "'",
    "'''",
    "a",
    "default",
    "healthz",
    "checks",
    "policy",
    "paths",
    "stages",
    "workspaces",
    "params",
    "rule",
    "address",
    "reason",
    "expires",
    "2020-01-01",
    "\"fmt\"",
    "\"policy\"",
    "[\"policy\"]",
    "[\"net-[\"]",
    "[\"builtin:all\"]",
    "1",
    "nan",
    "\u{feff}",
    "é\u{301}\u{202e}\t",
];

/// Files that are nearly right, and texts that are not.
fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let pieces = proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40);
    let lines = proptest::collection::vec(
        proptest::sample::select(DOCUMENTED.split('\n').collect::<Vec<_>>()),
        0..20,
    );
    prop_oneof![
        any::<Vec<u8>>(),
        any::<String>().prop_map(String::into_bytes),
        pieces.prop_map(|it| it.concat().into_bytes()),
        lines.prop_map(|it| it.join("\n").into_bytes()),
    ]
}

/// One edit of a file that is right.
fn nearly_documented() -> impl Strategy<Value = Vec<u8>> {
    (0..DOCUMENTED.len(), 0..30_usize, proptest::sample::select(&PIECES[..])).prop_map(
        |(at, length, piece)| {
            let mut bytes = DOCUMENTED.as_bytes().to_vec();
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, piece.bytes());
            bytes
        },
    )
}

proptest! {
    #[test]
    fn every_file_is_read_or_explained(file in prop_oneof![any_file(), nearly_documented()]) {
        let lines = file.iter().filter(|it| **it == b'\n').count() + 1;
        let problems = match parse(&file) {
            Ok((tasks, warnings)) => {
                prop_assert!(tasks.names().next().is_some());
                for task in tasks.iter() {
                    prop_assert!(!task.checks.is_empty());
                    prop_assert_eq!(names(task).contains(&"policy"), policy(task).is_some());
                    prop_assert!(policy(task).is_none_or(|it| !it.paths.is_empty()));
                }
                warnings
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                problems
            }
        };
        let text = problems.to_string();
        prop_assert!(!text.contains(|it: char| it.is_control() && it != '\n'), "{}", text);
        for problem in problems.iter() {
            let one_line = format!("{problem:#}");
            prop_assert!(!one_line.contains(char::is_control), "{}", one_line);
            let line = problem.place().map_or(1, |it| it.line);
            prop_assert!((1..=lines).contains(&(line as usize)), "{}", text);
        }
    }

    #[test]
    fn time_decides_nothing_but_what_has_expired(file in nearly_documented(), year in 1970..3000_u16) {
        let today = Date::new(year, 1, 1).unwrap();
        let other = parse_on(today, &file);
        prop_assert_eq!(parse(&file).is_ok(), other.is_ok());
    }
}
