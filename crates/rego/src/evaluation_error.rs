//! Says what ended an evaluation.

use crate::heap::HeapError;

/// What ended an evaluation. No value of the input is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// More memory would be needed than is allowed, or a value is too large.
    #[error(transparent)]
    Heap(#[from] HeapError),
    /// The steps that were allowed are used up.
    #[error("the policy needs more steps than it may take")]
    OutOfSteps,
    /// It was stopped from outside.
    #[error("the evaluation was stopped")]
    Stopped,
    /// Calls or loops stand in each other too deep.
    #[error("rules call each other too deep")]
    TooDeep,
    /// Definitions contradict each other.
    #[error("{0}")]
    Conflict(&'static str),
    /// A rule needs itself.
    #[error("a rule needs itself")]
    Recursion,
    /// A built-in's error, where those are strict, or where it must not pass for nothing found.
    #[error("{name}: {message}")]
    Builtin {
        /// The built-in.
        name: &'static str,
        /// What it says.
        message: String,
    },
    /// A function that a policy cannot have here.
    #[error("{0} is not there: policies on plans do without it")]
    Refused(&'static str),
    /// A mistake of this engine.
    #[error("the engine is broken: {0}")]
    Broken(&'static str),
}
