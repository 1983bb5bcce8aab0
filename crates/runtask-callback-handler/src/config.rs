//! Settings of the callback handler.

use crate::tasks::{TaskSet, TasksFile};
use runtask_archive::Limits;
use runtask_checks::{TIME_LIMIT, Terraform};
use runtask_client::{AllowedOrigins, ClientSettings};
use runtask_findings::OnError;
use runtask_policy::Policy;
use runtask_protocol::AccessToken;
use runtask_protocol::limits::RESULT_DEADLINE;
use runtask_settings::SettingsError;
use runtask_tasks::Tasks;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};
use tracing::warn;
use url::Url;

/// Settings of the callback handler, in the Lambda function and in `runtask serve`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `RUNTASK_ALLOWED_ORIGINS`, `RUNTASK_HTTP_TIMEOUT_MS` (10 000 unless set), `RUNTASK_CA_BUNDLE` (path of a PEM
    /// file with certificates to trust besides the public ones), and the proxies of `HTTPS_PROXY` and its kin.
    pub client: ClientSettings,
    /// `TF_TOKEN`: reads plans and configurations in place of the run's own token.
    pub read_token: Option<AccessToken>,
    /// `RUNTASK_CONFIG`: the file that says which task checks what. Without it there is the task `default`, whose
    /// checks `RUNTASK_CHECKS` lists; `fmt` unless set.
    pub tasks: Tasks,
    /// The policies of each task that has any. `RUNTASK_POLICY_MEMORY_BYTES` limits what evaluating them may allocate;
    /// 1 GiB unless set, and less in a function that has less.
    pub policies: HashMap<String, Policy>,
    /// `RUNTASK_ON_ERROR`: the final status when a check could not run; `failed` unless set.
    pub on_error: OnError,
    /// `RUNTASK_TERRAFORM` and where else terraform is; `RUNTASK_TERRAFORM_TIMEOUT_MS` limits one check, 60 000
    /// unless set. Why there is none, where there is none: that is a result's matter, not a reason not to start.
    pub terraform: Result<Terraform, String>,
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

impl Settings {
    /// Reads the settings. `fetched` is the tasks' file where `RUNTASK_CONFIG` names none on disk, and `now` decides
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
        let mut settings = runtask_settings::Settings::new(lookup);
        let read = Self::read_from(&mut settings, lookup, fetched, now);
        settings.finish()?;
        Ok(read)
    }

    /// What follows for a task when a check could not run.
    #[must_use]
    pub fn on_error(&self, task: &str) -> OnError {
        self.tasks.get(task).and_then(|it| it.on_error).unwrap_or(self.on_error)
    }

    /// Reads the settings as a part of more.
    pub fn read_from(
        settings: &mut runtask_settings::Settings<'_>,
        lookup: &dyn Fn(&str) -> Option<String>,
        fetched: Option<TasksFile>,
        now: SystemTime,
    ) -> Self {
        let TaskSet { tasks, policies, warnings } = TaskSet::read(settings, fetched, now);
        if !warnings.is_empty() {
            warn!("{warnings}");
        }
        let limits = Limits::default();
        let minutes = |it: u64| Duration::from_secs(60 * it);
        let read = Self {
            client: client_from(settings),
            read_token: settings.text("TF_TOKEN").map(AccessToken::new),
            tasks,
            policies,
            on_error: settings.parsed("RUNTASK_ON_ERROR", OnError::Failed),
            terraform: terraform_from(settings, lookup),
            archive: Limits {
                max_compressed_bytes: settings
                    .parsed("RUNTASK_MAX_COMPRESSED_BYTES", limits.max_compressed_bytes),
                max_unpacked_bytes: settings.parsed("RUNTASK_MAX_UNPACKED_BYTES", limits.max_unpacked_bytes),
                max_entries: settings.parsed("RUNTASK_MAX_ENTRIES", limits.max_entries),
                max_path_bytes: settings.parsed("RUNTASK_MAX_PATH_BYTES", limits.max_path_bytes),
                max_depth: settings.parsed("RUNTASK_MAX_DEPTH", limits.max_depth),
            },
            max_plan_bytes: max_plan_bytes_from(settings),
            concurrency: settings
                .parsed("RUNTASK_CONCURRENCY", NonZeroUsize::new(4).unwrap_or(NonZeroUsize::MIN))
                .get(),
            progress_interval: settings.milliseconds("RUNTASK_PROGRESS_INTERVAL_MS", minutes(4)),
            deadline: settings.milliseconds("RUNTASK_DEADLINE_MS", minutes(55)),
            report_margin: settings.milliseconds("RUNTASK_REPORT_MARGIN_MS", Duration::from_secs(10)),
        };
        if read.progress_interval.is_zero() || read.progress_interval >= minutes(10) {
            settings.problem(
                "RUNTASK_PROGRESS_INTERVAL_MS: HCP Terraform wants to hear something every ten minutes",
            );
        }
        if read.deadline.is_zero() || read.deadline >= RESULT_DEADLINE {
            settings.problem("RUNTASK_DEADLINE_MS: HCP Terraform waits for 60 minutes");
        }
        if read.client.timeout.is_zero() {
            settings.problem("RUNTASK_HTTP_TIMEOUT_MS: without time there is no answer");
        }
        read
    }
}

