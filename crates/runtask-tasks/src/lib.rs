#![doc = include_str!("../README.md")]

mod check;
mod date;
mod filter;
mod names;
mod notes;
mod policy;
mod problem;
mod read;
mod read_exceptions;
mod read_policy;
mod syntax;
mod table;
mod task;

#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod policy_problem_tests;
#[cfg(test)]
mod problem_tests;

pub use check::{CheckName, UnknownCheck};
pub use date::Date;
pub use filter::{Facts, Filter, Skipped};
pub use names::AddressPattern;
pub use policy::{Builtins, Exception, PolicyPath, PolicySettings, Unknown};
pub use problem::{Place, Problem, ProblemKind, Problems};
pub use task::{DEFAULT_TASK, MAX_FILE_BYTES, OnSkip, Task, Tasks};
