//! Counts how many resources a plan would add, change and destroy.
//!
//! The plan is streamed: resources are counted and forgotten, values are never looked at and never shown.

use crate::check::{Check, Given, Loading, Needs};
use runtask_findings::{CheckReport, Code, Finding, Level};
use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::error::Category;
use std::fmt;
use std::io::{BufReader, Read};

/// The name of this check.
const CHECK: &str = PlanSummary::NAME;

/// The major version of `terraform show -json` that we know.
///
/// Source: Terraform, "JSON Output Format": the major version changes when an old reader would be misled.
const KNOWN_MAJOR: &str = "1";

/// What is read of a plan.
#[derive(Debug, Deserialize)]
struct Plan {
    format_version: String,
    #[serde(default)]
    resource_changes: Option<Counts>,
}

/// How many resources are subject to each action. A replaced one is counted as `replace` alone.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    import: u64,
    create: u64,
    update: u64,
    replace: u64,
    delete: u64,
    forget: u64,
    read: u64,
    no_op: u64,
    unknown: u64,
}

#[derive(Deserialize)]
struct ResourceChange {
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    actions: Actions,
    importing: Option<IgnoredAny>,
}

/// The two actions at most that terraform gives one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Actions([Option<Action>; 2]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
enum Action {
    NoOp,
    Create,
    Read,
    Update,
    Delete,
    Forget,
    Unknown,
}

impl From<String> for Action {
    fn from(name: String) -> Self {
        match name.as_str() {
            "no-op" => Self::NoOp,
            "create" => Self::Create,
            "read" => Self::Read,
            "update" => Self::Update,
            "delete" => Self::Delete,
            "forget" => Self::Forget,
            _ => Self::Unknown,
        }
    }
}

impl Counts {
    fn add(&mut self, change: &Change) {
        use Action as A;
        self.import += u64::from(change.importing.is_some());
        let place = match change.actions.0 {
            [Some(A::NoOp), None] => &mut self.no_op,
            [Some(A::Create), None] => &mut self.create,
            [Some(A::Read), None] => &mut self.read,
            [Some(A::Update), None] => &mut self.update,
            [Some(A::Delete), None] => &mut self.delete,
            [Some(A::Forget), None] => &mut self.forget,
            [Some(A::Delete), Some(A::Create)] | [Some(A::Create), Some(A::Delete)] => &mut self.replace,
            [Some(A::Create), Some(A::Forget)] => {
                self.forget += 1;
                &mut self.create
            }
            _ => &mut self.unknown,
        };
        *place += 1;
    }

    /// As terraform says it: a replacement adds one and destroys one, and what is forgotten is not mentioned.
    fn headline(&self) -> String {
        let import = if self.import > 0 { format!("{} to import, ", self.import) } else { String::new() };
        let (add, destroy) = (self.create + self.replace, self.delete + self.replace);
        format!("Plan: {import}{add} to add, {} to change, {destroy} to destroy", self.update)
    }

    fn table(&self) -> String {
        let rows = [
            ("import", self.import),
            ("create", self.create),
            ("update", self.update),
            ("replace", self.replace),
            ("delete", self.delete),
            ("forget", self.forget),
            ("read", self.read),
            ("no-op", self.no_op),
            ("unknown", self.unknown),
        ];
        let rows = rows.iter().filter(|(_, count)| *count > 0);
        let rows: String = rows.map(|(action, count)| format!("| {action} | {count} |\n")).collect();
        if rows.is_empty() {
            String::new()
        } else {
            format!("| Action | Resources |\n| --- | ---: |\n{rows}")
        }
    }
}

/// The check `plan-summary`: can the plan be read, and what would it do, in numbers?
#[derive(Debug)]
pub struct PlanSummary;

impl Check for PlanSummary {
    const NAME: &'static str = "plan-summary";
    const NEEDS: Needs = Needs { configuration: None, plan: true };

    fn load(_loading: &mut Loading<'_, '_>) -> Result<Self, String> {
        Ok(Self)
    }

    async fn run(&self, given: Given<'_>) -> CheckReport {
        let Some(plan) = given.plan else {
            let headline = format!("No plan to summarize: at stage {} there is none yet", given.stage());
            let finding = Finding::new(Code::PLAN_SUMMARY, Level::Info, headline.clone());
            return CheckReport::new(CHECK, headline, vec![finding]);
        };
        match tokio::task::spawn_blocking(move || check(plan)).await {
            Ok(report) => report,
            Err(_panicked) => CheckReport::unavailable(CHECK, "the check ended unexpectedly"),
        }
    }
}

