//! Gets the keys that verify a request.

use runtask_protocol::{Key, KeyRing};
use std::future::Future;

/// Whose requests are taken.
#[derive(Debug, Clone)]
pub enum Trust<K> {
    /// Theirs who have a key.
    Keys(K),
    /// Everybody's: somebody asked for that.
    Anybody,
}

/// The keys cannot be had now; HCP Terraform should ask again.
#[derive(Debug, thiserror::Error)]
#[error("the HMAC key could not be read")]
pub struct KeysUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Gives the keys that are in force.
pub trait KeySource: Send + Sync {
    /// The keys as far as they are known; cheap, called for every request that has something like a signature.
    ///
    /// # Errors
    ///
    /// When there are none to be had.
    fn ring(&self) -> impl Future<Output = Result<KeyRing, KeysUnavailable>> + Send;

    /// Called when a signature matched no key: newer keys, when there are any.
    fn newer_ring(&self) -> impl Future<Output = Option<KeyRing>> + Send;
}

/// A key that does not change while the process runs.
#[derive(Debug, Clone)]
pub struct FixedKey(KeyRing);

impl FixedKey {
    /// This key.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self(KeyRing::new(key, None))
    }
}

impl KeySource for FixedKey {
    async fn ring(&self) -> Result<KeyRing, KeysUnavailable> {
        Ok(self.0.clone())
    }

    async fn newer_ring(&self) -> Option<KeyRing> {
        None
    }
}
