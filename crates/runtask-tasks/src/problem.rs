//! Words a mistake in a file for a terminal or a log. Mistakes are found elsewhere.

use runtask_findings::{columns, printable};
use std::fmt;

/// Whether a problem stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The file cannot be used.
    Error,
    /// The file can be used, but it hardly says what is meant.
    Warning,
}

impl ProblemKind {
    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong with a file.
///
/// Its text is the message, the place, the line of the file, and a marker below what is meant; `{:#}` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub(crate) kind: ProblemKind,
    pub(crate) file: String,
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1 in characters.
    pub column: u32,
    /// The part of the line before it, printable; cut where the line is long.
    pub(crate) before: String,
    /// The part that is meant, printable.
    pub(crate) meant: String,
    /// The part of the line after it, printable.
    pub(crate) after: String,
}

impl Problem {
    /// Whether it stands in the way.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Where it is, unless it is about the file as a whole.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The mistake and its remedy, in one line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, file, message) = (self.kind.as_str(), printable(&self.file), &self.message);
        match (&self.place, f.alternate()) {
            (None, true) => write!(f, "{kind}: {file}: {message}"),
            (Some(place), true) => write!(f, "{kind}: {file}:{}:{}: {message}", place.line, place.column),
            (None, false) => write!(f, "{kind}: {message}\n --> {file}"),
            (Some(place), false) => {
                let number = place.line.to_string();
                let margin = " ".repeat(number.len());
                writeln!(f, "{kind}: {message}")?;
                writeln!(f, "{margin}--> {file}:{number}:{}", place.column)?;
                writeln!(f, "{margin} |")?;
                writeln!(f, "{number} | {}{}{}", place.before, place.meant, place.after)?;
                // At least one: what is missing has a place, but no width.
                let marker = "^".repeat(columns(&place.meant).max(1));
                write!(f, "{margin} | {}{marker}", " ".repeat(columns(&place.before)))
            }
        }
    }
}

/// All that is wrong with one file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    pub(crate) list: Vec<Problem>,
    /// How many more there are than the list holds.
    pub(crate) left_out: usize,
}

impl Problems {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The problems, without those for which there are too many.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.list.iter()
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    /// The problems with an empty line between them, and how many they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.list {
            writeln!(f, "{problem}\n")?;
        }
        let count = |kind| self.list.iter().filter(|it| it.kind == kind).count();
        write!(f, "{}", counted(count(ProblemKind::Error), "error"))?;
        match count(ProblemKind::Warning) {
            0 => {}
            warnings => write!(f, ", {}", counted(warnings, "warning"))?,
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "; {more} more are not shown"),
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
