//! Names the faults: what GitLab, its proxies and its network may do differently.

use std::fmt;
use std::str::FromStr;

/// The kind of call that a fault is about; calls are counted by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// `POST /jobs/request`, with a job at hand or without.
    Request,
    /// The answer 201 to it.
    Job,
    /// `PATCH /jobs/:id/trace`.
    Trace,
    /// `PUT /jobs/:id` with `running`.
    Running,
    /// `PUT /jobs/:id` with a final state.
    Final,
    /// Any call of a job.
    AnyOfJob,
    /// `POST /jobs/:id/artifacts`.
    Upload,
    /// `GET /jobs/:id/artifacts`.
    Download,
    /// Any call of git.
    Git,
}

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $kind:ident, $times:literal;)*) => {
        /// One thing that goes differently from a plain job.
        ///
        /// Written in kebab-case; [`Fault::all`] lists them, [`Fault::description`] says what each does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $doc])+ $variant,)*
        }

        const ALL: &[Fault] = &[$(Fault::$variant,)*];

        impl Fault {
            /// The name, in kebab-case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it does, in one line.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_start(),)*
                }
            }

            /// How often it happens where nothing else is said.
            const fn times(self) -> u32 {
                match self {
                    $(Self::$variant => $times,)*
                }
            }

            /// What it happens to.
            pub(crate) const fn kind(self) -> Kind {
                match self {
                    $(Self::$variant => Kind::$kind,)*
                }
            }
        }
    };
}

faults! {
    /// No job, although there is one.
    Request204 = "request-204", Request, 1;
    /// Another runner was faster.
    Request409 = "request-409", Request, 1;
    /// Too many requests; `Retry-After: 1`.
    Request429RetryAfter = "request-429-retry-after", Request, 1;
    /// GitLab is being restarted.
    Request503 = "request-503", Request, 1;
    /// The runner's token is refused.
    Request403 = "request-403", Request, 1000;
    /// The runner is orphaned.
    Request422 = "request-422", Request, 1000;
    /// A proxy's page with status 201; no job is handed out.
    Request201Html = "request-201-html", Request, 1;
    /// The job is cut off in its second half.
    JobTruncated = "job-truncated", Job, 1;
    /// The job has members that nobody knows.
    JobUnknownMembers = "job-unknown-members", Job, 1;
    /// `null` for every list and object that may be.
    JobNulls = "job-nulls", Job, 1;
    /// The job's timeout is 0.
    JobTimeoutZero = "job-timeout-zero", Job, 1;

    /// The log has lost its second half: 416 with the lower size.
    Trace416Lower = "trace-416-lower", Trace, 1;
    /// The patch is stored, and answered with 416 and the higher size.
    Trace416Higher = "trace-416-higher", Trace, 1;
    /// Four times 500; nothing is stored.
    Trace500Burst = "trace-500-burst", Trace, 4;
    /// The patch is stored, and the connection closed without an answer.
    TraceReset = "trace-reset", Trace, 1;
    /// 404; nothing is stored.
    Trace404 = "trace-404", Trace, 1;
    /// 403, as for a log that is too large; the job is over.
    Trace403 = "trace-403", Trace, 1;
    /// The answer takes two seconds.
    TraceSlow = "trace-slow", Trace, 1;
    /// The interval between patches becomes two seconds.
    IntervalChange = "interval-change", Trace, 1;

    /// The log is still being stored: 202, three times.
    Final202N = "final-202-n", Final, 3;
    /// The log is invalid and forgotten: it has to come again from its beginning.
    Final412 = "final-412", Final, 1;
    /// Too many requests; `Retry-After: 1`.
    Final429 = "final-429", Final, 1;
    /// An error; the state is not taken.
    Final500 = "final-500", Final, 1;
    /// The state is taken, and the connection closed without an answer.
    FinalReset = "final-reset", Final, 1;
    /// The server says nothing; the state is not taken.
    FinalHang = "final-hang", Final, 1;
    /// The state is refused; the job is over.
    Final403 = "final-403", Final, 1;
    /// The job's token has expired: 403 to every call from here on.
    TokenExpired = "token-expired", AnyOfJob, 1;

    /// The job is being cancelled; a patch is the first to hear of it.
    CancelingOnPatch = "canceling-on-patch", Trace, 1;
    /// The job is being cancelled; a sign of life is the first to hear of it.
    CancelingOnPut = "canceling-on-put", Running, 1;
    /// The job was cancelled; a patch is the first to hear of it.
    CanceledOnPatch = "canceled-on-patch", Trace, 1;
    /// 403 to every call from here on.
    ForbiddenMidJob = "forbidden-mid-job", AnyOfJob, 1;
    /// The job was cancelled before the runner's first word: 403.
    CanceledBeforeStart = "canceled-before-start", Running, 1;

    /// The upload is sent on to the instance's other address.
    Upload307 = "upload-307", Upload, 1;
    /// The artifact is too large.
    Upload413 = "upload-413", Upload, 1000;
    /// The object store is busy, three times.
    Upload503N = "upload-503-n", Upload, 3;
    /// The artifact is refused, as a dotenv report with a comment is.
    Upload400 = "upload-400", Upload, 1000;
    /// The download is sent on to an object store, which must not see a token.
    Download302 = "download-302", Download, 1;
    /// There is no such archive.
    Download404 = "download-404", Download, 1000;
    /// The download trickles in.
    DownloadSlow = "download-slow", Download, 1;
    /// The connection is closed midway.
    DownloadTruncated = "download-truncated", Download, 1;

    /// The server says nothing.
    GitHang = "git-hang", Git, 1;
    /// The job's token is refused.
    Git401 = "git-401", Git, 1000;
    /// The connection is closed without an answer, twice: git asks again once by itself.
    GitReset = "git-reset", Git, 2;
    /// A success without a body.
    GitEmpty = "git-empty", Git, 1;
}

