//! Decompresses the archive into a stream of slices, and enforces both limits on bytes.
//!
//! It knows gzip and blocks of 512 bytes; it does not know what is in them.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use crate::{Limit, Limits, UnpackError};

/// Tar's unit: headers are one block, contents are padded to whole blocks.
pub(crate) const BLOCK: usize = 512;

const INPUT_BUFFER_BYTES: usize = 64 << 10;
const OUTPUT_BUFFER_BYTES: usize = 256 << 10;

/// The archive after decompression.
pub(crate) struct Stream<R> {
    /// Of one member of the gzip stream; most have only one.
    decoder: GzDecoder<BufReader<Source<R>>>,
    buffer: Box<[u8]>,
    /// What of `buffer` was decompressed and not yet consumed.
    start: usize,
    end: usize,
    unpacked: u64,
    max_unpacked: u64,
}

impl<R: Read> Stream<R> {
    pub(crate) fn new(archive: R, limits: &Limits) -> Self {
        let source = Source {
            inner: Some(archive),
            magic: [0; 2],
            read: 0,
            max: limits.max_compressed_bytes,
            failure: None,
        };
        Self {
            decoder: GzDecoder::new(BufReader::with_capacity(INPUT_BUFFER_BYTES, source)),
            buffer: vec![0; OUTPUT_BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            unpacked: 0,
            max_unpacked: limits.max_unpacked_bytes,
        }
    }

    /// Bytes decompressed so far.
    pub(crate) fn unpacked_bytes(&self) -> u64 {
        self.unpacked
    }

    /// Bytes read from the source so far.
    pub(crate) fn compressed_bytes(&self) -> u64 {
        self.decoder.get_ref().get_ref().read
    }

    /// Fails at once if `bytes` more can only end at the limit, instead of after having unpacked up to it.
    pub(crate) fn expect(&self, bytes: u64) -> Result<(), UnpackError> {
        let consumed = self.unpacked - self.buffered() as u64;
        if bytes > self.max_unpacked - consumed { Err(self.too_many_unpacked()) } else { Ok(()) }
    }

    /// The next block, or `None` at the end of the stream.
    pub(crate) fn block(&mut self) -> Result<Option<[u8; BLOCK]>, UnpackError> {
        let mut block = [0; BLOCK];
        let mut rest = block.as_mut_slice();
        while !rest.is_empty() {
            let at_start = rest.len() == BLOCK;
            let available = self.available()?;
            let count = available.len().min(rest.len());
            if count == 0 {
                return if at_start { Ok(None) } else { Err(UnpackError::Truncated) };
            }
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(available.get(..count).unwrap_or_default());
            rest = later;
            self.start += count;
        }
        Ok(Some(block))
    }

    /// Hands an entry's `size` bytes of contents to `sink` in order, and reads past the padding.
    pub(crate) fn contents(
        &mut self,
        size: u64,
        mut sink: impl FnMut(&[u8]) -> Result<(), UnpackError>,
    ) -> Result<(), UnpackError> {
        self.each_slice(size, &mut sink)?;
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        self.each_slice(padding, &mut |_padding| Ok(()))
    }

    /// Reads to the end of the compressed stream, so that its checksum is verified.
    pub(crate) fn drain(&mut self) -> Result<(), UnpackError> {
        while !self.available()?.is_empty() {
            self.start = self.end;
        }
        Ok(())
    }

    fn each_slice(
        &mut self,
        mut left: u64,
        sink: &mut impl FnMut(&[u8]) -> Result<(), UnpackError>,
    ) -> Result<(), UnpackError> {
        while left > 0 {
            let available = self.available()?;
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(available.len());
            if count == 0 {
                return Err(UnpackError::Truncated);
            }
            sink(available.get(..count).unwrap_or_default())?;
            left -= count as u64;
            self.start += count;
        }
        Ok(())
    }

    fn buffered(&self) -> usize {
        self.end - self.start
    }

    /// What is decompressed and not consumed; empty only at the end of the stream.
    fn available(&mut self) -> Result<&[u8], UnpackError> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            let count = self.decompress().map_err(|it| self.decoding_failed(it))?;
            self.end = count;
            self.unpacked = self.unpacked.saturating_add(count as u64);
            if self.unpacked > self.max_unpacked {
                return Err(self.too_many_unpacked());
            }
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    /// Decompresses into the buffer; nothing only at the end of the last member.
    fn decompress(&mut self) -> io::Result<usize> {
        loop {
            let count = self.decoder.read(&mut self.buffer)?;
            if count > 0 || !self.begin_next_member()? {
                return Ok(count);
            }
        }
    }

    /// Goes on behind a member that has ended; says whether there is another one. What writes to tapes and devices fills
    /// the last block with zeros, so they are read past, to the end, as gzip itself does; anything else is an error.
    fn begin_next_member(&mut self) -> io::Result<bool> {
        let input = self.decoder.get_mut();
        if input.fill_buf()?.first() == GZIP_MAGIC.first() {
            let input = self.decoder.reset(BufReader::with_capacity(0, Source::nothing()));
            self.decoder.reset(input);
            return Ok(true);
        }
        loop {
            let padding = input.fill_buf()?;
            if padding.iter().any(|it| *it != 0) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "something stands behind the end"));
            }
            match padding.len() {
                0 => return Ok(false),
                count => input.consume(count),
            }
        }
    }

    fn too_many_unpacked(&self) -> UnpackError {
        UnpackError::LimitExceeded { limit: Limit::UnpackedBytes, value: self.max_unpacked }
    }

    /// The decoder passes its source's errors on as its own, so the source is asked first.
    fn decoding_failed(&mut self, error: io::Error) -> UnpackError {
        let source = self.decoder.get_mut().get_mut();
        match source.failure.take() {
            Some(Failure::Source(source)) => UnpackError::Read { source },
            Some(Failure::Limit) => {
                UnpackError::LimitExceeded { limit: Limit::CompressedBytes, value: source.max }
            }
            None if source.read < 2 || source.magic != GZIP_MAGIC => UnpackError::NotGzip,
            None if error.kind() == io::ErrorKind::UnexpectedEof => UnpackError::Truncated,
            None => UnpackError::Corrupt { defect: "decompression failed", source: Some(error) },
        }
    }
}

/// Source: RFC 1952, 2.3.1, ID1 and ID2.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The compressed side: counts, and keeps the error that the decoder would otherwise pass off as its own.
struct Source<R> {
    /// `None` in the place of one that is elsewhere for the moment.
    inner: Option<R>,
    /// The first two bytes.
    magic: [u8; 2],
    read: u64,
    max: u64,
    failure: Option<Failure>,
}

enum Failure {
    Source(io::Error),
    Limit,
}

impl<R> Source<R> {
    fn nothing() -> Self {
        Self { inner: None, magic: [0; 2], read: 0, max: 0, failure: None }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(inner) = &mut self.inner else { return Ok(0) };
        let count = loop {
            match inner.read(buffer) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // The decoder acts on the kind (it would go on after `WouldBlock`), so it gets a neutral one.
                    self.failure = Some(Failure::Source(error));
                    return Err(io::ErrorKind::Other.into());
                }
            }
        };
        for (at, byte) in (self.read..2).zip(buffer.iter().take(count)) {
            if let Some(place) = usize::try_from(at).ok().and_then(|at| self.magic.get_mut(at)) {
                *place = *byte;
            }
        }
        self.read = self.read.saturating_add(count as u64);
        if self.read > self.max {
            self.failure = Some(Failure::Limit);
            return Err(io::ErrorKind::Other.into());
        }
        Ok(count)
    }
}
