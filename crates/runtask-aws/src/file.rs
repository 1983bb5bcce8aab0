//! Reads a file that is kept in AWS: the value of a parameter, or an object in S3.
//!
//! It is read once, when a function starts.

use crate::objects::{ObjectError, Objects};
use crate::parameter::ParameterError;
use crate::parameters::Parameters;
use aws_types::SdkConfig;
use secrecy::ExposeSecret;
use std::str::FromStr;
use std::time::Duration;

/// Time for all attempts together. Lambda gives a function ten seconds to start.
const BUDGET: Duration = Duration::from_secs(6);

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
    /// The object could not be read.
    #[error(transparent)]
    Object(ObjectError),
    /// It has more bytes than were asked for.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// How many were asked for.
        limit: usize,
    },
}

impl From<ObjectError> for FileError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::TooLarge { limit } => Self::TooLarge { limit },
            other => Self::Object(other),
        }
    }
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
            Self::Object { bucket, key } => Objects::new(config, BUDGET).read(bucket, key, limit).await?,
        };
        if content.len() > limit { Err(FileError::TooLarge { limit }) } else { Ok(content) }
    }
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
