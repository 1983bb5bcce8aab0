//! Describes a function: its binary and the settings AWS has for it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A function to register with [`LambdaDouble::add`](super::LambdaDouble::add).
///
/// Starts with the defaults of AWS: 3 seconds, 128 MB, no URL, no reserved concurrency.
#[derive(Debug, Clone)]
pub struct Function {
    pub(super) name: String,
    pub(super) binary: PathBuf,
    pub(super) env: BTreeMap<String, String>,
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
    pub(super) prelude: Option<String>,
    pub(super) timeout: Duration,
    pub(super) memory_mb: u32,
    pub(super) reserved_concurrency: Option<usize>,
    pub(super) has_url: bool,
    pub(super) asynchronous: Asynchronous,
}

/// How AWS treats the events of a function that were queued, not awaited.
#[derive(Debug, Clone)]
pub struct Asynchronous {
    /// Retries after the first attempt, 0 to 2. AWS: 2.
    pub maximum_retry_attempts: u32,
    /// An event older than this is given up. AWS: 6 hours, at least 60 seconds; here any length.
    pub maximum_event_age: Duration,
    /// The pause before the first retry; before the second it is twice as long. AWS: 1 minute; here 20 ms.
    pub retry_pause: Duration,
    /// Where the record of an event goes that was given up.
    pub on_failure: Option<Destination>,
}

/// The on-failure destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Another function of the same double, by name: it receives the record as an event.
    Function(String),
    /// The double itself, as a queue nobody reads: see [`LambdaDouble::failures`](super::LambdaDouble::failures).
    Capture,
}

impl Function {
    /// A function `name` that runs `binary`.
    pub fn new(name: impl Into<String>, binary: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            binary: binary.into(),
            env: BTreeMap::new(),
            files: BTreeMap::new(),
            prelude: None,
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            reserved_concurrency: None,
            has_url: false,
            asynchronous: Asynchronous::default(),
        }
    }

    /// Adds an environment variable; it wins over one that Lambda sets.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Adds a file to the deployment package; `path` is relative to `LAMBDA_TASK_ROOT`, the working directory.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), contents.into());
        self
    }

    /// Runs this shell command before the binary, in its process: to limit what it may do.
    #[must_use]
    pub fn prelude(mut self, command: &str) -> Self {
        self.prelude = Some(command.to_owned());
        self
    }

    /// How long one invocation may take, initialization not counted.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` says. The double does not enforce it.
    #[must_use]
    pub fn memory_mb(mut self, memory_mb: u32) -> Self {
        self.memory_mb = memory_mb;
        self
    }

    /// How many invocations may run at once; more are refused (awaited ones) or stay queued (events).
    #[must_use]
    pub fn reserved_concurrency(mut self, executions: usize) -> Self {
        self.reserved_concurrency = Some(executions);
        self
    }

    /// Gives the function a URL without authentication: see
    /// [`LambdaDouble::function_url`](super::LambdaDouble::function_url).
    #[must_use]
    pub fn with_url(mut self) -> Self {
        self.has_url = true;
        self
    }

    /// Sets how queued events are treated.
    ///
    /// # Panics
    ///
    /// If there are more retries than AWS allows.
    #[must_use]
    pub fn asynchronous(mut self, asynchronous: Asynchronous) -> Self {
        assert!(asynchronous.maximum_retry_attempts <= 2, "AWS retries an event twice at most");
        self.asynchronous = asynchronous;
        self
    }
}

impl Default for Asynchronous {
    fn default() -> Self {
        Self {
            maximum_retry_attempts: 2,
            maximum_event_age: Duration::from_secs(6 * 60 * 60),
            retry_pause: Duration::from_millis(20),
            on_failure: None,
        }
    }
}
