//! Holds the answers of policies.

use crate::message::{Answer, RuleEntry, SeenExpression, Solution, Trouble};
use crate::session::{Ended, Session};
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
    /// The process could not be started, or ended before it asked anything.
    #[error("{0}")]
    Process(String),
}

impl UnavailableError {
    /// Each reason.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        match self {
            Self::Policies(troubles) | Self::Plan(troubles) => troubles.clone(),
            Self::Process(reason) => vec![Trouble::new(reason.clone())],
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

impl Evaluation {
    /// Adds what a process said, which may have been started again for some of the rules. Returns how it ended, with the
    /// index that its rule has here.
    pub(crate) fn add(&mut self, session: Session) -> Ended {
        if self.rules.is_empty() {
            self.rules.clone_from(&session.rules);
            self.warnings = session.warnings;
        }
        if let Some(unjudged) = session.unjudged {
            self.unjudged = unjudged;
        }
        self.seen.extend(session.seen);
        self.solutions.extend(session.solutions);
        let index = |of_session: usize| {
            let path = &session.rules.get(of_session)?.path;
            self.rules.iter().position(|it| it.path == *path)
        };
        let indexed = session
            .answers
            .into_iter()
            .filter_map(|answer| Some(Answer { index: index(answer.index)?, ..answer }));
        let answers: Vec<Answer> = indexed.collect();
        let ended = match session.ended {
            Ended::Died { during, reason } => Ended::Died { during: during.and_then(index), reason },
            ended => ended,
        };
        self.answers.extend(answers);
        ended
    }

    /// The rules without an answer.
    pub(crate) fn left(&self) -> Vec<usize> {
        let answered = |index: &usize| self.answers.iter().any(|it| it.index == *index);
        (0..self.rules.len()).filter(|it| !answered(it)).collect()
    }

    /// Says of all rules without an answer why they have none.
    pub(crate) fn give_up(&mut self, reason: &str) {
        let left = self.left().into_iter().map(|index| Answer::without_words(index, reason.to_owned()));
        self.answers.extend(left.collect::<Vec<_>>());
    }
}
