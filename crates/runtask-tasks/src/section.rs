//! Tells the reader of a file about what a task can have besides checks: a table for all tasks, and one for each.

use crate::check_entry::CheckSettings;
use crate::kind::Kind;
use crate::notes::Notes;
use crate::table::Table;

/// A section as files name it: `[NAME]`, and `[tasks.TASK.NAME]`.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Its name in both places.
    pub name: &'static str,
    /// Whether a task that has it needs no checks.
    pub needs_no_checks: bool,
    /// What it is about, in a line.
    pub about: &'static str,
    /// The table for all tasks.
    pub kind: &'static Kind,
    /// The table of a task.
    pub task_kind: &'static Kind,
    /// Reads the table for all tasks. What is wrong with it is in the notes, and then what is returned is thrown away.
    pub read: fn(&Table<'_>, &mut Notes<'_>) -> CheckSettings,
    /// Reads the table of a task likewise.
    pub read_task: fn(&Table<'_>, &Around<'_>, &mut Notes<'_>) -> CheckSettings,
}

/// What else the file says, for whoever reads the section of a task.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// What the table for all tasks says, where there is one.
    pub all: Option<&'a CheckSettings>,
    /// The stages that the task is for; all unless set.
    pub stages: Option<&'a [&'static str]>,
    /// The names of the task's checks; `None` where they cannot be read.
    pub checks: Option<&'a [&'static str]>,
}
