//! Holds the answers of policies.

use crate::message::{Answer, RuleEntry, Trouble};
use crate::session::{Ended, Session};
use runtask_checks::Unjudged;

/// Why no policy could be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnavailableError {
    /// They cannot be compiled, or their data is in the way.
    #[error("{}", .0.summary)]
    Policies(Trouble),
    /// The plan cannot be read.
    #[error("{}", .0.summary)]
    Plan(Trouble),
    /// The process could not be started, or ended before it asked anything.
    #[error("{0}")]
    Process(String),
}

/// The rules, and the answers of those that were asked.
pub(crate) struct Evaluation {
    pub(crate) rules: Vec<RuleEntry>,
    /// For each rule that was asked, with the index of `rules`.
    pub(crate) answers: Vec<Answer>,
    /// What nobody could be asked about.
    pub(crate) unjudged: Unjudged,
}

impl Evaluation {
    /// Adds what a process said, which may have been started again for some of the rules. Returns how it ended, with the
    /// index that its rule has here.
    pub(crate) fn add(&mut self, session: Session) -> Ended {
        if self.rules.is_empty() {
            self.rules.clone_from(&session.rules);
        }
        if let Some(unjudged) = session.unjudged {
            self.unjudged = unjudged;
        }
        let index = |of_session: usize| {
            let path = &session.rules.get(of_session)?.path;
            self.rules.iter().position(|it| it.path == *path)
        };
        let indexed = session.answers.into_iter().filter_map(|answer| {
            Some(Answer { index: index(answer.index)?, ..answer })
        });
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
