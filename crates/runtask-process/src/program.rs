//! Starts one program under limits, and waits for it.

use crate::group::{Group, StopSignal};
use crate::guard::{self, Starting};
use crate::output::{Flooded, copy_bounded, read_bounded};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How long a killed process may take to be gone.
const REAP_LIMIT: Duration = Duration::from_secs(1);

/// How often it is looked whether anybody of a group is left. The system tells nobody but a process's parent of its end.
const GROUP_PAUSE: Duration = Duration::from_millis(20);

/// A program to start. Unless told otherwise it has no environment, no input, output that is piped to us, `/` for a
/// working directory, and no limits.
#[derive(Debug)]
pub struct Program {
    command: Command,
    limits: Limits,
    is_guarded: bool,
    /// Where its output goes instead of into memory, and how much of it.
    output: Option<(File, u64)>,
}

/// What a program may take.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    memory_bytes: Option<u64>,
    core_bytes: Option<u64>,
    processor_time: Option<Duration>,
    file_bytes: Option<u64>,
}

/// A program that was started. When this is dropped, it is killed with every process of its group.
#[derive(Debug)]
pub struct Running {
    // Before `child`: dropped first, while the leader's id is still its own.
    group: Group,
    child: Child,
}

/// A program that ended by itself.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code.
    pub code: i32,
    /// What it printed to stdout; empty where that went elsewhere.
    pub stdout: Vec<u8>,
    /// What it printed to stderr.
    pub stderr: Vec<u8>,
}

/// Why a program came to no end of its own. The texts go on after its name: `terraform did not finish within 60 s`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// There is no such program, or the system has no room for it.
    #[error("could not be started")]
    Start(#[source] io::Error),
    /// Its deadline passed.
    #[error("did not finish within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// Somebody, perhaps the system, ended it.
    #[error("was ended by signal {0}")]
    Signal(i32),
    /// It printed too much, or nothing that can be read.
    #[error(transparent)]
    Output(#[from] Flooded),
    /// The system does not say how it ended.
    #[error("could not be waited for")]
    Wait(#[source] io::Error),
}

/// The program that this process runs, to be started again with an argument.
///
/// On Linux it is what runs, whatever has become of its file: an upgrade in place must not make parent and child two
/// releases.
///
/// # Errors
///
/// When the system does not say where it is.
pub fn this_program() -> io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}

impl Program {
    /// The program at `path`.
    #[must_use]
    pub fn new(path: impl AsRef<OsStr>) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that starts programs")]
        let mut command = Command::new(path);
        command
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Self { command, limits: Limits::default(), is_guarded: true, output: None }
    }

    /// With these arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// With this variable in its environment.
    #[must_use]
    pub fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// In this directory.
    #[must_use]
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// With this for its input.
    #[must_use]
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    /// With its output in a file, which gets at most so many bytes; for [`Program::run`].
    #[must_use]
    pub fn stdout_into(mut self, file: File, max_bytes: u64) -> Self {
        self.output = Some((file, max_bytes));
        self
    }

    /// With these bytes for its input, which need no file and no writer: on Linux they are in memory that has no name.
    ///
    /// # Errors
    ///
    /// When the system has no room for them.
    pub fn input(self, bytes: &[u8]) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        let mut file = File::from(rustix::fs::memfd_create("input", rustix::fs::MemfdFlags::CLOEXEC)?);
        #[cfg(not(target_os = "linux"))]
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        file.rewind()?;
        Ok(self.stdin(file))
    }

    /// Starts it with stdout and stderr as one pipe, in which everything stands in the order in which it was printed.
    ///
    /// # Errors
    ///
    /// When there is no such program, or the system has no room for it.
    pub fn start_with_one_output(mut self) -> io::Result<(Running, Receiver)> {
        let (reader, writer) = io::pipe()?;
        self.command.stdout(writer.try_clone()?).stderr(writer);
        let output = Receiver::from_owned_fd(reader.into())?;
        Ok((self.start()?, output))
    }

    /// With at most so many bytes of data (`RLIMIT_DATA`: heap, stacks and private writable mappings) for each of its
    /// processes; Linux only.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.limits.memory_bytes = Some(bytes);
        self
    }

    /// With at most so much processor time, in whole seconds, for each of its processes; Linux only.
    #[must_use]
    pub fn processor_time(mut self, time: Duration) -> Self {
        self.limits.processor_time = Some(time);
        self
    }

    /// With at most so many bytes in each file that one of its processes writes; Linux only.
    #[must_use]
    pub fn file_bytes(mut self, bytes: u64) -> Self {
        self.limits.file_bytes = Some(bytes);
        self
    }

    /// Without a core file when it, or one of its processes, crashes; Linux only.
    #[must_use]
    pub fn no_core_files(mut self) -> Self {
        self.limits.core_bytes = Some(0);
        self
    }

    /// A program that ends with us by itself and starts no other: the guard need not know it.
    #[must_use]
    pub fn ends_with_us(mut self) -> Self {
        self.is_guarded = false;
        self
    }

    /// Starts it.
    ///
    /// Limits are set right after the start; what a program does with its first instructions is not held to them.
    ///
    /// # Errors
    ///
    /// When there is no such program, or the system has no room for it.
    pub fn start(mut self) -> io::Result<Running> {
        let starting = self.is_guarded.then(Starting::told).flatten();
        if let Some(Starting { mark }) = &starting {
            self.command.env(guard::MARK, mark);
        }
        let child = self.command.spawn()?;
        let group = Group::led_by(child.id(), self.is_guarded);
        drop(starting);
        self.limits.apply(&child);
        Ok(Running { group, child })
    }

    /// Starts it, reads what it prints, and waits until it ends or `deadline` passes, after `time_limit`; then it is
    /// killed. `max_output_bytes` is for stdout and stderr each, as far as they are held in memory.
    ///
    /// # Errors
    ///
    /// When it did not end by itself.
    pub async fn run(
        mut self,
        deadline: Instant,
        time_limit: Duration,
        max_output_bytes: u64,
    ) -> Result<Finished, RunError> {
        let output = self.output.take();
        let mut running = self.start().map_err(RunError::Start)?;
        let ended = timeout_at(deadline, running.finish(max_output_bytes, output)).await;
        let (status, stdout, stderr) = match ended.unwrap_or(Err(RunError::TimedOut(time_limit))) {
            Ok(finished) => finished,
            Err(error) => {
                running.stop().await;
                return Err(error);
            }
        };
        match status.code() {
            Some(code) => Ok(Finished { code, stdout, stderr }),
            None => Err(RunError::Signal(status.signal().unwrap_or_default())),
        }
    }
}

