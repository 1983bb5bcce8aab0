//! Counts how many resources a plan would add, change and destroy, and says what else it holds, or leaves out.
//!
//! The plan is streamed: resources are counted and forgotten, values are never looked at and never shown.

use crate::check::{Check, Given, Loading, Needs};
use crate::plan_counts::{Counts, KNOWN_MAJOR, Length};
use crate::unjudged::Unjudged;
use runtask_findings::{CheckReport, Code, Finding, Level, code_span, counted, shortened};
use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};
use serde_json::error::Category;
use std::fmt;
use std::io::{BufReader, Read};

/// The name of this check.
const CHECK: &str = PlanSummary::NAME;

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

#[cfg(test)]
mod tests;
