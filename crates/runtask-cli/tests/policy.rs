//! Tests `runtask policy` as a process: rules are begun, tested, listed and explained.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]

mod place;

use place::{Place, repository, repository_text};
use serde_json::Value;
use std::fs;

#[test]
fn a_new_rule_passes_its_tests() {
    let place = Place::with(&[]);
    let said = place.run(&["policy", "new", "owner-tag"]);
    assert_eq!((said.code, &*said.err), (0, ""));
    insta::assert_snapshot!(said.out, @r#"
    policies/owner_tag.rego       the rule: change what it demands
    policies/owner_tag_test.rego  its tests

    Now: runtask policy test policies
    To have it asked: "policies" among the `paths` of runtask.toml
    "#);
    let said = place.run(&["policy", "test", "policies"]);
    assert_eq!((said.code, &*said.err), (0, ""));
    insta::assert_snapshot!(said.out, @"
    policies/owner_tag_test.rego
      ✓ owner_tag_test.test_a_name_of_ours_is_fine
      ✓ owner_tag_test.test_another_name_is_denied
      ✓ owner_tag_test.test_no_name_is_denied
      ✓ owner_tag_test.test_nobody_can_say_before_the_name_is_known

    4 tests: 4 passed, 0 failed
    ");
    let said = place.run(&["policy", "new", "owner-tag"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.err, @"error: policies/owner_tag.rego exists already, and was not changed");
}

#[test]
fn a_rule_has_a_name_that_files_and_settings_can_have() {
    let place = Place::with(&[]);
    for name in ["Owner", "owner tag", "../owner", "owner_tag", "1st", ""] {
        let said = place.run(&["policy", "new", name]);
        assert_eq!(said.code, 2, "{name}");
        assert!(said.err.contains("is no rule's name"), "{}", said.err);
    }
    let said = place.run(&["policy", "new", "no-plan"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.err, @"error: no-plan is the name of a check's own finding: choose another for the rule");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

/// Whatever name is accepted, what is written passes; the words of Rego are not.
#[test]
fn names_that_rego_cannot_have_are_refused() {
    for name in ["default", "not", "package", "if", "in", "input", "data", "plan", "public-s3-bucket"] {
        let place = Place::with(&[]);
        let said = place.run(&["policy", "new", name]);
        assert_eq!(said.code, 2, "{name}");
        assert!(said.err.contains("a word of Rego") || said.err.contains("is shipped"), "{}", said.err);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
    for name in ["deny", "resource", "name", "deny-all", "msg", "count", "startswith", "r2"] {
        let place = Place::with(&[]);
        assert_eq!(place.run(&["policy", "new", name]).code, 0, "{name}");
        let said = place.run(&["policy", "test", "policies"]);
        assert_eq!(said.code, 0, "{name}: {}{}", said.out, said.err);
    }
}

/// A new rule is asked as soon as settings name its directory.
#[test]
fn a_new_rule_finds_something_and_can_be_excepted() {
    let place = Place::with(&[(
        "runtask.toml",
        "[tasks.policy]\nchecks = [\"policy\"]\n[tasks.policy.policy]\npaths = [\"policies/\"]\n",
    )]);
    assert_eq!(place.run(&["policy", "new", "bucket-name"]).code, 0);
    let plan = repository("examples/public-bucket/plan.json").display().to_string();
    let said = place.run(&["check", &plan]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("error[bucket-name]: aws_s3_bucket.site is not called acme-…"), "{}", said.out);
    // What the result says to write is what settings take.
    let settings = said.out.lines().map(str::trim).skip_while(|it| !it.starts_with("[[")).take(4);
    let settings: Vec<_> = settings.collect();
    let all = settings.join("\n").replace("aws_s3_bucket.site", "aws_s3_bucket.*").replace("logs", "*");
    let config = place.path().join("runtask.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + &all).unwrap();
    let said = place.run(&["check", &plan]);
    assert_eq!(said.code, 0, "{}{}{all}", said.out, said.err);
    assert!(said.out.contains("Excepted: aws_s3_bucket.site is not called acme-…"), "{}", said.out);
}

#[test]
fn tests_that_fail_are_1_and_no_tests_are_2() {
    let rego = "package a_test\n\nimport rego.v1\n\ntest_holds if true\n\ntest_does_not if 1 == 2\n";
    let place =
        Place::with(&[("a/a_test.rego", rego), ("b/b.rego", "package b\n"), ("c/c.rego", "package\n")]);
    let said = place.run(&["policy", "test", "a"]);
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(said.out, @"
    a/a_test.rego
      ✓ a_test.test_holds
      ✗ a_test.test_does_not (line 7): line 7 does not hold: test_does_not if 1 == 2

    2 tests: 1 passed, 1 failed
    ");
    let said = place.run(&["policy", "test", "b"]);
    assert_eq!((said.code, &*said.out), (2, "no tests: rules whose names begin with test_ are tests\n"));
    let said = place.run(&["policy", "test", "c"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.err, @"
    error: the tests cannot run
      because: c/c.rego:2:1: expected a name, found the end of the text
    ");
    let json: Value = serde_json::from_str(&place.run(&["policy", "test", "a", "--json"]).out).unwrap();
    let failure = "line 7 does not hold: test_does_not if 1 == 2";
    assert_eq!(json["tests"][1]["failure"]["summary"], failure);
}

#[test]
fn rules_are_listed_with_their_severities() {
    let said = Place::with(&[]).run(&["policy", "list"]);
    assert_eq!((said.code, &*said.err), (0, ""));
    insta::assert_snapshot!(said.out, @"
    RULE                 SEVERITY  KIND  TITLE
    public-s3-bucket     high      deny  S3 buckets are not public (builtin:public-s3-bucket:47)
    open-ingress         high      deny  Administration and databases are not open to the Internet (builtin:open-ingress:44)
    required-tags        medium    deny  Resources have the tags that you require (builtin:required-tags:44)
    destroy-guard        critical  deny  What holds data is not destroyed (builtin:destroy-guard:58)
    iam-wildcard         high      deny  IAM policies do not allow everything (builtin:iam-wildcard:47)
    unencrypted-storage  high      deny  Storage is encrypted at rest (builtin:unencrypted-storage:56)
    public-database      high      deny  Databases are not reachable from the Internet (builtin:public-database:36)
    timestamp-parity     low       deny  The plan was made in an even minute (builtin:timestamp-parity:23)

    `runtask policy explain RULE` says more of one.
    ");
    let json = Place::with(&[]).run(&["policy", "list", "--json"]).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["rule"]["code"], "public-s3-bucket");
}

#[test]
fn a_rule_is_explained_by_what_its_author_wrote() {
    let config = repository("examples/public-bucket/runtask.toml").display().to_string();
    let place = Place::with(&[]).variable("RUNTASK_CONFIG", config);
    let said = place.run(&["policy", "explain", "force-destroy"]);
    assert_eq!((said.code, &*said.err), (0, ""));
    insta::assert_snapshot!(said.out, @"
    force-destroy: Buckets are not thrown away with what is in them

    Severity: medium. Written in `policies/force_destroy.rego`, line 18.

    With `force_destroy`, Terraform empties a bucket before it destroys it, all versions included.

    How to fix it:
    Leave `force_destroy` out, and empty the bucket yourself when its time has come.
    ");
    let said = Place::with(&[]).run(&["policy", "explain", "no-such-rule"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.err, @"error: there is no rule no-such-rule; `runtask policy list` lists the rules");
}

/// The page has a head of its own, which `make docs` leaves alone.
#[test]
fn the_page_of_rules_is_what_explain_prints() {
    let said = Place::with(&[]).run(&["policy", "explain", "--all", "--markdown"]);
    assert_eq!((said.code, &*said.err), (0, ""));
    let page = repository_text("docs/rules.md");
    let rules = page.find("\n## ").map_or("", |it| &page[it + 1..]);
    assert!(rules == said.out, "docs/rules.md is not up to date: run `make docs`");
}

/// In the tables of `docs/policies.md`, the last column of each line.
#[test]
fn every_difference_from_conftest_names_a_test_that_is_there() {
    let page = repository_text("docs/policies.md");
    let tables = page.split("### What is different").nth(1).unwrap().split("\n## ").next().unwrap();
    let lines = tables.lines().filter(|it| it.starts_with("| ") && it.ends_with("` |"));
    let tests: Vec<_> = lines.map(|it| it.rsplit('`').nth(1).unwrap()).collect();
    assert!(tests.len() > 15, "{tests:?}");
    let mut sources = String::new();
    let mut directories = vec![repository("crates/runtask-policy/src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    for test in tests {
        assert!(
            sources.contains(&format!("#[test]\n    fn {test}()"))
                || sources.contains(&format!("#[test]\nfn {test}()")),
            "there is no test {test}"
        );
    }
}

/// What is packed for a deployment: what the file names and nothing else, and only if a run task would start with it.
#[test]
fn the_files_that_a_deployment_needs_are_listed() {
    let tasks = "[tasks.default]\nchecks = [\"fmt\", \"policy\"]\n[tasks.default.policy]\n\
                 paths = [\"rules\", \"builtin:open-ingress\"]\ndata = [\"data/ports.json\"]\n";
    let place = Place::with(&[
        ("runtask.toml", tasks),
        ("rules/deep/a.rego", "package a\ndeny contains \"x\" if false\n"),
        ("rules/README.md", ""),
        ("data/ports.json", "{}"),
        ("data/other.json", "{}"),
        ("terraform.tfstate", "{}"),
    ]);
    let said = place.run(&["policy", "files"]);
    assert_eq!((said.code, &*said.err), (0, ""));
    insta::assert_snapshot!(said.out, @"
    runtask.toml
    data/ports.json
    rules/deep/a.rego
    ");
    let said: Value = serde_json::from_str(&place.run(&["policy", "files", "--json"]).out).unwrap();
    let expected = serde_json::json!(
        { "file": "runtask.toml", "tasks": ["default"], "files": ["data/ports.json", "rules/deep/a.rego"],
          "shared": [] }
    );
    assert_eq!(said, expected);

    fs::write(place.path().join("rules/deep/a.rego"), "package a\ndeny contains {\n").unwrap();
    let said = place.run(&["policy", "files"]);
    assert_eq!((said.code, &*said.out), (2, ""));
    assert!(said.err.starts_with("error: the policies of task default: rules/deep/a.rego:"), "{}", said.err);
    fs::remove_file(place.path().join("runtask.toml")).unwrap();
    let said = place.run(&["policy", "files"]);
    insta::assert_snapshot!(said.err, @"error: there is no runtask.toml here; name one with --config");
}

/// Tasks with everything wrong that keeps a run task from starting, in more than one file.
fn broken() -> Place {
    let tasks = "[tasks.a]\nchecks = [\"policy\"]\npolicy.paths = [\"a\"]\n\
                 [tasks.b]\nchecks = [\"policy\"]\npolicy.paths = [\"b\"]\npolicy.namespaces = [\"mian\"]\n\
                 [tasks.c]\nchecks = [\"policy\"]\npolicy.paths = [\"nowhere\"]\n";
    let head = "import rego.v1\nimport data.runtask.plan\n";
    Place::with(&[
        ("runtask.toml", tasks),
        ("a/one.rego", "package one\ndeny contains {\n"),
        ("a/two.rego", &format!("package two\n{head}deny contains r if some r in plan.touchd\n")),
        ("b/b.rego", &format!("package main\n{head}deny contains \"x\" if plan.touched\n")),
        ("b/b_test.rego", "package main_test\ntest_x {\n"),
    ])
}

/// V-06, V-14, U-04: what no run could be checked with is said before there is one, all of it at once.
#[test]
fn what_keeps_a_run_task_from_starting_is_said_at_once() {
    let said = broken().run(&["policy", "check"]);
    assert_eq!((said.code, &*said.out), (2, ""));
    insta::assert_snapshot!(said.err);
}

/// What is wrong with the file says itself whether it is an error, whichever comes first.
#[test]
fn problems_of_the_file_are_labelled_once() {
    let file = "[notify.some]\nkind = 'slack'\nurl = 'env:A'\n[tasks.default]\nchecks = ['fmt']\non_error = 'maybe'\n";
    let said = Place::with(&[("runtask.toml", file)]).run(&["policy", "check"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.starts_with("warning: no task tells the channel"), "{}", said.err);
    assert!(said.err.contains("\nerror: `maybe` is no word for `on_error`"), "{}", said.err);
}

/// V-06: nothing starts with policies that cannot be compiled, and nothing is packed.
#[test]
fn nothing_starts_with_policies_that_cannot_be_compiled() {
    let place = Place::with(&[
        ("runtask.toml", "[tasks.default]\nchecks = [\"policy\"]\npolicy.paths = [\"a.rego\"]\n"),
        ("a.rego", "package a\ndeny contains {\n"),
    ])
    .variable("HMAC_KEY", "0123456789abcdef0123456789abcdef")
    .variable("RUNTASK_ON_ERROR", "passed");
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["simulate"], &["policy", "files"]] {
        let said = place.run(arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.out);
        assert!(said.err.contains("the policies of task default: a.rego:"), "{arguments:?}: {}", said.err);
    }
}

/// V-15: a mistake in a test is one of the tests, and no run is stopped by it; what is wrong with it is said.
#[test]
fn tests_are_no_part_of_what_is_asked() {
    let place = Place::with(&[
        ("runtask.toml", "[tasks.default]\nchecks = [\"policy\"]\npolicy.paths = [\"rules\"]\n"),
        ("rules/a.rego", "package a\nimport rego.v1\ndeny contains \"never\" if false\n"),
        ("rules/a_test.rego", "package a_test\ntest_x {\n"),
    ]);
    let plan = repository("examples/public-bucket/plan.json").display().to_string();
    let said = place.run(&["check", &plan]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let said = place.run(&["policy", "check"]);
    assert_eq!((said.code, &*said.out), (0, "runtask.toml: a run task would start with 1 task\n"));
    assert!(said.err.starts_with("warning: rules/a_test.rego:"), "{}", said.err);
    assert_eq!(place.run(&["policy", "files"]).out, "runtask.toml\nrules/a.rego\n");
    assert_eq!(place.run(&["policy", "test"]).code, 2);

    // A rule that nobody would ask.
    let rule = "package b\nimport rego.v1\ndeny contains \"x\" if true\n";
    fs::write(place.path().join("rules/b_test.rego"), rule).unwrap();
    let said = place.run(&["policy", "check"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("rules/b_test.rego:3: `deny` is never asked"), "{}", said.err);
}

/// U-05: what counts for nothing is said, with its line.
#[test]
fn what_is_odd_about_policies_is_a_warning() {
    let tasks = "[tasks.default]\nchecks = [\"policy\"]\npolicy.paths = [\"rules\"]\n\
                 [[tasks.default.policy.exceptions]]\nrule = \"main-nme\"\naddress = \"*\"\nreason = \"x\"\n";
    let rule = |package: &str, custom: &str| {
        format!(
            "# METADATA\n# custom:\n#   {custom}\npackage {package}\nimport rego.v1\ndeny contains \"x\" if false\n"
        )
    };
    let place = Place::with(&[
        ("runtask.toml", tasks),
        ("rules/a.rego", &rule("a", "severity: urgent")),
        ("rules/b.rego", &rule("b", "code: Main Name")),
        ("rules/c.rego", &rule("c", "code: main-name")),
        ("rules/d.rego", &rule("runtask.d", "fix: no")),
    ]);
    let said = place.run(&["policy", "check"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!(said.err);
}

/// U-06: what policies print helps to find out what they do, and other tools find the library.
#[test]
fn tests_show_what_is_printed_and_the_library_is_written_out() {
    let rego = "package a_test\n\nimport rego.v1\n\ntest_holds if {\n\tx := 1\n\tprint(\"x is\", x)\n\tx > 1\n\tx < 3\n}\n";
    let place = Place::with(&[("a_test.rego", rego)]);
    let said = place.run(&["policy", "test", "a_test.rego", "--verbose"]);
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(said.out, @"
    a_test.rego
      ✗ a_test.test_holds (line 5): line 8 does not hold: x > 1
          a_test.rego:7: x is 1

    1 test: 0 passed, 1 failed
    ");
    assert!(!place.run(&["policy", "test", "a_test.rego"]).out.contains("x is 1"));

    let said = place.run(&["policy", "library", "lib"]);
    assert_eq!((said.code, &*said.out), (0, "lib/plan.rego\nlib/testing.rego\n"));
    assert_eq!(place.run(&["policy", "library", "lib"]).code, 0);
    // A copy among the policies is the library itself.
    assert_eq!(place.run(&["policy", "test", "a_test.rego", "lib"]).code, 1);
    fs::write(place.path().join("lib/plan.rego"), "package mine\n").unwrap();
    let said = place.run(&["policy", "library", "lib"]);
    assert_eq!((said.code, &*said.err), (2, "error: lib/plan.rego is another file, and was not changed\n"));
}

/// The policy of docs/policies.md, "Values that are not known yet".
const ACL: &str = "package main\n\ndeny[msg] {\n  r := input.resource_changes[_]\n  r.type == \"aws_s3_bucket_acl\"\n  r.change.after.acl == \"public-read\"\n  \
                   msg := sprintf(\"%s is %s\", [r.address, r.change.after.acl])\n}\n";

/// What the page shows of it, and that other readings of the plan are a setting away.
#[test]
fn what_is_known_only_after_apply_is_said_as_the_page_shows_it() {
    let tasks = "[tasks.default]\nchecks = [\"policy\"]\n[tasks.default.policy]\npaths = [\"policies\"]\n";
    let plan = repository("tests/fixtures/plans/unknown/plan.json").display().to_string();
    let said = |unknown: &str| {
        let tasks = format!("{tasks}unknown = \"{unknown}\"\n");
        Place::with(&[("runtask.toml", &tasks), ("policies/acl.rego", ACL)]).run(&["check", &plan])
    };
    let warned = said("warn");
    let page = repository_text("docs/policies.md");
    let shown =
        page.split("policy: The rule passed (1 warning)\n").nth(1).unwrap().split("\n…").next().unwrap();
    assert!(
        warned.out.starts_with(&format!("policy: The rule passed (1 warning)\n{shown}")),
        "{}",
        warned.out
    );
    assert_eq!(warned.code, 0);
    assert_eq!(said("fail").code, 1);
    for silent in ["pass", "absent"] {
        let said = said(silent);
        assert!(said.code == 0 && said.out.starts_with("policy: The rule passed\n"), "{}", said.out);
    }
}

#[test]
fn a_query_is_answered() {
    let place = Place::with(&[("acl.rego", ACL)]);
    let plan = repository("examples/public-bucket/plan.json").display().to_string();
    let ask = |query: &str, more: &[&str]| {
        place.run(&[&["policy", "eval", query, "acl.rego", "--input", &plan], more].concat())
    };
    let said = ask("data.main.deny", &[]);
    assert_eq!((said.code, &*said.out), (0, "[\n  \"aws_s3_bucket_acl.site is public-read\"\n]\n"));
    let open =
        "{a.address | a := data.runtask.plan.touched_of(\"aws_s3_bucket\")[_]; a.change.after.arn == \"x\"}";
    insta::assert_snapshot!(ask(open, &[]).out, @r#"
    [
      {
        "hangs_on": [
          "aws_s3_bucket.logs arn"
        ],
        "value": "aws_s3_bucket.logs"
      },
      {
        "hangs_on": [
          "aws_s3_bucket.site arn"
        ],
        "value": "aws_s3_bucket.site"
      }
    ]
    "#);
    let said = ask("x := input.terraform_version; y := input.format_version", &["--json"]);
    assert_eq!(said.code, 0);
    insta::assert_snapshot!(said.out.trim(), @r#"
    {
      "solutions": [
        {
          "value": {
            "x": "1.11.4",
            "y": "1.2"
          }
        }
      ]
    }
    "#);
    let said = ask("data.runtask.plan.touched_of(\"aws_s3_bucket\")[_].address", &[]);
    assert_eq!(said.out, "\"aws_s3_bucket.logs\"\n\"aws_s3_bucket.site\"\n");
    let said = ask("input.nothing", &[]);
    assert_eq!((said.code, &*said.out, &*said.err), (1, "", "undefined\n"));
    let said = ask("startswith(1", &[]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("query:1:13: expected"), "{}", said.err);
    let said = ask("http.send({})", &[]);
    assert!(said.code == 2 && said.err.contains("http.send is not there"), "{}", said.err);
}

/// Sensitive values are shown by none of them, whatever a policy makes of them on the way.
#[test]
fn a_query_and_an_explanation_show_no_sensitive_text() {
    let rego = "package main\n\ndeny[\"x\"] {\n  r := input.resource_changes[_]\n  split(r.change.after.password, \"2\") == [\"n\"]\n}\n";
    let plan = r#"{"format_version": "1.2", "resource_changes": [{"address": "a.b", "type": "a", "mode": "managed", "change": {
        "actions": ["create"], "before": null, "after": {"password": "hunter2secret", "pin": 424242}, "after_sensitive": {"password": true, "pin": true}}}]}"#;
    let place = Place::with(&[("p.rego", rego), ("plan.json", plan)]);
    for arguments in [
        &["policy", "eval", "input", "p.rego", "--input", "plan.json"][..],
        &[
            "policy",
            "eval",
            "x := input.resource_changes[_].change.after[_]",
            "p.rego",
            "--input",
            "plan.json",
        ],
        &["policy", "explain-result", "plan.json", "p.rego", "--rule", "main"],
        &["policy", "explain-result", "plan.json", "p.rego", "--rule", "main", "--json"],
    ] {
        let said = place.run(arguments);
        assert_eq!(said.code, 0, "{}", said.err);
        for secret in ["hunter", "secret\"", "424242"] {
            assert!(!said.out.contains(secret), "{arguments:?}: {}", said.out);
        }
    }
}

#[test]
fn a_rule_that_found_nothing_is_explained() {
    let place = Place::with(&[("policies/acl.rego", ACL)]);
    let plan = repository("tests/fixtures/plans/buckets/plan.json").display().to_string();
    let explained = |address: &str| {
        let said = place.run(&[
            "policy",
            "explain-result",
            &plan,
            "policies/acl.rego",
            "--rule",
            "main",
            "--address",
            address,
        ]);
        assert_eq!(said.code, 0, "{}", said.err);
        said.out
    };
    insta::assert_snapshot!(explained("aws_s3_bucket_acl.this[\"records\"]"), @r#"
    data.main.deny (policies/acl.rego:3)
      found nothing

    What did not hold in policies/acl.rego:
      line 6: r.change.after.acl == "public-read"
        once; the last time with "private", "public-read"

    Never come to: lines 7
    "#);
    let said = place.run(&["policy", "explain-result", &plan, "policies/acl.rego", "--rule", "mian"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("there is no rule mian"), "{}", said.err);
}

#[test]
fn tests_tell_what_they_come_to() {
    let test = "package main_test\n\nimport rego.v1\n\ntest_public if {\n\tplan := {\"resource_changes\": [{\"address\": \"a.b\", \"type\": \"aws_s3_bucket_acl\", \"change\": {\"after\": {\"acl\": \"private\"}}}]}\n\t\
                count(data.main.deny) == 1 with input as plan\n}\n";
    let place = Place::with(&[("policies/acl.rego", ACL), ("policies/acl_test.rego", test)]);
    let said = place.run(&["policy", "test", "policies", "--coverage", "--trace"]);
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(said.out, @r#"
    policies/acl_test.rego
      ✗ main_test.test_public (line 5): line 7 does not hold: count(data.main.deny) == 1 with input as plan

    1 test: 0 passed, 1 failed

    Coverage:
       80.0 %  policies/acl.rego  not lines 7

    What did not hold:
      policies/acl.rego:6  r.change.after.acl == "public-read"
          once; the last time with "private", "public-read"
      policies/acl_test.rego:7  count(data.main.deny) == 1 with input as plan
          once; the last time with 0, 1
    "#);
    let profile = place.run(&["policy", "test", "policies", "--profile"]).out;
    assert!(profile.contains("Steps, by expression:\n"), "{profile}");
    let junit = place.run(&["policy", "test", "policies", "--format", "junit"]).out;
    assert!(
        junit.contains("tests=\"1\" failures=\"1\"") && junit.contains("main_test.test_public"),
        "{junit}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&place.run(&["policy", "test", "policies", "--json", "--coverage"]).out)
            .unwrap();
    assert_eq!(json["coverage"]["policies/acl.rego"]["not_covered"], serde_json::json!([7]));
}
