//! Holds what a tool's output says, whatever its format.

use runtask_findings::{Level, Severity, Subject};

/// What a tool says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// The tool's own name, where it says it.
    pub tool: Option<String>,
    /// What it found, worst first: no more than [`MAX_ISSUES`].
    pub issues: Vec<Issue>,
    /// How much else it found.
    pub left_out: usize,
    /// What its users have told it to be silent about, as far as it says so: the first hundred.
    pub suppressed: Vec<Suppressed>,
    /// How much of that there is.
    pub suppressed_count: usize,
    /// What it looked at, where it says so: `41 resources`.
    pub looked_at: Option<String>,
}

/// One thing, or the same thing several times at one place. Texts are the tool's: no more than they need, but not made fit
/// to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The name of the rule, as the tool writes it: `CKV_AWS_16`. Empty where it has none.
    pub rule: String,
    /// What is wrong, or what the rule demands.
    pub title: String,
    /// More about this one; may be empty, or the same as the title.
    pub message: String,
    /// What the rule says of itself; may be empty.
    pub help: String,
    /// Where to read more; `https` only.
    pub link: Option<String>,
    /// What it is about.
    pub subject: Option<Subject>,
    /// How bad it is, by the thresholds.
    pub level: Level,
    /// How much is at stake.
    pub severity: Option<Severity>,
    /// How often it is there.
    pub count: usize,
}

/// Something that a tool would have found, and its users want to hear nothing of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// The name of the rule.
    pub rule: String,
    /// What it is about.
    pub subject: Option<Subject>,
    /// Why, where they say so.
    pub reason: Option<String>,
}

/// Issues that are kept; of the rest, the number.
pub const MAX_ISSUES: usize = 5_000;
/// Suppressed ones that are kept.
pub(crate) const MAX_SUPPRESSED: usize = 100;
/// Bytes of an output that are read.
pub const MAX_OUTPUT_BYTES: u64 = 32 * 1024 * 1024;
/// Characters of a text that are taken.
pub(crate) const MAX_TEXT: usize = 10_000;

/// Why an output says nothing: whatever is in it, nothing has been checked. The texts go on after the tool's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is none.
    #[error("wrote no output")]
    Empty,
    /// It is larger than is read.
    #[error("wrote more than {} MiB", MAX_OUTPUT_BYTES / 1024 / 1024)]
    TooLarge,
    /// It is not JSON.
    #[error("wrote what is not JSON (line {line}, column {column})")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is another JSON than expected.
    #[error("wrote JSON that is not {format}: {why}")]
    Other {
        /// What was expected.
        format: &'static str,
        /// What is missing or wrong.
        why: &'static str,
    },
    /// It refers to files that nobody follows.
    #[error("wrote a report whose results are in other files, which are not read: have it write one file")]
    InOtherFiles,
    /// The tool itself says that it could not check. Its words are not made fit to show.
    #[error("could not check: {0}")]
    ByItself(String),
}
