#![doc = include_str!("../README.md")]

mod entry;
mod error;
mod limits;
mod names;
mod stream;
mod unpack;

#[cfg(any(test, feature = "test-util"))]
mod test_util;

pub use error::{Rule, UnpackError};
pub use limits::{Limit, Limits};
#[cfg(any(test, feature = "test-util"))]
pub use test_util::ArchiveBuilder;
pub use unpack::{Unpacked, unpack};
