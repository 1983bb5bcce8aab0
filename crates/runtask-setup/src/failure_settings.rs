//! Reads the settings of the failure handler, which reports and checks nothing.

use crate::client::client_settings;
use crate::job_settings::on_error;
use crate::tasks_file::TasksFile;
use runtask_client::ClientSettings;
use runtask_findings::OnError;
use runtask_settings::{SettingsReader, numbers};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// Settings of the failure handler: those of [`JobSettings`](crate::JobSettings) that a result without checks needs.
#[derive(Debug, Clone)]
pub struct FailureSettings {
    /// Who may be called, and how.
    pub client: ClientSettings,
    /// `RUNTASK_DEADLINE_MS`: limit for one record outside Lambda.
    pub deadline: Duration,
    /// `RUNTASK_REPORT_MARGIN_MS`: how long before the deadline the final result is sent.
    pub report_margin: Duration,
    on_error: OnError,
    of_tasks: BTreeMap<String, OnError>,
}

impl FailureSettings {
    /// Reads them. `fetched` is the tasks' file where `RUNTASK_CONFIG` names none on disk, and `now` decides which of its
    /// exceptions have expired.
    pub fn read_from(settings: &mut SettingsReader<'_>, fetched: Option<TasksFile>, now: SystemTime) -> Self {
        let tasks = TasksFile::named(settings, fetched)
            .and_then(|it| it.parse(settings, now))
            .map(|(it, _warnings)| it);
        let tasks = tasks.iter().flat_map(|it| it.iter());
        Self {
            client: client_settings(settings),
            deadline: settings.milliseconds(&numbers::DEADLINE),
            report_margin: settings.milliseconds(&numbers::REPORT_MARGIN),
            on_error: on_error(settings),
            of_tasks: tasks.filter_map(|it| Some((it.name.clone(), it.on_error?))).collect(),
        }
    }

    /// What follows for a task when a check could not run.
    #[must_use]
    pub fn on_error(&self, task: &str) -> OnError {
        self.of_tasks.get(task).copied().unwrap_or(self.on_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read(pairs: &[(&str, &str)], file: Option<&str>) -> (FailureSettings, Result<(), String>) {
        let lookup =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut settings = SettingsReader::new(&lookup);
        let file = file.map(|it| TasksFile::fetched("runtask.toml", it.into(), Path::new("/nowhere")));
        let read = FailureSettings::read_from(&mut settings, file, SystemTime::UNIX_EPOCH);
        (read, settings.finish().map_err(|error| error.to_string()))
    }

    #[test]
    fn a_task_decides_before_the_environment() {
        let file = "[tasks.a]\nchecks = [\"fmt\"]\non_error = \"passed\"\n[tasks.b]\nchecks = [\"fmt\"]\n";
        let (settings, problems) = read(&[], Some(file));
        assert_eq!(problems, Ok(()));
        assert_eq!(settings.on_error("a"), OnError::Passed);
        assert_eq!(settings.on_error("b"), OnError::Failed);
        let (settings, _problems) = read(&[("RUNTASK_ON_ERROR", "passed")], Some(file));
        assert_eq!(settings.on_error("b"), OnError::Passed);
        assert_eq!(settings.on_error("unknown"), OnError::Passed);
    }

    /// The policies of a task may be what the other function died of.
    #[test]
    fn no_check_is_made_ready() {
        let file = "[tasks.a]\nchecks = [\"policy\"]\npolicy.paths = [\"missing\"]\non_error = \"passed\"\n";
        let (settings, problems) = read(&[], Some(file));
        assert_eq!(problems, Ok(()));
        assert_eq!(settings.on_error("a"), OnError::Passed);
    }

    #[test]
    fn where_something_is_wrong_its_default_holds() {
        let (settings, problems) = read(&[("RUNTASK_DEADLINE_MS", "soon")], Some("[tasks"));
        assert!(problems.unwrap_err().contains("RUNTASK_DEADLINE_MS"));
        assert_eq!(settings.deadline, Duration::from_secs(3300));
        assert_eq!(settings.on_error("a"), OnError::Failed);
    }
}
