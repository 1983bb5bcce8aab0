//! Holds tasks that were read.

use crate::check_entry::CheckSettings;
use crate::filter::Filter;
use runtask_findings::OnError;
use std::collections::BTreeMap;

/// The task that `POST /` names.
pub const DEFAULT_TASK: &str = "default";

/// All tasks of one run task, at least one, and the channels that they tell.
#[derive(Debug, Clone)]
pub struct Tasks {
    pub(crate) tasks: BTreeMap<String, Task>,
    /// What the tables of sections say for all tasks.
    pub(crate) sections: BTreeMap<&'static str, CheckSettings>,
    pub(crate) channels: BTreeMap<String, CheckSettings>,
}

/// A task, called by one path of the run task: `POST /NAME` runs `[tasks.NAME]`.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// `checks`: each once, in the order of the file; none only where a section stands in for them.
    pub checks: Vec<TaskCheck>,
    /// The runs it is for.
    pub filter: Filter,
    /// `on_skip`: what the other runs get.
    pub on_skip: OnSkip,
    /// `on_error`: what follows when a check could not run, where the task says so itself.
    pub on_error: Option<OnError>,
    /// `[tasks.NAME.SECTION]`, as whoever it is for has read it.
    pub sections: BTreeMap<&'static str, CheckSettings>,
    /// `notify`: the channels that are told of its results, each of them one of [`Tasks::channels`].
    pub notify: Vec<String>,
}

/// A check of a task.
#[derive(Debug, Clone)]
pub struct TaskCheck {
    /// Its name.
    pub name: &'static str,
    /// `[tasks.NAME.<name>]`, as the check itself has read it; there where the file has it.
    pub settings: Option<CheckSettings>,
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
    /// Makes the tasks where there is no file: the one that `POST /` names, with these checks, for every run.
    ///
    /// A check that needs settings cannot be among them: only a file has settings.
    #[must_use]
    pub fn only_default(checks: &[&'static str]) -> Self {
        let task = Task {
            name: DEFAULT_TASK.to_owned(),
            checks: checks.iter().map(|name| TaskCheck { name, settings: None }).collect(),
            filter: Filter::default(),
            on_skip: OnSkip::default(),
            on_error: None,
            sections: BTreeMap::new(),
            notify: Vec::new(),
        };
        Self {
            tasks: BTreeMap::from([(task.name.clone(), task)]),
            sections: BTreeMap::new(),
            channels: BTreeMap::new(),
        }
    }

    /// The task of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Task> {
        self.tasks.get(name)
    }

    /// What a section says for all tasks, as whoever it is for has read it; `None` where the file does not have it.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&CheckSettings> {
        self.sections.get(name)
    }

    /// The names of all tasks, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tasks.keys().map(String::as_str)
    }

    /// All tasks, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    /// `[notify.NAME]`, by the names.
    #[must_use]
    pub const fn channels(&self) -> &BTreeMap<String, CheckSettings> {
        &self.channels
    }
}
