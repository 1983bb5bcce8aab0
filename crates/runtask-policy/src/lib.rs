#![doc = include_str!("../README.md")]

mod annotations;
mod asked_about;
mod asked_builtins;
mod asking;
mod builtin;
mod bundle;
mod config_files;
mod deadline;
mod engine;
mod evaluation;
mod evaluator;
mod facts_read;
mod find_rules;
mod library_names;
mod memory_limit;
mod message;
mod node;
mod oddities;
mod parsed;
mod place;
mod plan;
mod policy;
mod read_exceptions;
mod read_settings;
mod reading;
mod redaction;
mod references;
mod report;
mod room;
mod rules_json;
mod sensitive_plan;
mod session;
mod settings;
#[cfg(test)]
mod shipped_tests;
mod source_file;
#[cfg(any(test, feature = "test-util"))]
mod test_util;
mod trouble;
mod unknowns;

pub use builtin::{BUILTINS, Builtins, LIBRARY_FILES};
pub use bundle::{LoadError, LoadErrors};
pub use evaluation::UnavailableError;
pub use memory_limit::MemoryLimit;
pub use message::{RuleEntry, RuleKind, SeenExpression, Solution, TakesUnknowns, Trouble};
pub use policy::{Explanation, Policy, TestResult, TestResults};
pub use read_settings::{SETTINGS, read_settings};
pub use rules_json::rules_json;
pub use sensitive_plan::{Redactor, SensitivePlan};
pub use settings::{DataPath, Exception, PolicyPath, PolicySettings, Unknown};
#[cfg(any(test, feature = "test-util"))]
pub use test_util::Judge;
