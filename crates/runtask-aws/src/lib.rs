#![doc = include_str!("../README.md")]

#[cfg(feature = "dynamodb")]
mod claims;
#[cfg(feature = "dynamodb")]
mod documents;
#[cfg(feature = "eventbridge")]
mod event_signer;
#[cfg(feature = "extension")]
mod extension;
#[cfg(all(feature = "s3", feature = "ssm"))]
mod file;
#[cfg(feature = "lambda")]
mod functions;
#[cfg(feature = "kms")]
mod keys;
#[cfg(feature = "s3-files")]
mod object_files;
#[cfg(feature = "s3")]
mod objects;
#[cfg(any(feature = "extension", feature = "ssm"))]
mod parameter;
#[cfg(feature = "ssm")]
mod parameters;
#[cfg(feature = "s3")]
mod reports;
#[cfg(feature = "sdk")]
mod sdk;
#[cfg(feature = "secretsmanager")]
mod secrets;
#[cfg(feature = "sts")]
mod sessions;
#[cfg(feature = "dynamodb")]
mod table;

#[cfg(feature = "sdk")]
pub use aws_types::SdkConfig;
#[cfg(feature = "dynamodb")]
pub use claims::TableClaims;
#[cfg(feature = "dynamodb")]
pub use documents::TableDocuments;
#[cfg(feature = "eventbridge")]
pub use event_signer::{EventSigner, NotSigned};
#[cfg(feature = "extension")]
pub use extension::Extension;
#[cfg(all(feature = "s3", feature = "ssm"))]
pub use file::{BadFileUrl, FileError, FileUrl};
#[cfg(feature = "lambda")]
pub use functions::{Answer, Functions, InvokeError};
#[cfg(feature = "kms")]
pub use keys::{DecryptError, EncryptError, Keys};
#[cfg(feature = "s3-files")]
pub use object_files::{ObjectFileError, ObjectFiles};
#[cfg(feature = "s3")]
pub use objects::{ObjectError, Objects};
#[cfg(any(feature = "extension", feature = "ssm"))]
pub use parameter::{Parameter, ParameterError};
#[cfg(feature = "ssm")]
pub use parameters::Parameters;
#[cfg(feature = "s3")]
pub use reports::BucketReports;
#[cfg(feature = "sdk")]
pub use sdk::{AccessKey, Lookup, sdk_config, sdk_config_of};
#[cfg(feature = "secretsmanager")]
pub use secrets::{SecretError, Secrets};
#[cfg(feature = "sts")]
pub use sessions::{Assume, AssumeError, Session, Sessions};
