//! The checks by name, and what each needs. It runs none of them.

use std::fmt;
use std::str::FromStr;

/// A check by its name in settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckName {
    /// `fmt`: are the configuration's files formatted?
    Fmt,
    /// `plan-summary`: can the plan be read, and what does it do, in numbers?
    PlanSummary,
    /// `policy`: do rules allow the plan?
    Policy,
}

/// A name that no check has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no such check; there are `fmt`, `plan-summary` and `policy`")]
pub struct UnknownCheck;

impl CheckName {
    pub(crate) const ALL: [Self; 3] = [Self::Fmt, Self::PlanSummary, Self::Policy];

    /// The name in settings, logs and findings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::PlanSummary => "plan-summary",
            Self::Policy => "policy",
        }
    }

    /// Whether it reads the run's configuration.
    #[must_use]
    pub const fn needs_configuration(self) -> bool {
        matches!(self, Self::Fmt)
    }

    /// Whether it reads the run's plan.
    #[must_use]
    pub const fn needs_plan(self) -> bool {
        matches!(self, Self::PlanSummary | Self::Policy)
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
        Self::ALL.into_iter().find(|it| it.as_str() == text).ok_or(UnknownCheck)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_reads_back_from_its_name_and_the_error_lists_them_all() {
        let error = UnknownCheck.to_string();
        for check in CheckName::ALL {
            assert_eq!(check.as_str().parse(), Ok(check));
            assert!(error.contains(&format!("`{check}`")), "{error}");
        }
        assert_eq!("Fmt".parse::<CheckName>(), Err(UnknownCheck));
    }
}
