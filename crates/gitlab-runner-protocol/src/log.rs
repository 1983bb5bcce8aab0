//! The log of a job: what is written goes through masks, and is kept as GitLab gets it.
//!
//! The way of a byte: UTF-8, masked values, URL parameters, tokens by their beginnings, time stamps, the limit.
//! Every step takes a stream in pieces of any size, and gives the same for every way of cutting it.
//!
//! The masks know no encodings: a value that a program prints as base64, or letter by letter, passes.

mod buffer;
mod finder;
pub mod lines;
mod masks;
mod timestamps;
mod token_prefixes;
mod url_parameters;
mod utf8;

use crate::secret::SecretText;
use buffer::Buffer;
use jiff::Timestamp;
use masks::Masks;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use timestamps::Timestamps;
use token_prefixes::TokenPrefixes;
use url_parameters::UrlParameters;
use utf8::Utf8;

pub use timestamps::Stream;

/// How a log is made.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Bytes that are kept; 4 MiB unless set. The notice that there was more comes on top.
    pub limit_bytes: usize,
    /// Texts that must not appear, each as a whole.
    pub masks: Vec<SecretText>,
    /// Beginnings of tokens besides the usual ones, as in `features.token_mask_prefixes` of the job.
    pub token_prefixes: Vec<String>,
    /// Whether each line says when it came.
    pub timestamps: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            limit_bytes: 4 * 1024 * 1024,
            masks: Vec::new(),
            token_prefixes: Vec::new(),
            timestamps: false,
        }
    }
}

/// The log of one job. Copies of it are the same log.
#[derive(Debug, Clone)]
pub struct JobLog(Arc<Mutex<Log>>);

#[derive(Debug)]
struct Log {
    settings: LogSettings,
    runner: Pipeline,
    script: Pipeline,
    buffer: Buffer,
}

/// What GitLab is told of the whole log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSummary {
    /// CRC-32 (IEEE) of its bytes.
    pub checksum: u32,
    /// How many there are.
    pub bytes: usize,
}

impl JobLog {
    /// An empty log.
    #[must_use]
    pub fn new(settings: LogSettings) -> Self {
        let masks = Masks::new(&settings.masks);
        let pipeline = |stream| Pipeline::new(stream, masks.clone(), &settings);
        let (runner, script) = (pipeline(Stream::Runner), pipeline(Stream::Script));
        let buffer = Buffer::new(settings.limit_bytes);
        Self(Arc::new(Mutex::new(Log { settings, runner, script, buffer })))
    }

    /// From now on, these texts must not appear either. What a stream has held back so far is given.
    pub fn mask(&self, more: Vec<SecretText>, now: Timestamp) {
        let log = &mut *self.lock();
        log.settings.masks.extend(more);
        let masks = Masks::new(&log.settings.masks);
        for pipeline in [&mut log.runner, &mut log.script] {
            pipeline.flush(now, &mut log.buffer);
            pipeline.masks = masks.clone();
        }
    }

    /// Writes what came of a stream at `now`.
    pub fn write(&self, stream: Stream, now: Timestamp, bytes: &[u8]) {
        let log = &mut *self.lock();
        let pipeline = match stream {
            Stream::Runner => &mut log.runner,
            Stream::Script => &mut log.script,
        };
        pipeline.push(now, bytes, &mut log.buffer);
    }

    /// Gives what was held back because it might have become a secret: a stage has ended, and nothing goes on with it.
    pub fn flush(&self, now: Timestamp) {
        let log = &mut *self.lock();
        for pipeline in [&mut log.script, &mut log.runner] {
            pipeline.flush(now, &mut log.buffer);
        }
    }

    /// How many bytes it has now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().buffer.bytes().len()
    }

    /// At most `longest` bytes from `start` on; empty at the end.
    #[must_use]
    pub fn part(&self, start: usize, longest: usize) -> Vec<u8> {
        let log = self.lock();
        let rest = log.buffer.bytes().get(start..).unwrap_or_default();
        rest.get(..longest).unwrap_or(rest).to_vec()
    }

    /// What GitLab is told of it as it is now.
    #[must_use]
    pub fn summary(&self) -> LogSummary {
        let log = self.lock();
        LogSummary { checksum: log.buffer.checksum(), bytes: log.buffer.bytes().len() }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way of one stream.
#[derive(Debug)]
struct Pipeline {
    utf8: Utf8,
    masks: Masks,
    parameters: UrlParameters,
    prefixes: TokenPrefixes,
    timestamps: Option<Timestamps>,
    /// What is between two steps; kept to be used again.
    between: [Vec<u8>; 2],
}

impl Pipeline {
    fn new(stream: Stream, masks: Masks, settings: &LogSettings) -> Self {
        Self {
            utf8: Utf8::default(),
            masks,
            parameters: UrlParameters::default(),
            prefixes: TokenPrefixes::new(&settings.token_prefixes),
            timestamps: settings.timestamps.then(|| Timestamps::of(stream)),
            between: Default::default(),
        }
    }

    fn push(&mut self, now: Timestamp, bytes: &[u8], buffer: &mut Buffer) {
        self.between[0].clear();
        self.utf8.push(bytes, &mut self.between[0]);
        self.after_utf8(now, buffer);
    }

    /// What is in the first place goes the rest of the way.
    fn after_utf8(&mut self, now: Timestamp, buffer: &mut Buffer) {
        let [first, second] = &mut self.between;
        second.clear();
        self.masks.push(first, second);
        self.after_masks(now, buffer);
    }

    /// What is in the second place goes the rest of the way.
    fn after_masks(&mut self, now: Timestamp, buffer: &mut Buffer) {
        let [first, second] = &mut self.between;
        first.clear();
        self.parameters.push(second, first);
        second.clear();
        self.prefixes.push(first, second);
        match &mut self.timestamps {
            Some(timestamps) => {
                first.clear();
                timestamps.push(now, second, first);
                buffer.push(first);
            }
            None => buffer.push(second),
        }
    }

    fn flush(&mut self, now: Timestamp, buffer: &mut Buffer) {
        self.between[0].clear();
        self.utf8.flush(&mut self.between[0]);
        self.after_utf8(now, buffer);
        self.between[1].clear();
        self.masks.flush(&mut self.between[1]);
        self.after_masks(now, buffer);
        self.parameters.flush();
        self.prefixes.flush();
        if let Some(timestamps) = &mut self.timestamps {
            let first = &mut self.between[0];
            first.clear();
            timestamps.flush(first);
            buffer.push(first);
        }
    }
}

#[cfg(test)]
mod tests;
