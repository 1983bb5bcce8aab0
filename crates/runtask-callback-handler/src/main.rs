//! The Lambda function `callback-handler`: wires the library to Lambda's events and deadlines.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use runtask_callback_handler::{Attempt, End, Handler, Settings};
use runtask_protocol::Job;
use runtask_state::MemoryClaims;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn lookup(name: &str) -> Option<String> {
    // What is no UTF-8 must not count as unset: as it is shown, no check of a setting passes it.
    std::env::var_os(name).map(|it| it.to_string_lossy().into_owned())
}

// One event at a time: threads are for unpacking, not for a second event.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtask_log::start_in_lambda(lookup);
    let settings = Settings::read(&lookup)?;
    let handler = Arc::new(Handler::new(settings, MemoryClaims::new(), now)?);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let handler = Arc::clone(&handler);
        async move { handle(&handler, event).await }
    }))
    .await
}

/// An error makes Lambda deliver the event again, and in the end call its on-failure destination.
async fn handle(
    handler: &Handler<MemoryClaims>,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<&'static str, Error> {
    let job = Job::parse(event.payload.get().as_bytes())?;
    let left = time_left(event.context.deadline, now(), handler.settings().deadline);
    match handler.run(job, Attempt::until(Instant::now() + left)).await? {
        End::Reported(status) => Ok(status.as_str()),
        End::Finished => Ok("finished before"),
        End::NotWanted => Ok("not wanted"),
        End::Expired => Ok("expired"),
        End::Refused => Ok("refused"),
        End::Held { .. } => Err("another attempt is at work".into()),
    }
}

/// How long this attempt has. An emulator may send a time long past (cargo-lambda 1.9 sends 600 000, ten minutes after
/// 1970): then it is as long as outside Lambda.
fn time_left(deadline_ms: u64, now: SystemTime, otherwise: Duration) -> Duration {
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(deadline_ms).checked_sub(since_epoch).unwrap_or(otherwise)
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
