//! A log in memory, for tests.

use crate::log::Log;
use gitlab_runner_protocol::log::{JobLog, LogSettings};
use jiff::Timestamp;

/// A log, and a way to look at it.
#[derive(Debug)]
pub(crate) struct MemoryLog {
    pub(crate) log: Log,
    job: JobLog,
}

impl MemoryLog {
    pub(crate) fn new() -> Self {
        let job = JobLog::new(LogSettings::default());
        Self { log: Log::new(job.clone(), || Timestamp::UNIX_EPOCH, false), job }
    }

    /// All of it so far, without colours.
    pub(crate) fn text(&self) -> String {
        self.job.flush(Timestamp::UNIX_EPOCH);
        without_colours(&String::from_utf8(self.job.part(0, usize::MAX)).unwrap())
    }
}

/// A log as a person sees it, but for the markers of sections.
pub(crate) fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = after.split_once(['m', 'K']).map_or("", |it| it.1);
    }
    plain + rest
}
