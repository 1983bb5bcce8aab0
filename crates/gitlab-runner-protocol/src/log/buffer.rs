//! Keeps the bytes of a log as GitLab gets them, up to a limit.

use std::fmt;

/// The log. All of it is kept until the job has ended: GitLab may ask for it again from any place.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    limit: usize,
    is_full: bool,
    checksum: crc32fast::Hasher,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Buffer").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Buffer {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, is_full: false, checksum: crc32fast::Hasher::new() }
    }

    /// Adds whole characters. What is over the limit is left out, once with a notice.
    pub(super) fn push(&mut self, text: &[u8]) {
        let room = if self.is_full { 0 } else { self.limit - self.bytes.len() };
        if text.len() <= room {
            self.append(text);
        } else if !self.is_full {
            self.append(text.get(..border(text, room)).unwrap_or_default());
            self.is_full = true;
            let limit = self.limit;
            let notice = format!(
                "\n\x1b[33;1mThe log is longer than its limit of {limit} bytes. \
                 The job goes on, and the rest of its log is left out.\x1b[0;m\n"
            );
            self.append(notice.as_bytes());
        }
    }

    fn append(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.checksum.update(text);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// CRC-32 (IEEE) of all bytes.
    pub(super) fn checksum(&self) -> u32 {
        self.checksum.clone().finalize()
    }
}

/// The last border of a character at or before `at`.
fn border(text: &[u8], at: usize) -> usize {
    let is_inside = |it: usize| text.get(it).is_some_and(|byte| byte & 0xC0 == 0x80);
    (0..=at).rev().find(|it| !is_inside(*it)).unwrap_or_default()
}
