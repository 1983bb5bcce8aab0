//! Whole jobs, with real shells, beside a GitLab in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, with functions that they share")]

mod cloud;
mod fake;
mod jobs;
mod stops;
