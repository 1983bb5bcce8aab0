//! Brings objects of S3 into files, and files into objects, a piece at a time.

use crate::sdk::{account, retries};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_types::SdkConfig;
use std::fs::File;
use std::io::{self, Seek};
use tokio::io::AsyncWriteExt;

/// The largest object that one request takes, in bytes.
///
/// Source: Amazon S3 user guide, "Uploading objects".
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// Objects and files. How long it may take is up to who calls: what it returns can be dropped.
#[derive(Debug, Clone)]
pub struct ObjectFiles(Client);

/// Why an object could not be fetched or kept. Neither its name nor its content is in here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectFileError {
    /// S3's account of it.
    #[error("S3 did not do it: {0}")]
    Failed(String),
    /// The file cannot be read or written, or the content broke off.
    #[error("the bytes could not be moved: {0}")]
    Bytes(#[source] io::Error),
    /// It is larger than an object can be that comes in one request.
    #[error("it has {bytes} bytes, and an object {LARGEST} at most")]
    TooLarge {
        /// How many it has.
        bytes: u64,
    },
}

impl ObjectFiles {
    /// With credentials and place of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let partition = RetryPartition::custom("object files").token_bucket(TokenBucket::unlimited()).build();
        let config =
            aws_sdk_s3::config::Builder::from(config).retry_config(retries(3)).retry_partition(partition);
        Self(Client::from_conf(config.build()))
    }

    /// Fetches the object `key` of `bucket` into a file, in the place of what is in it, and returns to its beginning.
    /// `false` when there is no such object.
    ///
    /// # Errors
    ///
    /// When S3 does not give it, or the file does not take it.
    pub async fn fetch(&self, bucket: &str, key: &str, file: &mut File) -> Result<bool, ObjectFileError> {
        let answer = match self.0.get_object().bucket(bucket).key(key).send().await {
            Ok(answer) => answer,
            // Whoever may not list a bucket is told that an object which is not there is forbidden.
            Err(error) if error.as_service_error().is_some_and(|it| it.is_no_such_key()) => return Ok(false),
            Err(error) => return Err(ObjectFileError::Failed(account(&error))),
        };
        file.set_len(0).and_then(|()| file.rewind()).map_err(ObjectFileError::Bytes)?;
        let mut written = tokio::fs::File::from_std(file.try_clone().map_err(ObjectFileError::Bytes)?);
        let mut body = answer.body.into_async_read();
        tokio::io::copy(&mut body, &mut written).await.map_err(ObjectFileError::Bytes)?;
        written.flush().await.map_err(ObjectFileError::Bytes)?;
        file.rewind().map_err(ObjectFileError::Bytes)?;
        Ok(true)
    }

    /// Makes a file of so many bytes the object `key` of `bucket`, in the place of what was there. It is encrypted as the
    /// bucket's default says.
    ///
    /// # Errors
    ///
    /// When S3 does not take it.
    pub async fn keep(&self, bucket: &str, key: &str, file: File, bytes: u64) -> Result<(), ObjectFileError> {
        if bytes > LARGEST {
            return Err(ObjectFileError::TooLarge { bytes });
        }
        let file = tokio::fs::File::from_std(file);
        let body = ByteStream::read_from().file(file).length(Length::Exact(bytes)).build().await;
        let body = body.map_err(|error| ObjectFileError::Bytes(io::Error::other(error)))?;
        let request = self.0.put_object().bucket(bucket).key(key).body(body);
        request.send().await.map(drop).map_err(|error| ObjectFileError::Failed(account(&error)))
    }
}