/// Counts what `plan` would do; it is what `terraform show -json` prints.
fn check(plan: impl Read) -> CheckReport {
    let plan: Plan = match serde_json::from_reader(BufReader::new(plan)) {
        Ok(plan) => plan,
        Err(error) if error.classify() == Category::Io => {
            return CheckReport::unavailable(CHECK, "the plan could not be read");
        }
        Err(error) => return unreadable(&error),
    };
    let counts = plan.resource_changes.unwrap_or_default();
    let headline = counts.headline();
    let mut findings = vec![info(headline.clone(), counts.table())];
    if plan.format_version.split('.').next() != Some(KNOWN_MAJOR) {
        findings.push(unknown("The plan's format is newer than this check knows; its numbers may be wrong"));
    }
    if counts.unknown > 0 {
        findings.push(unknown("The plan has actions that this check does not know; they are not counted"));
    }
    CheckReport::new(CHECK, headline, findings)
}

fn info(summary: String, body: String) -> Finding {
    Finding::new(Code::PLAN_SUMMARY, Level::Info, summary).body(body)
}

fn unknown(summary: &str) -> Finding {
    Finding::new(Code::UNKNOWN_PLAN_FORMAT, Level::Warning, summary)
}

/// Says where, and not what: the error's own text quotes the value that it did not expect.
fn unreadable(error: &serde_json::Error) -> CheckReport {
    let what = match error.classify() {
        Category::Eof => "the plan ends too early",
        Category::Syntax => "the plan is not JSON",
        Category::Data | Category::Io => "the plan is not what `terraform show -json` prints",
    };
    let summary = format!("Plan cannot be read: {what} (line {}, column {})", error.line(), error.column());
    let finding = Finding::new(Code::UNREADABLE_PLAN, Level::Error, summary.clone());
    CheckReport::new(CHECK, summary, vec![finding])
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counting;
        impl<'de> Visitor<'de> for Counting {
            type Value = Counts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of resource changes")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Counts, S::Error> {
                let mut counts = Counts::default();
                while let Some(resource) = list.next_element::<ResourceChange>()? {
                    counts.add(&resource.change);
                }
                Ok(counts)
            }
        }
        deserializer.deserialize_seq(Counting)
    }
}

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Actions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of actions")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Actions, S::Error> {
                let actions = [list.next_element()?, list.next_element()?];
                let mut more = false;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    more = true;
                }
                Ok(Actions(if more { [Some(Action::Unknown), None] } else { actions }))
            }
        }
        deserializer.deserialize_seq(Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::process::Command;
    use std::{fs, io};

    fn plan(actions: &[&[&str]]) -> Value {
        let change = |it: &&[&str]| json!({ "address": "a.b", "mode": "managed", "change": { "actions": it, "after": { "x": 1 } } });
        json!({ "format_version": "1.2", "resource_changes": actions.iter().map(change).collect::<Vec<_>>() })
    }

    fn check_json(plan: &Value) -> CheckReport {
        check(plan.to_string().as_bytes())
    }

    #[test]
    fn actions_are_counted_as_terraform_does() {
        let report = check_json(&plan(&[
            &["create"],
            &["update"],
            &["delete", "create"],
            &["create", "delete"],
            &["no-op"],
            &["read"],
            &["forget"],
            &["create", "forget"],
        ]));
        insta::assert_snapshot!(report.headline, @"Plan: 4 to add, 1 to change, 2 to destroy");
        insta::assert_snapshot!(report.findings[0].body, @"
        | Action | Resources |
        | --- | ---: |
        | create | 2 |
        | update | 1 |
        | replace | 2 |
        | forget | 2 |
        | read | 1 |
        | no-op | 1 |
        ");
        assert_eq!(report.findings.len(), 1);
        assert_eq!((&report.findings[0].code, report.findings[0].level), (&Code::PLAN_SUMMARY, Level::Info));
    }

    /// The headline is terraform's own line, for a plan of the real one.
    #[test]
    fn a_real_plan_has_terraforms_numbers() {
        let directory = tempfile::TempDir::new().unwrap();
        let terraform = |arguments: &[&str]| {
            #[expect(
                clippy::disallowed_methods,
                reason = "the real terraform makes the plan, as a person would"
            )]
            let mut command = Command::new(crate::terraform::real_program());
            command.args(arguments).arg("-no-color").current_dir(&directory).env("CHECKPOINT_DISABLE", "1");
            let output = command.env("TF_CLI_CONFIG_FILE", "/dev/null").output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        // Terraform has this resource built in, so nothing is downloaded.
        let write = |resources: &[(&str, &str)], more: &str| {
            let resource =
                |it: &(&str, &str)| format!("resource \"terraform_data\" \"{}\" {{\n{}\n}}\n", it.0, it.1);
            let text: String = resources.iter().map(resource).collect();
            fs::write(directory.path().join("main.tf"), text + more).unwrap();
        };
        let kept = ("kept", "input = 1");
        write(
            &[
                kept,
                ("updated", "input = 1"),
                ("replaced", "triggers_replace = 1"),
                ("deleted", ""),
                ("forgotten", ""),
            ],
            "",
        );
        terraform(&["init"]);
        terraform(&["apply", "-auto-approve"]);
        let forget = "removed {\nfrom = terraform_data.forgotten\nlifecycle {\ndestroy = false\n}\n}\n";
        write(
            &[kept, ("updated", "input = 2"), ("replaced", "triggers_replace = 2"), ("created", "")],
            forget,
        );
        let printed = terraform(&["plan", "-out=plan"]);
        let report = check(terraform(&["show", "-json", "plan"]).as_bytes());
        assert!(printed.contains(&format!("\n{}.\n", report.headline)), "{printed}");
        insta::assert_snapshot!(format!("{}\n\n{}", report.headline, report.findings[0].body), @"
        Plan: 2 to add, 1 to change, 2 to destroy

        | Action | Resources |
        | --- | ---: |
        | create | 1 |
        | update | 1 |
        | replace | 1 |
        | delete | 1 |
        | forget | 1 |
        | no-op | 1 |
        ");
    }

    #[test]
    fn imports_are_counted_too() {
        let mut plan = plan(&[&["no-op"], &["update"]]);
        plan["resource_changes"][0]["change"]["importing"] = json!({ "id": "i-1" });
        assert_eq!(check_json(&plan).headline, "Plan: 1 to import, 0 to add, 1 to change, 0 to destroy");
    }

    #[test]
    fn a_plan_without_changes_is_a_plan() {
        for plan in
            [json!({ "format_version": "1.2" }), json!({ "format_version": "1.2", "resource_changes": null })]
        {
            let report = check_json(&plan);
            assert_eq!(report.headline, "Plan: 0 to add, 0 to change, 0 to destroy");
            assert_eq!(report.findings[0].body, "");
        }
    }

    #[test]
    fn what_is_newer_than_we_know_is_a_warning() {
        let mut newer = plan(&[&["create"]]);
        newer["format_version"] = json!("2.0");
        let report = check_json(&newer);
        assert_eq!(
            (&report.findings[1].code, report.findings[1].level),
            (&Code::UNKNOWN_PLAN_FORMAT, Level::Warning)
        );
        for actions in [&["explode"][..], &[], &["create", "update"], &["no-op", "no-op", "no-op"]] {
            let report = check_json(&plan(&[actions]));
            assert_eq!(report.headline, "Plan: 0 to add, 0 to change, 0 to destroy");
            assert_eq!(report.findings[1].code, Code::UNKNOWN_PLAN_FORMAT);
        }
    }

    /// a plan that cannot be read is reported with its place, and never with a value of it.
    #[test]
    fn an_unreadable_plan_is_said_without_its_values() {
        let nested = format!("{{\"resource_changes\": {}", "[{\"secret\":".repeat(500));
        let texts = [
            "",
            "secret",
            "[]",
            "{}",
            "{\"format_version\": \"1.2\", \"resource_changes\": [{\"change\": {\"actions\": [\"create\"",
            "{\"format_version\": \"1.2\",\n \"resource_changes\": \"secret\"}",
            "{\"format_version\": \"1.2\", \"resource_changes\": [{\"change\": {\"actions\": [7]}}]}",
            "{\"format_version\": \"1.2\", \"resource_changes\": [{\"change\": {\"actions\": {\"secret\": 1}}}]}",
            "{\"format_version\": \"1.2\", \"format_version\": \"secret\"}",
            &nested,
        ];
        let lines: Vec<_> = texts.iter().map(|it| check(it.as_bytes())).collect();
        for report in &lines {
            assert_eq!(
                (&report.findings[0].code, report.findings[0].level),
                (&Code::UNREADABLE_PLAN, Level::Error)
            );
            assert!(!format!("{report:?}").contains("secret"));
        }
        let lines: Vec<_> = lines.into_iter().map(|it| it.headline).collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        Plan cannot be read: the plan ends too early (line 1, column 0)
        Plan cannot be read: the plan is not JSON (line 1, column 1)
        Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 2)
        Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 2)
        Plan cannot be read: the plan ends too early (line 1, column 79)
        Plan cannot be read: the plan is not what `terraform show -json` prints (line 2, column 29)
        Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 73)
        Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 71)
        Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 43)
        Plan cannot be read: the plan ends too early (line 1, column 5521)
        ");
    }

    #[test]
    fn values_may_nest_as_deep_as_they_like() {
        let depth = 100_000;
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!("{{\"planned_values\": {deep}, \"format_version\": \"1.2\"}}");
        assert_eq!(check(text.as_bytes()).headline, "Plan: 0 to add, 0 to change, 0 to destroy");
    }

    #[test]
    fn a_plan_that_stops_coming_is_not_a_bad_plan() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("connection lost"))
            }
        }
        let report = check(b"{\"format_version\": ".chain(Broken));
        assert_eq!(report.headline, "Check plan-summary could not run: the plan could not be read");
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_report(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!check(&*bytes).findings.is_empty());
        }
    }
}
