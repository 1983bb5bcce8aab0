//! Encrypts and decrypts with keys of KMS.

use crate::sdk::{account, retries, within};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_kms::primitives::Blob;
use aws_types::SdkConfig;
use secrecy::SecretSlice;
use std::collections::HashMap;
use std::time::Duration;

/// Encrypts and decrypts.
#[derive(Debug, Clone)]
pub struct Keys(Client);

/// Why something could not be decrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// It was not encrypted for this context, or with no key of KMS.
    #[error("it was encrypted for somebody else, or is damaged")]
    NotOurs,
    /// Anything else, with the service's account of it.
    #[error("it could not be decrypted: {0}")]
    Failed(String),
}

/// Why something could not be encrypted, with the service's account of it.
#[derive(Debug, thiserror::Error)]
#[error("it could not be encrypted: {0}")]
pub struct EncryptError(String);

impl Keys {
    /// `budget` is the time for all attempts of one call together.
    #[must_use]
    pub fn new(config: &SdkConfig, budget: Duration) -> Self {
        let partition = RetryPartition::custom("keys").token_bucket(TokenBucket::unlimited()).build();
        let config = aws_sdk_kms::config::Builder::from(config)
            .retry_config(retries(5))
            .retry_partition(partition)
            .timeout_config(within(budget, budget / 2));
        Self(Client::from_conf(config.build()))
    }

    /// Encrypts at most 4096 bytes with `key`, an id, an alias or an ARN, so that nobody decrypts it who does not know the
    /// context.
    ///
    /// # Errors
    ///
    /// When KMS does not do it.
    pub async fn encrypt(
        &self,
        key: &str,
        plaintext: &[u8],
        context: HashMap<String, String>,
    ) -> Result<Vec<u8>, EncryptError> {
        let request = self.0.encrypt().key_id(key).plaintext(Blob::new(plaintext));
        match request.set_encryption_context(Some(context)).send().await {
            Ok(answer) => Ok(answer.ciphertext_blob.map(Blob::into_inner).unwrap_or_default()),
            Err(error) => Err(EncryptError(account(&error))),
        }
    }

    /// Decrypts what was encrypted with this encryption context.
    ///
    /// # Errors
    ///
    /// Tells what is not for this context from everything else.
    pub async fn decrypt(
        &self,
        ciphertext: Vec<u8>,
        context: HashMap<String, String>,
    ) -> Result<SecretSlice<u8>, DecryptError> {
        let request = self.0.decrypt().ciphertext_blob(Blob::new(ciphertext));
        match request.set_encryption_context(Some(context)).send().await {
            Ok(answer) => {
                let plaintext = answer.plaintext.map(Blob::into_inner);
                plaintext
                    .map(SecretSlice::from)
                    .ok_or_else(|| DecryptError::Failed("an empty answer".to_owned()))
            }
            Err(error) if error.as_service_error().is_some_and(|it| it.is_invalid_ciphertext_exception()) => {
                Err(DecryptError::NotOurs)
            }
            Err(error) => Err(DecryptError::Failed(account(&error))),
        }
    }
}
