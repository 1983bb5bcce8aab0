//! What this runner says in a job's log, and where its programs print to.

use gitlab_runner_protocol::log::{JobLog, Stream, lines};
use jiff::Timestamp;

/// Who is asked what time it is.
pub type Clock = fn() -> Timestamp;

/// A job's log, with the time. Writing never waits, and never fails: what is too much is left out there, and secrets are
/// masked there.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    job: JobLog,
    clock: Clock,
    has_sections: bool,
}

impl Log {
    /// Writes into `job`; sections only where GitLab understands them.
    #[must_use]
    pub(crate) fn new(job: JobLog, clock: Clock, has_sections: bool) -> Self {
        Self { job, clock, has_sections }
    }

    /// What a program of the job has printed.
    pub(crate) fn output(&self, bytes: &[u8]) {
        self.job.write(Stream::Script, (self.clock)(), bytes);
    }

    /// A line as it is.
    pub(crate) fn line(&self, text: &str) {
        self.say(&lines::plain(text));
    }

    /// A line that is good news.
    pub(crate) fn notice(&self, text: &str) {
        self.say(&lines::notice(text));
    }

    /// A line that somebody should read.
    pub(crate) fn warning(&self, text: &str) {
        self.say(&lines::warning(text));
    }

    /// A line that says what went wrong.
    pub(crate) fn error(&self, text: &str) {
        self.say(&lines::error(text));
    }

    /// Begins a section of this name, with a title; it ends when what this returns is dropped.
    #[must_use]
    pub(crate) fn section(&self, name: &str, title: &str) -> Section<'_> {
        self.job.flush((self.clock)());
        if self.has_sections {
            self.say(&lines::section_start((self.clock)().as_second(), name));
        }
        self.say(&lines::title(title));
        Section { log: self, name: name.to_owned() }
    }

    fn say(&self, text: &str) {
        self.job.write(Stream::Runner, (self.clock)(), text.as_bytes());
    }
}

/// A section of a log that has begun.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    log: &'a Log,
    name: String,
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        // Nothing of the section may come after its end.
        self.log.job.flush((self.log.clock)());
        if self.log.has_sections {
            self.log.say(&lines::section_end((self.log.clock)().as_second(), &self.name));
        }
    }
}
