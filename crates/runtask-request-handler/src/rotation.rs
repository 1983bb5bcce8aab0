//! Follows a key that is stored elsewhere, in versions, and may be changed at any time.
//!
//! A change must work at once, must not lose a run that was signed with the version before, and must not let a
//! flood of bad signatures become a flood of reads.

use crate::keys::{KeySource, KeysUnavailable};
use runtask_log::{Chain, event};
use runtask_protocol::{Key, KeyRing};
use std::future::Future;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::{info, warn};

/// How long a key is used without reading it again.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// The pause between two reads for signatures that match no key, and after a read that failed.
const READ_AGAIN: Duration = Duration::from_secs(30);

/// How long the version before stays valid after the current one was written.
const PREVIOUS_VALID: Duration = Duration::from_secs(60 * 60);

/// One version of the key.
#[derive(Debug, Clone)]
pub struct KeyVersion {
    /// The key.
    pub key: Key,
    /// Counts up with every change.
    pub version: i64,
    /// When this version was written.
    pub written_at: SystemTime,
}

/// Why a version could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadKeyError {
    /// There is no such version.
    #[error("there is no such version of the key")]
    NotFound,
    /// Anything else.
    #[error("the key could not be read")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Reads versions of the key.
pub trait ReadKey: Send + Sync {
    /// Reads the newest version, or `version`.
    ///
    /// # Errors
    ///
    /// Tells "does not exist" from everything else.
    fn read(&self, version: Option<i64>) -> impl Future<Output = Result<KeyVersion, ReadKeyError>> + Send;
}

/// Keeps the newest version of a key, and the one before for as long as it is valid.
#[derive(Debug)]
pub struct RotatingKey<R> {
    reader: R,
    now: fn() -> SystemTime,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Known>,
    /// When it may be read again although it is fresh, or although reading failed.
    read_again_at: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    current: KeyVersion,
    previous: Option<Key>,
    fresh_until: Instant,
}

impl Known {
    fn ring(&self, now: SystemTime) -> KeyRing {
        let previous = self.previous.clone().filter(|_| is_recent(&self.current, now));
        KeyRing::new(self.current.key.clone(), previous)
    }
}

fn is_recent(version: &KeyVersion, now: SystemTime) -> bool {
    // A date in the future is a clock that is off by a little: certainly recent.
    now.duration_since(version.written_at).is_ok_and(|age| age < PREVIOUS_VALID) || version.written_at > now
}

impl<R: ReadKey> RotatingKey<R> {
    /// Reads nothing yet. `now` is the clock by which the previous version ends.
    pub fn new(reader: R, now: fn() -> SystemTime) -> Self {
        Self { reader, now, state: Mutex::default() }
    }

    async fn read(&self, before: Option<&Known>) -> Result<Known, ReadKeyError> {
        let current = self.reader.read(None).await?;
        // What is known already outlives a read that fails.
        let mut previous =
            before.filter(|it| it.current.version == current.version).and_then(|it| it.previous.clone());
        if current.version > 1 && is_recent(&current, (self.now)()) {
            match self.reader.read(Some(current.version - 1)).await {
                Ok(version) => previous = Some(version.key),
                Err(ReadKeyError::NotFound) => {}
                Err(error) => {
                    warn!(
                        event = event::KEY_PREVIOUS_NOT_READ,
                        error = %Chain(&error),
                        "the previous key could not be read"
                    )
                }
            }
        }
        info!(
            event = event::KEY_READ,
            key.version = current.version,
            "read version {} of the HMAC key",
            current.version
        );
        Ok(Known { current, previous, fresh_until: Instant::now() + FRESH })
    }
}

impl<R: ReadKey> KeySource for RotatingKey<R> {
    async fn ring(&self) -> Result<KeyRing, KeysUnavailable> {
        let state = &mut *self.state.lock().await;
        let now = Instant::now();
        if let Some(known) = &state.known {
            let waiting = state.read_again_at.is_some_and(|it| now < it);
            if now < known.fresh_until || waiting {
                return Ok(known.ring((self.now)()));
            }
        }
        match self.read(state.known.as_ref()).await {
            Ok(known) => Ok(state.known.insert(known).ring((self.now)())),
            Err(error) => {
                let Some(known) = &state.known else { return Err(KeysUnavailable(error.into())) };
                warn!(
                    event = event::KEY_NOT_READ_AGAIN,
                    error = %Chain(&error),
                    "the HMAC key could not be read again, using the known one"
                );
                state.read_again_at = Some(now + READ_AGAIN);
                Ok(known.ring((self.now)()))
            }
        }
    }

