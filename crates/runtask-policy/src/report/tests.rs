use super::*;
use crate::message::Answer;
use crate::read_settings::SETTINGS;
use runtask_checks::Unjudged;
use runtask_tasks::{CheckEntry, NO_CHANNELS, Tasks};
use serde_json::json;
use std::time::Duration;

fn rule(code: &str, kind: RuleKind) -> RuleEntry {
    RuleEntry {
        path: format!("data.{code}.deny"),
        package: code.into(),
        name: "deny".into(),
        code: code.into(),
        kind,
        title: "Buckets are *private*".into(),
        description: String::new(),
        fix: "Set `acl` to `private`.".into(),
        severity: Some("high".into()),
        params: Vec::new(),
        unknown: None,
        links: vec!["https://example.com/buckets".into()],
        file: "policies/s3.rego".into(),
        line: 12,
    }
}

fn violation(address: &str) -> Violation {
    Violation {
        message: format!("Public S3 bucket: {address}"),
        address: Some(address.into()),
        attribute: Some("acl".into()),
        change: Some(("\"private\"".into(), "\"public-read\"".into())),
        ..Violation::default()
    }
}

fn settings(exceptions: Vec<Exception>) -> PolicySettings {
    PolicySettings {
        paths: Vec::new(),
        data: Vec::new(),
        namespaces: None,
        unknown: Unknown::Warn,
        params: json!({}),
        exceptions,
        time_limit: Duration::from_secs(10),
    }
}

fn exception(address: &str, expires: Option<Date>) -> Exception {
    Exception {
        rule: "public-s3-bucket".into(),
        address: AddressPattern::new(address),
        reason: "static site".into(),
        owner: Some("web".into()),
        expires,
        expired: false,
        line: 7,
    }
}

fn today() -> Date {
    Date::new(2027, 3, 31).unwrap()
}

/// What rules said: for each, its code, what it does, and its answer.
fn judged(settings: &PolicySettings, said: Vec<(&str, RuleKind, Answer)>) -> CheckReport {
    let mut evaluation = Evaluation {
        rules: Vec::new(),
        warnings: Vec::new(),
        answers: Vec::new(),
        unjudged: Unjudged::default(),
        seen: Vec::new(),
        solutions: Vec::new(),
    };
    for (index, (code, kind, answer)) in said.into_iter().enumerate() {
        evaluation.rules.push(rule(code, kind));
        evaluation.answers.push(Answer { index, ..answer });
    }
    report("policy", settings, &evaluation, today())
}

fn yields(violations: Vec<Violation>) -> Answer {
    Answer { violations, ..Answer::default() }
}

fn lines(report: &CheckReport) -> String {
    let tally = report.tally.clone().unwrap_or_default();
    let findings =
        report.findings.iter().map(|it| format!("{} {}: {}", it.level.as_str(), it.code, it.summary));
    [report.headline.clone(), tally].into_iter().chain(findings).collect::<Vec<_>>().join("\n")
}

