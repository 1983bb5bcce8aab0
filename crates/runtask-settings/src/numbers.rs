//! Lists every number that somebody can set: in the environment, in `runtask.toml`, on the command line. Each has bounds,
//! and within them nothing overflows, panics or is certain to fail.

use std::ops::RangeInclusive;
use std::time::Duration;

/// A whole number that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// How it is called where it is set.
    pub name: &'static str,
    /// What it may be.
    pub lowest: u64,
    /// What it is unless set.
    pub default: u64,
    /// What it may be.
    pub highest: u64,
}

impl Number {
    const fn new(name: &'static str, lowest: u64, default: u64, highest: u64) -> Self {
        Self { name, lowest, default, highest }
    }

    /// What it may be.
    #[must_use]
    pub const fn range(&self) -> RangeInclusive<u64> {
        self.lowest..=self.highest
    }

    /// What it is unless set, where it is a time in milliseconds.
    #[must_use]
    pub const fn default_time(&self) -> Duration {
        Duration::from_millis(self.default)
    }
}

macro_rules! numbers {
    ($($constant:ident = $name:literal: $lowest:literal, $default:literal, $highest:literal;)+) => {
        $(
            #[doc = concat!("`", $name, "`: ", $default, " unless set, from ", $lowest, " to ", $highest, ".")]
            pub const $constant: Number = Number::new($name, $lowest, $default, $highest);
        )+

        /// Every number.
        pub const ALL: &[Number] = &[$($constant),+];
    };
}

numbers! {
    // Milliseconds: lowest, unless set, highest.
    HTTP_TIMEOUT = "RUNTASK_HTTP_TIMEOUT_MS": 1000, 10000, 300000;
    HAND_OVER_TIMEOUT = "RUNTASK_HAND_OVER_TIMEOUT_MS": 100, 2000, 60000;
    TERRAFORM_TIMEOUT = "RUNTASK_TERRAFORM_TIMEOUT_MS": 1000, 60000, 3600000;
    // Of one source of policies.
    FETCH_TIMEOUT = "RUNTASK_FETCH_TIMEOUT_MS": 1000, 120000, 3600000;
    // HCP Terraform gives up after ten minutes without a report, and after sixty in any case.
    PROGRESS_INTERVAL = "RUNTASK_PROGRESS_INTERVAL_MS": 1000, 240000, 590000;
    DEADLINE = "RUNTASK_DEADLINE_MS": 2000, 3300000, 3590000;
    REPORT_MARGIN = "RUNTASK_REPORT_MARGIN_MS": 1000, 10000, 300000;
    SHUTDOWN_TIMEOUT = "RUNTASK_SHUTDOWN_TIMEOUT_MS": 1000, 25000, 3600000;
    SWEEP_INTERVAL = "RUNTASK_SWEEP_INTERVAL_MS": 100, 15000, 60000;
    RULE_TIME_LIMIT = "time_limit_ms": 100, 10000, 600000;
    // Of a scanner, or of what estimates costs.
    SCANNER_TIMEOUT = "timeout_ms": 1000, 120000, 3600000;

    // Bytes. The smallest archive that is one has about a hundred, and the smallest plan.
    MAX_COMPRESSED_BYTES = "RUNTASK_MAX_COMPRESSED_BYTES": 100, 536870912, 68719476736;
    MAX_UNPACKED_BYTES = "RUNTASK_MAX_UNPACKED_BYTES": 1024, 1073741824, 68719476736;
    MAX_PATH_BYTES = "RUNTASK_MAX_PATH_BYTES": 16, 1024, 65536;
    MAX_PLAN_BYTES = "RUNTASK_MAX_PLAN_BYTES": 100, 268435456, 4294967296;
    // What the smallest Lambda function has for it.
    POLICY_MEMORY = "RUNTASK_POLICY_MEMORY_BYTES": 33554432, 1073741824, 68719476736;

    // Of each process of a scanner. Less than the lowest, and no scanner starts.
    SCANNER_MEMORY = "memory_bytes": 67108864, 4294967296, 68719476736;

    MAX_ENTRIES = "RUNTASK_MAX_ENTRIES": 1, 100000, 10000000;
    MAX_DEPTH = "RUNTASK_MAX_DEPTH": 1, 64, 1024;
    CONCURRENCY = "RUNTASK_CONCURRENCY": 1, 4, 1000;
    MAX_JOBS = "RUNTASK_MAX_JOBS": 1, 1000, 100000;
    // The extension listens there unless told otherwise.
    EXTENSION_PORT = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": 1, 2773, 65535;

    // Days.
    APPROVALS_AUDIT_DAYS = "RUNTASK_APPROVALS_AUDIT_DAYS": 1, 400, 3653;
    REPORT_DAYS = "RUNTASK_REPORT_DAYS": 1, 30, 365;

    // Seconds.
    SIMULATED_WAIT = "--timeout": 1, 120, 3600;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SettingsReader;
    use std::collections::BTreeSet;

    fn read(number: &Number, text: &str) -> (u64, Option<String>) {
        let lookup = |name: &str| (name == number.name).then(|| text.to_owned());
        let mut settings = SettingsReader::new(&lookup);
        let read = settings.number(number);
        (read, settings.finish().err().map(|it| it.to_string()))
    }

    /// S-01: what lies between the bounds is taken; anything else is a problem that names them, and the default holds.
    #[test]
    fn every_number_has_bounds() {
        let names: BTreeSet<_> = ALL.iter().map(|it| it.name).collect();
        assert_eq!(names.len(), ALL.len());
        for number in ALL {
            assert!(0 < number.lowest, "{number:?}");
            assert!(number.range().contains(&number.default), "{number:?}");
            // Twice a time, and a time from now, must be one that the system can tell.
            assert!(number.highest < 1 << 40, "{number:?}");
            for good in [number.lowest, number.default, number.highest] {
                assert_eq!(read(number, &format!(" {good}")), (good, None));
            }
            let problem =
                format!("{}: write a whole number from {} to {}", number.name, number.lowest, number.highest);
            let (below, above) = (number.lowest - 1, number.highest + 1);
            let beyond = "340282366920938463463374607431768211456";
            for bad in [&*below.to_string(), &above.to_string(), beyond, "-1", "1e6", "1_000", "10s", "many"]
            {
                assert_eq!(read(number, bad), (number.default, Some(problem.clone())), "{bad}");
            }
        }
    }
}
