//! Puts 32 bytes in front of each line: when it came, from whom, and whether it goes on with the one before.
//!
//! Source: GitLab Runner, `common/buildlogger/internal/timestamper`; GitLab recognises the form by itself.

use jiff::Timestamp;

/// Bytes of one line after which it is cut.
const LONGEST: usize = 8 * 1024;

/// Whose lines they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The runner's own.
    Runner,
    /// The script's.
    Script,
}

/// Stamps the lines of one stream.
#[derive(Debug)]
pub(super) struct Timestamps {
    stream: Stream,
    /// A line that has not ended, and when its first byte came.
    line: Vec<u8>,
    since: Option<Timestamp>,
    /// Whether the next entry goes on with the line before.
    goes_on: bool,
    /// The time that was written last, and how: many lines come in one write.
    written: Option<(Timestamp, String)>,
}

impl Timestamps {
    pub(super) fn of(stream: Stream) -> Self {
        Self { stream, line: Vec::new(), since: None, goes_on: false, written: None }
    }

    /// Takes one write, and gives the lines that have ended with it.
    pub(super) fn push(&mut self, now: Timestamp, bytes: &[u8], out: &mut Vec<u8>) {
        let mut left = bytes;
        while let Some(end) = memchr::memchr(b'\n', left) {
            let (line, rest) = left.split_at(end + 1);
            self.collect(now, line);
            self.entry(out);
            self.goes_on = false;
            left = rest;
        }
        self.collect(now, left);
        // Progress bars and markers of sections: there will be no end of the line for a while.
        if memchr::memchr(b'\r', left).is_some() || self.line.len() > LONGEST {
            self.flush(out);
        }
    }

    /// Gives a line that has not ended.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.line.is_empty() {
            self.line.push(b'\n');
            self.entry(out);
            self.goes_on = true;
        }
    }

    fn collect(&mut self, now: Timestamp, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.since.get_or_insert(now);
            self.line.extend_from_slice(bytes);
        }
    }

    fn entry(&mut self, out: &mut Vec<u8>) {
        let Some(since) = self.since.take() else { return };
        let (_, written) = match self.written.take().filter(|(time, _)| *time == since) {
            Some(written) => self.written.insert(written),
            None => self.written.insert((since, format!("{since:.6}"))),
        };
        out.extend_from_slice(written.as_bytes());
        // Output and errors of a script share one pipe, so every line is of kind O.
        out.extend_from_slice(match self.stream {
            Stream::Runner => b" 00O",
            Stream::Script => b" 01O",
        });
        out.push(if self.goes_on { b'+' } else { b' ' });
        out.append(&mut self.line);
    }
}
