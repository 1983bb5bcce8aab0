//! Holds a run's token as it is kept: sealed.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A token that only the key opens, and only for the record and the address that it was sealed for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedToken {
    /// Which key.
    pub key: String,
    /// base64.
    pub nonce: String,
    /// base64.
    pub text: String,
}

impl fmt::Debug for SealedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedToken").field("key", &self.key).finish_non_exhaustive()
    }
}
