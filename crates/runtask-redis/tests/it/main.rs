//! Against a real `redis-server`, which each test starts for itself.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod approvals;
mod connecting;
mod contracts;
mod server;
mod tls;
