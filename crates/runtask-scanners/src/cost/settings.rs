//! Holds the settings of the check `cost`: `[tasks.NAME.cost]`. Reads none: see `read_settings.rs`.

use super::money::{Currency, Money};
use std::path::PathBuf;
use std::time::Duration;

/// `[tasks.NAME.cost]`: who says what a plan costs, and how much it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostSettings {
    /// `source`: the program that estimates.
    pub source: Source,
    /// `program`: its name, or a path that is relative to the file; the source's unless set.
    pub program: String,
    /// `currency`: what Infracost counts in; USD unless set.
    pub currency: Currency,
    /// `endpoint`: where Infracost asks for prices, other than at its maker's.
    pub endpoint: Option<String>,
    /// `usage_file`: how much of what is billed by use is used, for Infracost; relative to the file.
    pub usage_file: Option<PathBuf>,
    /// `limits`.
    pub limits: Limits,
    /// `timeout_ms`: how long it may run; 120 seconds unless set.
    pub time_limit: Duration,
}

/// Who estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Infracost 0.10.
    Infracost,
    /// c3x.
    C3x,
}

impl Source {
    pub(crate) const WORDS: [(&'static str, Self); 2] = [("infracost", Self::Infracost), ("c3x", Self::C3x)];

    /// Its name, and that of its program.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Infracost => "infracost",
            Self::C3x => "c3x",
        }
    }
}

/// How much a plan may cost. A plan that makes nothing more expensive is over no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// `warn_above`: a larger difference is a warning.
    pub warn_above: Option<Money>,
    /// `fail_above`: a larger difference fails.
    pub fail_above: Option<Money>,
    /// `fail_above_percent`: a larger share of what it cost before fails.
    pub fail_above_percent: Option<u64>,
    /// `fail_total_above`: a larger total fails.
    pub fail_total_above: Option<Money>,
}
