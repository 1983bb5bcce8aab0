//! Gets the keys that verify a request.

use runtask_protocol::{Key, KeyRing};
use std::future::Future;

/// The keys that a request is checked against, or none.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Its signature must match one of these.
    Keys(KeyRing),
    /// None: somebody asked for that.
    Anybody,
}

/// The keys cannot be had now; HCP Terraform should ask again.
#[derive(Debug, thiserror::Error)]
#[error("the HMAC key could not be read")]
pub struct KeysUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Gives the keys that are in force.
pub trait KeySource: Send + Sync {
    /// The keys as far as they are known; cheap, called for every request.
    ///
    /// # Errors
    ///
    /// When there are none to be had.
    fn trust(&self) -> impl Future<Output = Result<Trust, KeysUnavailable>> + Send;

    /// Called when a well-formed signature matched no key: newer keys, when there are any.
    fn newer_trust(&self) -> impl Future<Output = Option<Trust>> + Send;
}

/// Keys that do not change while the process runs.
#[derive(Debug, Clone)]
pub struct FixedKeys(Trust);

impl FixedKeys {
    /// One key.
    #[must_use]
    pub fn key(key: Key) -> Self {
        Self(Trust::Keys(KeyRing::new(key, None)))
    }

    /// No key: requests are taken from anybody.
    #[must_use]
    pub fn unsigned() -> Self {
        Self(Trust::Anybody)
    }
}

impl KeySource for FixedKeys {
    async fn trust(&self) -> Result<Trust, KeysUnavailable> {
        Ok(self.0.clone())
    }

    async fn newer_trust(&self) -> Option<Trust> {
        None
    }
}
