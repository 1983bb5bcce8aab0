//! Puts a copy of the example into a directory of its own, with stand-ins for programs that are not there.

use anyhow::Context;
use std::env::{join_paths, split_paths, var_os};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The example as it is in the repository.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/common-stack");

/// What the tasks of the example start, and whether there is a stand-in for it. Prices come from nowhere but a server, so
/// Infracost is a stand-in also where it is installed.
const PROGRAMS: [(&str, Option<Wanted>); 3] =
    [("tflint", Some(Wanted::Missing)), ("infracost", Some(Wanted::Always)), ("checkov", None)];

/// When a stand-in is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Missing,
    Always,
}

/// A copy of the example. Dropping it removes it.
pub(crate) struct Place {
    directory: TempDir,
    /// Each program, and whether it is a stand-in.
    pub(crate) programs: Vec<(&'static str, bool)>,
}

impl Place {
    /// With receivers of notifications at `receivers`, an origin.
    pub(crate) fn make(receivers: &str) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("common-stack-").tempdir()?;
        let (example, root) = (Path::new(EXAMPLE), directory.path());
        fs::create_dir(root.join("bin"))?;
        fs::create_dir(root.join("configuration"))?;
        fs::copy(example.join("main.tf"), root.join("configuration/main.tf"))?;
        let tasks = fs::read_to_string(example.join("runtask.toml"))?;
        let with_origin = |line: &str| {
            let origin = if line.starts_with("[notify.") {
                format!("origin = {receivers:?}\n")
            } else {
                String::new()
            };
            format!("{line}\n{origin}")
        };
        fs::write(root.join("runtask.toml"), tasks.lines().map(with_origin).collect::<String>())?;
        let mut programs = Vec::new();
        for (name, stand_in) in PROGRAMS {
            let is_there = split_paths(&var_os("PATH").unwrap_or_default()).any(|it| it.join(name).is_file());
            let stands_in = stand_in.is_some_and(|it| it == Wanted::Always || !is_there);
            if stands_in {
                symlink(
                    fs::canonicalize(example.join("stand-ins").join(name))?,
                    root.join("bin").join(name),
                )?;
            } else if !is_there {
                anyhow::bail!("{name} is not on PATH: `make setup` sets it up");
            }
            programs.push((name, stands_in));
        }
        Ok(Self { directory, programs })
    }

    /// The configuration that is checked.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.directory.path().join("configuration")
    }

    /// Its plan, as `terraform show -json` prints it.
    pub(crate) fn plan(&self) -> anyhow::Result<Vec<u8>> {
        fs::read(Path::new(EXAMPLE).join("plan.json")).context("the plan of the example")
    }

    /// The file with the tasks.
    pub(crate) fn tasks(&self) -> PathBuf {
        self.directory.path().join("runtask.toml")
    }

    /// Where programs are looked for: stand-ins first.
    pub(crate) fn path(&self) -> anyhow::Result<OsString> {
        let elsewhere = var_os("PATH").unwrap_or_default();
        Ok(join_paths([self.directory.path().join("bin")].into_iter().chain(split_paths(&elsewhere)))?)
    }
}
