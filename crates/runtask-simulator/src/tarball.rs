//! Writes tar archives entry by entry. Names are written as given, hostile ones included.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Read, Write};

/// Tar's unit.
pub(crate) const BLOCK: usize = 512;

/// Type flags of entries.
pub(crate) mod flag {
    pub(crate) const FILE: u8 = b'0';
    pub(crate) const HARD_LINK: u8 = b'1';
    pub(crate) const LINK: u8 = b'2';
    pub(crate) const CHARACTER_DEVICE: u8 = b'3';
    pub(crate) const BLOCK_DEVICE: u8 = b'4';
    pub(crate) const DIRECTORY: u8 = b'5';
    pub(crate) const FIFO: u8 = b'6';
    pub(crate) const PAX: u8 = b'x';
    pub(crate) const PAX_GLOBAL: u8 = b'g';
    pub(crate) const GNU_LONG_NAME: u8 = b'L';
}

/// One entry's header, as far as HCP Terraform's clients fill it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) flag: u8,
    pub(crate) name: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) modified: u64,
}

impl Entry {
    pub(crate) fn file(name: &str) -> Self {
        Self::new(flag::FILE, name, "", 0o644)
    }

    pub(crate) fn new(flag: u8, name: &str, target: &str, mode: u32) -> Self {
        Self { flag, name: name.into(), target: target.into(), mode, modified: 1_767_225_600 }
    }
}

/// A tar archive under construction, compressed fast as it goes to `out`.
pub(crate) struct Tarball<W: Write> {
    out: GzEncoder<W>,
}

impl<W: Write> Tarball<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out: GzEncoder::new(out, Compression::fast()) }
    }

    /// Adds an entry of `size` bytes. Names that do not fit are put into PAX headers, as Go's writer does.
    pub(crate) fn entry(&mut self, entry: &Entry, size: u64, mut contents: impl Read) -> io::Result<()> {
        let mut records = Vec::new();
        let fits = split(&entry.name);
        if fits.is_none() {
            records.push((&b"path"[..], entry.name.as_slice()));
        }
        if entry.target.len() > 100 || !entry.target.is_ascii() {
            records.push((&b"linkpath"[..], entry.target.as_slice()));
        }
        if !records.is_empty() {
            self.pax(flag::PAX, &records)?;
        }
        self.header(entry, size)?;
        let copied = io::copy(&mut contents.by_ref().take(size), &mut self.out)?;
        if copied < size || contents.read(&mut [0])? > 0 {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            return Err(io::Error::other(format!("`{name}` changed its size while it was packed")));
        }
        self.pad(size)
    }

    /// Adds a PAX header with these records.
    pub(crate) fn pax(&mut self, flag: u8, records: &[(&[u8], &[u8])]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (key, value) in records {
            // The length counts its own digits.
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length != rest + length.to_string().len() {
                length = rest + length.to_string().len();
            }
            bytes.extend_from_slice(length.to_string().as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(key);
            bytes.push(b'=');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        let name = if flag == flag::PAX_GLOBAL { "pax_global_header" } else { "PaxHeaders.0/entry" };
        self.raw(&Entry::new(flag, name, "", 0o644), &bytes)
    }

    /// Adds an entry without PAX headers; a name that is too long is cut.
    pub(crate) fn raw(&mut self, entry: &Entry, contents: &[u8]) -> io::Result<()> {
        let size = contents.len() as u64;
        self.header(entry, size)?;
        self.out.write_all(contents)?;
        self.pad(size)
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.finish()
    }

    fn header(&mut self, entry: &Entry, size: u64) -> io::Result<()> {
        self.out.write_all(&header(entry, size))
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let block = BLOCK as u64;
        let missing = usize::try_from((block - size % block) % block).unwrap_or(0);
        self.out.write_all(vec![0; missing].as_slice())
    }
}

/// One header block, in USTAR form.
pub(crate) fn header(entry: &Entry, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(entry.mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(entry.modified);
    let (prefix, name) = split(&entry.name).unwrap_or((b"", &entry.name));
    if let Some(ustar) = header.as_ustar_mut() {
        ustar.typeflag = [entry.flag];
        fill(&mut ustar.prefix, prefix);
        fill(&mut ustar.name, name);
        fill(&mut ustar.linkname, &entry.target);
        if matches!(entry.flag, flag::CHARACTER_DEVICE | flag::BLOCK_DEVICE) {
            ustar.set_device_major(1);
            ustar.set_device_minor(3);
        }
    }
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn fill(place: &mut [u8], bytes: &[u8]) {
    place.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
}

/// A name as USTAR's prefix and name; nothing when it does not fit.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= 100 {
        return Some((b"", name));
    }
    let slashes = name.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    for at in slashes {
        let (prefix, rest) = (name.get(..at)?, name.get(at + 1..)?);
        if (1..=155).contains(&prefix.len()) && (1..=100).contains(&rest.len()) {
            return Some((prefix, rest));
        }
    }
    None
}
