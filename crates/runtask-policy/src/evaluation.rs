//! Holds the answers of policies.

use crate::message::{Answer, Event, Refusal, RuleEntry, SeenExpression, Solution, Trouble};
use crate::room::Room;
use runtask_checks::Unjudged;

/// Why no policy could be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnavailableError {
    /// They cannot be compiled, or their data is in the way: for at least one reason.
    #[error("{}", summary(.0))]
    Policies(Vec<Trouble>),
    /// The plan cannot be read.
    #[error("{}", summary(.0))]
    Plan(Vec<Trouble>),
    /// Evaluating them ended before anything was asked. The reason is for people: `it …`.
    #[error("{0}")]
    Ended(String),
}

impl UnavailableError {
    /// Each reason.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        match self {
            Self::Policies(troubles) | Self::Plan(troubles) => troubles.clone(),
            Self::Ended(reason) => vec![Trouble::new(reason.clone())],
        }
    }
}

/// The first reason, and how many there are.
fn summary(troubles: &[Trouble]) -> String {
    let first = troubles.first().map(|it| it.summary.clone()).unwrap_or_default();
    match troubles.len() {
        0 | 1 => first,
        all => format!("{first} (and {} more; `runtask policy check` lists them)", all - 1),
    }
}

/// The rules, and the answers of those that were asked.
#[derive(Debug, Default)]
pub(crate) struct Evaluation {
    pub(crate) rules: Vec<RuleEntry>,
    /// What is odd about the policies, where that was asked for.
    pub(crate) warnings: Vec<String>,
    /// For each rule that was asked, with the index of `rules`.
    pub(crate) answers: Vec<Answer>,
    /// What nobody could be asked about.
    pub(crate) unjudged: Unjudged,
    /// What happened at each place, where that was asked for.
    pub(crate) seen: Vec<SeenExpression>,
    /// The answer of a query.
    pub(crate) solutions: Vec<Solution>,
}

/// The last word of an evaluation.
#[derive(Debug)]
pub(crate) enum LastWord {
    Done,
    Refused(Refusal),
}

impl Evaluation {
    /// Notes what is said, and returns the last word.
    pub(crate) fn hear(&mut self, event: Event) -> Option<LastWord> {
        match event {
            Event::Warnings(warnings) => self.warnings = warnings,
            Event::Rules(rules) => self.rules = rules,
            Event::Plan(unjudged) => self.unjudged = unjudged,
            Event::Answer(answer) => self.answers.push(answer),
            Event::Seen(seen) => self.seen = seen,
            Event::Solutions(solutions) => self.solutions = solutions,
            Event::Refused(refusal) => return Some(LastWord::Refused(refusal)),
            Event::Done => return Some(LastWord::Done),
        }
        None
    }

    /// Says of all rules without an answer why they have none, puts answers in the order of rules, and keeps what there is
    /// room for.
    pub(crate) fn finish(&mut self, reason: &str) {
        let answered = |index: &usize| self.answers.iter().any(|it| it.index == *index);
        let left = (0..self.rules.len()).filter(|it| !answered(it));
        let left: Vec<_> = left.map(|index| Answer::without_words(index, reason.to_owned())).collect();
        self.answers.extend(left);
        self.answers.sort_by_key(|it| it.index);
        let mut room = Room::new();
        self.answers.iter_mut().for_each(|it| room.fit(it));
    }
}
