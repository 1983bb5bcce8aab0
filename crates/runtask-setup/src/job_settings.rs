//! Reads the settings of whatever works on jobs.

use crate::client::client_settings;
use crate::report_settings::ReportSettings;
use crate::task_set::TaskSet;
use crate::tasks_file::TasksFile;
use runtask_archive::Limits;
use runtask_client::ClientSettings;
use runtask_findings::OnError;
use runtask_notify::{Channel, Events};
use runtask_protocol::AccessToken;
use runtask_settings::{SettingsError, SettingsReader, numbers};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tracing::warn;

/// Settings of whatever works on jobs: the callback handler, `runtask serve`.
#[derive(Debug, Clone)]
pub struct JobSettings {
    /// `RUNTASK_ALLOWED_ORIGINS`, `RUNTASK_HTTP_TIMEOUT_MS` (10 000 unless set), `RUNTASK_CA_BUNDLE` (path of a PEM
    /// file with certificates to trust besides the public ones), and the proxies of `HTTPS_PROXY` and its kin.
    pub client: ClientSettings,
    /// `TF_TOKEN`: reads plans and configurations in place of the run's own token.
    pub read_token: Option<AccessToken>,
    /// `RUNTASK_CONFIG`: the file that says which task checks what. Without it there is the task `default`, whose
    /// checks `RUNTASK_CHECKS` lists; `fmt` unless set.
    pub tasks: TaskSet,
    /// `[notify.NAME]` of that file: who can be told of results, once [`JobSettings::read_channels`] was called.
    pub channels: Vec<Channel>,
    /// `RUNTASK_REPORTS` and its kin: where the pages of results are kept, if they are.
    pub reports: Option<ReportSettings>,
    /// `RUNTASK_ON_ERROR`: the final status when a check could not run; `failed` unless set.
    pub on_error: OnError,
    /// `RUNTASK_MAX_COMPRESSED_BYTES` (512 MiB unless set), `RUNTASK_MAX_UNPACKED_BYTES` (1 GiB),
    /// `RUNTASK_MAX_ENTRIES` (100 000), `RUNTASK_MAX_PATH_BYTES` (1024), `RUNTASK_MAX_DEPTH` (64): what a
    /// configuration archive may be.
    pub archive: Limits,
    /// `RUNTASK_MAX_PLAN_BYTES`: what a plan may be; 256 MiB unless set.
    pub max_plan_bytes: u64,
    /// `RUNTASK_CONCURRENCY`: jobs that fetch and check at the same time in one process; 4 unless set. The others
    /// wait, and say `running` meanwhile.
    pub concurrency: usize,
    /// `RUNTASK_PROGRESS_INTERVAL_MS`: the pause between two `running` reports; 240 000 unless set. HCP Terraform
    /// gives up after ten minutes without one.
    pub progress_interval: Duration,
    /// `RUNTASK_DEADLINE_MS`: limit for one job outside Lambda; 3 300 000 unless set, inside the 60 minutes that HCP
    /// Terraform waits.
    pub deadline: Duration,
    /// `RUNTASK_REPORT_MARGIN_MS`: how long before the deadline work stops and the final result is sent; 10 000
    /// unless set.
    pub report_margin: Duration,
}

impl JobSettings {
    /// Reads the settings, but no channels. `fetched` is the tasks' file where `RUNTASK_CONFIG` names none on disk, and `now` decides
    /// which of its exceptions have expired.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, by name.
    pub fn read(
        lookup: &dyn Fn(&str) -> Option<String>,
        fetched: Option<TasksFile>,
        now: SystemTime,
    ) -> Result<Self, SettingsError> {
        let mut settings = SettingsReader::new(lookup);
        let read = Self::read_from(&mut settings, fetched, now);
        settings.finish()?;
        Ok(read)
    }

    /// What follows for a task when a check could not run.
    #[must_use]
    pub fn on_error(&self, task: &str) -> OnError {
        self.tasks.get(task).and_then(|it| it.task.on_error).unwrap_or(self.on_error)
    }

    /// Makes the channels of the file ready. Whoever does not, tells nobody, and needs none of their secrets. `events` is the
    /// way to EventBridge of whoever has one.
    pub fn read_channels(&mut self, settings: &mut SettingsReader<'_>, events: Option<&Arc<dyn Events>>) {
        self.channels = self.tasks.channels(settings, events);
    }

