//! Shows what `terraform fmt` would change in one file.

use runtask_findings::{fenced, printable_lines};
use similar::TextDiffConfig;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes of the larger of two texts up to which they are compared line by line.
const FILE_LIMIT: usize = 1024 * 1024;
/// Bytes of all diffs of one check together, beyond the last one.
pub(super) const BYTES_LIMIT: usize = 4 * 1024 * 1024;
/// How long all diffs of one check may take, on all threads together. A diff that runs into it is still right, only longer
/// than needed.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// How a file differs from what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// The first line that would change; the last one there is where lines would be added behind it.
    pub(super) line: u32,
    pub(super) diff: Diff,
}

/// The difference itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Diff {
    /// The hunks of a unified diff.
    Hunks(String),
    /// The file is too large to be compared.
    TooLarge,
    /// There are too many others.
    TooMany,
    /// The file is not in the working directory, and only a link leads to it.
    Elsewhere,
}

/// How much time is left for the diffs of one check.
#[derive(Debug)]
pub(super) struct Budget {
    microseconds: AtomicU64,
}

impl Budget {
    /// For one check.
    pub(super) fn new() -> Self {
        Self { microseconds: AtomicU64::new(microseconds(TIME_LIMIT)) }
    }

    /// Compares a file, which only links lead to, with what it should be.
    pub(super) fn compare_elsewhere(original: &[u8], formatted: &[u8]) -> Difference {
        Difference { line: first_change(original, formatted), diff: Diff::Elsewhere }
    }

    /// Compares a file with what it should be, which is something else.
    pub(super) fn compare(&self, original: &[u8], formatted: &[u8]) -> Difference {
        let line = first_change(original, formatted);
        if original.len().max(formatted.len()) > FILE_LIMIT {
            return Difference { line, diff: Diff::TooLarge };
        }
        let left = self.microseconds.load(Ordering::Relaxed);
        if left == 0 {
            return Difference { line, diff: Diff::TooMany };
        }
        let started = Instant::now();
        let hunks = unified_hunks(original, formatted, started + Duration::from_micros(left));
        let took = microseconds(started.elapsed());
        let less = |left: u64| Some(left.saturating_sub(took));
        let _always_set = self.microseconds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        Difference { line, diff: Diff::Hunks(hunks) }
    }
}

impl Difference {
    /// Bytes of the diff.
    pub(super) fn length(&self) -> usize {
        match &self.diff {
            Diff::Hunks(hunks) => hunks.len(),
            Diff::TooLarge | Diff::TooMany | Diff::Elsewhere => 0,
        }
    }

    /// The unified diff in a Markdown code block, or a sentence that says why there is none. `name` is what the diff calls
    /// the file.
    pub(super) fn markdown(&self, name: &str) -> String {
        match &self.diff {
            Diff::Hunks(hunks) => {
                fenced("diff", &printable_lines(&format!("--- a/{name}\n+++ b/{name}\n{hunks}")))
            }
            Diff::TooLarge => "The file is too large to show the difference.\n".to_owned(),
            Diff::TooMany => "There are too many differences to show this one.\n".to_owned(),
            Diff::Elsewhere => {
                "This is a link to a file elsewhere, whose difference is not shown.\n".to_owned()
            }
        }
    }
}

/// The hunks of a unified diff, with three lines of context. After `until` lines that are far apart are no longer matched,
/// and the diff is longer than it need be. What is not UTF-8 is replaced.
#[must_use]
pub fn unified_hunks(original: &[u8], formatted: &[u8], until: Instant) -> String {
    let (original, formatted) = (String::from_utf8_lossy(original), String::from_utf8_lossy(formatted));
    // Not by `similar`'s own idea of lines, in which a lone carriage return ends one.
    let old: Vec<_> = original.split_inclusive('\n').collect();
    let new: Vec<_> = formatted.split_inclusive('\n').collect();
    let mut config = TextDiffConfig::default();
    let diff = config.deadline(until).newline_terminated(true).diff_slices(&old, &new);
    diff.unified_diff().context_radius(3).to_string()
}

