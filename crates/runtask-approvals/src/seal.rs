//! Holds a text as it is kept where others can read: sealed.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that only [`Keys`](crate::Keys) opens, and only for what it was sealed for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The id of the secret.
    pub key: String,
    /// base64.
    pub nonce: String,
    /// base64.
    pub text: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("key", &self.key).finish_non_exhaustive()
    }
}