/// F-05, F-06: the message of the rule, and the number of issues in the form that people know.
#[test]
fn the_headline_is_the_verdict_in_one_sentence() {
    let none = || yields(Vec::new());
    let report = judged(
        &settings(Vec::new()),
        vec![
            ("public-s3-bucket", RuleKind::Deny, yields(vec![violation("a.b"), violation("a.c")])),
            ("required-tags", RuleKind::Deny, yields(vec![violation("a.b")])),
            ("advice", RuleKind::Warn, yields(vec![violation("a.b")])),
            ("fine", RuleKind::Deny, none()),
        ],
    );
    insta::assert_snapshot!(lines(&report), @"
    2 of 4 rules failed: public-s3-bucket, required-tags (1 warning)
    Found 3 issues
    error public-s3-bucket: Public S3 bucket: a.b
    error public-s3-bucket: Public S3 bucket: a.c
    error required-tags: Public S3 bucket: a.b
    warning advice: Public S3 bucket: a.b
    ");
    assert_eq!(report.rules.len(), 4);
    let all_fine =
        judged(&settings(Vec::new()), vec![("a", RuleKind::Deny, none()), ("b", RuleKind::Deny, none())]);
    assert_eq!(lines(&all_fine), "All 2 rules passed\nFound 0 issues");
    assert_eq!(
        judged(&settings(Vec::new()), vec![("a", RuleKind::Deny, none())]).headline,
        "The rule passed"
    );
}

#[test]
fn a_body_says_what_is_wrong_and_advice_how_to_mend_or_except_it() {
    let report = judged(
        &settings(Vec::new()),
        vec![("public-s3-bucket", RuleKind::Deny, yields(vec![violation("a.b[\"x|y\"]")]))],
    );
    insta::assert_snapshot!(report.findings[0].explained(), @r#"
    Buckets are \*private\*.

    | Resource | Attribute | Before | After |
    | --- | --- | --- | --- |
    | `a.b["x`&#124;`y"]` | `acl` | `"private"` | `"public-read"` |

    **How to fix it**

    Set `acl` to `private`.

    **To except it**, write into `runtask.toml`:

    ```toml
    [[tasks.policy.policy.exceptions]]
    rule = "public-s3-bucket"
    address = 'a.b["x|y"]'
    reason = "why this one may"
    ```

    More: https://example.com/buckets

    Rule `public-s3-bucket` is written at `policies/s3.rego:12`.
    "#);
    assert_eq!(report.findings[0].severity.map(|it| it.as_str()), Some("high"));
    assert_eq!(report.findings[0].source.as_ref().unwrap().to_string(), "policies/s3.rego:12");
}

/// What is printed, copied into a file and read again, excepts this resource and not the one beside it.
#[test]
fn a_printed_exception_excepts_one_address() {
    let one_and_another = [
        ("aws_s3_bucket.site", "aws_s3_bucket.site2"),
        (r#"aws_route53_record.r["*.example.com"]"#, r#"aws_route53_record.r["bank.example.com"]"#),
        (r#"a.b["it's *"]"#, r#"a.b["it's x"]"#),
        (r#"a.b["\\*\"\\"]"#, r#"a.b["\\\\*\"\\"]"#),
        ("a.b[\"\u{202e}e\u{301}*\"]", "a.b[\"\u{202e}e\u{301}x\"]"),
    ];
    for (address, other) in one_and_another {
        let said = yields(vec![violation(address)]);
        let report = judged(&settings(Vec::new()), vec![("public-s3-bucket", RuleKind::Deny, said)]);
        let printed =
            report.findings[0].advice.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let file =
            format!("[tasks.policy]\nchecks = ['policy']\n[tasks.policy.policy]\npaths = ['x']\n{printed}");
        let policy = CheckEntry { name: "policy", reads_plan: true, settings: Some(SETTINGS) };
        let (tasks, _) =
            Tasks::parse("runtask.toml", file.as_bytes(), today(), &[policy], &NO_CHANNELS, &[]).unwrap();
        let settings = tasks.get("policy").unwrap().checks[0].settings.as_ref().unwrap();
        let exceptions = &settings.get::<PolicySettings>().unwrap().exceptions;
        assert_eq!(exceptions.len(), 1);
        assert!(exceptions[0].address.matches(address), "{printed}");
        assert!(!exceptions[0].address.matches(other), "{printed}");
    }
    let said = yields(vec![violation("a\nb")]);
    let report = judged(&settings(Vec::new()), vec![("public-s3-bucket", RuleKind::Deny, said)]);
    assert!(!report.findings[0].advice.contains("To except it"));
}

#[test]
fn an_exception_makes_a_finding_of_it_until_its_last_day_is_over() {
    let last = |day| Some(Date::new(2027, 3, day).unwrap());
    let check = |exceptions, says: &str| {
        let said = vec![("public-s3-bucket", RuleKind::Deny, yields(vec![violation("a.b")]))];
        let report = judged(&settings(exceptions), said);
        let texts: Vec<_> =
            report.findings.iter().map(|it| format!("{}\n{}", it.summary, it.explained())).collect();
        assert!(texts.join("\n").contains(says), "{texts:?}");
        let finding = &report.findings[0];
        assert_eq!(finding.excepted, finding.level == Level::Info);
        finding.level
    };
    let of = |day| vec![exception("a.*", last(day))];
    assert_eq!(check(of(31), "Excepted until 2027-03-31: static site, by web."), Level::Info);
    assert_eq!(check(of(30), "has expired: it was valid to 2027-03-30."), Level::Error);
    assert_eq!(check(vec![exception("a.b", None)], "Excepted: static site, by web."), Level::Info);
    // One that is over does not stand in the way of one that is not.
    let both = vec![exception("a.b", last(31)), exception("a.b", last(30))];
    assert_eq!(check(both, "Excepted until 2027-03-31"), Level::Info);
    let unused = "Nothing needs the exception of rule public-s3-bucket for a.c (line 7 of the tasks' file)";
    assert_eq!(check(vec![exception("a.c", None)], unused), Level::Error);
}

#[test]
fn what_is_known_only_after_apply_follows_the_setting() {
    let level = |unknown| {
        let violation = Violation { unknown: true, ..violation("a.b") };
        let settings = PolicySettings { unknown, ..settings(Vec::new()) };
        let report = judged(&settings, vec![("public-s3-bucket", RuleKind::Deny, yields(vec![violation]))]);
        report.findings.first().map(|it| (it.level, it.summary.clone()))
    };
    let summary = "Not known until apply: Public S3 bucket: a.b".to_owned();
    assert_eq!(level(Unknown::Pass), None);
    assert_eq!(level(Unknown::Warn), Some((Level::Warning, summary.clone())));
    assert_eq!(level(Unknown::Fail), Some((Level::Error, summary)));
}

#[test]
fn a_rule_that_could_not_be_asked_is_not_a_rule_that_passed() {
    let trouble = Trouble { summary: "it did not finish within 10 s".into(), excerpt: String::new() };
    let stopped = Answer { trouble: Some(trouble), ..Answer::default() };
    let said = vec![("slow", RuleKind::Deny, stopped.clone()), ("fine", RuleKind::Deny, Answer::default())];
    let report = judged(&settings(Vec::new()), said);
    assert_eq!(report.rules.iter().map(|it| it.code.as_str()).collect::<Vec<_>>(), ["fine"]);
    insta::assert_snapshot!(lines(&report), @"
    No rule of 2 failed; 1 could not be asked: slow
    Found 0 issues
    error check-unavailable: Rule slow could not be asked: it did not finish within 10 s
    ");
    let said = vec![
        ("slow", RuleKind::Deny, stopped.clone()),
        ("bad", RuleKind::Deny, yields(vec![violation("a.b")])),
    ];
    insta::assert_snapshot!(lines(&judged(&settings(Vec::new()), said)), @"
    1 of 2 rules failed: bad; 1 could not be asked: slow
    Found 1 issue
    error check-unavailable: Rule slow could not be asked: it did not finish within 10 s
    error bad: Public S3 bucket: a.b
    ");
    let partly = Answer { violations: vec![violation("a.b")], ..stopped };
    insta::assert_snapshot!(lines(&judged(&settings(Vec::new()), vec![("bad", RuleKind::Deny, partly)])), @"
    1 of 1 rule failed: bad; 1 could not be asked: bad
    Found 1 issue
    error check-unavailable: Rule bad could not be asked to its end: it did not finish within 10 s
    error bad: Public S3 bucket: a.b
    ");
}

/// A name with a mistake in it would otherwise take its rules away in silence.
#[test]
fn a_package_without_rules_that_settings_name_is_a_warning() {
    let of = |namespaces: &[&str]| {
        let namespaces = Some(namespaces.iter().map(|it| (*it).to_owned()).collect());
        let settings = PolicySettings { namespaces, ..settings(Vec::new()) };
        let report = judged(&settings, vec![("main", RuleKind::Deny, yields(Vec::new()))]);
        lines(&report)
    };
    insta::assert_snapshot!(of(&["main", "mian", "data.main"]), @"
    The rule passed (1 warning)
    Found 0 issues
    warning unused-namespace: No rule is in these packages of `namespaces`: mian, data.main
    ");
    assert!(of(&["a", "b", "c", "d", "e", "f", "g", "h", "main"]).ends_with(": a, b, c, d, e, f and 2 more"));
    assert_eq!(of(&["main"]), "The rule passed\nFound 0 issues");
}

#[test]
fn what_a_policy_writes_is_text_and_not_markdown() {
    let violation = Violation {
        message: "<script>\n[x](y) **b**".into(),
        address: Some("a.`b`|".into()),
        attribute: Some("`|\n".into()),
        change: Some(("`|".into(), "\u{1b}[31m".into())),
        fix: Some("# <b>".into()),
        ..Violation::default()
    };
    let report = judged(&settings(Vec::new()), vec![("r", RuleKind::Deny, yields(vec![violation]))]);
    insta::assert_snapshot!(format!("{}\n{}", report.findings[0].summary, report.findings[0].body), @r#"
    <script>\n[x](y) **b**
    Buckets are \*private\*.

    | Resource | Attribute | Before | After |
    | --- | --- | --- | --- |
    | `` a.`b` ``&#124; | `` ` ``&#124;`\n` | `` ` ``&#124; | `\u{1b}[31m` |

    \# &lt;b>
    "#);
}
