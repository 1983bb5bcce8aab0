//! The answer for a file that is not formatted.

use crate::doubt::Doubt;
use crate::summary::Summary;
use std::fmt;
use std::ops::Range;

/// Why a file is not formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is not well formed, and terraform leaves it alone: all errors that terraform reports, in its order. There is
    /// at least one.
    Errors(Vec<SyntaxError>),
    /// It is not known what terraform answers: ask it.
    NotSure(Doubt),
}

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub summary: Summary,
    /// The line, the first being 1.
    pub line: usize,
    /// The column in bytes, the first being 1; a byte order mark counts.
    pub column: usize,
    /// The place in bytes; empty at the end of the file.
    pub range: Range<usize>,
}

impl fmt::Display for SyntaxError {
    /// Place, summary and advice, on one line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}. {}", self.line, self.column, self.summary, self.summary.advice())
    }
}

impl std::error::Error for SyntaxError {}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errors(errors) => {
                for (index, error) in errors.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "\n" };
                    write!(formatter, "{separator}{error}")?;
                }
                Ok(())
            }
            Self::NotSure(doubt) => write!(formatter, "not sure what terraform would do: {doubt}"),
        }
    }
}

impl std::error::Error for Refusal {}
