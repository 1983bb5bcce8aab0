//! Which checks a task runs, and what they need.

use std::fmt;
use std::str::FromStr;

/// A check by its name in settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckName {
    /// `fmt`: are the configuration's files formatted?
    Fmt,
    /// `plan-summary`: can the plan be read, and what does it do, in numbers?
    PlanSummary,
}

/// A name that no check has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no such check; there are `fmt` and `plan-summary`, separated by commas")]
pub struct UnknownCheck;

impl CheckName {
    /// The name in settings, logs and findings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::PlanSummary => "plan-summary",
        }
    }

    pub(crate) const fn needs_configuration(self) -> bool {
        matches!(self, Self::Fmt)
    }

    pub(crate) const fn needs_plan(self) -> bool {
        matches!(self, Self::PlanSummary)
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CheckName {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Self, UnknownCheck> {
        [Self::Fmt, Self::PlanSummary].into_iter().find(|it| it.as_str() == text).ok_or(UnknownCheck)
    }
}

/// The checks of one task, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckList(pub(crate) Vec<CheckName>);

impl FromStr for CheckList {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Self, UnknownCheck> {
        text.split(',').map(|it| it.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}