    async fn newer_ring(&self) -> Option<KeyRing> {
        let state = &mut *self.state.lock().await;
        let now = Instant::now();
        if state.read_again_at.is_some_and(|it| now < it) {
            return None;
        }
        state.read_again_at = Some(now + READ_AGAIN);
        let before = state.known.as_ref().map(|it| (it.current.version, it.previous.is_some()));
        match self.read(state.known.as_ref()).await {
            Ok(known) => {
                let changed = before != Some((known.current.version, known.previous.is_some()));
                let known = state.known.insert(known);
                changed.then(|| known.ring((self.now)()))
            }
            Err(error) => {
                warn!(
                    event = event::KEY_NOT_READ_AGAIN,
                    error = %Chain(&error),
                    "the HMAC key could not be read again"
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_protocol::Signature;
    use std::sync::{Arc, Mutex as StdMutex};
    use std::time::UNIX_EPOCH;
    use tokio::time::advance;

    /// The moment at which these tests happen, by the wall clock.
    const NOW: Duration = Duration::from_secs(1_000_000);

    fn now() -> SystemTime {
        UNIX_EPOCH + NOW
    }

    /// A parameter with the versions that were put, and a count of reads.
    #[derive(Debug, Clone, Default)]
    struct Store(Arc<StdMutex<(Vec<KeyVersion>, usize, bool)>>);

    impl Store {
        fn put(&self, key: &str, age: Duration) {
            let mut inner = self.0.lock().unwrap();
            let version = i64::try_from(inner.0.len()).unwrap() + 1;
            inner.0.push(KeyVersion { key: Key::new(key).unwrap(), version, written_at: now() - age });
        }

        fn reads(&self) -> usize {
            std::mem::take(&mut self.0.lock().unwrap().1)
        }

        fn fail(&self, fails: bool) {
            self.0.lock().unwrap().2 = fails;
        }
    }

    impl ReadKey for Store {
        async fn read(&self, version: Option<i64>) -> Result<KeyVersion, ReadKeyError> {
            let mut inner = self.0.lock().unwrap();
            inner.1 += 1;
            if inner.2 {
                return Err(ReadKeyError::Failed("down".into()));
            }
            let found = match version {
                None => inner.0.last(),
                Some(version) => inner.0.iter().find(|it| it.version == version),
            };
            found.cloned().ok_or(ReadKeyError::NotFound)
        }
    }

    fn verifies(ring: &KeyRing, key: &str) -> bool {
        let signature = Key::new(key).unwrap().sign(b"x");
        let signature = Signature::parse(std::iter::once(signature.as_bytes())).unwrap();
        ring.verify(&signature, b"x").is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_read_once_in_five_minutes() {
        let store = Store::default();
        store.put("a", Duration::from_secs(9999));
        let source = RotatingKey::new(store.clone(), now);
        for _ in 0..3 {
            assert!(verifies(&source.ring().await.unwrap(), "a"));
        }
        assert_eq!(store.reads(), 1);
        advance(FRESH).await;
        source.ring().await.unwrap();
        assert_eq!(store.reads(), 1);
    }

    /// P-05: a rotated key works at once, and the one before for an hour.
    #[tokio::test(start_paused = true)]
    async fn a_rotated_key_works_at_once_and_the_old_one_for_an_hour() {
        let store = Store::default();
        store.put("old", Duration::from_secs(9999));
        let source = RotatingKey::new(store.clone(), now);
        source.ring().await.unwrap();
        store.put("new", Duration::from_secs(1));
        let newer = source.newer_ring().await.unwrap();
        assert!(verifies(&newer, "new") && verifies(&newer, "old"));

        let store = Store::default();
        store.put("old", Duration::from_secs(9999));
        store.put("new", PREVIOUS_VALID);
        let ring = RotatingKey::new(store, now).ring().await.unwrap();
        assert!(verifies(&ring, "new") && !verifies(&ring, "old"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_bad_signatures_is_no_flood_of_reads() {
        let store = Store::default();
        store.put("a", Duration::from_secs(9999));
        let source = RotatingKey::new(store.clone(), now);
        source.ring().await.unwrap();
        for _ in 0..100 {
            assert!(source.newer_ring().await.is_none());
        }
        assert_eq!(store.reads(), 2);
        advance(READ_AGAIN).await;
        source.newer_ring().await;
        source.newer_ring().await;
        assert_eq!(store.reads(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_down_does_not_take_a_known_key_away() {
        let store = Store::default();
        store.fail(true);
        let source = RotatingKey::new(store.clone(), now);
        assert!(source.ring().await.is_err());
        store.fail(false);
        store.put("a", Duration::from_secs(9999));
        source.ring().await.unwrap();
        store.reads();
        store.fail(true);
        advance(FRESH).await;
        for _ in 0..3 {
            assert!(verifies(&source.ring().await.unwrap(), "a"));
        }
        assert_eq!(store.reads(), 1);
    }
}
