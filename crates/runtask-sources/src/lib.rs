#![doc = include_str!("../README.md")]

mod content;
mod digest;
mod lock;
mod places;
mod revision;
mod source;

pub use content::{Changes, Content, ContentError, MAX_BYTES, MAX_DEPTH, MAX_FILES, MAX_PATH_BYTES};
pub use digest::{Digest, NoDigest};
pub use lock::{LOCK_FILE, Lock, LockError, Pin};
pub use places::{PACKED, Places, PlacesError, cache_directory};
pub use revision::{NoRevision, Revision};
pub use source::{Location, OciReference, Source, SourceError, is_loopback};
