//! Runs the real `runtask serve`, as a process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use runtask_log::event;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;

use crate::binaries::binary;
use crate::lambda::process_group::ProcessGroup;
use crate::log_events::{LogEvent, LogEvents};
use crate::secrets::assert_no_secrets;
use crate::terraform::terraform;

/// The HMAC key, unless a test sets another.
pub const KEY: &str = "example-hmac-key-of-the-flows";

/// What every token of the simulator and every temporary link has in it.
pub(crate) const SECRET_PARTS: [&str; 2] = [".atlasv1.", "/v1/object/"];

/// Long enough for a busy machine; no test waits this long to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `runtask serve`. Dropping it kills it and all that it started, and looks for secrets in what it logged.
#[derive(Debug)]
pub struct Serve {
    address: SocketAddr,
    process: Child,
    group: ProcessGroup,
    log: watch::Receiver<Log>,
    secrets: Mutex<Vec<String>>,
    temporary: TempDir,
}

#[derive(Debug, Default)]
struct Log {
    text: String,
    events: LogEvents,
    has_ended: bool,
}

impl Serve {
    /// Starts it on a free port with these settings and short times; returns when it listens.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_after(":", settings).await
    }

    /// As [`Serve::start`], in a shell that runs `prelude` before: to limit what the process may do.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start_after(prelude: &str, settings: &[(&str, &str)]) -> Self {
        let temporary = tempfile::Builder::new().prefix("serve-").tempdir().unwrap();
        let mut process = Command::new("/bin/sh")
            .args(["-c", &format!("{prelude}; exec \"$0\" \"$@\"")])
            .arg(binary("runtask"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .env_clear()
            .envs(environment(temporary.path(), settings))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let group = ProcessGroup::of(pid_of(&process));
        let (log_sender, log) = watch::channel(Log::default());
        tokio::spawn(read(process.stderr.take().unwrap(), log_sender));
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let secrets = Mutex::new(vec![KEY.to_owned()]);
        let mut serve = Self { address: unknown, process, group, log, secrets, temporary };
        let listening = serve.wait_for_event(event::SERVE_LISTENING).await;
        serve.address = listening["address"].as_str().unwrap().parse().unwrap();
        serve
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL that HCP Terraform would have.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Everything that it logged so far: a JSON object a line.
    #[must_use]
    pub fn logs(&self) -> String {
        self.log.borrow().text.clone()
    }

    /// The events that it logged so far.
    #[must_use]
    pub fn events(&self) -> LogEvents {
        self.log.borrow().events.clone()
    }

    /// Waits until it has logged an event of this name; the first one.
    ///
    /// # Panics
    ///
    /// When it ends before, or that takes too long.
    pub async fn wait_for_event(&self, name: &str) -> LogEvent {
        self.wait_for_event_that(name, |_any| true).await
    }

    /// Waits until it has logged an event of this name about this job, named by its task result; the first one.
    ///
    /// # Panics
    ///
    /// When it ends before, or that takes too long.
    pub async fn wait_for_event_of(&self, name: &str, task_result_id: &str) -> LogEvent {
        self.wait_for_event_that(name, |it| it.task_result_id() == Some(task_result_id)).await
    }

    async fn wait_for_event_that(&self, name: &str, is_it: impl Fn(&LogEvent) -> bool) -> LogEvent {
        let mut log = self.log.clone();
        let find = |log: &Log| log.events.named(name).find(|it| is_it(it)).cloned();
        let found = log.wait_for(|it| it.has_ended || find(it).is_some());
        let found = match tokio::time::timeout(PATIENCE, found).await {
            Ok(Ok(log)) => find(&log),
            Ok(Err(_)) | Err(_) => None,
        };
        found.unwrap_or_else(|| panic!("never logged `{name}`:\n{}", self.logs()))
    }

    /// Asks it to end: SIGTERM.
    ///
    /// # Panics
    ///
    /// If it has ended and was waited for.
    pub fn terminate(&self) {
        kill_process(pid_of(&self.process), Signal::TERM).unwrap();
    }

    /// Asks it to end as a person does with Ctrl-C: SIGINT.
    ///
    /// # Panics
    ///
    /// If it has ended and was waited for.
    pub fn interrupt(&self) {
        kill_process(pid_of(&self.process), Signal::INT).unwrap();
    }

    /// Ends it without asking: SIGKILL.
    ///
    /// # Panics
    ///
    /// If it has ended and was waited for.
    pub fn kill(&self) {
        kill_process(pid_of(&self.process), Signal::KILL).unwrap();
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, async {
            let status = self.process.wait().await;
            // Its last words may still be on their way.
            let _gone = self.log.wait_for(|it| it.has_ended).await;
            status
        });
        let status = ended.await.ok();
        let status = status.unwrap_or_else(|| panic!("it does not end:\n{}", self.logs())).unwrap();
        self.group.leader_exited();
        status
    }

    /// Waits until its temporary directory is empty.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn wait_clean(&self) {
        let since = Instant::now();
        loop {
            let entries: Vec<_> = std::fs::read_dir(self.temporary.path()).unwrap().collect();
            if entries.is_empty() {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "left behind: {entries:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Something more that must not be in its logs.
    pub fn keeps_secret(&self, secret: impl Into<String>) {
        self.secrets.lock().unwrap().push(secret.into());
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        self.group.kill();
        // A test that fails has something else to say.
        if !std::thread::panicking() {
            let secrets = self.secrets.lock().unwrap();
            let secrets: Vec<&str> = secrets.iter().map(String::as_str).chain(SECRET_PARTS).collect();
            assert_no_secrets(&self.log.borrow().text, &secrets);
        }
    }
}

fn pid_of(process: &Child) -> Pid {
    process.id().and_then(|it| Pid::from_raw(it.try_into().ok()?)).unwrap()
}

/// What the process finds in its environment: `settings` win, and nothing comes from ours.
fn environment(temporary: &Path, settings: &[(&str, &str)]) -> BTreeMap<String, String> {
    let usual = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TMPDIR", temporary.to_str().unwrap()),
        ("HMAC_KEY", KEY),
        ("RUNTASK_TERRAFORM", &terraform()),
        ("RUNTASK_REPORT_MARGIN_MS", "2000"),
    ];
    usual.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn read(stderr: ChildStderr, log: watch::Sender<Log>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.send_modify(|it| {
            it.text.push_str(&line);
            it.text.push('\n');
            it.events.push_line(&line);
        });
    }
    log.send_modify(|it| it.has_ended = true);
}
