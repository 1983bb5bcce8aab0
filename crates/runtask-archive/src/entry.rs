//! Reads one entry of a tar archive: its header together with the long-name and PAX headers before it.
//!
//! The `tar` crate reads those whole into memory, however long they are, so only its header fields are used here.

use std::io::Read;

use tar::Header;

use crate::{
    Limit, Limits, Rule, UnpackError,
    names::Kind,
    stream::{BLOCK, Stream},
};

/// Source: Go's `archive/tar`, `maxSpecialFileSize`.
const MAX_EXTENDED_HEADER_BYTES: u64 = 1 << 20;

/// What a header says, with nothing but the type judged yet. The contents come next in the stream.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Never [`Kind::Passed`].
    pub(crate) kind: Kind,
    /// As written in the archive.
    pub(crate) name: Vec<u8>,
    /// As written in the archive; empty unless it is a link.
    pub(crate) target: Vec<u8>,
    /// Bytes of contents; zero unless it is a file.
    pub(crate) size: u64,
}

/// Reads up to the next entry's contents; `None` at the end of the archive.
pub(crate) fn next<R: Read>(stream: &mut Stream<R>, limits: &Limits) -> Result<Option<Entry>, UnpackError> {
    let mut extensions = Extensions::default();
    loop {
        let Some(block) = stream.block()? else {
            // Packers that leave out the final zero blocks exist, and Go takes what they make.
            return if extensions.is_empty() { Ok(None) } else { Err(UnpackError::Truncated) };
        };
        if is_zero(&block) {
            if !extensions.is_empty() {
                return Err(corrupt("a long name or PAX header has no entry"));
            }
            if stream.block()?.is_some_and(|it| !is_zero(&it)) {
                return Err(corrupt("an entry follows a single zero block"));
            }
            return Ok(None);
        }
        let header = Header::from_byte_slice(&block);
        verify_checksum(header, &block)?;
        let size = header.entry_size().map_err(|source| UnpackError::Corrupt {
            defect: "an entry's size is not a number",
            source: Some(source),
        })?;
        stream.expect(size)?;
        match header.entry_type().as_byte() {
            b'L' => put(&mut extensions.name, read_long_name(stream, size, limits)?)?,
            b'K' => put(&mut extensions.target, read_long_name(stream, size, limits)?)?,
            b'x' => {
                let records =
                    read_whole(stream, size, MAX_EXTENDED_HEADER_BYTES, Limit::ExtendedHeaderBytes)?;
                put(&mut extensions.pax, Pax::parse(&records)?)?;
            }
            // `git archive` writes one with the commit's id. Go does not apply them to entries either.
            b'g' => stream.contents(size, |_skipped| Ok(()))?,
            flag => return extensions.entry(header, flag, size).map(Some),
        }
    }
}

/// What the headers before an entry say about it.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    pax: Option<Pax>,
}

impl Extensions {
    fn is_empty(&self) -> bool {
        self.name.is_none() && self.target.is_none() && self.pax.is_none()
    }

    fn entry(self, header: &Header, flag: u8, size: u64) -> Result<Entry, UnpackError> {
        let pax = self.pax.unwrap_or_default();
        let written = header.path_bytes();
        let name = one_of(self.name, pax.path, &written)?;
        let kind = match flag {
            // Formats before POSIX have no type for directories.
            b'0' if name.ends_with(b"/") => Kind::Directory,
            b'0' => Kind::File,
            b'1' => return Err(Rule::HardLink.broken_by(&name)),
            b'2' => Kind::Link,
            b'3' | b'4' => return Err(Rule::Device.broken_by(&name)),
            b'5' => Kind::Directory,
            b'6' => return Err(Rule::Fifo.broken_by(&name)),
            b'S' => return Err(Rule::Sparse.broken_by(&name)),
            _ => return Err(Rule::UnknownType { flag }.broken_by(&name)),
        };
        if pax.is_sparse {
            return Err(Rule::Sparse.broken_by(&name));
        }
        if pax.size.is_some_and(|it| it != size) {
            return Err(Rule::ConflictingSize.broken_by(&name));
        }
        if kind != Kind::File && size > 0 {
            return Err(Rule::UnexpectedContents.broken_by(&name));
        }
        let target = match kind {
            Kind::Link => {
                let written = header.link_name_bytes().unwrap_or_default();
                one_of(self.target, pax.linkpath, &written).map_err(|it| match it {
                    UnpackError::Refused { rule, .. } => rule.broken_by(&name),
                    other => other,
                })?
            }
            _ => Vec::new(),
        };
        Ok(Entry { kind, name, target, size })
    }
}