impl Fault {
    /// Every fault that there is.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        ALL
    }

    /// It, at the `number`-th call of its kind, from 1.
    #[must_use]
    pub const fn at(self, number: u32) -> Injection {
        Injection { fault: self, at: number, times: self.times() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A fault, when, and how often. Written `NAME`, `NAME@CALL`, `NAME*TIMES` or `NAME@CALL*TIMES`.
///
/// Calls of a job are counted for each job, requests for jobs and calls of git for the whole instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection {
    /// What happens.
    pub fault: Fault,
    /// The first call that it happens to, from 1.
    pub at: u32,
    /// To how many calls in a row.
    pub times: u32,
}

impl Injection {
    /// So often in a row.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Whether it happens to the `number`-th call of its kind.
    pub(crate) const fn hits(self, number: u32) -> bool {
        number >= self.at && number - self.at < self.times
    }
}

impl From<Fault> for Injection {
    fn from(fault: Fault) -> Self {
        fault.at(1)
    }
}

/// A text that names no fault.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no fault: it is written NAME, NAME@CALL, NAME*TIMES or NAME@CALL*TIMES, with numbers from 1 on"
)]
pub struct UnknownFault(String);

impl FromStr for Injection {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let unknown = || UnknownFault(text.chars().take(100).collect());
        let number = |text: &str| text.parse().ok().filter(|it| *it > 0).ok_or_else(unknown);
        let (text, times) = match text.split_once('*') {
            Some((text, times)) => (text, Some(number(times)?)),
            None => (text, None),
        };
        let (name, at) = match text.split_once('@') {
            Some((name, at)) => (name, number(at)?),
            None => (text, 1),
        };
        let fault = ALL.iter().find(|it| it.as_str() == name).ok_or_else(unknown)?;
        let injection = fault.at(at);
        Ok(Self { times: times.unwrap_or(injection.times), ..injection })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_name_and_a_description_of_its_own() {
        for fault in Fault::all() {
            assert_eq!(fault.as_str().parse::<Injection>().unwrap(), fault.at(1));
            assert!(fault.description().ends_with('.'), "{fault}");
        }
        let mut names: Vec<_> = Fault::all().iter().map(|it| it.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Fault::all().len());
    }

    #[test]
    fn a_fault_is_written_with_its_call_and_how_often() {
        let injection: Injection = "final-202-n@2*5".parse().unwrap();
        assert_eq!(injection, Fault::Final202N.at(2).times(5));
        assert!(!injection.hits(1) && injection.hits(2) && injection.hits(6) && !injection.hits(7));
        for text in ["", "final-202", "final-202-n@0", "final-202-n*x", "@1"] {
            assert!(text.parse::<Injection>().is_err(), "{text}");
        }
    }
}
