//! Runs the command as a process in a directory of its own, without an environment.

#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A directory with files.
pub(crate) struct Place {
    directory: TempDir,
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
        let place = Self { directory: TempDir::new().unwrap(), environment: Vec::new() };
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

    /// The same with something on stdin.
    pub(crate) fn run_on(&self, arguments: &[&str], stdin: &[u8]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runtask"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Whatever it starts is in its process group.
        let mut process = command.process_group(0).spawn().unwrap();
        let group = rustix::process::Pid::from_child(&process);
        let mut to_process = process.stdin.take().unwrap();
        let bytes = stdin.to_vec();
        // It need not read what it is given.
        let writing = std::thread::spawn(move || drop(to_process.write_all(&bytes)));
        let output = process.wait_with_output().unwrap();
        writing.join().unwrap();
        let left = rustix::process::test_kill_process_group(group);
        assert_eq!(left, Err(rustix::io::Errno::SRCH), "something is still running after {arguments:?}");
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
