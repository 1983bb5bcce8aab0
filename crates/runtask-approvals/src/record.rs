//! Writes an approval down, and reads it again: JSON that a newer version may have added to.

use crate::approval::{Approval, FORMAT};
use runtask_state::MAX_CONTENT_BYTES;
use serde::Deserialize;

/// A record that cannot be read. Nothing of it is repeated here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// Longer than any store keeps.
    #[error("the record of an approval has {bytes} bytes, and {MAX_CONTENT_BYTES} are read")]
    TooLarge {
        /// How long it is.
        bytes: usize,
    },
    /// Written by a newer version, whose fields may mean something else.
    #[error(
        "the record of an approval is of format {format}, and this version reads {FORMAT}: update every replica to one version"
    )]
    Newer {
        /// The format that it says it is of.
        format: u32,
    },
    /// No record of an approval.
    #[error("this is no record of an approval: line {line}, column {column}")]
    Unreadable {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
}

impl From<serde_json::Error> for RecordError {
    // The text of a serde error can quote the value it stumbled on, so only its place is kept.
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable { line: error.line(), column: error.column() }
    }
}

impl Approval {
    /// The record. Each of its parts is bounded, and all together are under 100 KB.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "JSON can hold it: every key is a text, and memory takes what is written"
    )]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an approval is JSON")
    }

    /// Reads a record. Fields that are not known are ignored.
    ///
    /// # Errors
    ///
    /// When it is none, or one that this version must not touch. It is to be left as it is.
    pub fn from_json(record: &[u8]) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let bytes = record.len();
        if bytes > MAX_CONTENT_BYTES {
            return Err(RecordError::TooLarge { bytes });
        }
        let Form { format } = serde_json::from_slice(record)?;
        if format > FORMAT {
            return Err(RecordError::Newer { format });
        }
        Ok(serde_json::from_slice(record)?)
    }
}
