//! Keeps a run's plan on disk while checks read it.

use crate::disk::is_full;
use crate::stream::{Reader, pipe};
use runtask_client::{Client, FetchError};
use runtask_log::{Chain, event};
use runtask_protocol::AccessToken;
use std::fs::File;
use std::io::{self, Read, Seek};
use tracing::{Span, info, warn};

/// How often a download that breaks off is started again.
const ATTEMPTS: u32 = 3;

/// Why there is no plan to check. The texts are fit for a run's page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PlanError {
    #[error("the plan could not be downloaded: {0}")]
    Fetch(#[from] FetchError),
    #[error("the plan is larger than {0} bytes, the limit of RUNTASK_MAX_PLAN_BYTES")]
    TooLarge(u64),
    #[error("there is no space left on disk for the plan")]
    DiskFull,
    #[error("the plan could not be written to disk")]
    Write(#[source] io::Error),
    #[error("the download of the plan kept breaking off")]
    BrokenOff,
}

/// Downloads a plan into a file without a name, at its beginning. It holds secrets: no one else can open it, and it
/// is gone when it is closed.
pub(crate) async fn fetch(
    client: &Client,
    url: &str,
    token: &AccessToken,
    max_bytes: u64,
) -> Result<File, PlanError> {
    for attempt in 1..=ATTEMPTS {
        let mut body = client.fetch(url, token).await?;
        if body.announced_length().is_some_and(|it| it > max_bytes) {
            return Err(PlanError::TooLarge(max_bytes));
        }
        let (writer, reader) = pipe();
        let job = Span::current();
        let keeping = tokio::task::spawn_blocking(move || job.in_scope(|| keep(reader, max_bytes)));
        let (filled, kept) = tokio::join!(writer.fill(&mut body), keeping);
        match (filled, kept) {
            (_, Ok(Ok(file))) => return Ok(file),
            (Err(broken), _) => {
                warn!(
                    event = event::DOWNLOAD_BROKEN_OFF,
                    attempt,
                    error = %Chain(&broken),
                    "the download broke off"
                );
            }
            (_, Ok(Err(error))) => return Err(error),
            (_, Err(panicked)) => return Err(PlanError::Write(io::Error::other(panicked))),
        }
    }
    Err(PlanError::BrokenOff)
}

fn keep(reader: Reader, max_bytes: u64) -> Result<File, PlanError> {
    let mut file = tempfile::tempfile().map_err(PlanError::Write)?;
    let copied = io::copy(&mut reader.take(max_bytes.saturating_add(1)), &mut file);
    let bytes = copied
        .map_err(|error| if is_full(&error) { PlanError::DiskFull } else { PlanError::Write(error) })?;
    if bytes > max_bytes {
        return Err(PlanError::TooLarge(max_bytes));
    }
    file.rewind().map_err(PlanError::Write)?;
    info!(event = event::PLAN_FETCHED, plan.bytes = bytes, "fetched the plan");
    Ok(file)
}
