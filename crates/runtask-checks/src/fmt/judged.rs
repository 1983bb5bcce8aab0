//! What is to be said of one file, whoever has judged it.

use super::diff::Difference;
use std::collections::BTreeMap;
use std::path::PathBuf;
use terraform_fmt::{Doubt, Refusal, Summary, SyntaxError};

/// Errors of one file that are shown.
const ERRORS_SHOWN: usize = 20;
/// Characters of a line that are shown.
const LINE_SHOWN: usize = 200;

/// The verdict on one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judged {
    /// `terraform fmt` would leave it alone.
    Formatted,
    /// `terraform fmt` would write something else.
    Unformatted(Difference),
    /// It is not well formed.
    Unparsable(Faults),
    /// It could not be read, and why, as in `it is larger than 4 MiB`.
    Unreadable(&'static str),
    /// It is not known what terraform would do, and terraform was not asked.
    NotSure(Doubt),
}

/// The files of a directory, by their paths below it.
pub(super) type Verdicts = BTreeMap<PathBuf, Judged>;

/// What is wrong with a file: the first errors, in terraform's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    pub(super) first: Vec<Fault>,
    /// How many there are besides.
    more: usize,
}

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Terraform's name for it.
    pub(super) summary: String,
    /// What to do about it, where we know.
    advice: &'static str,
    /// The line, the first being 1.
    pub(super) line: u32,
    /// The line's text.
    excerpt: String,
}

impl Faults {
    /// Those of `errors`, which are summaries with their lines, in a file with this `content`.
    pub(super) fn of<S: Into<String>>(
        content: &[u8],
        errors: impl ExactSizeIterator<Item = (S, u32)>,
    ) -> Self {
        let count = errors.len();
        let mut lines = Lines::default();
        let first: Vec<Fault> = errors
            .take(ERRORS_SHOWN)
            .map(|(summary, line)| {
                let summary = summary.into();
                let advice = Summary::of_name(&summary).map_or("", Summary::advice);
                Fault { summary, advice, line, excerpt: lines.line(content, line) }
            })
            .collect();
        Self { more: count - first.len(), first }
    }

    /// Those of the crate's errors about a file with this `content`.
    #[must_use]
    pub fn of_errors(content: &[u8], errors: &[SyntaxError]) -> Self {
        Self::of(content, errors.iter().map(|it| (it.summary.name(), line_of(it))))
    }

    /// They in words, about the file that is called `file`, with the lines that they are about: as they are in the file, so
    /// not fit for a terminal yet.
    #[must_use]
    pub fn text(&self, file: &str) -> String {
        let mut texts: Vec<_> = self.first.iter().map(|it| it.text(file)).collect();
        if self.more > 0 {
            texts.push(format!("… and {} more errors\n", self.more));
        }
        texts.join("\n")
    }
}

/// The line of an error.
pub(super) fn line_of(error: &SyntaxError) -> u32 {
    u32::try_from(error.line).unwrap_or(u32::MAX)
}

impl Fault {
    /// It in words, about the file that is called `file`.
    fn text(&self, file: &str) -> String {
        let Self { summary, advice, line, excerpt } = self;
        let advice = if advice.is_empty() { String::new() } else { format!("\n{advice}\n") };
        format!("Error: {summary}\n\n  on {file} line {line}:\n   {line}: {excerpt}\n{advice}")
    }
}

impl Judged {
    /// Of a file that the crate has refused.
    pub(super) fn of_refusal(content: &[u8], refusal: Refusal) -> Self {
        match refusal {
            Refusal::Errors(errors) => Self::Unparsable(Faults::of_errors(content, &errors)),
            Refusal::NotSure(doubt) => Self::NotSure(doubt),
        }
    }
}

/// Finds lines by their numbers. Errors come sorted by place, so that a file is gone through once.
#[derive(Default)]
struct Lines {
    line: u32,
    at: usize,
}

impl Lines {
    /// The text of a line, fit to be shown; empty where there is no such line.
    fn line(&mut self, content: &[u8], line: u32) -> String {
        if line <= self.line {
            *self = Self::default();
        }
        let mut rest = content.get(self.at..).unwrap_or_default().split_inclusive(|it| *it == b'\n');
        let mut found: &[u8] = b"";
        while self.line < line {
            let Some(next) = rest.next() else { return String::new() };
            self.at += next.len();
            self.line += 1;
            found = next;
        }
        // No character has more than four bytes.
        let text = String::from_utf8_lossy(found.get(..4 * LINE_SHOWN).unwrap_or(found)).into_owned();
        let text = text.trim_end_matches(['\n', '\r']);
        match text.char_indices().nth(LINE_SHOWN) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_line_and_what_to_do() {
        let content = b"a = 1\nb = \n";
        let faults = Faults::of(content, [("Invalid expression", 2), ("Something new", 9)].into_iter());
        insta::assert_snapshot!(faults.text("net/bad.tf"), @r"
        Error: Invalid expression

          on net/bad.tf line 2:
           2: b = 

        Write a value here: this cannot begin one.

        Error: Something new

          on net/bad.tf line 9:
           9: 
        ");
    }

    #[test]
    fn lines_are_found_in_any_order_and_cut() {
        let long = format!("é\n{}\r\nlast", "ü".repeat(300));
        let mut lines = Lines::default();
        assert_eq!(lines.line(long.as_bytes(), 3), "last");
        assert_eq!(lines.line(long.as_bytes(), 2), "ü".repeat(200) + "…");
        assert_eq!(lines.line(long.as_bytes(), 2), "ü".repeat(200) + "…");
        assert_eq!(lines.line(long.as_bytes(), 1), "é");
        assert_eq!(lines.line(long.as_bytes(), 4), "");
        assert_eq!(lines.line(b"", 1), "");
    }

    #[test]
    fn of_many_errors_some_are_shown() {
        let faults = Faults::of(b"", vec![("x", 1); ERRORS_SHOWN + 3].into_iter());
        assert_eq!((faults.first.len(), faults.more), (ERRORS_SHOWN, 3));
    }
}
