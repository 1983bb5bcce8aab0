//! Holds who is at work on an approval. It keeps two replicas from sending the same message.

use crate::time::UnixTime;
use serde::{Deserialize, Serialize};

/// The right to send what is due of one approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Whose: distinct for every time that somebody sets to work.
    pub holder: u64,
    /// When somebody else may take over: whoever had it has died.
    pub until: UnixTime,
}
