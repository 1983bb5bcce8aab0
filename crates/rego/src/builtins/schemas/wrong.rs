//! Why a schema cannot be read.

use crate::builtins::call::Failure;
use crate::heap::HeapError;

/// Why a schema cannot be read.
#[derive(Debug)]
pub(super) enum Wrong {
    /// It is no schema. The text is OPA's, and can hold parts of the schema.
    Schema(String),
    /// It could not be read to its end.
    Failure(Failure),
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<HeapError> for Wrong {
    fn from(error: HeapError) -> Self {
        Self::Failure(error.into())
    }
}

/// The schema is wrong, and this is why.
pub(super) fn wrong<T>(why: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Schema(why.into()))
}

/// A keyword does not have the type that it must have.
pub(super) fn wrong_type<T>(expected: &str, given: &str) -> Result<T, Wrong> {
    wrong(format!("Invalid type. Expected: {expected}, given: {given}"))
}
