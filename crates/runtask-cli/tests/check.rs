//! Tests `runtask check` as a process: what it reads, what it prints, how it ends.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

#[path = "check/chosen.rs"]
mod chosen;
#[path = "check/hostile.rs"]
mod hostile;
#[path = "check/interrupted.rs"]
mod interrupted;
#[path = "place/on_terminal.rs"]
mod on_terminal;
mod place;
#[path = "check/plans.rs"]
mod plans;
#[path = "check/private.rs"]
mod private;
#[path = "check/settings.rs"]
mod settings;
#[path = "check/terminal.rs"]
mod terminal;
#[path = "place/terraform.rs"]
mod terraform;

use place::{Place, Said, repository, repository_text};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use terraform::terraform;

const PUBLIC_PLAN: &str = "examples/public-bucket/plan.json";
const EMPTY_PLAN: &str = "tests/fixtures/plans/empty/plan.json";

/// A task with the shipped rules.
const SHIPPED: &str = "[tasks.default]\nchecks = [\"plan-summary\", \"policy\"]\n\
                       [tasks.default.policy]\npaths = [\"builtin:all\"]\n";
/// What stderr says of it.
const SHIPPED_TASK: &str = "Task of runtask.toml: default (plan-summary, policy)\n";

/// A task with what is in `policies/`.
const POLICIES: &str =
    "[tasks.policy]\nchecks = [\"policy\"]\n[tasks.policy.policy]\npaths = [\"policies/\"]\n";

fn path(of: &str) -> String {
    repository(of).display().to_string()
}

/// Every check, with the shipped rules.
const EVERYTHING: &str = "[tasks.default]\nchecks = [\"fmt\", \"plan-summary\", \"policy\"]\n\
                          [tasks.default.policy]\npaths = [\"builtin:all\"]\n";

