//! Describes a parameter of Parameter Store, and why it could not be read; both ways to read one share this.

use secrecy::SecretString;
use std::time::SystemTime;

/// One version of a parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The decrypted value.
    pub value: SecretString,
    /// Counts up from 1 with every change.
    pub version: i64,
    /// When this version was written.
    pub written_at: SystemTime,
}

/// Why a parameter could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// There is no such parameter, or no such version of it.
    #[error("the parameter or its version does not exist")]
    NotFound,
    /// Anything else, with the service's account of it.
    #[error("the parameter could not be read: {0}")]
    Failed(String),
    /// An answer without value, version or date.
    #[error("the answer lacks the parameter's value, version or date")]
    Incomplete,
}
