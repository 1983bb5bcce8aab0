//! Tasks as they are once read. Where they are read from is the caller's matter.

use crate::check::CheckName;
use crate::date::Date;
use crate::filter::Filter;
use crate::notes::Notes;
use crate::policy::{Builtins, PolicySettings};
use crate::problem::{Problem, ProblemKind, Problems};
use crate::{read, syntax};
use runtask_findings::OnError;
use std::collections::BTreeMap;

/// The task that `POST /` names.
pub const DEFAULT_TASK: &str = "default";

/// The largest file that is read: 1 MiB.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// All tasks of one run task, at least one.
#[derive(Debug, Clone)]
pub struct Tasks(pub(crate) BTreeMap<String, Task>);

/// What one path of the run task checks: `[tasks.NAME]` is what `POST /NAME` runs.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// `checks`: at least one, each once, in the order of the file.
    pub checks: Vec<CheckName>,
    /// The runs it is for.
    pub filter: Filter,
    /// `on_skip`: what the other runs get.
    pub on_skip: OnSkip,
    /// `on_error`: what follows when a check could not run, where the task says so itself.
    pub on_error: Option<OnError>,
    /// `[tasks.NAME.policy]`: there if and only if `checks` name `policy`.
    pub policy: Option<PolicySettings>,
}

/// The result of a run that a task is not for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnSkip {
    /// Passed; what is meant when nothing is said.
    #[default]
    Passed,
    /// Failed.
    Failed,
}

impl OnSkip {
    pub(crate) const ALL: [Self; 2] = [Self::Passed, Self::Failed];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

impl Tasks {
    /// What there is without a file: the one task that `POST /` names, with these checks, for every run.
    ///
    /// `policy` is no check for it: which rules to ask, only a file can say.
    #[must_use]
    pub fn only_default(checks: Vec<CheckName>) -> Self {
        let task = Task {
            name: DEFAULT_TASK.to_owned(),
            checks,
            filter: Filter::default(),
            on_skip: OnSkip::default(),
            on_error: None,
            policy: None,
        };
        Self(BTreeMap::from([(task.name.clone(), task)]))
    }

    /// Reads a `runtask.toml`.
    ///
    /// `file` is its name in messages. `builtins` are the rules that are shipped, and `today` decides
    /// which exceptions have expired; it never decides whether the file can be read. Beside the tasks come warnings:
    /// what does no harm today but should be looked at.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, warnings among it. Whoever gets it prints it and does not start.
    pub fn parse(
        file: &str,
        content: impl AsRef<[u8]>,
        today: Date,
        builtins: Builtins<'_>,
    ) -> Result<(Self, Problems), Problems> {
        let content = content.as_ref();
        if content.len() > MAX_FILE_BYTES {
            let message = format!("this file has {} bytes, and {MAX_FILE_BYTES} are read", content.len());
            return Err(about_all_of(file, message));
        }
        let text = match std::str::from_utf8(content) {
            Ok(text) => text,
            Err(error) => {
                let line = 1 + content.iter().take(error.valid_up_to()).filter(|it| **it == b'\n').count();
                return Err(about_all_of(file, format!("line {line} is not UTF-8: save the file as UTF-8")));
            }
        };
        let mut notes = Notes::new(file, text);
        let lines = syntax::one_key_a_line(text);
        let table = syntax::parse(&lines, &mut notes);
        let names = builtins.rules.iter().chain(builtins.samples).copied().collect();
        let tasks = read::tasks(&table, &read::Surroundings { today, builtins, names }, &mut notes);
        match notes.finish() {
            (problems, true) => Err(problems),
            (warnings, false) => Ok((Self(tasks), warnings)),
        }
    }

    /// The task of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Task> {
        self.0.get(name)
    }

    /// The names of all tasks, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All tasks, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.0.values()
    }
}

fn about_all_of(file: &str, message: String) -> Problems {
    let problem = Problem { kind: ProblemKind::Error, file: file.to_owned(), place: None, message };
    Problems { list: vec![problem], left_out: 0 }
}