/// A configuration that needs no provider, with its plan in a file `tfplan`, and every check.
fn planned() -> Place {
    let terraform = terraform();
    let configuration = "resource \"terraform_data\" \"this\" {\n  input = 1\n}\n";
    let place = Place::with(&[("main.tf", configuration), ("runtask.toml", EVERYTHING)])
        .variable("RUNTASK_TERRAFORM", terraform.display().to_string());
    for arguments in [&["init", "-input=false"][..], &["plan", "-input=false", "-out=tfplan"]] {
        let mut command = Command::new(&terraform);
        command.args(arguments).current_dir(place.path()).env_clear();
        let output = command.env("CHECKPOINT_DISABLE", "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    place
}

/// F-05
#[test]
fn a_plan_is_judged_by_the_rules_that_are_shipped() {
    let place = Place::with(&[("runtask.toml", SHIPPED)]);
    let said = place.run(&["check", &path(PUBLIC_PLAN)]);
    assert_eq!((said.code, &*said.err), (1, SHIPPED_TASK));
    assert!(said.out.contains("policy: 1 of 7 rules failed: public-s3-bucket"), "{}", said.out);
    assert!(
        said.out.contains("error[public-s3-bucket]: Public S3 bucket: aws_s3_bucket_acl.site"),
        "{}",
        said.out
    );
    assert_eq!(place.run(&["check", &path(EMPTY_PLAN)]).code, 0);
}

#[test]
fn a_plan_on_stdin_is_the_same_plan() {
    let place = Place::with(&[("runtask.toml", SHIPPED)]);
    let from_stdin = place.run_on(&["check", "-"], repository_text(PUBLIC_PLAN).as_bytes());
    let from_file = place.run(&["check", &path(PUBLIC_PLAN)]);
    assert_eq!((from_stdin.code, from_stdin.out), (from_file.code, from_file.out));
}

/// `runtask check <(terraform show -json tfplan)` names a pipe, which is read once and has no beginning to go back to.
#[test]
fn a_plan_from_a_pipe_with_a_name_is_the_same_plan() {
    let place = Place::with(&[("runtask.toml", SHIPPED)]);
    let from_pipe = place.run_on(&["check", "/dev/stdin"], repository_text(PUBLIC_PLAN).as_bytes());
    let from_file = place.run(&["check", &path(PUBLIC_PLAN)]);
    assert_eq!(
        (from_pipe.code, from_pipe.out, from_pipe.err),
        (from_file.code, from_file.out, from_file.err)
    );
    let saved = place.run_on(&["check", "/dev/stdin"], b"PK\x03\x04");
    assert_eq!(saved.code, 2);
    let error = "error: /dev/stdin cannot be checked\n  because: this is a saved plan and not JSON: give what `terraform \
                 show -json FILE` prints\n";
    assert_eq!(saved.err, [SHIPPED_TASK, error].concat());
}

#[test]
fn the_example_fails_by_one_rule_of_two() {
    let config = path("examples/public-bucket/runtask.toml");
    let arguments = ["check", &path(PUBLIC_PLAN), "--config", &config, "--task", "policy"];
    let said = Place::with(&[]).run(&arguments);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(
        said.out.starts_with("policy: 1 of 2 rules failed: public-s3-bucket (1 warning)\n"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("warning[force-destroy]: aws_s3_bucket.site goes with everything in it"),
        "{}",
        said.out
    );
    assert_eq!(Place::with(&[]).run(&["policy", "test", "--config", &config]).code, 0);
}

/// The file that is here is read by every command, and a task that it does not have is no fault of the protocol.
#[test]
fn a_simulated_run_is_for_a_task_of_the_file_that_is_here() {
    let config = "[tasks.policy]\nchecks = [\"policy\"]\n[tasks.policy.policy]\npaths = [\"builtin:all\"]\n";
    let place = Place::with(&[("runtask.toml", config), ("main.tf", "locals {}\n")]);
    for (plan, code, says) in
        [(PUBLIC_PLAN, 1, "1 of 7 rules failed: public-s3-bucket"), (EMPTY_PLAN, 0, "All 7 rules passed")]
    {
        let said = place.run(&["simulate", ".", "--plan", &path(plan)]);
        assert_eq!(said.code, code, "{}{}", said.out, said.err);
        assert!(said.out.contains(says) && said.out.contains("Protocol: kept."), "{}", said.out);
    }
    let said = place.run(&["simulate", ".", "--task", "nope"]);
    assert_eq!((said.code, &*said.err), (2, "error: there is no task nope; there are policy\n"));
    // Who says what is checked has no file.
    let place = place.variable("RUNTASK_CHECKS", "plan-summary");
    let said = place.run(&["simulate", ".", "--plan", &path(EMPTY_PLAN)]);
    assert!(said.code == 0 && said.out.contains("Plan: 0 to add"), "{}{}", said.out, said.err);
}

/// V-01: a saved plan is shown by terraform, with the providers beside it, where it is named and nowhere else.
#[test]
fn a_saved_plan_is_shown_by_terraform_where_it_is_named() {
    let place = planned();
    let here = place.run(&["check"]);
    assert_eq!(here.code, 2, "{}", here.out);
    assert!(here.out.contains("Not checked: no plan was named"), "{}", here.out);
    assert!(here.err.contains("tfplan is not read: name it"), "{}", here.err);
    let both = place.run(&["check", ".", "tfplan"]);
    assert_eq!(both.code, 0, "{}", both.err);
    for headline in ["fmt: Format check passed", "plan-summary: Plan: 1 to add", "policy: All 7 rules passed"]
    {
        assert!(both.out.contains(headline), "{}", both.out);
    }
    fs::write(place.path().join("runtask.toml"), SHIPPED).unwrap();
    let alone = place.run(&["check", "tfplan"]);
    assert_eq!((alone.code, &*alone.err), (0, SHIPPED_TASK));
    assert!(both.out.ends_with(&alone.out) && !alone.out.contains("fmt"), "{}", alone.out);
}

/// V-01: whatever a pull request brings along, a check of its configuration, or of a plan in JSON, has nothing of it started.
#[test]
fn what_lies_in_a_directory_is_not_started_unasked() {
    let terraform = "#!/bin/sh\necho \"$*\" >> \"$(dirname \"$0\")/asked\"\nexit 0\n";
    let saved = "PK\u{3}\u{4}";
    let place = Place::with(&[
        ("configuration/main.tf", "a = 1\n"),
        ("configuration/tfplan", saved),
        ("configuration/plan.json", saved),
        ("bin/terraform", terraform),
    ]);
    let program = place.path().join("bin/terraform");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let place = place.variable("RUNTASK_TERRAFORM", program.display().to_string());
    let said = place.run(&["check", "configuration"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    fs::write(place.path().join("runtask.toml"), SHIPPED).unwrap();
    let said = place.run(&["check", "configuration/plan.json"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(
        said.err.contains("configuration/plan.json is not JSON, whatever its name says: it is a saved plan"),
        "{}",
        said.err
    );
    let asked = fs::read_to_string(place.path().join("bin/asked")).unwrap();
    assert!(asked.contains("fmt") && !asked.contains("show"), "{asked}");
}

#[test]
fn a_configuration_and_a_plan_fail_together() {
    let place = Place::with(&[("main.tf", "a   = 1\n"), ("runtask.toml", EVERYTHING)])
        .variable("RUNTASK_TERRAFORM", terraform().display().to_string());
    let said = place.run(&["check", ".", "--plan", &path(PUBLIC_PLAN), "--json"]);
    assert_eq!(said.code, 1);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let checks = json["checks"].as_array().unwrap();
    let checks: Vec<_> =
        checks.iter().map(|it| (it["check"].as_str().unwrap(), it["findings"][0]["code"].as_str())).collect();
    assert_eq!(
        checks,
        [
            ("fmt", Some("unformatted-file")),
            ("plan-summary", Some("plan-summary")),
            ("policy", Some("public-s3-bucket"))
        ]
    );
}

/// Everything but passed and failed is 2, and says what to do.
#[test]
fn what_cannot_be_done_is_said_and_is_2() {
    let files = [
        ("runtask.toml", POLICIES),
        ("policies/a.rego", "package a\n\ndeny contains x if y\n"),
        ("two.toml", "[tasks.a]\nchecks = [\"fmt\"]\n[tasks.b]\nchecks = [\"fmt\"]\n"),
        ("none.toml", "[tasks.a]\nchecks = [\"fmt\"]\n"),
        ("gone.toml", "[tasks.a]\nchecks = [\"policy\"]\n[tasks.a.policy]\npaths = [\"gone/\"]\n"),
    ];
    let place = Place::with(&files);
    let plan = path(EMPTY_PLAN);
    let mut all = String::new();
    for arguments in [
        &["check", &plan][..],
        &["check", "nowhere.json"],
        &["check", &plan, "--config", "nowhere.toml"],
        &["check", &plan, "--config", "two.toml"],
        &["check", &plan, "--config", "two.toml", "--task", "c"],
        &["check", &plan, "--config", "none.toml"],
        &["check", &plan, "--config", "gone.toml"],
        &["check", ".", "."],
        &["check", &plan, "--run", "speculative=maybe"],
    ] {
        let said = place.run(arguments);
        assert_eq!(said.code, 2, "{said:?}");
        all.push_str(&format!("{}{}\n", said.out, said.err).replace(&plan, "PLAN"));
    }
    insta::assert_snapshot!(all, @"
    policy: error[check-unavailable]: Check policy could not run: policies/a.rego:3:20: rego_unsafe_var_error: nothing gives `y` its value (and 1 more; `runtask policy check` lists them)

        |
      3 | deny contains x if y
        |                    ^

    failed
    Task of runtask.toml: policy (policy)

    error: nowhere.json cannot be checked
      because: No such file or directory (os error 2)

    error: settings are wrong
      because: nowhere.toml: the file cannot be read: No such file or directory (os error 2)

    error: there are several tasks (a, b): choose one with --task, or all with --all-tasks

    error: there is no task c; there are a, b

    Task of none.toml: a (fmt)
    error: no check of the task a (fmt) reads PLAN: leave it out, choose another task, or list `plan-summary` or `policy` or `cost` among the checks of a task in runtask.toml (docs/policies.md shows one)

    error: settings are wrong
      because: gone.toml: the policies of task a: gone/ cannot be read: No such file or directory (os error 2)

    error: one directory at a time, please: . is another

    error: invalid value 'speculative=maybe' for '--run <KEY=VALUE>': speculative is true or false

    For more information, try '--help'.
    ");
}

/// Half of a task that passes is not the task that passes, whatever `on_error` says; half that fails is enough to fail.
#[test]
fn a_check_that_was_given_nothing_has_not_passed() {
    let config = "[tasks.all]\nchecks = [\"fmt\", \"policy\"]\non_error = \"passed\"\n\
                  [tasks.all.policy]\npaths = [\"builtin:all\"]\n";
    let place = Place::with(&[("runtask.toml", config), ("main.tf", "a = 1\n")])
        .variable("RUNTASK_TERRAFORM", terraform().display().to_string());
    let said = place.run(&["check"]);
    assert_eq!((said.code, &*said.err), (2, "Task of runtask.toml: all (fmt, policy)\n"));
    insta::assert_snapshot!(said.out, @"
    fmt: Format check passed

    policy: error[not-given]: Not checked: no plan was named

      The task `all` has the check `policy`: name a plan as well (`--plan FILE`), or another task (`--task`).

    failed
    ");
    let said = place.run(&["check", &path(EMPTY_PLAN)]);
    assert_eq!(said.code, 2);
    let first = "fmt: error[not-given]: Not checked: no directory was named\n";
    assert!(said.out.starts_with(first), "{}", said.out);
    let said = place.run(&["check", ".", &path(EMPTY_PLAN)]);
    assert_eq!(said.code, 0, "{}", said.out);
    assert_eq!(place.run(&["check", &path(PUBLIC_PLAN)]).code, 1);
    let sarif: Value = serde_json::from_str(&place.run(&["check", "--format", "sarif"]).out).unwrap();
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

/// From a file as from stdin, whose size nobody knows before.
#[test]
fn a_plan_has_the_limit_of_the_run_task() {
    let place = Place::with(&[("runtask.toml", SHIPPED)]).variable("RUNTASK_MAX_PLAN_BYTES", "1000");
    let plan = repository_text(PUBLIC_PLAN);
    for said in [place.run(&["check", &path(PUBLIC_PLAN)]), place.run_on(&["check", "-"], plan.as_bytes())] {
        let error = "error: the plan is larger than 1000 bytes, the limit of RUNTASK_MAX_PLAN_BYTES\n";
        assert_eq!((said.code, said.err), (2, [SHIPPED_TASK, error].concat()));
    }
}

#[test]
fn a_plan_that_is_none_is_2() {
    let config = "[tasks.policy]\nchecks = [\"policy\"]\n[tasks.policy.policy]\npaths = [\"builtin:all\"]\n";
    let place = Place::with(&[("runtask.toml", config)]);
    let said = place.run_on(&["check", "-"], b"{\"format_version\": \"1.0\", \"values\": {}}");
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.out, @"
    policy: error[check-unavailable]: Check policy could not run: this is a state and not a plan: save one with `terraform plan -out=FILE`

    failed
    ");
}

/// `on_error` is about rules that could not be asked, and not about those that say they could not.
#[test]
fn a_rule_cannot_pass_itself_off_as_one_that_could_not_run() {
    let config = POLICIES.replace("[tasks.policy.policy]", "on_error = \"passed\"\n[tasks.policy.policy]");
    let policy = "# METADATA\n# scope: package\n# custom:\n#   code: check-unavailable\n\
                  package a\n\nimport rego.v1\n\ndeny contains \"no\" if true\n";
    let place = Place::with(&[("runtask.toml", &config), ("policies/a.rego", policy)]);
    let said = place.run(&["check", &path(EMPTY_PLAN)]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.starts_with("policy: 1 of 1 rule failed: rule-check-unavailable\n"), "{}", said.out);
}

/// Its authors' tests pass, and it says of a plan what they mean it to say.
#[test]
fn a_folder_written_for_conftest_works_unchanged() {
    let (policy, data) = (path("tests/fixtures/conftest/policy"), path("tests/fixtures/conftest/data"));
    let config = format!(
        "[tasks.old]\nchecks = [\"policy\"]\n[tasks.old.policy]\npaths = [\"{policy}\"]\ndata = [\"{data}\"]\n"
    );
    let place = Place::with(&[("runtask.toml", &config)]);
    let said = place.run(&["policy", "test", &policy, "--data", &data]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.ends_with("\n8 tests: 8 passed, 0 failed\n"), "{}", said.out);
    let said = place.run(&["check", &path(PUBLIC_PLAN), "--json"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let check = &json["checks"][0];
    let findings = check["findings"].as_array().unwrap().iter().map(|it| {
        let text = |key: &str| it[key].as_str().unwrap_or_default();
        format!("{} {}: {}", text("level"), text("code"), text("summary"))
    });
    let all: Vec<_> = check["headline"].as_str().map(str::to_owned).into_iter().chain(findings).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    2 of 5 rules failed: main, main-public (1 warning)
    error main: aws_s3_bucket.logs: the name "example-site-logs" is none of ours
    error main: aws_s3_bucket.site: the name "example-site" is none of ours
    error main-public: aws_s3_bucket_acl.site is open: public-read
    warning main: 5 changes are more than 4
    info main-force-destroy: Excepted by its package: aws_s3_bucket.site would be emptied
    "#);
}

/// All that is wrong, each with its line and column.
#[test]
fn settings_that_are_wrong_are_told_with_their_places() {
    let config = "[tasks.policy]\ncheck = [\"policy\"]\nstages = [\"post-plan\"]\n";
    let place = Place::with(&[("runtask.toml", config)]);
    let said = place.run(&["check", &path(EMPTY_PLAN)]);
    assert_eq!((said.code, &*said.out), (2, ""));
    insta::assert_snapshot!(said.err, @r#"
    error: settings are wrong
      because: error: unknown key `check`; did you mean `checks`?
                --> runtask.toml:2:1
                 |
               2 | check = ["policy"]
                 | ^^^^^

               error: `post-plan` is no word for `stages`; did you mean `post_plan`?
                --> runtask.toml:3:11
                 |
               3 | stages = ["post-plan"]
                 |           ^^^^^^^^^^^

               2 errors
    "#);
}

/// A result on stdout stays what it is, and nobody has to ask for logs.
#[test]
fn what_is_odd_about_settings_is_said_on_stderr() {
    let config = "[tasks.policy]\nchecks = [\"policy\"]\n[tasks.policy.policy]\npaths = [\"builtin:all\"]\n\
                  exceptions = [{ rule = \"public-s3-bucket\", address = \"a.b\", reason = \"r\", expires = 2020-01-31 }]\n";
    let place = Place::with(&[("runtask.toml", config)]);
    let said = place.run(&["check", &path(EMPTY_PLAN), "--json"]);
    assert_eq!(said.code, 0);
    assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap()["verdict"], "passed");
    insta::assert_snapshot!(said.err, @r#"
    warning: this exception ended on 2020-01-31 and excuses nothing any more: renew or remove it
     --> runtask.toml:5:85
      |
    5 | exceptions = [{ rule = "public-s3-bucket", address = "a.b", reason = "r", expires = 2020-01-31 }]
      |                                                                                     ^^^^^^^^^^

    no errors, 1 warning

    Task of runtask.toml: policy (policy)
    "#);
    assert!(said.err.starts_with(&place.run(&["policy", "list"]).err));
    // Whoever asks for logs is not told twice.
    let place = place.variable("RUNTASK_LOG", "warn");
    assert_eq!(place.run(&["check", &path(EMPTY_PLAN)]).err, said.err);
}

#[test]
fn every_format_is_what_its_readers_expect() {
    let place = Place::with(&[]);
    let config = path("examples/public-bucket/runtask.toml");
    let print = |format: &str| {
        let said = place.run(&[
            "check",
            &path(PUBLIC_PLAN),
            "--config",
            &config,
            "--task",
            "policy",
            "--format",
            format,
        ]);
        // A program that reads stdout has nothing of it.
        assert_eq!((said.code, said.err), (1, format!("Task of {config}: policy (policy)\n")), "{format}");
        assert!(said.out.contains("Public S3 bucket: aws_s3_bucket_acl.site"), "{}", said.out);
        said.out
    };
    let json: Value = serde_json::from_str(&print("json")).unwrap();
    assert_eq!(json["verdict"], "failed");
    let sarif: Value = serde_json::from_str(&print("sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let results: Vec<_> = results.iter().map(|it| text(it, "ruleId") + " " + &text(it, "level")).collect();
    assert_eq!(results, ["public-s3-bucket error", "force-destroy warning"]);
    let elements = elements(&print("junit"));
    assert_eq!(elements.first().map(String::as_str), Some("testsuites"));
    assert_eq!(elements.iter().filter(|it| *it == "testcase").count(), 2);
    assert_eq!(elements.iter().filter(|it| *it == "failure").count(), 1);
    let github = print("github");
    assert!(github.lines().any(|it| it.starts_with("::error title=public-s3-bucket (high)::")), "{github}");
    assert!(github.lines().any(|it| it.starts_with("::warning title=force-destroy (medium)::")), "{github}");
    let gitlab: Value = serde_json::from_str(&print("gitlab")).unwrap();
    assert_eq!(
        (&gitlab[0]["check_name"], &gitlab[0]["severity"]),
        (&json!("public-s3-bucket"), &json!("major"))
    );
    let markdown = print("markdown");
    assert!(markdown.starts_with("## Run task: failed\n"), "{markdown}");
    let html = print("html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("<title>Failed: 1 error"), "{html}");
    assert_eq!(place.run(&["check", &path(PUBLIC_PLAN), "--format", "yaml"]).code, 2);
}

/// Issue 16: the page for CI.
#[test]
fn a_result_can_be_written_to_a_file() {
    let place = Place::with(&[("runtask.toml", SHIPPED)]);
    let plan = path(PUBLIC_PLAN);
    let check = |more: &[&str]| place.run(&[&["check", plan.as_str()], more].concat());
    let page = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
    let said = check(&["--format", "html", "--output", "report.html", "--run", "workspace=net-<prod>"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert_eq!(said.err, format!("{SHIPPED_TASK}Failed: report.html\n"));
    let html = page("report.html");
    assert!(
        html.contains("<dt>Workspace</dt><dd>net-&lt;prod&gt;</dd>") && html.contains("Task default"),
        "{html}"
    );
    assert_eq!(check(&["--output", "report.txt", "--color", "always"]).code, 1);
    assert_eq!(page("report.txt"), check(&["--color", "never"]).out);
    let said = check(&["--output", "nowhere/report.html"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("error: the result cannot be written to nowhere/report.html\n  because: "),
        "{}",
        said.err
    );
}

/// The names of the elements of well-formed XML, in order.
fn elements(xml: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let body = xml.trim_end().strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap();
    for part in body.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        assert!(!text.contains('>') && !open.is_empty() | text.trim().is_empty(), "{text}");
        assert!(
            text.split('&').skip(1).all(|it| it.split_once(';').is_some_and(|it| it.0.len() < 8)),
            "{text}"
        );
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/', '\n']).next().unwrap();
        assert!(!name.is_empty());
        names.push(name.to_owned());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0]);
    names
}

/// `data.run` is what the command line says of the run, and what it does not say is not there.
#[test]
fn policies_know_of_the_run_what_they_are_told() {
    let policy =
        "package a\n\nimport rego.v1\n\ndeny contains sprintf(\"%v\", [data.run]) if data.run.speculative\n";
    let place = Place::with(&[("runtask.toml", POLICIES), ("policies/a.rego", policy)]);
    let plan = path(EMPTY_PLAN);
    assert_eq!(place.run(&["check", &plan]).code, 0);
    let Said { code, out, .. } =
        place.run(&["check", &plan, "--run", "speculative=true", "--run", "workspace=net-prod"]);
    assert_eq!(code, 1);
    assert!(out.contains("{\"speculative\": true, \"workspace\": \"net-prod\"}"), "{out}");
}
