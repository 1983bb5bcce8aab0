//! Holds what both Lambda functions of this package use: clock, environment, claims, and the loop around events.

use crate::attempt::Attempt;
use crate::end::End;
use futures_util::future::join_all;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use runtask_aws::{FileUrl, SdkConfig, TableClaims, sdk_config};
use runtask_findings::printable;
use runtask_log::{Chain, event};
use runtask_settings::{SettingsReader, unknown_settings};
use runtask_setup::{FailureSettings, JobSettings, TasksFile};
use runtask_state::{Claim, ClaimStore, Lease, MemoryClaims, StoreError};
use runtask_tasks::MAX_FILE_BYTES;
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use std::cell::LazyCell;
use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, timeout};
use tracing::{error, info, warn};

/// Where a layer puts the files that a tasks' file from elsewhere can name.
const LAYER: &str = "/opt/runtask";

/// How long secrets of channels are waited for, all of them at once. Lambda gives a function ten seconds to start, and the
/// tasks' file may have taken six.
const SECRETS_LIMIT: Duration = Duration::from_secs(3);

/// Bytes of a secret of a channel: a parameter of the standard tier has no more.
const MAX_SECRET_BYTES: usize = 4096;

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn lookup(name: &str) -> Option<String> {
    // What is no UTF-8 must not count as unset: as it is shown, no check of a setting passes it.
    std::env::var_os(name).map(|it| it.to_string_lossy().into_owned())
}

/// Tells of variables that were meant to be settings.
fn warn_of_unknown_settings() {
    for warning in unknown_settings(std::env::vars_os().map(|it| it.0.to_string_lossy().into_owned())) {
        warn!(event = event::SETTING_UNKNOWN, "{warning}");
    }
}

/// Everything that a function starts with.
#[derive(Debug)]
pub struct Start<S> {
    /// Its settings.
    pub settings: S,
    /// Where claims are kept.
    pub claims: Claims,
    /// The clock.
    pub now: fn() -> SystemTime,
}

impl Start<JobSettings> {
    /// Starts logging and reads the settings, and the tasks' file where `RUNTASK_CONFIG` is the URL of one.
    ///
    /// # Errors
    ///
    /// That the file could not be read, or everything that is wrong with the settings, by name, or with the policies.
    pub async fn read() -> Result<Self, Error> {
        runtask_log::start_in_lambda(lookup, now);
        warn_of_unknown_settings();
        let aws = Aws::new(aws);
        let tasks = fetch_tasks(&aws).await?;
        let mut settings = JobSettings::read(&lookup, tasks, now())?;
        if settings.tasks.asking.is_some() {
            // It would report at once, and whoever reads the file believes that people are asked.
            return Err("a task has [tasks.NAME.approval], and this function cannot ask people".into());
        }
        read_channels(&mut settings, &aws).await;
        let tried = settings.tasks.try_out().await;
        for warning in &tried.warnings {
            warn!("{}", printable(warning));
        }
        if !tried.errors.is_empty() {
            return Err(format!("no run could be checked: {}", tried.errors.join("; ")).into());
        }
        Ok(Self::with(settings, &aws))
    }
}

impl Start<FailureSettings> {
    /// Starts logging and reads the settings of a function that must not die of what the other one died of: where a
    /// setting is wrong, its default holds, and the log says so.
    pub async fn read_leniently() -> Self {
        runtask_log::start_in_lambda(lookup, now);
        warn_of_unknown_settings();
        let aws = Aws::new(aws);
        let tasks = fetch_tasks(&aws).await;
        let is_lost = tasks.is_err();
        let tasks = tasks.unwrap_or_else(|error| {
            error!(
                event = event::TASKS_NOT_READ,
                error = %Chain(&*error),
                "there are no tasks, and every result is that the run failed"
            );
            None
        });
        let lookup = |name: &str| lookup(name).filter(|_| !is_lost || name != "RUNTASK_CONFIG");
        let mut settings = SettingsReader::new(&lookup);
        let mut read = FailureSettings::read_from(&mut settings, tasks, now());
        if is_lost {
            read.lose_tasks();
        }
        if let Err(problems) = settings.finish() {
            error!(event = event::SETTINGS_WRONG, "settings are wrong, and their defaults hold: {problems}");
        }
        Self::with(read, &aws)
    }
}

impl<S> Start<S> {
    fn with(settings: S, aws: &Aws) -> Self {
        let claims = match lookup("RUNTASK_TABLE").filter(|it| !it.is_empty()) {
            Some(table) => Claims::Table(Box::new(TableClaims::new(aws, table))),
            None => Claims::Memory(MemoryClaims::new()),
        };
        Self { settings, claims, now }
    }
}

/// Made only where something of AWS is used, and then once.
type Aws = LazyCell<SdkConfig>;

fn aws() -> SdkConfig {
    sdk_config(lookup)
}

