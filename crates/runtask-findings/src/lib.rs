#![doc = include_str!("../README.md")]

mod columns;
mod finding;
mod text;

pub use columns::{column, columns, wrapped};
pub use finding::{
    CheckReport, Code, Finding, Level, OnError, Rule, Severity, Source, Subject, UnknownOnError,
    UnknownSeverity, Verdict, codes, shown_path, verdict,
};
pub use text::{code_span, counted, fenced, markdown_escaped, printable, printable_lines, prints, shortened};
