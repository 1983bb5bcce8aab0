//! A file that is kept in AWS: the value of a parameter, or an object in S3.
//!
//! It is read once, when a function starts. What is in it is the caller's matter.

use crate::parameter::ParameterError;
use crate::parameters::Parameters;
use crate::sdk::{account, retries, within};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;
use secrecy::ExposeSecret;
use std::str::FromStr;
use std::time::Duration;
use tokio::time::timeout;

/// Time for all attempts together. Lambda gives a function ten seconds to start.
const BUDGET: Duration = Duration::from_secs(6);

/// How often an object is asked for whose content breaks off; the SDK's own attempts end where the content begins.
const ATTEMPTS: usize = 3;

/// Where the file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileUrl {
    /// `ssm:///NAME`: the parameter `/NAME`.
    Parameter {
        /// Its name, with the slash that it begins with.
        name: String,
    },
    /// `s3://BUCKET/KEY`.
    Object {
        /// The bucket.
        bucket: String,
        /// The object's key, as it is: nothing in it stands for anything else.
        key: String,
    },
}

/// A text that names no file in AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file in AWS is ssm:///NAME, the parameter /NAME, or s3://BUCKET/KEY")]
pub struct BadFileUrl;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The parameter could not be read.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The object could not be read, with S3's account of it.
    #[error("the object could not be read: {0}")]
    Object(String),
    /// It has more bytes than were asked for.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// How many were asked for.
        limit: usize,
    },
    /// Attempts took all the time there is.
    #[error("it was not there within {BUDGET:?}")]
    Late,
}

impl FromStr for FileUrl {
    type Err = BadFileUrl;

    fn from_str(text: &str) -> Result<Self, BadFileUrl> {
        if let Some(name) = text.strip_prefix("ssm://") {
            let proper = |it: char| it.is_ascii_alphanumeric() || "_.-/".contains(it);
            let is_name = name.len() > 1 && name.starts_with('/') && name.chars().all(proper);
            return if is_name { Ok(Self::Parameter { name: name.to_owned() }) } else { Err(BadFileUrl) };
        }
        let (bucket, key) = text.strip_prefix("s3://").and_then(|it| it.split_once('/')).ok_or(BadFileUrl)?;
        let proper = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || ".-".contains(it);
        if bucket.is_empty()
            || !bucket.chars().all(proper)
            || key.is_empty()
            || key.contains(char::is_control)
        {
            return Err(BadFileUrl);
        }
        Ok(Self::Object { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl FileUrl {
    /// Reads the file, if it has no more than `limit` bytes. Throttling, server errors and broken connections are tried
    /// again.
    ///
    /// # Errors
    ///
    /// When it could not be read within a few seconds; neither its URL nor its content is in the error.
    pub async fn read(&self, config: &SdkConfig, limit: usize) -> Result<Vec<u8>, FileError> {
        let content = match self {
            Self::Parameter { name } => {
                let parameter = Parameters::new(config, BUDGET).read(name, None).await?;
                parameter.value.expose_secret().as_bytes().to_vec()
            }
            Self::Object { bucket, key } => {
                let client = client(config);
                timeout(BUDGET, read_object(&client, bucket, key, limit))
                    .await
                    .map_err(|_elapsed| FileError::Late)??
            }
        };
        if content.len() > limit { Err(FileError::TooLarge { limit }) } else { Ok(content) }
    }
}

fn client(config: &SdkConfig) -> Client {
    let partition = RetryPartition::custom("objects").token_bucket(TokenBucket::unlimited()).build();
    let config = aws_sdk_s3::config::Builder::from(config)
        .retry_config(retries(5))
        .retry_partition(partition)
        .timeout_config(within(BUDGET, BUDGET / 2));
    Client::from_conf(config.build())
}

async fn read_object(client: &Client, bucket: &str, key: &str, limit: usize) -> Result<Vec<u8>, FileError> {
    let mut broken = String::new();
    for _attempt in 0..ATTEMPTS {
        let answer = client.get_object().bucket(bucket).key(key).send().await;
        let answer = answer.map_err(|error| FileError::Object(account(&error)))?;
        match collect(answer.body, limit).await {
            Ok(content) => return Ok(content),
            Err(error) => broken = error,
        }
    }
    Err(FileError::Object(format!("its content broke off: {broken}")))
}

/// Reads until there is more than the limit, or nothing left.
async fn collect(mut body: ByteStream, limit: usize) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    while let Some(bytes) = body.try_next().await.map_err(|error| error.to_string())? {
        content.extend_from_slice(&bytes);
        if content.len() > limit {
            break;
        }
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_parameter_or_an_object() {
        let parameter = |name: &str| Ok(FileUrl::Parameter { name: name.to_owned() });
        let object = |key: &str| Ok(FileUrl::Object { bucket: "acme.net".to_owned(), key: key.to_owned() });
        assert_eq!("ssm:///runtask/tasks.toml".parse(), parameter("/runtask/tasks.toml"));
        assert_eq!("s3://acme.net/a/b c%20+.toml".parse(), object("a/b c%20+.toml"));
        assert_eq!("s3://acme.net//a".parse(), object("/a"));
    }

    #[test]
    fn anything_else_names_nothing() {
        let texts = ["", "/opt/runtask.toml", "https://acme.net/a", "ssm://tasks", "ssm:///", "ssm:///a:3"];
        for text in
            texts.into_iter().chain(["s3://", "s3:///a", "s3://acme", "s3://acme/", "s3://A/b", "s3://a/\n"])
        {
            assert_eq!(text.parse::<FileUrl>(), Err(BadFileUrl), "{text:?}");
        }
    }
}
