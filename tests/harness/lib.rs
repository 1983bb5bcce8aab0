//! Offers doubles and builders for flows.
//!
//! What they read of the environment, beside what Cargo sets:
//!
//! - `RUNTASK_TOOLS`, a directory: where tools are looked for first. The Makefile sets it.
//! - `RUNTASK_TEST_INFRA`, a directory: the `infra/` that is applied in the place of this checkout's.
//! - `RUNTASK_TEST_PACKAGES`, a directory with one for each architecture: the zips that are deployed in the place of those
//!   that `tools/package.py --for-tests` makes. They are called as there.
//!
//! With the last two, `tools/try_release.py` has flows deploy what is in a release.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a double that cannot go on stops the test there and then"
)]

pub mod aws;
pub mod binaries;
pub mod browser;
pub mod cargo;
pub mod collector;
pub mod deployment;
pub mod events;
pub mod front;
pub mod gate;
pub mod http;
pub mod infra_copy;
pub mod lambda;
pub mod log_events;
pub mod moto;
pub mod pair;
pub mod provider;
#[path = "../../crates/runtask-redis/tests/it/server.rs"]
pub mod redis;
pub mod secrets;
pub mod serve;
pub mod stack;
pub mod terraform;
pub mod tools;
