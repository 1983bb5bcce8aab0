//! Asks how approvals stand that are not over, when somebody wants to know.

use super::families::ASKED;
use super::text;
use crate::sweeping::Approvals;
use runtask_approvals::Gauges;
use runtask_log::{Chain, event};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tracing::warn;

/// How old an answer may be: every approval that is open is read for it.
const AGE: Duration = Duration::from_secs(10);

/// How long the store may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the store of approvals.
#[derive(Debug)]
pub(crate) struct ApprovalGauges {
    approvals: Arc<Approvals>,
    last: Mutex<Option<(Instant, Gauges)>>,
}

impl ApprovalGauges {
    pub(crate) fn new(approvals: Arc<Approvals>) -> Self {
        Self { approvals, last: Mutex::default() }
    }

    /// The numbers in the text format of Prometheus; nothing where the store does not answer: a monitoring system sees what is
    /// missing, and would believe a zero.
    pub(crate) async fn text(&self) -> String {
        let Some(gauges) = self.read().await else { return String::new() };
        let Gauges { open, undelivered, unsent, oldest_word } = gauges;
        let [of_open, of_undelivered, of_unsent, of_word] = &ASKED;
        let mut all = String::new();
        for (family, number) in [(of_open, open), (of_undelivered, undelivered), (of_unsent, unsent)] {
            text::gauge(&mut all, family, number);
        }
        text::gauge(&mut all, of_word, oldest_word.as_secs());
        all
    }

    async fn read(&self) -> Option<Gauges> {
        let mut last = self.last.lock().await;
        if let Some((_, gauges)) = last.filter(|(at, _)| at.elapsed() < AGE) {
            return Some(gauges);
        }
        match timeout(PATIENCE, self.approvals.gauges()).await {
            Ok(Ok(gauges)) => {
                *last = Some((Instant::now(), gauges));
                return Some(gauges);
            }
            Ok(Err(error)) => {
                warn!(event = event::APPROVAL_FAILED, error = %Chain(&error), "approvals could not be counted");
            }
            Err(_elapsed) => {
                warn!(event = event::APPROVAL_FAILED, "approvals could not be counted within {PATIENCE:?}");
            }
        }
        None
    }
}
