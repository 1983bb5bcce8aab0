//! What is wrong with the text of a policy.

use crate::syntax::Span;
use std::fmt;

/// A place where a text is no policy, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The place.
    pub span: Span,
    /// Its line, the first being 1.
    pub line: usize,
    /// Its column, in characters, the first being 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What is often meant by whoever writes this.
    pub hint: Option<&'static str>,
    /// The line itself.
    pub excerpt: String,
}

/// The longest part of a line that is shown, in characters.
const EXCERPT: usize = 160;

impl ParseError {
    pub(crate) fn new(text: &str, span: Span, message: String, hint: Option<&'static str>) -> Self {
        let place = text.floor_char_boundary(span.start as usize);
        let before = text.get(..place).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |it| it + 1);
        let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        Self {
            span,
            line: before.bytes().filter(|it| *it == b'\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            message,
            hint,
            excerpt: line.chars().take(EXCERPT).collect(),
        }
    }
}

impl std::error::Error for ParseError {}

impl fmt::Display for ParseError {
    /// The place, what is wrong, the line with a mark below it, and the hint.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}\n  {}", self.line, self.column, self.message, self.excerpt)?;
        if self.column <= EXCERPT {
            // Tabs stay tabs, so that the mark stands where it should.
            let blank = |it: char| if it == '\t' { '\t' } else { ' ' };
            let blanks: String =
                self.excerpt.chars().chain(std::iter::repeat(' ')).take(self.column - 1).map(blank).collect();
            write!(formatter, "\n  {blanks}^")?;
        }
        match self.hint {
            Some(hint) => write!(formatter, "\n  {hint}"),
            None => Ok(()),
        }
    }
}
