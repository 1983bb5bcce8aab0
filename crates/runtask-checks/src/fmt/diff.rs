//! Shows what `terraform fmt` would change in one file.

use runtask_findings::{fenced, printable_lines};
use similar::{DiffTag, TextDiffConfig};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of the larger of two files up to which they are compared line by line.
const FILE_LIMIT: u64 = 1024 * 1024;
/// Bytes of all diffs of one check together.
const BYTES_LIMIT: usize = 4 * 1024 * 1024;
/// How long all diffs of one check may take. A diff that runs into it is still right, only longer than needed.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// How much is left for the diffs of one check.
#[derive(Debug)]
pub(super) struct Budget {
    until: Instant,
    bytes: usize,
}

/// How a file differs from its formatted copy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// The first line that would change, where that was looked for.
    pub(super) line: Option<u32>,
    /// The unified diff in a Markdown code block, or a sentence that says why there is none.
    pub(super) markdown: String,
}

impl Budget {
    /// For one check, from now on.
    pub(super) fn new() -> Self {
        Self { until: Instant::now() + TIME_LIMIT, bytes: BYTES_LIMIT }
    }

    /// Compares two files; `None` where they are the same. `name` is what the diff calls them.
    pub(super) fn compare(
        &mut self,
        original: &Path,
        formatted: &Path,
        name: &str,
    ) -> io::Result<Option<Difference>> {
        if are_equal(original, formatted)? {
            return Ok(None);
        }
        let without = |why: &str| Ok(Some(Difference { line: None, markdown: format!("{why}\n") }));
        if fs::metadata(original)?.len().max(fs::metadata(formatted)?.len()) > FILE_LIMIT {
            return without("The file is too large to show the difference.");
        }
        if Instant::now() >= self.until || self.bytes == 0 {
            return without("There are too many differences to show this one.");
        }
        let (original, formatted) = (fs::read(original)?, fs::read(formatted)?);
        let (original, formatted) = (String::from_utf8_lossy(&original), String::from_utf8_lossy(&formatted));
        let difference = difference(&original, &formatted, name, self.until);
        self.bytes = self.bytes.saturating_sub(difference.markdown.len());
        Ok(Some(difference))
    }
}

/// Compares two files in pieces, as each may be as large as a disk lets it.
fn are_equal(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::new(&mut one), BufReader::new(&mut other));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if left.get(..length) != right.get(..length) {
            return Ok(false);
        }
        if length == 0 {
            return Ok(left.len() == right.len());
        }
        one.consume(length);
        other.consume(length);
    }
}

fn difference(original: &str, formatted: &str, name: &str, until: Instant) -> Difference {
    // Not by `similar`'s own idea of lines, in which a lone carriage return ends one.
    let old: Vec<_> = original.split_inclusive('\n').collect();
    let new: Vec<_> = formatted.split_inclusive('\n').collect();
    let mut config = TextDiffConfig::default();
    let diff = config.deadline(until).newline_terminated(true).diff_slices(&old, &new);
    let first = diff.ops().iter().find(|it| it.tag() != DiffTag::Equal).map(|it| it.old_range().start);
    // What is added at the end is at the last line there is.
    let line = first.map(|it| it.min(old.len().saturating_sub(1)) + 1).and_then(|it| u32::try_from(it).ok());
    let text =
        diff.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string();
    Difference { line, markdown: fenced("diff", &printable_lines(&text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn a_difference_is_a_unified_diff() {
        let original = "a = 1\nb   = 2\n";
        let found = difference(original, "a = 1\nb = 2\n", "net/main.tf", later());
        assert_eq!(found.line, Some(2));
        insta::assert_snapshot!(found.markdown, @"
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
        let found = difference("a = 1\r\n```\n\u{1b}[2J \u{202e}x\ty", "a = 1\n```\n", "x", later());
        insta::assert_snapshot!(found.markdown, @r#"
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
        assert_eq!(difference("a\nb\n", "a\nb\nc\n", "x", later()).line, Some(2));
        assert_eq!(difference("", "a\n", "x", later()).line, Some(1));
    }

    #[test]
    fn files_are_compared_until_the_budget_is_used_up() {
        let directory = tempfile::TempDir::new().unwrap();
        let file = |name: &str, content: String| {
            let path = directory.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let one = file("one", "x".repeat(100_000) + "a");
        let same = file("same", "x".repeat(100_000) + "a");
        let other = file("other", "x".repeat(100_000) + "b");
        let large = file("large", "x".repeat(1_100_000));
        let mut budget = Budget::new();
        assert_eq!(budget.compare(&one, &same, "n").unwrap(), None);
        assert_eq!(budget.compare(&one, &other, "n").unwrap().unwrap().line, Some(1));
        let found = budget.compare(&one, &large, "n").unwrap().unwrap();
        assert_eq!(found.markdown, "The file is too large to show the difference.\n");
        budget.bytes = 0;
        let found = budget.compare(&one, &other, "n").unwrap().unwrap();
        assert_eq!(found.markdown, "There are too many differences to show this one.\n");
    }

    proptest! {
        /// Applying what the diff says to the original gives the formatted text.
        #[test]
        fn a_diff_holds_the_change(old in "([ab]\n){0,20}", new in "([ab]\n){0,20}", out_of_time: bool) {
            prop_assume!(old != new);
            let until = if out_of_time { Instant::now() } else { later() };
            let found = difference(&old, &new, "n", until);
            let count = |mark: &str| found.markdown.lines().filter(|it| it.starts_with(mark)).count();
            let lines = |it: &str| it.lines().count();
            // One line of the header begins with each mark too.
            prop_assert_eq!(lines(&old) + count("+") - count("-"), lines(&new));
            let line = found.line.unwrap() as usize;
            prop_assert!(line >= 1 && line <= lines(&old).max(1));
            let unchanged = line - 1;
            prop_assert_eq!(old.lines().take(unchanged).ne(new.lines().take(unchanged)), false);
        }
    }
}
