#![doc = include_str!("../README.md")]

mod claims;
mod connection;
mod documents;
mod settings;
mod time;

pub use claims::RedisClaims;
pub use connection::{ConnectError, Redis};
pub use documents::RedisDocuments;
pub use settings::{RedisSettings, SettingsError};
