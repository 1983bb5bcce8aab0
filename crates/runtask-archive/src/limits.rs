//! Bounds what an archive may ask for.

use std::fmt;

/// The most an archive may ask for. [`unpack`](crate::unpack()) stops at the first limit that is passed.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of the gzip stream as read from the source; 512 MiB by default.
    pub max_compressed_bytes: u64,
    /// Bytes after decompression; 1 GiB by default.
    ///
    /// Every decompressed byte counts: tar headers, padding and the contents of skipped entries included.
    pub max_unpacked_bytes: u64,
    /// Entries, and also names to be remembered; 100 000 by default.
    ///
    /// Both are held against this number, because a few entries with deep names can stand for many directories.
    /// Long-name and PAX headers are not entries of their own. One name takes about 20 bytes of memory.
    pub max_entries: u64,
    /// Bytes of one entry's name, and of one symbolic link's target; 1024 by default.
    pub max_path_bytes: usize,
    /// Components of one entry's name, `a/b/main.tf` having 3; 64 by default.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_compressed_bytes: 512 << 20,
            max_unpacked_bytes: 1 << 30,
            max_entries: 100_000,
            max_path_bytes: 1024,
            max_depth: 64,
        }
    }
}

/// Which limit an archive passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::max_compressed_bytes`].
    CompressedBytes,
    /// [`Limits::max_unpacked_bytes`].
    UnpackedBytes,
    /// [`Limits::max_entries`].
    Entries,
    /// [`Limits::max_path_bytes`].
    PathBytes,
    /// [`Limits::max_depth`].
    Depth,
    /// Bytes of one PAX extended header; fixed at 1 MiB, as in Go's `archive/tar` (`maxSpecialFileSize`).
    ExtendedHeaderBytes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CompressedBytes => "compressed bytes",
            Self::UnpackedBytes => "bytes once unpacked",
            Self::Entries => "entries and directories",
            Self::PathBytes => "bytes in one name",
            Self::Depth => "directories above one another",
            Self::ExtendedHeaderBytes => "bytes in one extended header",
        })
    }
}
