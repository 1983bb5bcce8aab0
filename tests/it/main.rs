//! Flows.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may end a test")]

mod events;
mod http;
mod lambda_double;
