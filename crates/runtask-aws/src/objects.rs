//! Reads objects in S3.

use crate::sdk::{account, retries, within};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;
use std::time::Duration;
use tokio::time::timeout;

/// How often an object is asked for whose content breaks off; the SDK's own attempts end where the content begins.
const ATTEMPTS: usize = 3;

/// Reads objects.
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
    budget: Duration,
}

/// Why an object could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// It has more bytes than were asked for.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// How many were asked for.
        limit: usize,
    },
    /// Attempts took all the time there is.
    #[error("it was not there within {budget:?}")]
    Late {
        /// The time for all attempts together.
        budget: Duration,
    },
    /// Anything else; `0` is S3's account of it.
    #[error("the object could not be read: {0}")]
    Failed(String),
}

impl Objects {
    /// `budget` is the time for all attempts of one read together. Throttling, server errors and broken connections are
    /// tried again inside it.
    #[must_use]
    pub fn new(config: &SdkConfig, budget: Duration) -> Self {
        let partition = RetryPartition::custom("objects").token_bucket(TokenBucket::unlimited()).build();
        let config = aws_sdk_s3::config::Builder::from(config)
            .retry_config(retries(5))
            .retry_partition(partition)
            .timeout_config(within(budget, budget / 2));
        Self { client: Client::from_conf(config.build()), budget }
    }

    /// Reads the object `key` of `bucket`, if it has no more than `limit` bytes.
    ///
    /// # Errors
    ///
    /// When it could not be read inside the budget; neither its name nor its content is in the error.
    pub async fn read(&self, bucket: &str, key: &str, limit: usize) -> Result<Vec<u8>, ObjectError> {
        let content = timeout(self.budget, self.try_to_read(bucket, key, limit)).await;
        content.unwrap_or(Err(ObjectError::Late { budget: self.budget }))
    }

    async fn try_to_read(&self, bucket: &str, key: &str, limit: usize) -> Result<Vec<u8>, ObjectError> {
        let mut broken = String::new();
        for _attempt in 0..ATTEMPTS {
            let answer = self.client.get_object().bucket(bucket).key(key).send().await;
            let answer = answer.map_err(|error| ObjectError::Failed(account(&error)))?;
            match collect(answer.body, limit).await {
                Ok(content) if content.len() > limit => return Err(ObjectError::TooLarge { limit }),
                Ok(content) => return Ok(content),
                Err(error) => broken = error,
            }
        }
        Err(ObjectError::Failed(format!("its content broke off: {broken}")))
    }
}

/// Reads until there is more than the limit, or nothing left.
pub(crate) async fn collect(mut body: ByteStream, limit: usize) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    while let Some(bytes) = body.try_next().await.map_err(|error| error.to_string())? {
        content.extend_from_slice(&bytes);
        if content.len() > limit {
            break;
        }
    }
    Ok(content)
}
