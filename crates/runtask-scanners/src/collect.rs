//! Collects what a tool found, as much as is kept of it: the worst, and what is the same only once.

use crate::scan::{Issue, MAX_ISSUES};
use runtask_findings::{Level, Severity, Subject};
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;

/// How many may be waiting before the mildest are dropped.
const MAX_WAITING: usize = 4 * MAX_ISSUES;

/// Results of which little is held until it is known which of them are kept: for each, where it came from.
#[derive(Debug)]
pub(crate) struct Collector<S> {
    waiting: Vec<Waiting<S>>,
    /// Where each rule and place waits, by a hash of both that nobody outside can foresee.
    places: HashMap<u64, usize>,
    hasher: RandomState,
    found: usize,
}

#[derive(Debug)]
struct Waiting<S> {
    grade: Grade,
    key: u64,
    count: usize,
    source: S,
}

/// Worst first.
type Grade = (Level, Option<Severity>);

impl<S> Collector<S> {
    pub(crate) fn new() -> Self {
        Self { waiting: Vec::new(), places: HashMap::new(), hasher: RandomState::new(), found: 0 }
    }

    /// Adds a result of `rule` at `subject`. `also` is what else must be equal for two to be the same.
    pub(crate) fn add(&mut self, grade: Grade, rule: &str, subject: Option<&Subject>, also: &str, source: S) {
        self.found += 1;
        let of_subject = match subject {
            None => (None, None, None),
            Some(Subject::File { path, line }) => (Some(path), *line, None),
            Some(Subject::Resource { address }) => (None, None, Some(address)),
        };
        let key = self.hasher.hash_one((grade, rule, of_subject, also));
        match self.places.entry(key) {
            Entry::Occupied(entry) => {
                if let Some(same) = self.waiting.get_mut(*entry.get()) {
                    same.count += 1;
                }
            }
            Entry::Vacant(entry) => {
                entry.insert(self.waiting.len());
                self.waiting.push(Waiting { grade, key, count: 1, source });
            }
        }
        if self.waiting.len() > MAX_WAITING {
            self.drop_the_mildest();
        }
    }

    /// The issues that are kept, made by `issue` of where they came from, and how many results are in none of them.
    pub(crate) fn finish(mut self, mut issue: impl FnMut(S) -> Issue) -> (Vec<Issue>, usize) {
        self.drop_the_mildest();
        let mut left_out = self.found;
        let mut issues = Vec::with_capacity(self.waiting.len());
        for it in self.waiting {
            left_out -= it.count;
            let (level, severity) = it.grade;
            issues.push(Issue { level, severity, count: it.count, ..issue(it.source) });
        }
        (issues, left_out)
    }

    fn drop_the_mildest(&mut self) {
        self.waiting.sort_by_key(|it| (it.grade.0, it.grade.1.map_or(u8::MAX, |it| it as u8)));
        self.waiting.truncate(MAX_ISSUES);
        self.places = self.waiting.iter().enumerate().map(|(place, it)| (it.key, place)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue(title: String) -> Issue {
        Issue {
            rule: String::new(),
            title,
            message: String::new(),
            help: String::new(),
            link: None,
            subject: None,
            level: Level::Info,
            severity: None,
            count: 0,
        }
    }

    #[test]
    fn the_same_is_one_issue_and_the_worst_are_kept() {
        let mut collector = Collector::new();
        let at = |line| Subject::File { path: "a.tf".into(), line: Some(line) };
        for number in 0..3 * MAX_WAITING {
            let line = u32::try_from(number).unwrap();
            collector.add((Level::Info, None), "mild", Some(&at(line)), "", format!("mild {line}"));
        }
        for line in [1, 1, 2] {
            let grade = (Level::Error, Some(Severity::High));
            collector.add(grade, "bad", Some(&at(line)), "", format!("bad {line}"));
        }
        collector.add((Level::Error, Some(Severity::Critical)), "bad", Some(&at(1)), "", "worse".to_owned());
        let (issues, left_out) = collector.finish(issue);
        assert_eq!(issues.len(), MAX_ISSUES);
        let first: Vec<_> = issues.iter().take(4).map(|it| (&*it.title, it.count)).collect();
        assert_eq!(first, [("worse", 1), ("bad 1", 2), ("bad 2", 1), ("mild 0", 1)]);
        assert_eq!(left_out + issues.iter().map(|it| it.count).sum::<usize>(), 3 * MAX_WAITING + 4);
    }
}