    /// Reads the settings as a part of more, but no channels.
    pub fn read_from(settings: &mut SettingsReader<'_>, fetched: Option<TasksFile>, now: SystemTime) -> Self {
        let tasks = TaskSet::read(settings, fetched, now);
        if !tasks.warnings.is_empty() {
            warn!("{}", tasks.warnings);
        }
        Self {
            client: client_settings(settings),
            read_token: settings.text("TF_TOKEN").map(AccessToken::new),
            channels: Vec::new(),
            tasks,
            reports: ReportSettings::read(settings),
            on_error: on_error(settings),
            archive: Limits {
                max_compressed_bytes: settings.number(&numbers::MAX_COMPRESSED_BYTES),
                max_unpacked_bytes: settings.number(&numbers::MAX_UNPACKED_BYTES),
                max_entries: settings.number(&numbers::MAX_ENTRIES),
                max_path_bytes: settings.count(&numbers::MAX_PATH_BYTES),
                max_depth: settings.count(&numbers::MAX_DEPTH),
            },
            max_plan_bytes: max_plan_bytes(settings),
            concurrency: settings.count(&numbers::CONCURRENCY),
            progress_interval: settings.milliseconds(&numbers::PROGRESS_INTERVAL),
            deadline: settings.milliseconds(&numbers::DEADLINE),
            report_margin: settings.milliseconds(&numbers::REPORT_MARGIN),
        }
    }
}

/// `RUNTASK_ON_ERROR`: the final status when a check could not run.
pub(crate) fn on_error(settings: &mut SettingsReader<'_>) -> OnError {
    settings.parsed("RUNTASK_ON_ERROR", OnError::Failed)
}

/// `RUNTASK_MAX_PLAN_BYTES`: what a plan may be.
pub fn max_plan_bytes(settings: &mut SettingsReader<'_>) -> u64 {
    settings.number(&numbers::MAX_PLAN_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task_set::LoadedTask;
    use runtask_protocol::AllowedOrigins;

    fn read(pairs: &[(&str, &str)]) -> Result<JobSettings, String> {
        let lookup =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        JobSettings::read(&lookup, None, SystemTime::UNIX_EPOCH).map_err(|error| error.to_string())
    }

    #[test]
    fn without_settings_the_defaults_hold() {
        let settings = read(&[]).unwrap();
        let names = |it: &LoadedTask| it.checks.iter().map(|it| it.name()).collect::<Vec<_>>();
        let tasks: Vec<_> = settings.tasks.iter().map(|it| (&*it.task.name, names(it))).collect();
        assert_eq!(tasks, [("default", vec!["fmt"])]);
        assert_eq!(settings.client.origins, AllowedOrigins::default());
        assert!(settings.read_token.is_none());
        // The libraries' own defaults are the same.
        assert_eq!(format!("{:?}", settings.archive), format!("{:?}", Limits::default()));
        assert_eq!(settings.client.timeout, ClientSettings::default().timeout);
    }

    #[test]
    fn all_problems_come_together_and_without_values() {
        let error = read(&[
            ("RUNTASK_ALLOWED_ORIGINS", "tfe.example.com"),
            ("RUNTASK_CHECKS", "fmt,lint"),
            ("RUNTASK_ON_ERROR", "maybe"),
            ("RUNTASK_MAX_ENTRIES", "many"),
            ("RUNTASK_CA_BUNDLE", "/nonexistent"),
        ])
        .unwrap_err();
        assert_eq!(error.lines().count(), 5, "{error}");
        for value in ["tfe.example.com,", "lint", "maybe", "many", "nonexistent"] {
            assert!(!error.contains(value), "{value} in {error}");
        }
    }

    /// P-21: a proxy inside the network may be used.
    #[test]
    fn proxies_are_known_by_host() {
        let settings =
            read(&[("HTTPS_PROXY", "http://u:p@proxy.corp:3128"), ("http_proxy", "10.0.0.1:80")]).unwrap();
        assert_eq!(settings.client.proxy_hosts, ["proxy.corp", "10.0.0.1"]);
    }
}
