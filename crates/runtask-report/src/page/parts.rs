//! Puts groups of findings into the parts of a page, and shares the room there is among them.

use crate::groups::{Group, groups};
use crate::standing::Standing;
use runtask_findings::{CheckReport, Finding, Verdict};
use std::cmp::Reverse;

/// Findings on a page.
const FINDINGS: usize = 1000;

/// A part of the page: findings that mean the same for the verdict.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) kind: Kind,
    pub(super) groups: Vec<Shown<'a>>,
}

/// What findings of a part mean, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Error,
    NotChecked,
    Warning,
    Info,
    Excepted,
}

/// A group, and how many of its findings there is room for.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) group: Group<'a>,
    pub(super) room: usize,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Error, Self::NotChecked, Self::Warning, Self::Info, Self::Excepted];

    fn of(finding: &Finding, verdict: Verdict) -> Self {
        if finding.excepted {
            return Self::Excepted;
        }
        match Standing::of(finding, verdict) {
            Standing::Failed => Self::Error,
            Standing::NotChecked | Standing::Excused => Self::NotChecked,
            Standing::Warning => Self::Warning,
            Standing::Info => Self::Info,
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Error => "Errors",
            Self::NotChecked => "Not checked",
            Self::Warning => "Warnings",
            Self::Info => "Good to know",
            Self::Excepted => "Excepted",
        }
    }

    pub(super) const fn note(self) -> Option<&'static str> {
        match self {
            Self::NotChecked => Some("Nobody knows what these would have found."),
            Self::Excepted => Some("Found, and allowed by somebody. It fails nothing."),
            Self::Error | Self::Warning | Self::Info => None,
        }
    }

    /// Whether its findings are unfolded from the start: what must not be overlooked, also where the page is printed by a
    /// browser that cannot unfold, and the reasons of exceptions.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Error | Self::NotChecked | Self::Excepted)
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::NotChecked => "unchecked",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Excepted => "excepted",
        }
    }

    /// The id of the button that shows this part alone.
    pub(super) fn choice(self) -> String {
        format!("show-{}", self.class())
    }
}

impl Part<'_> {
    /// Findings in it, whether there is room for them or not.
    pub(super) fn len(&self) -> usize {
        self.groups.iter().map(|it| it.group.len()).sum()
    }
}

impl<'a> Shown<'a> {
    /// The advice that all findings of the group have, where there are several.
    pub(super) fn common_advice(&self) -> Option<&'a str> {
        let advice = self.group.first().advice.as_str();
        let is_common = self.group.len() > 1 && self.group.all().all(|it| it.finding.advice == advice);
        Some(advice).filter(|it| is_common && !it.is_empty())
    }
}

/// The parts that have findings.
pub(super) fn parts(reports: &[CheckReport], verdict: Verdict) -> Vec<Part<'_>> {
    let groups = groups(reports);
    let sizes: Vec<usize> = groups.iter().map(Group::len).collect();
    let share = share(&sizes, FINDINGS);
    let mut parts: Vec<Part<'_>> =
        Kind::ALL.into_iter().map(|kind| Part { kind, groups: Vec::new() }).collect();
    for group in groups {
        let kind = Kind::of(group.first(), verdict);
        let room = group.len().min(share);
        if let Some(part) = parts.iter_mut().find(|it| it.kind == kind) {
            part.groups.push(Shown { group, room });
        }
    }
    parts.retain(|it| !it.groups.is_empty());
    for part in &mut parts {
        part.groups.sort_by_key(|it| (it.group.severity().is_none(), it.group.severity()));
    }
    let mut left = FINDINGS;
    // More rules than there is room for findings: the last ones are only counted.
    for shown in parts.iter_mut().flat_map(|it| &mut it.groups) {
        shown.room = shown.room.min(left);
        left -= shown.room;
    }
    parts
}

/// How many findings every group may show so that they are not more than `room` in all, at least one: the largest groups
/// show less than they have, and no small one is hidden by them.
fn share(sizes: &[usize], room: usize) -> usize {
    let mut sorted = sizes.to_vec();
    sorted.sort_by_key(|it| Reverse(*it));
    let mut all: usize = sizes.iter().sum();
    let mut share = sorted.first().copied().unwrap_or(0);
    for (taller, next) in
        sorted.iter().enumerate().map(|(at, _)| (at + 1, sorted.get(at + 1).copied().unwrap_or(0)))
    {
        if all <= room {
            break;
        }
        let lowered = (all - room).div_ceil(taller).min(share - next);
        all -= taller * lowered;
        share -= lowered;
    }
    share.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_largest_groups_give_way() {
        assert_eq!(share(&[10, 20], 1000), 20);
        assert_eq!(share(&[990, 5, 5, 1], 1000), 989);
        assert_eq!(share(&[5000, 3, 2000, 10], 1000), 493);
        assert_eq!(share(&[1; 2000], 1000), 1);
        assert_eq!(share(&[], 1000), 1);
    }

    proptest! {
        #[test]
        fn the_share_is_the_largest_that_fits(sizes in prop::collection::vec(1..200_usize, 1..20), room in 20..300_usize) {
            let shown = |share: usize| sizes.iter().map(|it| *it.min(&share)).sum::<usize>();
            let found = share(&sizes, room);
            prop_assert!(shown(found) <= room);
            let is_all = sizes.iter().all(|it| *it <= found);
            prop_assert!(is_all || shown(found + 1) > room);
        }
    }
}
