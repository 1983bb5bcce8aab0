//! Recognizes the errors of a disk that takes no more.

use std::io;

/// Whether a write failed for want of space: the disk's, or what of it a quota or limit leaves to this process.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
