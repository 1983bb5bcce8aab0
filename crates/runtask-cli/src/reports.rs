//! Has `runtask serve` keep the pages of results, and serve them.

use anyhow::{Context, bail};
use runtask_callback_handler::{KeepPage, Reports};
use runtask_report_handler::{DirectoryReports, PATH, Pages};
use runtask_setup::{ReportPlace, ReportSettings};
use runtask_state::{MemoryReports, ReportStore};
use runtask_terminal::environment::now;
use std::net::SocketAddr;
use std::sync::Arc;
use tracing::info;

/// Bytes of all pages that are kept in memory.
const MEMORY_BYTES: usize = 64 << 20;

/// Both ends of the same store.
#[derive(Debug)]
pub(crate) struct ServedReports {
    pub(crate) kept_by: Arc<dyn KeepPage>,
    pub(crate) pages: Pages,
}

impl ServedReports {
    /// `listening` is where the process listens: what only this machine reaches is its own address, unless another one is set.
    ///
    /// # Errors
    ///
    /// When there is no address, or no place for pages.
    pub(crate) fn new(settings: &ReportSettings, listening: SocketAddr) -> anyhow::Result<Self> {
        let address = match &settings.address {
            Some(address) => address.clone(),
            None if listening.ip().is_loopback() => format!("http://{listening}"),
            None => bail!(
                "BASE_PUBLIC_URL is not set: RUNTASK_REPORTS needs it, as the address at which people reach the pages"
            ),
        };
        let (store, place): (Arc<dyn ReportStore>, _) = match &settings.place {
            ReportPlace::Memory => {
                (Arc::new(MemoryReports::new(settings.keep, MEMORY_BYTES)), "memory".to_owned())
            }
            ReportPlace::Directory(directory) => {
                let shown = directory.display().to_string();
                let store = DirectoryReports::new(directory.clone(), settings.keep).map_err(|error| error.0);
                (
                    Arc::new(
                        store.with_context(|| format!("RUNTASK_REPORTS: nothing can be kept in {shown}"))?,
                    ),
                    shown,
                )
            }
            ReportPlace::Bucket(_) => {
                bail!(
                    "RUNTASK_REPORTS: s3:// is for the Lambda functions; here it is `memory`, or the path of a directory"
                )
            }
        };
        info!("results link to pages at {address}{PATH}…, which are kept in {place}");
        let kept_by = Arc::new(Reports::new(Arc::clone(&store), address, settings.keep));
        Ok(Self { kept_by, pages: Pages::new(store, now) })
    }
}
