#![doc = include_str!("../README.md")]

mod address;
mod backoff;
mod callback;
mod fetch;
mod http;
mod origins;

pub use backoff::Backoff;
pub use callback::{CallbackError, Delivery};
pub use fetch::{Body, FetchError};
pub use http::{Client, ClientError, ClientSettings};
pub use origins::{AllowedOrigins, ForeignUrl, OriginError};
pub use reqwest::StatusCode;
