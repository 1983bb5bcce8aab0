//! Defines what makes the page of a result. A function that keeps no pages is linked with nothing that makes them.

use runtask_findings::{CheckReport, Verdict};
use runtask_protocol::DetailsUrl;
use runtask_tasks::RunFacts;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

/// Everything that a page says of a result.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The name of the task.
    pub task: String,
    /// The run.
    pub run: RunFacts,
    /// Where the run is shown.
    pub run_page: Option<String>,
    /// What the checks have found.
    pub reports: Arc<Vec<CheckReport>>,
    /// What follows from it.
    pub verdict: Verdict,
    /// Now.
    pub at: SystemTime,
}

/// The link to a page, some time later; none where it could not be kept, which is in the log.
pub type Kept<'a> = Pin<Box<dyn Future<Output = Option<DetailsUrl>> + Send + 'a>>;

/// Makes pages, and keeps them where the link leads.
pub trait KeepPage: Debug + Send + Sync {
    /// Keeps the page of this result. Whoever waits for it does not wait long, and drops it then.
    fn keep(&self, judged: Judged) -> Kept<'_>;
}
