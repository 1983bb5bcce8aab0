//! What both functions have of their surroundings: clock, environment, files, AWS.

use crate::aws_cloud::AwsClients;
use crate::logs::MaskedStdout;
use crate::runner::Invocation;
use jiff::Timestamp;
use lambda_runtime::{Context, Diagnostic};
use runtask_aws::{Keys, ObjectFiles, Secrets, Sessions, TableDocuments, sdk_config};
use runtask_log::Chain;
use runtask_process::{Leftovers, Whose};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Time for all attempts of one call of AWS that says something small.
const SMALL_CALL: Duration = Duration::from_secs(6);

/// How long an invocation has where the platform's own deadline makes no sense, as with some emulators.
const OTHERWISE: Duration = Duration::from_secs(15 * 60);

/// The clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// The clock, for logs of jobs.
#[must_use]
pub fn clock() -> Timestamp {
    Timestamp::try_from(now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The environment.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn lookup(name: &str) -> Option<String> {
    std::env::var_os(name).map(|it| it.to_string_lossy().into_owned())
}

/// The same for where the secret is: `AWS_USED_REGION` goes before Lambda's own region.
fn lookup_for_secret(name: &str) -> Option<String> {
    let used = (name == "AWS_REGION").then(|| lookup("AWS_USED_REGION")).flatten();
    used.filter(|it| !it.is_empty()).or_else(|| lookup(name))
}

/// Reads a file.
///
/// # Errors
///
/// When it cannot be read.
pub fn read_file(path: &str) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Starts the function's own log.
#[must_use]
pub fn start_log() -> MaskedStdout {
    let log = MaskedStdout::default();
    // The namespace of the runner's metrics is a setting of its own.
    let lookup = |name: &str| match name {
        "RUNTASK_METRICS_NAMESPACE" => lookup("RUNNER_METRICS_NAMESPACE"),
        name => lookup(name),
    };
    runtask_log::start_in_lambda_into(log.clone(), lookup, now);
    log
}

/// What calls AWS.
#[must_use]
pub fn clients() -> AwsClients {
    let config = sdk_config(lookup);
    AwsClients {
        secrets: Secrets::new(&sdk_config(lookup_for_secret), SMALL_CALL),
        keys: Keys::new(&config, SMALL_CALL),
        sessions: Sessions::new(&config, SMALL_CALL),
        objects: ObjectFiles::new(&config),
    }
}

/// The table of tickets.
#[must_use]
pub fn tickets(table: &str) -> Arc<TableDocuments> {
    Arc::new(TableDocuments::new(&sdk_config(lookup), table))
}

/// Notes who runs now. Where the system gives us the orphans of jobs, whoever descends from us is one of a job. Lambda does
/// not; there nobody but us has any business, and so everybody new is.
///
/// # Errors
///
/// When the system does not say who runs: then no job can be cleaned up after.
pub fn leftovers() -> io::Result<Leftovers> {
    Leftovers::beyond_now(Whose::Descendants).or_else(|_refused| Leftovers::beyond_now(Whose::AnybodyNew))
}

/// When an invocation ends.
#[must_use]
pub fn invocation(context: &Context) -> Invocation {
    let now = now();
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_millis(context.deadline).checked_sub(since_epoch).unwrap_or(OTHERWISE);
    Invocation {
        arn: context.invoked_function_arn.clone(),
        deadline: Instant::now() + left,
        deadline_at: now + left,
    }
}

/// An error as the function answers it: its causes in one line, without what the log knows to be secret.
#[must_use]
pub fn diagnostic(kind: &str, error: &(dyn Error + 'static), log: &MaskedStdout) -> Diagnostic {
    Diagnostic { error_type: kind.to_owned(), error_message: log.masked(&Chain(error).to_string()) }
}
