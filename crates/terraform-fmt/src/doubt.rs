//! Why it is not known what terraform answers.

use std::fmt;

/// A file about which terraform has to be asked, and what about it is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// What is in doubt.
    pub reason: DoubtReason,
    /// The line where that was noticed, the first being 1; 1 if it is the file as a whole.
    pub line: usize,
}

/// The kinds of doubts.
///
/// Source: trap 25 of `SPECIFICATION.md`, and what was measured: terraform treats these inputs erratically, or it could be
/// followed only with effort out of proportion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DoubtReason {
    /// The file has more than [`MAX_INPUT_BYTES`](crate::MAX_INPUT_BYTES).
    TooLarge,
    /// Brackets, blocks or directives stand in each other more than [`MAX_DEPTH`](crate::MAX_DEPTH) deep.
    TooDeep,
    /// The formatted file would be many times as large as the file: one long name moves every `=` below it.
    TooWide,
    /// Code has bytes that are not UTF-8 where terraform takes some of them for parts of names.
    EncodingOfName,
    /// A label has bytes that are not UTF-8.
    EncodingOfLabel,
    /// A label has code points that Unicode 15.0 does not know, or more combining marks in a row than terraform's
    /// normalization leaves together.
    CodePointsOfLabel,
    /// The width of a comment with bytes that are not UTF-8 decides about alignment.
    EncodingOfMeasured,
    /// A comment has bytes that are not UTF-8 right before a line break, and there is an error behind it, whose line is not
    /// certain.
    EncodingOfComment,
    /// A number of many digits whose exponent is at the border of what terraform can hold.
    Exponent,
}

impl fmt::Display for Doubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.reason)
    }
}

impl fmt::Display for DoubtReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "the file is too large to be formatted here",
            Self::TooDeep => "brackets or blocks are nested too deep to be formatted here",
            Self::TooWide => "the formatted file would be many times as large as the file",
            Self::EncodingOfName => "there are bytes in code that are not UTF-8",
            Self::EncodingOfLabel => "there are bytes in a label that are not UTF-8",
            Self::CodePointsOfLabel => "there are characters in a label whose normal form is not certain",
            Self::EncodingOfMeasured => {
                "there are bytes that are not UTF-8 in a comment that decides about alignment"
            }
            Self::EncodingOfComment => {
                "there are bytes that are not UTF-8 at the end of a comment, and an error below"
            }
            Self::Exponent => "there is a number with an extreme exponent",
        })
    }
}
