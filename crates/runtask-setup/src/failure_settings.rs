//! Reads the settings of the failure handler, which reports and checks nothing.

use crate::asking::approval;
use crate::client::client_settings;
use crate::job_settings::on_error;
use crate::tasks_file::TasksFile;
use runtask_client::ClientSettings;
use runtask_findings::OnError;
use runtask_settings::{SettingsReader, numbers};
use runtask_tasks::Task;
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
    /// Nothing where there is no tasks' file.
    of_tasks: Option<BTreeMap<String, OnError>>,
}

impl FailureSettings {
    /// Reads them. `fetched` is the tasks' file where `RUNTASK_CONFIG` names none on disk, and `now` decides which of its
    /// exceptions have expired.
    pub fn read_from(settings: &mut SettingsReader<'_>, fetched: Option<TasksFile>, now: SystemTime) -> Self {
        let is_named = fetched.is_some() || settings.text("RUNTASK_CONFIG").is_some();
        let tasks = TasksFile::named(settings, fetched).and_then(|it| it.parse(settings, now));
        let on_error = on_error(settings);
        let of_tasks = tasks.iter().flat_map(|(it, _warnings)| it.iter());
        // Where people should have been asked, nobody was.
        let of_task = |it: &Task| match approval(it) {
            Some(_) => OnError::Failed,
            None => it.on_error.unwrap_or(on_error),
        };
        let of_tasks = of_tasks.map(|it| (it.name.clone(), of_task(it))).collect();
        Self {
            client: client_settings(settings),
            deadline: settings.milliseconds(&numbers::DEADLINE),
            report_margin: settings.milliseconds(&numbers::REPORT_MARGIN),
            on_error,
            of_tasks: is_named.then_some(of_tasks),
        }
    }

    /// Says that there is a tasks' file, and that it could not be read.
    pub fn lose_tasks(&mut self) {
        self.of_tasks = Some(BTreeMap::new());
    }

    /// What follows for a task when a check could not run. Of a task that the file does not have, or that cannot be looked up
    /// because something is wrong with the file, nobody knows what it would say: then the run failed.
    #[must_use]
    pub fn on_error(&self, task: &str) -> OnError {
        match &self.of_tasks {
            Some(of_tasks) => of_tasks.get(task).copied().unwrap_or(OnError::Failed),
            None => self.on_error,
        }
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
        assert_eq!(settings.on_error("unknown"), OnError::Failed);
        let (settings, _problems) = read(&[("RUNTASK_ON_ERROR", "passed")], None);
        assert_eq!(settings.on_error("default"), OnError::Passed);
    }

    /// Nobody is asked by a function that reports for the dead, so nothing passes.
    #[test]
    fn a_task_that_asks_people_never_passes_without() {
        let file = "[approval.groups]\na = { roles = [\"a\"] }\n[tasks.a]\non_error = \"passed\"\n[tasks.a.approval]\n\
                    required = [{ group = \"a\" }]\nchannels = [\"teams:a\"]\n";
        let (settings, problems) = read(&[("RUNTASK_ON_ERROR", "passed")], Some(file));
        assert_eq!(problems, Ok(()));
        assert_eq!(settings.on_error("a"), OnError::Failed);
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
        let (settings, problems) =
            read(&[("RUNTASK_DEADLINE_MS", "soon"), ("RUNTASK_ON_ERROR", "passed")], Some("[tasks"));
        assert!(problems.unwrap_err().contains("RUNTASK_DEADLINE_MS"));
        assert_eq!(settings.deadline, Duration::from_secs(3300));
        assert_eq!(settings.on_error("a"), OnError::Failed);
    }
}
