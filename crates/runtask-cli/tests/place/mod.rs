//! Runs the command as a process in a directory of its own, without an environment.

#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A directory with files.
pub(crate) struct Place {
    directory: TempDir,
    /// Where the command is, apart from the files.
    programs: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// The output of a command, and its exit code.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let place = Self {
            directory: TempDir::new().unwrap(),
            programs: TempDir::new().unwrap(),
            environment: Vec::new(),
        };
        for (name, text) in files {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place
    }

    /// With a variable more for what runs here.
    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs `runtask` here.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_on(arguments, b"")
    }

    /// Starts `runtask` here.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(self.program());
        command.args(arguments).current_dir(self.path()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// The command under a path of its own, by which its processes are known from those of other tests.
    pub(crate) fn program(&self) -> PathBuf {
        let program = self.programs.path().join("runtask");
        if !program.exists() {
            let built = env!("CARGO_BIN_EXE_runtask");
            // Two file systems have no link between them.
            fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).unwrap();
        }
        program
    }

    /// Returns when nothing runs any more that was started here: not the command, nor what it has started.
    ///
    /// # Panics
    ///
    /// After ten seconds.
    pub(crate) fn wait_for_nobody(&self) {
        let start = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "still running: {left:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The processes whose program or directory is ours, by their ids, with their command lines.
    pub(crate) fn processes(&self) -> Vec<(i32, String)> {
        let ours = |link: PathBuf| {
            let target = fs::read_link(link).unwrap_or_default();
            target.starts_with(self.path()) || target.starts_with(self.programs.path())
        };
        let processes = fs::read_dir("/proc").unwrap().map(|it| it.unwrap().path());
        let ours = processes.filter(|it| ours(it.join("exe")) || ours(it.join("cwd")));
        let line = |it: &Path| fs::read_to_string(it.join("cmdline")).unwrap_or_default();
        ours.filter_map(|it| Some((it.file_name()?.to_str()?.parse().ok()?, line(&it)))).collect()
    }

    /// The same with something on stdin.
    pub(crate) fn run_on(&self, arguments: &[&str], stdin: &[u8]) -> Said {
        let mut process = self.start(arguments);
        let mut to_process = process.stdin.take().unwrap();
        let bytes = stdin.to_vec();
        // It need not read what it is given.
        let writing = std::thread::spawn(move || drop(to_process.write_all(&bytes)));
        let output = process.wait_with_output().unwrap();
        writing.join().unwrap();
        self.wait_for_nobody();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The path of a file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(ROOT).canonicalize().unwrap().join(path)
}

/// The same as a text.
pub(crate) fn repository_text(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap()
}
