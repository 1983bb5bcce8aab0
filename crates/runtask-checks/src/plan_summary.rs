//! Counts how many resources a plan would add, change and destroy, and says what else it holds, or leaves out.
//!
//! The plan is streamed: resources are counted and forgotten, values are never looked at and never shown.

use crate::check::{Check, Given, Loading, Needs};
use crate::unjudged::Unjudged;
use runtask_findings::{CheckReport, Code, Finding, Level, code_span, counted, shortened};
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

/// Failed checks of the configuration that are named.
const NAMED: usize = 10;
/// Characters of such a name.
const NAME: usize = 200;

/// What is read of a plan.
#[derive(Debug, Deserialize)]
struct Plan {
    format_version: String,
    resource_changes: Option<Counts>,
    resource_drift: Option<Counts>,
    deferred_changes: Option<Length>,
    action_invocations: Option<Length>,
    deferred_action_invocations: Option<Length>,
    checks: Option<FailedChecks>,
    errored: Option<bool>,
    complete: Option<bool>,
}

/// How long a list is.
#[derive(Debug, Clone, Copy, Default)]
struct Length(usize);

/// The checks of the configuration that do not hold: how many, and the names of the first.
#[derive(Debug, Default)]
struct FailedChecks {
    count: usize,
    names: Vec<String>,
}

/// What the configuration checks by itself: a `check` block, or the conditions of a resource, an output or a variable.
#[derive(Deserialize)]
struct ConditionResult {
    address: ConditionAddress,
    status: String,
}

#[derive(Deserialize)]
struct ConditionAddress {
    to_display: String,
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

    /// Resources that would not stay as they are.
    fn changed(&self) -> u64 {
        self.create + self.update + self.replace + self.delete + self.forget + self.unknown
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
    let length = |list: Option<Length>| list.unwrap_or_default().0;
    let counts = plan.resource_changes.unwrap_or_default();
    let actions = length(plan.action_invocations);
    let headline = match actions {
        0 => counts.headline(),
        // Terraform's own words, too.
        actions => format!("{}. Actions: {actions} to invoke", counts.headline()),
    };
    let mut body = counts.table();
    let drifted = plan.resource_drift.map_or(0, |it| it.changed());
    if drifted > 0 {
        let drifted = counted(usize::try_from(drifted).unwrap_or(usize::MAX), "resource");
        body.push_str(&format!("\nChanged outside of Terraform: {drifted}.\n"));
    }
    let mut findings = vec![info(headline.clone(), body)];
    let unjudged = Unjudged {
        is_errored: plan.errored == Some(true),
        is_incomplete: plan.complete == Some(false),
        deferred: length(plan.deferred_changes) + length(plan.deferred_action_invocations),
    };
    findings.extend(unjudged.findings());
    findings.extend(plan.checks.filter(|it| it.count > 0).map(|it| it.finding()));
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

impl FailedChecks {
    /// What terraform says of it may hold values of the plan, so only names are told.
    fn finding(&self) -> Finding {
        let count = counted(self.count, "check");
        let verb = if self.count == 1 { "does" } else { "do" };
        let names: String = self.names.iter().map(|it| format!("- {}\n", code_span(it))).collect();
        let more = self.count - self.names.len();
        let more = if more > 0 { format!("\nand {more} more.\n") } else { String::new() };
        let summary = format!("{count} of the configuration itself {verb} not hold");
        Finding::new(Code::FAILED_CONDITION, Level::Warning, summary).body(names + &more)
    }
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

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counting;
        impl<'de> Visitor<'de> for Counting {
            type Value = Length;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Length, S::Error> {
                let mut length = 0;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    length += 1;
                }
                Ok(Length(length))
            }
        }
        deserializer.deserialize_seq(Counting)
    }
}

impl<'de> Deserialize<'de> for FailedChecks {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Looking;
        impl<'de> Visitor<'de> for Looking {
            type Value = FailedChecks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of results of checks")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<FailedChecks, S::Error> {
                let mut failed = FailedChecks::default();
                while let Some(result) = list.next_element::<ConditionResult>()? {
                    if result.status == "fail" || result.status == "error" {
                        failed.count += 1;
                        if failed.names.len() < NAMED {
                            failed.names.push(shortened(&result.address.to_display, NAME));
                        }
                    }
                }
                Ok(failed)
            }
        }
        deserializer.deserialize_seq(Looking)
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
mod tests;
