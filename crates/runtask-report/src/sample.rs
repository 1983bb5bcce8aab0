//! Makes the reports that every renderer's tests render: a small typical one of each kind, and hostile ones.

use proptest::prelude::*;
use runtask_findings::{
    CheckReport, Code, Finding, Level, Rule, Severity, Source, Subject, code_span, fenced, markdown_escaped,
};

/// A stranger's text that tries to be more than text.
pub(crate) const HOSTILE: &str = "\u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n</details></summary><script>]]> | `` \u{202e}\u{0}\u{ffff} &amp; @team [a](http://b) {0} %0A::stop\t";

/// One file is not formatted.
pub(crate) fn format() -> CheckReport {
    let diff =
        "--- a/net/main.tf\n+++ b/net/main.tf\n@@ -1,2 +1,2 @@\n a = 1\n-b   = \"```\"\n+b = \"```\"\n";
    let body = format!("Run `terraform fmt`.\n\n{}", fenced("diff", diff));
    let finding = Finding::new(Code::UNFORMATTED_FILE, Level::Error, "net/main.tf is not formatted")
        .body(body)
        .subject(Subject::File { path: "net/main.tf".into(), line: Some(2) });
    CheckReport::new("fmt", "1 of 2 files needs formatting: net/main.tf", vec![finding])
}

fn rule(name: &str, title: &str, line: u32) -> Rule {
    let file = if name == "open-ingress" {
        format!("builtin:{name}")
    } else {
        format!("policies/{}.rego", name.replace('-', "_"))
    };
    Rule { code: Code::of_rule(name), title: title.into(), source: Source { file, line } }
}

fn resource(address: &str) -> Subject {
    Subject::Resource { address: address.into() }
}

/// Two of four rules failed, one has a warning.
pub(crate) fn policy() -> CheckReport {
    let rules = vec![
        rule("public-s3-bucket", "S3 buckets are not public", 12),
        rule("required-tags", "Resources have the tags that we ask for", 7),
        rule("open-ingress", "Nothing is open to the whole Internet", 3),
        rule("destroy-guard", "Databases stay", 5),
    ];
    let found = |number: usize, level, severity, summary: &str, address: &str, body: String| Finding {
        severity,
        source: rules.get(number).map(|it| it.source.clone()),
        ..Finding::new(rules[number].code.clone(), level, summary).body(body).subject(resource(address))
    };
    let site = "module.web.aws_s3_bucket.site[\"eu\"]";
    let table = format!(
        "{} is public.\n\n| Attribute | Before | After |\n| --- | --- | --- |\n| `acl` | {} | {} |\n| `policy.Statement` | | (known after apply) |\n\nFix: set `acl` to `private`.\n",
        markdown_escaped(site),
        code_span("private"),
        code_span("public-read|x")
    );
    let findings = vec![
        found(0, Level::Error, Some(Severity::High), &format!("Public S3 bucket: {site}"), site, table),
        found(
            0,
            Level::Error,
            Some(Severity::High),
            "Public S3 bucket: aws_s3_bucket.b",
            "aws_s3_bucket.b",
            String::new(),
        ),
        found(1, Level::Error, None, "aws_vpc.main has no tag owner", "aws_vpc.main", String::new()),
        found(
            2,
            Level::Warning,
            Some(Severity::Low),
            "Open to all: aws_security_group.a",
            "aws_security_group.a",
            String::new(),
        ),
        Finding::new(Code::new("unused-exception"), Level::Info, "An exception matched nothing"),
    ];
    CheckReport {
        tally: Some("Found 3 issues".into()),
        rules,
        ..CheckReport::new(
            "policy",
            "2 of 4 rules failed: public-s3-bucket, required-tags (1 warning)",
            findings,
        )
    }
}

/// `text` in every place where a stranger's can be, in bodies as the checks put it there.
pub(crate) fn hostile(text: &str) -> CheckReport {
    let rule =
        Rule { code: Code::new("rule"), title: text.into(), source: Source { file: text.into(), line: 1 } };
    let body = format!("{} is {}\n\n{}", markdown_escaped(text), code_span(text), fenced("text", text));
    let found = |level, subject| Finding {
        severity: Some(Severity::Critical),
        source: Some(rule.source.clone()),
        ..Finding::new(Code::new("rule"), level, text).body(body.clone()).subject(subject)
    };
    let findings = vec![
        found(Level::Error, Subject::File { path: text.into(), line: Some(1) }),
        found(Level::Warning, resource(text)),
    ];
    CheckReport {
        rules: vec![rule.clone()],
        tally: Some(text.into()),
        ..CheckReport::new("policy", text, findings)
    }
}

/// Texts made of what means something to somebody.
pub(crate) fn any_hostile_text() -> impl Strategy<Value = String> {
    let marks = "(::error|::|##\\[|\n|\r|\u{1b}\\[31m|\u{9b}|\u{0}|\u{ffff}|\u{202e}|</?details>|<!--|-->|<a|&lt;|]]>|\\||`{1,4}|~~~|%0A|,|:|@a|\\\\| |x){0,30}";
    prop_oneof![3 => marks, 1 => any::<String>()]
}
