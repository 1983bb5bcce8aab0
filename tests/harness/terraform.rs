//! Offers terraform to flows: the real one, and stand-ins for its bad days.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::tools::tool;

/// Long enough for a busy machine; no test waits this long to pass.
const PATIENCE: Duration = Duration::from_secs(30);

/// The path of the real terraform: what `RUNTASK_TERRAFORM` says, else where [`tool`] finds it.
///
/// # Panics
///
/// If there is none.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says through the environment where it is"
)]
pub fn terraform() -> String {
    let set = std::env::var_os("RUNTASK_TERRAFORM").map(PathBuf::from);
    let file = set.unwrap_or_else(|| tool("terraform"));
    assert!(file.is_file(), "RUNTASK_TERRAFORM names no file");
    file.canonicalize().unwrap().into_os_string().into_string().unwrap()
}

/// A program in terraform's place, see `tests/fixtures/terraform/stand-in`.
#[derive(Debug)]
pub struct StandIn {
    _directory: TempDir,
    path: PathBuf,
}

impl StandIn {
    /// One that does what `act` says: `hang`, `hang-once`, `gate`, `crash`, `flood`, `odd`.
    #[must_use]
    pub fn new(act: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("terraform-").tempdir().unwrap();
        let path = directory.path().join(act);
        // A link, not a copy: a file that was just written may still be open in a process that is being started
        // elsewhere, and could then not be run.
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/terraform/stand-in");
        std::os::unix::fs::symlink(program, &path).unwrap();
        Self { _directory: directory, path }
    }

    /// The value for `RUNTASK_TERRAFORM`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Waits until so many processes were started; their ids.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn started(&self, processes: usize) -> Vec<i32> {
        let since = Instant::now();
        loop {
            let pids = self.pids();
            if pids.len() >= processes {
                return pids;
            }
            assert!(since.elapsed() < PATIENCE, "{} of {processes} processes were started", pids.len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether it was ever run.
    #[must_use]
    pub fn was_run(&self) -> bool {
        !self.pids().is_empty()
    }

    /// Waits until none of its processes runs any more.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn wait_gone(&self) {
        let since = Instant::now();
        while let Some(pid) = self.pids().into_iter().find(|it| runs(*it)) {
            assert!(since.elapsed() < PATIENCE, "process {pid} still runs");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Opens the gate of a `gate`.
    pub fn open(&self) {
        std::fs::write(self.beside(".go"), "").unwrap();
    }

    fn pids(&self) -> Vec<i32> {
        let text = std::fs::read_to_string(self.beside(".pids")).unwrap_or_default();
        // A line without its end is still being written.
        let lines = text.split_inclusive('\n').filter_map(|it| it.strip_suffix('\n'));
        lines.map(|it| it.parse().unwrap()).collect()
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(suffix);
        path.into()
    }
}

/// Whether a process runs: a zombie that nobody has waited for does not.
fn runs(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}
