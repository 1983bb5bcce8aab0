//! Tells HCP Terraform now and then that work goes on, and learns from its answers when there is nobody to report to.

use runtask_client::{CallbackError, Client, Delivery, StatusCode};
use runtask_log::{Chain, event, metric};
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

/// Why no result can be reported, however the work ends.
#[derive(Debug)]
pub(crate) enum Vain {
    /// HCP Terraform wants none: its answer.
    NotWanted(StatusCode),
    /// HCP Terraform does not take the run's token.
    Unbelieved(CallbackError),
}

/// Reports `running` once, before `latest`; whether that was heard.
pub(crate) async fn say_running(
    client: &Client,
    url: &Url,
    token: &AccessToken,
    latest: Instant,
) -> Result<bool, Vain> {
    let running = TaskResult::new(Status::Running, "Checking…");
    let until = latest.min(Instant::now() + SAY);
    match client.deliver(url, token, &running, until, std::future::pending()).await {
        Ok(Delivery::Accepted) => Ok(true),
        Ok(Delivery::Over(status)) => Err(Vain::NotWanted(status)),
        Err(error @ CallbackError::Unbelieved { .. }) => Err(Vain::Unbelieved(error)),
        Err(error) => {
            metric::detail("Reports", "Status", "not_taken");
            warn!(
                event = event::PROGRESS_NOT_REPORTED,
                error = %Chain(&error),
                "could not report that work goes on"
            );
            Ok(false)
        }
    }
}

/// Reports `running` at intervals, in a task of its own.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    /// Nothing once it has ended and that was seen.
    task: Option<JoinHandle<Option<Vain>>>,
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
                    Err(vain) => return Some(vain),
                    Ok(true) => interval,
                    Ok(false) => interval.min(AFTER_FAILURE),
                };
            }
        };
        Self { task: Some(tokio::spawn(beat.instrument(Span::current()))), stop: Some(stop) }
    }

    /// Returns when no result can be reported any more.
    pub(crate) async fn in_vain(&mut self) -> Vain {
        if let Some(task) = &mut self.task {
            let ended = task.await;
            self.task = None;
            if let Ok(Some(vain)) = ended {
                return vain;
            }
        }
        // It ends by itself for no other reason; without a heartbeat, work goes on.
        std::future::pending().await
    }

    /// Stops, waiting for a report that is on its way; says if no result can be reported any more.
    pub(crate) async fn stop(mut self) -> Option<Vain> {
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