/// The tasks' file, where `RUNTASK_CONFIG` is a URL and not a path.
async fn fetch_tasks(aws: &Aws) -> Result<Option<TasksFile>, Error> {
    let Some(url) = lookup("RUNTASK_CONFIG").filter(|it| it.contains("://")) else { return Ok(None) };
    let file: FileUrl = url.parse().map_err(|error| format!("RUNTASK_CONFIG: {url:?}: {error}"))?;
    let content = file.read(aws, MAX_FILE_BYTES).await;
    let content = content.map_err(|error| format!("RUNTASK_CONFIG: {url}: {}", Chain(&error)))?;
    info!(event = event::TASKS_READ, "read the tasks from {url}");
    Ok(Some(TasksFile::fetched(&url, content, Path::new(LAYER))))
}

/// Makes the channels ready. One that cannot be is left out, and the log says why: a run must get its result, whoever is told
/// of it.
async fn read_channels(settings: &mut JobSettings, aws: &Aws) {
    let mut secrets: HashMap<String, SecretString> = HashMap::new();
    let read = settings.tasks.channel_parameters().map(|url| async move {
        let secret = timeout(SECRETS_LIMIT, secret(url, aws)).await;
        (url, secret.unwrap_or_else(|_elapsed| Err("there was no answer in time".into())))
    });
    for (url, secret) in join_all(read).await {
        match secret {
            Ok(secret) => drop(secrets.insert(url.to_owned(), secret)),
            Err(error) => {
                error!(event = event::CHANNEL_NOT_READY, error = %Chain(&*error), "{url} could not be read")
            }
        }
    }
    let lookup = |name: &str| match secrets.get(name) {
        Some(secret) => Some(secret.expose_secret().to_owned()),
        None => lookup(name),
    };
    let mut reader = SettingsReader::new(&lookup);
    settings.read_channels(&mut reader);
    if let Err(problems) = reader.finish() {
        error!(event = event::CHANNEL_NOT_READY, "nobody is told through these channels: {problems}");
    }
}

/// The secret in a parameter.
async fn secret(url: &str, aws: &Aws) -> Result<SecretString, Error> {
    let content = url.parse::<FileUrl>()?.read(aws, MAX_SECRET_BYTES).await?;
    // What is no UTF-8 is no secret, and nothing of it is told.
    Ok(String::from_utf8(content).map_err(|_secret| "it is no text")?.into())
}

/// Takes events from Lambda, one after the other, for as long as the process lives.
///
/// An error makes Lambda deliver the event again, and in the end call the function's on-failure destination. `otherwise`
/// is the time for one event where Lambda's own deadline makes no sense.
///
/// # Errors
///
/// When Lambda's Runtime API cannot be reached.
pub async fn run<F>(otherwise: Duration, handle: F) -> Result<(), Error>
where
    F: AsyncFn(Box<RawValue>, Attempt) -> Result<End, Error>,
{
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let left = time_left(event.context.deadline, now(), otherwise);
        // Boxed: the future of a whole job inside those of the runtime is a type too deep for the compiler.
        let end = Box::pin(handle(event.payload, Attempt::until(Instant::now() + left))).await?;
        Ok::<_, Error>(end.as_str())
    }))
    .await
}

/// How long this attempt has. An emulator may send a time long past (cargo-lambda 1.9 sends 600 000, ten minutes after
/// 1970): then it is as long as outside Lambda.
fn time_left(deadline_ms: u64, now: SystemTime, otherwise: Duration) -> Duration {
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(deadline_ms).checked_sub(since_epoch).unwrap_or(otherwise)
}

/// Claims in the table that `RUNTASK_TABLE` names; without it, in the process, which sees only its own.
#[derive(Debug)]
pub enum Claims {
    /// In a DynamoDB table.
    Table(Box<TableClaims>),
    /// In the process.
    Memory(MemoryClaims),
}

impl ClaimStore for Claims {
    async fn claim(&self, id: &str, now: SystemTime, lease_end: SystemTime) -> Result<Claim, StoreError> {
        match self {
            Self::Table(it) => it.claim(id, now, lease_end).await,
            Self::Memory(it) => it.claim(id, now, lease_end).await,
        }
    }

    async fn renew(&self, lease: &Lease, lease_end: SystemTime) -> Result<bool, StoreError> {
        match self {
            Self::Table(it) => it.renew(lease, lease_end).await,
            Self::Memory(it) => it.renew(lease, lease_end).await,
        }
    }

    async fn finish(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        match self {
            Self::Table(it) => it.finish(lease, now).await,
            Self::Memory(it) => it.finish(lease, now).await,
        }
    }

    async fn release(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        match self {
            Self::Table(it) => it.release(lease, now).await,
            Self::Memory(it) => it.release(lease, now).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_past_is_none() {
        let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let otherwise = Duration::from_secs(3300);
        assert_eq!(time_left(1_790_000_300_000, now, otherwise), Duration::from_secs(300));
        assert_eq!(time_left(600_000, now, otherwise), otherwise);
    }
}
