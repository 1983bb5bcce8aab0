//! Holds what a tasks' file says of approvals: who is asked, where, and about which runs.

use crate::tasks_file::TasksFile;
use runtask_approvals::{ApprovalSettings, Channel, SECTION, TaskApproval};
use runtask_settings::SettingsReader;
use runtask_tasks::{CheckSettings, Task, Tasks};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// `[approval]`, and `[tasks.NAME.approval]` of each task that has it: at least one.
#[derive(Debug, Clone)]
pub struct Asking {
    /// Who is who, and the services around.
    pub settings: ApprovalSettings,
    /// When who has to approve, by the task's name.
    pub tasks: BTreeMap<String, TaskApproval>,
    /// Where relative paths of the file begin.
    pub directory: PathBuf,
}

impl Asking {
    /// Reads them of `fetched`, or of the file that `RUNTASK_CONFIG` names, and makes nothing else of it ready; `None` where
    /// no task asks people, and where something is wrong with the file, which is noted. `now` decides what has expired.
    pub fn read(
        settings: &mut SettingsReader<'_>,
        fetched: Option<TasksFile>,
        now: SystemTime,
    ) -> Option<Self> {
        let file = TasksFile::named(settings, fetched)?;
        let (tasks, _warnings) = file.parse(settings, now)?;
        Self::of(&tasks, &file.directory)
    }

    /// What these tasks say; `None` where none asks people.
    pub(crate) fn of(tasks: &Tasks, directory: &Path) -> Option<Self> {
        let asking = tasks.iter().filter_map(|it| Some((it.name.clone(), approval(it)?.clone())));
        let asking: BTreeMap<_, _> = asking.collect();
        let settings = tasks.section(SECTION.name).and_then(CheckSettings::get).cloned().unwrap_or_default();
        (!asking.is_empty()).then(|| Self { settings, tasks: asking, directory: directory.to_owned() })
    }

    /// The channels that tasks name, some of them more than once.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.tasks.values().flat_map(|it| it.channels.iter().chain(&it.fallback))
    }
}

/// What a task says of approvals.
pub(crate) fn approval(task: &Task) -> Option<&TaskApproval> {
    task.sections.get(SECTION.name).and_then(CheckSettings::get)
}
