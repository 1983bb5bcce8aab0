//! Makes archives for tests, hostile ones included: nothing is checked, names are written as given.

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use tar::Header;

use crate::stream::BLOCK;

/// Builds a tar archive entry by entry.
#[derive(Debug, Clone, Default)]
pub struct ArchiveBuilder {
    tar: Vec<u8>,
}

impl ArchiveBuilder {
    /// An archive without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a regular file.
    pub fn file(self, name: impl AsRef<[u8]>, contents: impl AsRef<[u8]>) -> Self {
        self.entry(b'0', name, "", contents)
    }

    /// Adds a directory.
    pub fn directory(self, name: impl AsRef<[u8]>) -> Self {
        self.entry(b'5', name, "", "")
    }

    /// Adds a symbolic link.
    pub fn symlink(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.entry(b'2', name, target, "")
    }

    /// Adds an entry of the type `flag`. Names over 100 bytes are preceded by GNU long-name headers.
    pub fn entry(
        mut self,
        flag: u8,
        name: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        contents: impl AsRef<[u8]>,
    ) -> Self {
        for (long, flag) in [(name.as_ref(), b'L'), (target.as_ref(), b'K')] {
            if long.len() > 100 {
                let contents = [long, b"\0"].concat();
                self = self.header(flag, "././@LongLink", "", contents.len() as u64).blocks(contents);
            }
        }
        let contents = contents.as_ref();
        self.header(flag, name, target, contents.len() as u64).blocks(contents)
    }

    /// Adds a PAX extended header with these records, for the entry that comes next.
    pub fn pax(self, records: &[(&str, &[u8])]) -> Self {
        self.entry(b'x', "PaxHeaders/0", "", pax_records(records))
    }

    /// Adds a PAX global header with these records.
    pub fn global_pax(self, records: &[(&str, &[u8])]) -> Self {
        self.entry(b'g', "pax_global_header", "", pax_records(records))
    }

    /// Adds a header alone, in GNU format. Names are cut at 100 bytes; `size` may be a lie.
    pub fn header(mut self, flag: u8, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>, size: u64) -> Self {
        let mut header = Header::new_gnu();
        header.set_size(size);
        // As hostile as a mode can be; none of it may arrive on disk.
        header.set_mode(0o7777);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let old = header.as_old_mut();
        old.name.iter_mut().zip(name.as_ref()).for_each(|(place, byte)| *place = *byte);
        old.linkname.iter_mut().zip(target.as_ref()).for_each(|(place, byte)| *place = *byte);
        old.linkflag = [flag];
        header.set_cksum();
        self.tar.extend_from_slice(header.as_bytes());
        self
    }

    /// Adds bytes as they are, padded to whole blocks.
    pub fn blocks(mut self, contents: impl AsRef<[u8]>) -> Self {
        self.tar.extend_from_slice(contents.as_ref());
        self.tar.resize(self.tar.len().next_multiple_of(BLOCK), 0);
        self
    }

    /// The tar archive so far, without the zero blocks that end one.
    pub fn unfinished(self) -> Vec<u8> {
        self.tar
    }

    /// The tar archive.
    pub fn tar(mut self) -> Vec<u8> {
        self.tar.extend_from_slice(&[0; 2 * BLOCK]);
        self.tar
    }

    /// The archive as HCP Terraform serves it, tar.gz.
    ///
    /// # Errors
    ///
    /// Only when the compressor fails, which it has no reason to.
    pub fn tar_gz(self) -> io::Result<Vec<u8>> {
        Self::gzip(&self.tar())
    }

    /// Compresses anything as one gzip member.
    ///
    /// # Errors
    ///
    /// Only when the compressor fails, which it has no reason to.
    pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes)?;
        encoder.finish()
    }
}

fn pax_records(records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, value) in records {
        let length_without_itself = key.len() + value.len() + 3;
        let mut length = length_without_itself;
        while length != length_without_itself + length.to_string().len() {
            length = length_without_itself + length.to_string().len();
        }
        bytes.extend_from_slice(format!("{length} {key}=").as_bytes());
        bytes.extend_from_slice(value);
        bytes.push(b'\n');
    }
    bytes
}
