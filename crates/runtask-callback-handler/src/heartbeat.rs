//! Tells HCP Terraform now and then that work goes on, and learns from its answers when nobody waits any more.

use runtask_client::StatusCode;
use runtask_client::{Client, Delivery};
use runtask_log::{Chain, event};
use runtask_protocol::{AccessToken, Status, TaskResult};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, Span, warn};
use url::Url;

/// How long one `running` report may take, all attempts together.
const SAY: Duration = Duration::from_secs(5);

/// The pause after a report that did not arrive: HCP Terraform may be back long before the next one is due.
const AFTER_FAILURE: Duration = Duration::from_secs(20);

/// How long stopping waits for a report that is on its way, so that it does not come after the final result.
const LAST_REPORT: Duration = Duration::from_secs(2);

/// Reports `running` once, before `latest`.
pub(crate) async fn say_running(
    client: &Client,
    url: &Url,
    token: &AccessToken,
    latest: Instant,
) -> Option<Delivery> {
    let running = TaskResult::new(Status::Running, "Checking…");
    match client.deliver(url, token, &running, 2, latest.min(Instant::now() + SAY)).await {
        Ok(delivery) => Some(delivery),
        Err(error) => {
            warn!(
                event = event::PROGRESS_NOT_REPORTED,
                error = %Chain(&error),
                "could not report that work goes on"
            );
            None
        }
    }
}

/// Reports `running` at intervals, in a task of its own.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    /// Nothing once it has ended and that was seen.
    task: Option<JoinHandle<Option<StatusCode>>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Heartbeat {
    /// Without a stop there is no final result of ours, and somebody else's may be out: nothing may follow it.
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Heartbeat {
    pub(crate) fn start(client: Client, url: Url, token: AccessToken, interval: Duration) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let beat = async move {
            let mut pause = interval;
            loop {
                tokio::select! {
                    () = sleep(pause) => {}
                    _ = &mut stopped => return None,
                }
                pause = match say_running(&client, &url, &token, Instant::now() + SAY).await {
                    Some(Delivery::Over(status)) => return Some(status),
                    Some(Delivery::Accepted) => interval,
                    None => interval.min(AFTER_FAILURE),
                };
            }
        };
        Self { task: Some(tokio::spawn(beat.instrument(Span::current()))), stop: Some(stop) }
    }

    /// Returns when HCP Terraform wants nothing more, and with what it said so.
    pub(crate) async fn over(&mut self) -> StatusCode {
        if let Some(task) = &mut self.task {
            let ended = task.await;
            self.task = None;
            if let Ok(Some(status)) = ended {
                return status;
            }
        }
        // It ends by itself for no other reason; without a heartbeat, work goes on.
        std::future::pending().await
    }

    /// Stops, waiting for a report that is on its way; says if HCP Terraform wants nothing more.
    pub(crate) async fn stop(mut self) -> Option<StatusCode> {
        drop(self.stop.take());
        let mut task = self.task.take()?;
        match timeout(LAST_REPORT, &mut task).await {
            Ok(ended) => ended.ok().flatten(),
            Err(_elapsed) => {
                task.abort();
                None
            }
        }
    }
}