/// The first line of `original` that is another one in `formatted`; the last one where only more follow.
pub(super) fn first_change(original: &[u8], formatted: &[u8]) -> u32 {
    let common = original.iter().zip(formatted).take_while(|(one, other)| one == other);
    let before = common.filter(|(byte, _)| **byte == b'\n').count();
    let lines = original.split_inclusive(|it| *it == b'\n').count();
    u32::try_from(before.min(lines.saturating_sub(1)) + 1).unwrap_or(u32::MAX)
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compare(original: &str, formatted: &str) -> Difference {
        Budget::new().compare(original.as_bytes(), formatted.as_bytes())
    }

    #[test]
    fn a_difference_is_a_unified_diff() {
        let found = compare("a = 1\nb   = 2\n", "a = 1\nb = 2\n");
        assert_eq!(found.line, 2);
        insta::assert_snapshot!(found.markdown("net/main.tf"), @"
        ```diff
        --- a/net/main.tf
        +++ b/net/main.tf
        @@ -1,2 +1,2 @@
         a = 1
        -b   = 2
        +b = 2
        ```
        ");
    }

    #[test]
    fn what_could_mislead_is_shown() {
        let found = compare("a = 1\r\n```\n\u{1b}[2J \u{202e}x\ty", "a = 1\n```\n");
        insta::assert_snapshot!(found.markdown("x"), @r#"
        ````diff
        --- a/x
        +++ b/x
        @@ -1,3 +1,2 @@
        -a = 1\r
        +a = 1
         ```
        -\u{1b}[2J \u{202e}x	y
        \ No newline at end of file
        ````
        "#);
    }

    #[test]
    fn an_addition_at_the_end_is_at_the_last_line() {
        assert_eq!(compare("a\nb\n", "a\nb\nc\n").line, 2);
        assert_eq!(compare("", "a\n").line, 1);
    }

    #[test]
    fn files_are_compared_until_the_budget_is_used_up() {
        let budget = Budget::new();
        let (one, other) = ("x\n".repeat(50_000) + "a", "x\n".repeat(50_000) + "b");
        let found = budget.compare(one.as_bytes(), other.as_bytes());
        assert_eq!((found.line, found.length() > 0), (50_001, true));
        assert!(budget.microseconds.load(Ordering::Relaxed) < microseconds(TIME_LIMIT));
        let found = budget.compare(b"a", "x".repeat(1_100_000).as_bytes());
        assert_eq!(found.markdown("n"), "The file is too large to show the difference.\n");
        budget.microseconds.store(0, Ordering::Relaxed);
        let found = budget.compare(b"a", b"b");
        assert_eq!(found.markdown("n"), "There are too many differences to show this one.\n");
    }

    proptest! {
        /// Applying what the diff says to the original gives the formatted text.
        #[test]
        fn a_diff_holds_the_change(old in "([ab]\n){0,20}", new in "([ab]\n){0,20}", out_of_time: bool) {
            prop_assume!(old != new);
            let budget = Budget::new();
            if out_of_time {
                budget.microseconds.store(1, Ordering::Relaxed);
            }
            let found = budget.compare(old.as_bytes(), new.as_bytes());
            let markdown = found.markdown("n");
            let count = |mark: &str| markdown.lines().filter(|it| it.starts_with(mark)).count();
            let lines = |it: &str| it.lines().count();
            // One line of the header begins with each mark too.
            prop_assert_eq!(lines(&old) + count("+") - count("-"), lines(&new));
            let line = found.line as usize;
            prop_assert!(line >= 1 && line <= lines(&old).max(1));
            let unchanged = line - 1;
            prop_assert!(old.lines().take(unchanged).eq(new.lines().take(unchanged)));
        }
    }
}