impl Running {
    /// Its output, once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its errors, once.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Kills it with its whole group. It still has to be waited for.
    pub fn kill(&mut self) {
        self.group.kill();
    }

    /// Sends a signal to its whole group.
    pub fn signal(&self, signal: StopSignal) {
        self.group.signal(signal);
    }

    /// Waits until it ends. What it leaves behind of its group goes on.
    ///
    /// # Errors
    ///
    /// When the system does not say how it ended.
    pub async fn wait_alone(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Waits until it has ended and nobody of its group is left. Zombies count as gone.
    pub async fn wait_for_group(&mut self) {
        // A leader that nobody waited for would be there for ever, as a zombie; asked again, it says the same.
        let _known = self.child.wait().await;
        while self.group.is_alive() {
            sleep(GROUP_PAUSE).await;
        }
    }

    /// Stops it step by step: each signal goes once to the whole group, which then has so long to end. Says whether
    /// everybody ended; where not even the last step helped, the group is killed with this value.
    pub async fn stop_by(&mut self, steps: &[(StopSignal, Duration)]) -> bool {
        for (signal, wait) in steps {
            self.signal(*signal);
            if timeout(*wait, self.wait_for_group()).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Waits until it ends, and kills what it leaves behind of its group.
    ///
    /// # Errors
    ///
    /// When the system does not say how it ended.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.group.kill();
        status
    }

    /// Reads all output, then waits.
    async fn finish(
        &mut self,
        max_bytes: u64,
        output: Option<(File, u64)>,
    ) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), RunError> {
        let (stdout, stderr) = (self.take_stdout(), self.take_stderr());
        let stdout = async {
            match output {
                Some((file, limit)) => copy_bounded(stdout, file, limit).await.map(|()| Vec::new()),
                None => read_bounded(stdout, max_bytes).await,
            }
        };
        let (stdout, stderr) = tokio::try_join!(stdout, read_bounded(stderr, max_bytes))?;
        let status = self.wait().await.map_err(RunError::Wait)?;
        Ok((status, stdout, stderr))
    }

    /// Kills it, and waits for a moment: without that it would stay a zombie for a while.
    async fn stop(&mut self) {
        self.kill();
        let _gone = timeout(REAP_LIMIT, self.child.wait()).await;
    }
}

impl Limits {
    #[cfg(target_os = "linux")]
    fn apply(self, child: &Child) {
        use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
        let process = child.id().and_then(|it| i32::try_from(it).ok()).and_then(Pid::from_raw);
        let set = |resource, value: Option<u64>| {
            if let (Some(process), Some(value)) = (process, value) {
                // It has inherited our own limits, and only a privileged process could raise them.
                let value = getrlimit(resource).maximum.map_or(value, |it| it.min(value));
                let limit = Rlimit { current: Some(value), maximum: Some(value) };
                // Where the system refuses, deadlines and its own limits are left.
                let _refused = prlimit(Some(process), resource, limit);
            }
        };
        set(Resource::Data, self.memory_bytes);
        set(Resource::Core, self.core_bytes);
        set(Resource::Cpu, self.processor_time.map(|it| it.as_secs().max(1)));
        set(Resource::Fsize, self.file_bytes);
    }

    #[cfg(not(target_os = "linux"))]
    fn apply(self, _child: &Child) {
        let _unsupported = (self.memory_bytes, self.core_bytes, self.processor_time, self.file_bytes);
    }
}

#[cfg(test)]
mod tests;
