//! Flows.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may end a test"
)]

mod aws;
mod cargo_lambda;
mod claims;
mod events;
mod faults;
mod http;
mod lambda_double;
mod pair;
mod request_handler;
mod run;
mod secrets;
mod shutdown;