/// Finds terraform as `RUNTASK_TERRAFORM` and `PATH` say, limited as `RUNTASK_TERRAFORM_TIMEOUT_MS` says.
///
/// # Errors
///
/// A sentence for people.
pub fn terraform_from(
    settings: &mut runtask_settings::Settings<'_>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Terraform, String> {
    let limit = settings.milliseconds("RUNTASK_TERRAFORM_TIMEOUT_MS", TIME_LIMIT);
    Terraform::find(lookup).map(|it| it.time_limit(limit)).map_err(|error| error.to_string())
}

/// Reads who may be called, and how: what [`Settings::client`] says.
pub fn client_from(settings: &mut runtask_settings::Settings<'_>) -> ClientSettings {
    let default = ClientSettings::default();
    let ca_bundle = settings.text("RUNTASK_CA_BUNDLE").and_then(|path| match std::fs::read(path) {
        Ok(pem) => Some(pem),
        Err(error) => {
            settings.problem(format!("RUNTASK_CA_BUNDLE: the file could not be read: {error}"));
            None
        }
    });
    let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let proxy_hosts = proxies.iter().filter_map(|name| settings.text(name)).filter_map(|url| {
        let url =
            Url::parse(&url).ok().filter(Url::has_host).or_else(|| Url::parse(&format!("http://{url}")).ok());
        url.and_then(|it| it.host_str().map(str::to_owned))
    });
    ClientSettings {
        proxy_hosts: proxy_hosts.collect(),
        ca_bundle,
        origins: settings.parsed("RUNTASK_ALLOWED_ORIGINS", AllowedOrigins::default()),
        timeout: settings.milliseconds("RUNTASK_HTTP_TIMEOUT_MS", default.timeout),
        ..default
    }
}

/// `RUNTASK_MAX_PLAN_BYTES`: what a plan may be.
pub fn max_plan_bytes_from(settings: &mut runtask_settings::Settings<'_>) -> u64 {
    settings.parsed("RUNTASK_MAX_PLAN_BYTES", 256 * 1024 * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_tasks::CheckName;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let lookup =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Settings::read(&lookup, None, SystemTime::UNIX_EPOCH).map_err(|error| error.to_string())
    }

    #[test]
    fn without_settings_the_defaults_hold() {
        let settings = read(&[]).unwrap();
        let tasks: Vec<_> = settings.tasks.iter().map(|it| (&*it.name, &*it.checks)).collect();
        assert_eq!(tasks, [("default", &[CheckName::Fmt][..])]);
        assert_eq!(settings.client.origins, AllowedOrigins::default());
        assert!(settings.read_token.is_none());
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
