//! Lets runs pass that are not speculative, where `FILTER_SPECULATIVE_PLANS_ONLY` says so.

use runtask_client::{Client, Delivery};
use runtask_log::Chain;
use runtask_protocol::{ReceivedJob, Run, Status, TaskResult};
use runtask_request_handler::{HandOver, HandOverError};
use std::future::pending;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};

/// How long HCP Terraform waits for the answer to its request, less what it takes to give one.
const TIME: Duration = Duration::from_secs(8);

/// Passes on jobs, but for those that need no approval: HCP Terraform is told of these at once.
#[derive(Debug)]
pub(crate) struct AutoApproval<H> {
    inner: H,
    /// `None` where every run is asked about.
    client: Option<Client>,
}

impl<H> AutoApproval<H> {
    /// With a client where runs that are not speculative are to pass.
    pub(crate) fn new(inner: H, client: Option<Client>) -> Self {
        Self { inner, client }
    }
}

/// Whether a run passes by itself. One that does not say what it is passes as well, as it did in the original.
pub(crate) fn passes_by_itself(run: &Run) -> bool {
    run.is_speculative != Some(true)
}

impl<H: HandOver> HandOver for AutoApproval<H> {
    async fn hand_over(&self, job: &ReceivedJob<'_>) -> Result<(), HandOverError> {
        match &self.client {
            // Few need it, and it is large: the server moves what is being answered around.
            Some(client) => Box::pin(self.pass_or_hand_over(client, job)).await,
            None => self.inner.hand_over(job).await,
        }
    }
}

impl<H: HandOver> AutoApproval<H> {
    async fn pass_or_hand_over(&self, client: &Client, job: &ReceivedJob<'_>) -> Result<(), HandOverError> {
        let run = &job.job().run;
        if !passes_by_itself(run) {
            return self.inner.hand_over(job).await;
        }
        let id = run.run_id.as_ref().map_or("unknown-run-id", |it| it.as_str());
        let result = TaskResult::new(Status::Passed, &format!("Run {id} auto-approved (non-speculative)."));
        let unavailable = |error: runtask_client::CallbackError| {
            warn!("a run that needs no approval could not be passed: {}", Chain(&error));
            HandOverError::Unavailable(error.into())
        };
        let url = client.admit_callback(&run.callback_url).map_err(unavailable)?;
        let deadline = Instant::now() + TIME;
        let delivered = client.deliver(&url, &run.access_token, &result, deadline, pending()).await;
        match delivered.map_err(unavailable)? {
            Delivery::Accepted => info!("a run passed without approval, as it is not speculative"),
            Delivery::Over(status) => info!("nobody waits for the result of a run any more: {status}"),
        }
        Ok(())
    }
}
