//! Holds the bearer token of one task result.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// HCP Terraform's `access_token`: opaque, good for one task result and about ten minutes.
///
/// It prints as `[REDACTED]` and is wiped from memory when dropped.
#[derive(Debug, Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Takes a token as it stands in a payload.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(SecretString::from(token.into()))
    }

    /// The token itself, for an `Authorization` header and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl<'de> Deserialize<'de> for AccessToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
