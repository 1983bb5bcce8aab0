#![doc = include_str!("../README.md")]

mod address;
mod api;
mod backoff;
mod callback;
mod fetch;
mod http;
pub mod organization;

pub use api::{ApiAnswer, ApiError};
pub use backoff::Backoff;
pub use callback::{CallbackError, Delivery};
pub use fetch::{Body, FetchError};
pub use http::{Client, ClientError, ClientSettings, http, service_client};
pub use reqwest::{Method, StatusCode};
