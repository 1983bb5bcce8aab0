//! The answer for a file that is well formed.

use std::fmt;

/// A file that terraform would format, and what it would write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formatted {
    changed: Option<Vec<u8>>,
    losses: Vec<Loss>,
}

impl Formatted {
    pub(crate) fn new(changed: Option<Vec<u8>>, losses: Vec<Loss>) -> Self {
        Self { changed, losses }
    }

    /// Whether the file is formatted already, so that terraform would leave it alone.
    pub fn is_unchanged(&self) -> bool {
        self.changed.is_none()
    }

    /// What terraform would write instead of the file; nothing if that is what it is already.
    pub fn changed(&self) -> Option<&[u8]> {
        self.changed.as_deref()
    }

    /// The same as [`Formatted::changed`], to keep.
    pub fn into_changed(self) -> Option<Vec<u8>> {
        self.changed
    }

    /// Where formatting does more than move code, in the order of the file: whoever writes the result should be told.
    ///
    /// A file that is unchanged has none.
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }
}

/// A place where what terraform writes has lost code, or is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// What is lost.
    pub kind: LossKind,
    /// The line of the file as it was, the first being 1.
    pub line: usize,
}

/// What terraform's rewrites lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossKind {
    /// A label with `$` or `%` in it is dropped, with its quotes.
    ///
    /// Source: terraform 1.11.4; hashicorp/terraform#35417.
    Label,
    /// A comment between a block's type and its last label is dropped.
    ///
    /// Source: terraform 1.11.4.
    Comment,
    /// An index that is `true`, `false` or `null` is dropped: `x[true]` becomes `x[]`, which is no expression.
    ///
    /// Source: terraform 1.11.4.
    Index,
    /// A value `"${…}"` loses its quotes, and what is left ends at a line break in its middle.
    ///
    /// Source: terraform 1.11.4.
    Value,
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.kind)
    }
}

impl fmt::Display for LossKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Label => "a label with `$` or `%` in it is dropped",
            Self::Comment => "a comment before the last label is dropped",
            Self::Index => "a constant index is dropped, and what is left cannot be read any more",
            Self::Value => "a value loses its quotes, and what is left cannot be read any more",
        })
    }
}
