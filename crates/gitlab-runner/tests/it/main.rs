//! Whole jobs, with real shells: beside a GitLab in memory, and beside one that judges every call.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests, with functions that they share"
)]

mod cloud;
mod fake;
mod gitlab;
mod jobs;
mod stops;
