//! Keeps a document of another server: for an hour, and asks for a newer one at most once a minute.

use std::sync::Arc;
use tokio::sync::Mutex;

/// How long a document is used, in seconds. Providers change their keys every few weeks and keep old ones for days.
const LIFE: u64 = 60 * 60;

/// How often a newer document is asked for, in seconds: whoever sends made-up tokens must not make us ask all the time.
const AGAIN: u64 = 60;

/// How long nobody is asked after a failure, in seconds.
const AFTER_FAILURE: u64 = 5;

/// Whether the document that is kept will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Yes, while it is not too old.
    Kept,
    /// Something is missing in it; one that is younger may have it.
    Newer,
}

/// The document could not be had, now or a moment ago. Why stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unavailable;

/// A document, and when it was asked for. Who asks while somebody is asking waits for the same answer.
#[derive(Debug)]
pub(super) struct KeptDocument<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    document: Option<(Arc<T>, u64)>,
    not_before: u64,
}

impl<T> KeptDocument<T> {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State { document: None, not_before: 0 }) }
    }

    /// The document, fetched with `fetch` where there is none, or none that is wanted; `now` is in seconds since 1970.
    pub(super) async fn get(
        &self,
        want: Want,
        now: u64,
        fetch: impl Future<Output = Result<T, Unavailable>>,
    ) -> Result<Arc<T>, Unavailable> {
        let mut state = self.state.lock().await;
        let kept = state.document.as_ref();
        let kept = kept.filter(|(_, since)| now.saturating_sub(*since) < LIFE).map(|(it, _)| Arc::clone(it));
        let waits = now < state.not_before;
        match kept {
            Some(document) if want == Want::Kept || waits => return Ok(document),
            None if waits => return Err(Unavailable),
            _ => {}
        }
        match fetch.await {
            Ok(document) => {
                let document = Arc::new(document);
                *state = State { document: Some((Arc::clone(&document), now)), not_before: now + AGAIN };
                Ok(document)
            }
            Err(Unavailable) => {
                state.not_before = now + AFTER_FAILURE;
                Err(Unavailable)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[tokio::test]
    async fn a_document_is_kept_for_an_hour_and_renewed_at_most_once_a_minute() {
        let fetched = AtomicU64::new(0);
        let kept = KeptDocument::new();
        let get = async |want, now| {
            let fetch = async { Ok(fetched.fetch_add(1, Ordering::SeqCst) + 1) };
            *kept.get(want, now, fetch).await.unwrap()
        };
        assert_eq!(get(Want::Kept, 1_000).await, 1);
        assert_eq!(get(Want::Newer, 1_059).await, 1, "asked for again within a minute");
        assert_eq!(get(Want::Newer, 1_060).await, 2);
        assert_eq!(get(Want::Kept, 1_060 + LIFE - 1).await, 2);
        assert_eq!(get(Want::Kept, 1_060 + LIFE).await, 3);
    }

    #[tokio::test]
    async fn after_a_failure_nobody_is_asked_for_five_seconds_and_what_is_too_old_is_not_used() {
        let kept = KeptDocument::new();
        let down = async || Err::<u64, _>(Unavailable);
        assert_eq!(kept.get(Want::Kept, 10, async { Ok(1) }).await.as_deref(), Ok(&1));
        let late = 10 + LIFE;
        assert_eq!(kept.get(Want::Kept, late, down()).await, Err(Unavailable));
        assert_eq!(kept.get(Want::Kept, late + 4, async { Ok(2) }).await, Err(Unavailable));
        assert_eq!(kept.get(Want::Kept, late + 5, async { Ok(2) }).await.as_deref(), Ok(&2));
    }
}
