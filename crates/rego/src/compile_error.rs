//! Says why a policy is refused.

use crate::syntax::Span;

/// Why a policy is refused before anything is evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
#[non_exhaustive]
pub struct CompileError {
    /// OPA's word for this kind of error: `rego_unsafe_var_error`, say.
    pub code: ErrorCode,
    /// What is wrong, in a sentence without the place.
    pub message: String,
    /// The file, by its number in the order in which files were added.
    pub file: usize,
    /// Where.
    pub span: Span,
}

/// The kinds of errors that OPA tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `rego_parse_error`: it is not Rego.
    Parse,
    /// `rego_compile_error`: names, heads and declarations do not fit.
    Compile,
    /// `rego_type_error`: operands can never be what a function takes.
    Type,
    /// `rego_unsafe_var_error`: nothing gives a variable its value.
    UnsafeVariable,
    /// `rego_recursion_error`: a rule needs itself.
    Recursion,
}

impl ErrorCode {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "rego_parse_error",
            Self::Compile => "rego_compile_error",
            Self::Type => "rego_type_error",
            Self::UnsafeVariable => "rego_unsafe_var_error",
            Self::Recursion => "rego_recursion_error",
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many mistakes are told at once.
const MAX_ERRORS: usize = 100;

impl CompileError {
    /// Adds it, unless it was told already or there are enough.
    pub(crate) fn add_to(self, errors: &mut Vec<Self>) {
        if errors.len() < MAX_ERRORS && !errors.contains(&self) {
            errors.push(self);
        }
    }
}
