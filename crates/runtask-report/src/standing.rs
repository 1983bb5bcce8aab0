//! Says what a finding means for the verdict, the same for every renderer, and counts findings by that.

use runtask_findings::{CheckReport, Finding, Level, Verdict, counted};
use std::collections::HashSet;

/// The meaning of a finding for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Standing {
    /// It fails the task.
    Failed,
    /// The check could not run, and that fails the task.
    NotChecked,
    /// The check could not run, and the task passed all the same.
    Excused,
    /// Worth a look.
    Warning,
    /// Good to know.
    Info,
}

impl Standing {
    pub(crate) fn of(finding: &Finding, verdict: Verdict) -> Self {
        match finding.level {
            Level::Error if !finding.code.is_of_no_check() => Self::Failed,
            Level::Error if verdict == Verdict::Passed => Self::Excused,
            Level::Error => Self::NotChecked,
            Level::Warning => Self::Warning,
            Level::Info => Self::Info,
        }
    }

    /// One or two words for people.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::NotChecked | Self::Excused => "Not checked",
            Self::Warning => "Warning",
            Self::Info => "Info",
        }
    }
}

/// Such as `2 errors, 3 warnings; 9 rules: 7 passed, 2 failed`. What there is none of is not mentioned, except rules
/// that passed.
#[must_use]
pub fn summary(reports: &[CheckReport], verdict: Verdict) -> String {
    let findings = || reports.iter().flat_map(|it| &it.findings);
    let number =
        |wanted: &[Standing]| findings().filter(|it| wanted.contains(&Standing::of(it, verdict))).count();
    let unavailable = number(&[Standing::NotChecked, Standing::Excused]);
    let mut found = Vec::new();
    for (number, noun) in [
        (number(&[Standing::Failed]), "error"),
        (number(&[Standing::Warning]), "warning"),
        (number(&[Standing::Info]), "info"),
    ] {
        match number {
            0 => {}
            number => found.push(counted(number, noun)),
        }
    }
    if unavailable > 0 {
        found.push(format!("{unavailable} not checked"));
    }
    let found = if found.is_empty() { "no findings".to_owned() } else { found.join(", ") };

    let rules: usize = reports.iter().map(|it| it.rules.len()).sum();
    if rules == 0 {
        return found;
    }
    let failed: usize = reports.iter().map(failed_rules).sum();
    let failures = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    format!("{found}; {}: {} passed{failures}", counted(rules, "rule"), rules - failed)
}

/// How many of a check's rules found an error.
fn failed_rules(report: &CheckReport) -> usize {
    let errors = report.findings.iter().filter(|it| it.level == Level::Error);
    let failed: HashSet<_> = errors.map(|it| &it.code).collect();
    report.rules.iter().filter(|it| failed.contains(&it.code)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{format, hostile, policy};

    #[test]
    fn findings_and_rules_are_counted() {
        let all = |reports: &[CheckReport]| summary(reports, Verdict::Failed);
        assert_eq!(all(&[]), "no findings");
        assert_eq!(all(&[format()]), "1 error");
        assert_eq!(all(&[policy()]), "3 errors, 1 warning, 1 info; 4 rules: 2 passed, 2 failed");
        assert_eq!(all(&[format(), CheckReport::unavailable("x", "y")]), "1 error, 1 not checked");
        let quiet = CheckReport { findings: vec![], ..policy() };
        assert_eq!(all(&[quiet]), "no findings; 4 rules: 4 passed");
        assert_eq!(all(&[hostile("x")]), "1 error, 1 warning; 1 rule: 0 passed, 1 failed");
    }

    #[test]
    fn a_check_that_could_not_run_has_not_failed() {
        let finding = |report: CheckReport| report.findings.into_iter().next().unwrap();
        let unavailable = finding(CheckReport::unavailable("x", "y"));
        assert_eq!(Standing::of(&unavailable, Verdict::Failed), Standing::NotChecked);
        assert_eq!(Standing::of(&unavailable, Verdict::Passed), Standing::Excused);
        assert_eq!(Standing::of(&finding(format()), Verdict::Failed), Standing::Failed);
    }
}
