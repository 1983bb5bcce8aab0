#![doc = include_str!("../README.md")]

mod annotations;
mod builtin;
mod bundle;
mod check;
mod engine;
mod evaluator;
mod findings;
mod functions;
mod imports;
mod message;
mod plan;
mod redaction;
mod session;
#[cfg(test)]
mod shipped_tests;
#[cfg(feature = "test-util")]
mod test_util;
mod trouble;

pub use builtin::BUILTINS;
pub use bundle::{Bundle, LoadError, SourceFile};
pub use check::{Policy, RunFacts, TestReport, TestResult, UnavailableError};
pub use evaluator::{Evaluator, run_if_asked};
pub use message::{RuleEntry, RuleKind, Trouble};
#[cfg(feature = "test-util")]
pub use test_util::Judge;
