#![doc = include_str!("../README.md")]

mod finding;
pub mod fmt;
pub mod plan_summary;
mod terraform;
mod text;

pub use finding::{
    CheckReport, Code, Finding, Level, OnError, Rule, Severity, Source, Subject, UnknownOnError,
    UnknownSeverity, Verdict, codes, verdict,
};
pub use terraform::{FindError, TIME_LIMIT, Terraform};
pub use text::{code_span, counted, fenced, markdown_escaped, printable, printable_lines, shortened};
