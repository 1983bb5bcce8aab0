//! The Lambda function `callback-handler`: wires the library to Lambda's events and deadlines.

use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use runtask_callback_handler::{Attempt, End, Handler, Settings};
use runtask_protocol::Job;
use runtask_state::MemoryClaims;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
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
    match handler.run(job, Attempt::until(deadline(&event.context))).await? {
        End::Reported(status) => Ok(status.as_str()),
        End::Finished => Ok("finished before"),
        End::NotWanted => Ok("not wanted"),
        End::Expired => Ok("expired"),
        End::Refused => Ok("refused"),
        End::Held { .. } => Err("another attempt is at work".into()),
    }
}

fn deadline(context: &Context) -> Instant {
    let since_epoch = now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = std::time::Duration::from_millis(context.deadline).saturating_sub(since_epoch);
    Instant::now() + left
}
