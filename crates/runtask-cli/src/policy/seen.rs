//! Says what happened in policies while their tests ran: what was covered, how often, and what did not hold.

use runtask_findings::printable;
use runtask_policy::SeenExpression;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How many expressions a profile lists.
const PROFILED: usize = 15;

/// What was covered of one file.
struct Covered {
    /// Each line on which an expression begins, and whether one there was come to.
    lines: BTreeMap<u32, bool>,
}

impl Covered {
    fn percent(&self) -> f64 {
        let covered = self.lines.values().filter(|it| **it).count();
        // A file without expressions has nothing that could be missed.
        if self.lines.is_empty() { 100.0 } else { 100.0 * covered as f64 / self.lines.len() as f64 }
    }

    fn missed(&self) -> Vec<u32> {
        self.lines.iter().filter(|(_, covered)| !**covered).map(|(line, _)| *line).collect()
    }
}

/// By file, without tests and what is shipped.
fn covered(seen: &[SeenExpression]) -> BTreeMap<&str, Covered> {
    let mut files: BTreeMap<&str, Covered> = BTreeMap::new();
    for it in seen.iter().filter(|it| is_of_author(it)) {
        let file = files.entry(&it.file).or_insert_with(|| Covered { lines: BTreeMap::new() });
        *file.lines.entry(it.line).or_insert(false) |= it.reached > 0;
    }
    files
}

fn is_of_author(seen: &SeenExpression) -> bool {
    !seen.file.ends_with("_test.rego") && !seen.file.starts_with("builtin:")
}

/// The coverage for people.
pub(super) fn coverage(seen: &[SeenExpression]) -> String {
    let mut text = String::from("\nCoverage:\n");
    let files = covered(seen);
    for (file, covered) in &files {
        let missed: Vec<String> = covered.missed().iter().map(u32::to_string).collect();
        let missed =
            if missed.is_empty() { String::new() } else { format!("  not lines {}", missed.join(", ")) };
        let _infallible = writeln!(text, "  {:5.1} %  {}{missed}", covered.percent(), printable(file));
    }
    if files.is_empty() {
        text.push_str("  there is no rule outside of tests\n");
    }
    text
}

/// The coverage for programs.
pub(super) fn coverage_json(seen: &[SeenExpression]) -> Value {
    let files = covered(seen);
    let file = |(file, covered): (&&str, &Covered)| {
        ((*file).to_owned(), json!({ "coverage": covered.percent(), "not_covered": covered.missed() }))
    };
    Value::Object(files.iter().map(file).collect())
}

/// The expressions that were come to most often.
pub(super) fn profile(seen: &[SeenExpression]) -> String {
    let mut most: Vec<&SeenExpression> = seen.iter().filter(|it| it.reached > 0).collect();
    most.sort_by_key(|it| (std::cmp::Reverse(it.reached), &it.file, it.line));
    let mut text = String::from("\nSteps, by expression:\n");
    for it in most.into_iter().take(PROFILED) {
        let _infallible = writeln!(
            text,
            "  {:>9}  {}:{}  {}",
            it.reached,
            printable(&it.file),
            it.line,
            printable(&it.text)
        );
    }
    text
}

/// Every expression that did not hold, with what it looked at.
pub(super) fn trace(seen: &[SeenExpression]) -> String {
    let mut text = String::from("\nWhat did not hold:\n");
    for it in seen.iter().filter(|it| it.failed > 0 && !it.values.is_empty()) {
        let values: Vec<String> = it.values.iter().map(|it| printable(it)).collect();
        let place = format!("{}:{}", printable(&it.file), it.line);
        let _infallible = writeln!(
            text,
            "  {place}  {}\n      {}; the last time with {}",
            printable(&it.text),
            times(it.failed),
            values.join(", ")
        );
    }
    text
}

/// How often.
pub(super) fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
