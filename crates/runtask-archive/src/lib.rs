#![doc = include_str!("../README.md")]

mod entries;
mod entry;
mod error;
mod limits;
mod names;
mod read;
mod stream;
mod unpack;

#[cfg(any(test, feature = "test-util"))]
mod test_util;

pub use entries::Unpacked;
pub use error::{Rule, UnpackError};
pub use limits::{Limit, Limits};
pub use read::{Receiver, read, read_rooted};
#[cfg(any(test, feature = "test-util"))]
pub use test_util::ArchiveBuilder;
pub use unpack::unpack;
