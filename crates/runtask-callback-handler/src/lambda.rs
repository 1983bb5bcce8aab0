//! Holds what both Lambda functions of this package use: clock, environment, claims, and the loop around events.

use crate::attempt::Attempt;
use crate::end::End;
use crate::event_bus::events;
use crate::handler::Handler;
use crate::page_of_result::KeepPage;
#[cfg(feature = "reports")]
use crate::reports::Reports;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use runtask_approvals::AskPeople;
#[cfg(feature = "reports")]
use runtask_aws::BucketReports;
use runtask_aws::TableClaims;
use runtask_findings::printable;
use runtask_lambda::{
    Aws, aws, fetch_tasks, lookup, now, read_scanner_secrets, read_secrets, start, time_left,
};
use runtask_log::{Chain, event};
use runtask_protocol::Job;
use runtask_settings::SettingsReader;
#[cfg(feature = "reports")]
use runtask_setup::ReportPlace;
use runtask_setup::{FailureSettings, JobSettings, ReportSettings};
use runtask_state::{Claim, ClaimStore, Lease, MemoryClaims, StoreError};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use tracing::{error, warn};

/// Time for all attempts to keep one file of a page. The page as a whole has two seconds.
#[cfg(feature = "reports")]
const KEEPING: Duration = Duration::from_secs(2);

/// Everything that a function starts with.
#[derive(Debug)]
pub struct Start<S> {
    /// Its settings.
    pub settings: S,
    /// Where claims are kept.
    pub claims: Claims,
    /// The clock.
    pub now: fn() -> SystemTime,
    /// What keeps pages of results, if anything does.
    pub pages: Option<Arc<dyn KeepPage>>,
}

impl Start<JobSettings> {
    /// As [`Start::read_asking`], for a function that cannot ask people.
    ///
    /// # Errors
    ///
    /// Also that a task asks people: its runs would have a result at once, and whoever reads the file believes otherwise.
    pub async fn read() -> Result<Self, Error> {
        let start = Self::read_asking().await?;
        match start.settings.tasks.asking {
            Some(_) => Err("a task has [tasks.NAME.approval], and this function cannot ask people: \
                            package with `make package APPROVALS=1`, and set the variable approvals of infra/"
                .into()),
            None => Ok(start),
        }
    }

    /// Starts logging and reads the settings, and the tasks' file where `RUNTASK_CONFIG` is the URL of one.
    ///
    /// # Errors
    ///
    /// That the file could not be read, or everything that is wrong with the settings, by name, or with the policies.
    pub async fn read_asking() -> Result<Self, Error> {
        start();
        let aws = aws();
        // At once, because Lambda gives a function ten seconds to start.
        let (tasks, secrets) = tokio::join!(fetch_tasks(&aws), read_scanner_secrets(&aws));
        let (tasks, secrets) = (tasks?, secrets?);
        let known = |name: &str| secrets.get(name).or_else(|| lookup(name));
        let mut settings = JobSettings::read(&known, tasks, now())?;
        read_channels(&mut settings, &aws).await;
        let tried = settings.tasks.try_out().await;
        for warning in &tried.warnings {
            warn!("{}", printable(warning));
        }
        if !tried.errors.is_empty() {
            return Err(format!("no run could be checked: {}", tried.errors.join("; ")).into());
        }
        let pages = pages(settings.reports.as_ref(), &aws)?;
        Ok(Self { pages, ..Self::with(settings, &aws) })
    }
}

impl Start<FailureSettings> {
    /// Starts logging and reads the settings of a function that must not die of what the other one died of: where a
    /// setting is wrong, its default holds, and the log says so.
    pub async fn read_leniently() -> Self {
        start();
        let aws = aws();
        let tasks = fetch_tasks(&aws).await;
        let is_lost = tasks.is_err();
        let tasks = tasks.unwrap_or_else(|error| {
            error!(
                event = event::TASKS_NOT_READ,
                error = %Chain(&error),
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
        Self { settings, claims, now, pages: None }
    }
}

/// What keeps pages in the bucket that the settings name.
#[cfg(feature = "reports")]
fn pages(settings: Option<&ReportSettings>, aws: &Aws) -> Result<Option<Arc<dyn KeepPage>>, Error> {
    let Some(settings) = settings else { return Ok(None) };
    let ReportPlace::Bucket(bucket) = &settings.place else {
        return Err("RUNTASK_REPORTS: write s3:// and the name of a bucket: nobody serves pages from a function's own memory or disk".into());
    };
    let address =
        settings.address.clone().ok_or("BASE_PUBLIC_URL is not set: it is how people reach the pages")?;
    let config = (**aws).clone();
    let store = BucketReports::new(move || config, bucket.clone(), settings.keep, KEEPING);
    Ok(Some(Arc::new(Reports::new(Arc::new(store), address, settings.keep))))
}

/// It was built to keep none.
#[cfg(not(feature = "reports"))]
fn pages(settings: Option<&ReportSettings>, _aws: &Aws) -> Result<Option<Arc<dyn KeepPage>>, Error> {
    match settings {
        None => Ok(None),
        Some(_) => {
            Err("RUNTASK_REPORTS is set, and this function cannot make pages: run `make package REPORTS=1`"
                .into())
        }
    }
}

/// Makes the channels ready. One that cannot be is left out, and the log says why: a run must get its result, whoever is told
/// of it.
async fn read_channels(settings: &mut JobSettings, aws: &Aws) {
    let (secrets, failed) = read_secrets(settings.tasks.channel_parameters(), aws).await;
    for (url, error) in failed {
        error!(event = event::CHANNEL_NOT_READY, error = %Chain(&error), "{url} could not be read");
    }
    let lookup = |name: &str| secrets.get(name).or_else(|| lookup(name));
    let mut reader = SettingsReader::new(&lookup);
    settings.read_channels(&mut reader, events().as_ref());
    if let Err(problems) = reader.finish() {
        error!(event = event::CHANNEL_NOT_READY, "nobody is told through these channels: {problems}");
    }
}

/// Works on jobs for as long as the process lives. `people` asks people, where tasks have them asked.
///
/// # Errors
///
/// When no HTTP client can be made from the settings, or Lambda's Runtime API cannot be reached.
pub async fn work<P: AskPeople + 'static>(
    start: Start<JobSettings>,
    people: Option<Arc<P>>,
) -> Result<(), Error> {
    let handler = Handler::new(start.settings, start.claims, people, start.now)?.with_pages(start.pages);
    run(handler.settings().deadline, async |event, attempt| {
        let job = Job::parse(event.get().as_bytes())?;
        Ok(handler.run(job, attempt).await?)
    })
    .await
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

    async fn owe(&self, lease: &Lease, owed: &str) -> Result<(), StoreError> {
        match self {
            Self::Table(it) => it.owe(lease, owed).await,
            Self::Memory(it) => it.owe(lease, owed).await,
        }
    }

    async fn finish(&self, lease: &Lease, now: SystemTime, owed: Option<&str>) -> Result<(), StoreError> {
        match self {
            Self::Table(it) => it.finish(lease, now, owed).await,
            Self::Memory(it) => it.finish(lease, now, owed).await,
        }
    }

    async fn told(&self, id: &str) -> Result<(), StoreError> {
        match self {
            Self::Table(it) => it.told(id).await,
            Self::Memory(it) => it.told(id).await,
        }
    }

    async fn release(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        match self {
            Self::Table(it) => it.release(lease, now).await,
            Self::Memory(it) => it.release(lease, now).await,
        }
    }
}
