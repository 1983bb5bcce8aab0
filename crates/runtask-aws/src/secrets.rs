//! Reads and writes secrets of Secrets Manager.

use crate::sdk::{account, retries, within};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::{RetryPartition, TokenBucket};
use aws_types::SdkConfig;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Reads and writes secrets.
#[derive(Debug, Clone)]
pub struct Secrets(Client);

/// Why a secret could not be read or written. Neither its name nor its value is in here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There is no such secret, or it has no value yet.
    #[error("the secret does not exist, or has no value yet")]
    NotFound,
    /// It is bytes and no text.
    #[error("the secret is no text")]
    NoText,
    /// Anything else, with the service's account of it.
    #[error("the secret could not be read: {0}")]
    Failed(String),
    /// It was not written, with the service's account of it.
    #[error("the secret could not be written: {0}")]
    NotWritten(String),
}

impl Secrets {
    /// `budget` is the time for all attempts of one call together.
    #[must_use]
    pub fn new(config: &SdkConfig, budget: Duration) -> Self {
        let partition = RetryPartition::custom("secrets").token_bucket(TokenBucket::unlimited()).build();
        let config = aws_sdk_secretsmanager::config::Builder::from(config)
            .retry_config(retries(5))
            .retry_partition(partition)
            .timeout_config(within(budget, budget / 2));
        Self(Client::from_conf(config.build()))
    }

    /// Reads the current version of the secret with this name or ARN.
    ///
    /// # Errors
    ///
    /// Tells "does not exist" from everything else.
    pub async fn read(&self, id: &str) -> Result<SecretString, SecretError> {
        match self.0.get_secret_value().secret_id(id).send().await {
            Ok(answer) => answer.secret_string.map(SecretString::from).ok_or(SecretError::NoText),
            Err(error) if error.as_service_error().is_some_and(|it| it.is_resource_not_found_exception()) => {
                Err(SecretError::NotFound)
            }
            Err(error) => Err(SecretError::Failed(account(&error))),
        }
    }

    /// Makes `text` the current version of the secret with this name or ARN, which has to exist.
    ///
    /// # Errors
    ///
    /// When it was not taken.
    pub async fn write(&self, id: &str, text: &SecretString) -> Result<(), SecretError> {
        let request = self.0.put_secret_value().secret_id(id).secret_string(text.expose_secret());
        match request.send().await {
            Ok(_version) => Ok(()),
            Err(error) => Err(SecretError::NotWritten(account(&error))),
        }
    }
}
