#![doc = include_str!("../README.md")]

#[cfg(feature = "claims")]
mod claims;
#[cfg(feature = "extension")]
mod extension;
#[cfg(feature = "files")]
mod file;
#[cfg(feature = "functions")]
mod functions;
mod parameter;
#[cfg(feature = "parameters")]
mod parameters;
#[cfg(feature = "sdk")]
mod sdk;

#[cfg(feature = "sdk")]
pub use aws_types::SdkConfig;
#[cfg(feature = "claims")]
pub use claims::TableClaims;
#[cfg(feature = "extension")]
pub use extension::Extension;
#[cfg(feature = "files")]
pub use file::{BadFileUrl, FileError, FileUrl};
#[cfg(feature = "functions")]
pub use functions::{Functions, InvokeError};
pub use parameter::{Parameter, ParameterError};
#[cfg(feature = "parameters")]
pub use parameters::Parameters;
#[cfg(feature = "sdk")]
pub use sdk::{Lookup, sdk_config};
