//! Reads the secrets that a tasks' file names as `ssm:///NAME`.

use crate::environment::Aws;
use futures_util::future::join_all;
use runtask_aws::{BadFileUrl, FileError, FileUrl};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::timeout;

/// How long secrets are waited for, all of them at once. Lambda gives a function ten seconds to start, and the tasks' file
/// may have taken six.
const LIMIT: Duration = Duration::from_secs(3);

/// Bytes of a secret: a parameter of the standard tier has no more.
const MAX_BYTES: usize = 4096;

/// Secrets by where they are, such as `ssm:///acme/slack`, or by the name of the setting that would hold them.
#[derive(Debug, Default)]
pub struct Secrets(HashMap<String, SecretString>);

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// It is at no place that we read.
    #[error(transparent)]
    Url(#[from] BadFileUrl),
    /// It could not be read there.
    #[error(transparent)]
    Read(#[from] FileError),
    /// AWS did not answer.
    #[error("there was no answer in time")]
    Late,
    /// What is no UTF-8 is no secret, and nothing of it is told.
    #[error("it is no text")]
    NoText,
}

impl Secrets {
    pub(crate) fn put(&mut self, name: &str, secret: SecretString) {
        self.0.insert(name.to_owned(), secret);
    }

    /// A secret, by its place or its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        Some(self.0.get(name)?.expose_secret().to_owned())
    }
}

/// Reads all of them at once: those that could be read, and why others could not.
pub async fn read_secrets<'a>(
    urls: impl IntoIterator<Item = &'a str>,
    aws: &Aws,
) -> (Secrets, Vec<(String, SecretError)>) {
    let read = urls.into_iter().map(|url| async move {
        let secret = timeout(LIMIT, secret(url, aws)).await;
        (url.to_owned(), secret.unwrap_or(Err(SecretError::Late)))
    });
    let (mut secrets, mut failed) = (Secrets::default(), Vec::new());
    for (url, secret) in join_all(read).await {
        match secret {
            Ok(secret) => secrets.put(&url, secret),
            Err(error) => failed.push((url, error)),
        }
    }
    (secrets, failed)
}

async fn secret(url: &str, aws: &Aws) -> Result<SecretString, SecretError> {
    let content = url.parse::<FileUrl>()?.read(aws, MAX_BYTES).await?;
    Ok(String::from_utf8(content).map_err(|_secret| SecretError::NoText)?.into())
}
