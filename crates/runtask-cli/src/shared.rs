//! Policies shared between repositories: fetched, pinned by `runtask.lock`, and kept in the cache.
//!
//! Only this command fetches. What loads tasks reads the cache alone, and holds it against the lock.

mod archive;
mod cache;
mod fetcher;
mod git;
mod named;
mod oci;
mod pinned;
mod programs;
mod s3;

pub(crate) use cache::keep;
pub(crate) use fetcher::Fetcher;
pub(crate) use named::Named;
pub(crate) use pinned::{make_ready, pinned};
