//! The crate against instances: the simulator, which judges every call, and another project's double of GitLab.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may end a test"
)]

mod artifacts;
mod harness;
mod other_double;
mod report;
mod request;
mod tls;
