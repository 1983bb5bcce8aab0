//! Lists the checks.

use runtask_checks::{Check, CheckKind, Fmt, Notify, PlanSummary};
use runtask_policy::Policy;
use runtask_scanners::{Cost, Scanner};
use runtask_tasks::CheckEntry;

macro_rules! checks {
    ($($check:ty),+) => {
        /// Every check that tasks can name, in the order in which they are told to people.
        pub static CHECKS: &[CheckKind] = &[$(CheckKind::of::<$check>()),+];

        /// The checks, as the reader of a file knows them. A list of its own, so that a program that reads a file and
        /// checks nothing is not linked with the checks.
        pub static ENTRIES: &[CheckEntry] = &[$(CheckKind::of::<$check>().entry()),+];
    };
}

checks![Fmt, PlanSummary, Policy, Scanner, Cost, Notify];

/// What is checked where nothing says what, by every program: this check alone, which needs no settings and judges by no
/// taste of ours.
pub(crate) const DEFAULT_CHECK: &str = Fmt::NAME;

/// The check of this name.
pub(crate) fn check(name: &str) -> Option<&'static CheckKind> {
    CHECKS.iter().find(|it| it.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_distinct_and_kebab_case() {
        let names: BTreeSet<_> = CHECKS.iter().map(|it| it.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        for name in names {
            assert!(name.chars().all(|it| it.is_ascii_lowercase() || it == '-'), "{name}");
            assert_eq!(check(name).map(|it| it.name), Some(name));
        }
    }
}
