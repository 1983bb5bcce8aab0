//! Tells HCP Terraform now and then that work goes on, and learns from its answers when nobody waits any more.

use runtask_client::{Client, Delivery};
use runtask_protocol::{AccessToken, Status, TaskResult};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, Span, warn};
use url::Url;

/// How long one `running` report may take, all attempts together.
const REPORT: Duration = Duration::from_secs(5);

/// How long stopping waits for a report that is on its way, so that it does not come after the final result.
const LAST_REPORT: Duration = Duration::from_secs(2);

/// Reports `running` once.
pub(crate) async fn report_running(client: &Client, url: &Url, token: &AccessToken) -> Option<Delivery> {
    let running = TaskResult::new(Status::Running, "Checking…");
    match client.report(url, token, &running, 2, Instant::now() + REPORT).await {
        Ok(delivery) => Some(delivery),
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "could not report that work goes on");
            None
        }
    }
}

/// Reports `running` at intervals, in a task of its own.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Heartbeat {
    /// Starts; the receiver hears when HCP Terraform wants nothing more.
    pub(crate) fn start(
        client: Client,
        url: Url,
        token: AccessToken,
        interval: Duration,
    ) -> (Self, oneshot::Receiver<Delivery>) {
        let (over, told) = oneshot::channel();
        let (stop, mut stopped) = oneshot::channel();
        let beat = async move {
            loop {
                tokio::select! {
                    () = sleep(interval) => {}
                    _ = &mut stopped => return,
                }
                if let Some(delivery @ Delivery::Over(_)) = report_running(&client, &url, &token).await {
                    let _nobody_listens = over.send(delivery);
                    return;
                }
            }
        };
        (Self { task: tokio::spawn(beat.instrument(Span::current())), stop }, told)
    }

    /// Stops. When this returns, nothing is on its way any more.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        let abort = self.task.abort_handle();
        if timeout(LAST_REPORT, self.task).await.is_err() {
            abort.abort();
        }
    }
}