/// The records of a PAX extended header that matter here. An empty value is none, as in Go.
#[derive(Default)]
struct Pax {
    path: Option<Vec<u8>>,
    linkpath: Option<Vec<u8>>,
    size: Option<u64>,
    is_sparse: bool,
}

impl Pax {
    /// Goes by the records' lengths, since values (extended attributes) may be binary.
    fn parse(mut records: &[u8]) -> Result<Self, UnpackError> {
        const DEFECT: &str = "a PAX header is malformed";
        let mut pax = Self::default();
        while !records.is_empty() {
            let (record, rest) = split_record(records).ok_or_else(|| corrupt(DEFECT))?;
            records = rest;
            let equals = record.iter().position(|it| *it == b'=').ok_or_else(|| corrupt(DEFECT))?;
            let (key, value) = record.split_at(equals);
            let value = value.get(1..).filter(|it| !it.is_empty());
            match key {
                b"path" => pax.path = value.map(<[u8]>::to_vec),
                b"linkpath" => pax.linkpath = value.map(<[u8]>::to_vec),
                b"size" => {
                    pax.size = value.map(|it| decimal(it).ok_or_else(|| corrupt(DEFECT))).transpose()?;
                }
                _ if key.starts_with(b"GNU.sparse.") => pax.is_sparse = true,
                _ => {}
            }
        }
        Ok(pax)
    }
}

/// Splits `12 key=value\n` off, the 12 being the length of all of it.
fn split_record(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = records.iter().take(20).position(|it| *it == b' ')?;
    let length = usize::try_from(decimal(records.get(..space)?)?).ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    Some((record.get(space + 1..)?.strip_suffix(b"\n")?, rest))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    // `parse` alone would take a plus sign.
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

/// The name to go by. Readers differ in whether the long name or the PAX record wins, so both must agree.
fn one_of(long: Option<Vec<u8>>, pax: Option<Vec<u8>>, written: &[u8]) -> Result<Vec<u8>, UnpackError> {
    match (long.filter(|it| !it.is_empty()), pax) {
        (Some(long), Some(pax)) if long != pax => Err(Rule::ConflictingNames.broken_by(&long)),
        (Some(name), _) | (None, Some(name)) => Ok(name),
        (None, None) => Ok(written.to_vec()),
    }
}

fn put<T>(place: &mut Option<T>, value: T) -> Result<(), UnpackError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_earlier) => Err(corrupt("an entry has two long names or PAX headers of a kind")),
    }
}

fn read_long_name<R: Read>(
    stream: &mut Stream<R>,
    size: u64,
    limits: &Limits,
) -> Result<Vec<u8>, UnpackError> {
    // One more for the NUL at the end.
    let mut name =
        match read_whole(stream, size, (limits.max_path_bytes as u64).saturating_add(1), Limit::PathBytes) {
            Err(UnpackError::LimitExceeded { limit: Limit::PathBytes, .. }) => {
                let value = limits.max_path_bytes as u64;
                return Err(UnpackError::LimitExceeded { limit: Limit::PathBytes, value });
            }
            other => other?,
        };
    let length = name.iter().rposition(|it| *it != 0).map_or(0, |last| last + 1);
    name.truncate(length);
    Ok(name)
}

fn read_whole<R: Read>(
    stream: &mut Stream<R>,
    size: u64,
    max: u64,
    limit: Limit,
) -> Result<Vec<u8>, UnpackError> {
    if size > max {
        return Err(UnpackError::LimitExceeded { limit, value: max });
    }
    let mut whole = Vec::new();
    stream.contents(size, |slice| {
        whole.extend_from_slice(slice);
        Ok(())
    })?;
    Ok(whole)
}

/// Writers of old summed signed bytes; readers take both.
fn verify_checksum(header: &Header, block: &[u8; BLOCK]) -> Result<(), UnpackError> {
    const FIELD: std::ops::Range<usize> = 148..156;
    let bytes = || block.iter().enumerate().map(|(at, it)| if FIELD.contains(&at) { b' ' } else { *it });
    let unsigned: u32 = bytes().map(u32::from).sum();
    let signed: i64 = bytes().map(|it| i64::from(it.cast_signed())).sum();
    match header.cksum() {
        Ok(sum) if sum == unsigned || i64::from(sum) == signed => Ok(()),
        _ => Err(corrupt("a tar header's checksum is wrong")),
    }
}

fn is_zero(block: &[u8; BLOCK]) -> bool {
    block.iter().all(|it| *it == 0)
}

fn corrupt(defect: &'static str) -> UnpackError {
    UnpackError::Corrupt { defect, source: None }
}
