//! What is measured: built here, as it is built for use.

use crate::commands::output;
use anyhow::{Context, ensure};
use std::env::consts::ARCH;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Paths of everything that is run.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The Lambda functions, as they lie in the zips.
    pub(crate) request_handler: PathBuf,
    pub(crate) callback_handler: PathBuf,
    /// The smallest function, built in the same way.
    pub(crate) echo: PathBuf,
    pub(crate) runtask: PathBuf,
    /// The example of runtask-archive.
    pub(crate) unpack: PathBuf,
    pub(crate) terraform: PathBuf,
    /// The Lambda functions' zips, by the functions' names.
    pub(crate) zips: Vec<(&'static str, PathBuf)>,
}

const HANDLERS: [&str; 2] = ["request-handler", "callback-handler"];

impl Programs {
    /// Builds what is not built yet. The tools must be there: `make setup`.
    pub(crate) fn build() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let target = target_directory(&root)?;
        let tools = root.join(".tools/bin");
        let terraform = tools.join("terraform");
        ensure!(terraform.is_file(), "terraform is not set up: run `make setup`");

        run(cargo(&root).args(["build", "--release", "--locked", "--package", "runtask-cli"]))?;
        let unpack = ["--package", "runtask-archive", "--example", "unpack"];
        run(cargo(&root).args(["build", "--release", "--locked"]).args(unpack))?;
        // Whole packages, so that a function has the features that it asks for and no others.
        let handlers = ["--package", "runtask-request-handler", "--package", "runtask-callback-handler"];
        for format in ["binary", "zip"] {
            run(cargo_lambda(&root, &tools)?.args(["--output-format", format]).args(handlers))?;
        }
        run(cargo_lambda(&root, &tools)?.args(["--package", "runtask-tests", "--bin", "lambda-echo"]))?;

        let bootstrap = |name: &str| target.join("lambda").join(name).join("bootstrap");
        let [request_handler, callback_handler] = HANDLERS.map(bootstrap);
        Ok(Self {
            request_handler,
            callback_handler,
            echo: bootstrap("lambda-echo"),
            runtask: target.join("release/runtask"),
            unpack: target.join("release/examples/unpack"),
            terraform,
            zips: HANDLERS.map(|it| (it, bootstrap(it).with_extension("zip"))).to_vec(),
        })
    }
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root);
    command
}

/// A build for Lambda's runtime `provided.al2023`, and this machine's processor: it is run here as well.
fn cargo_lambda(root: &Path, tools: &Path) -> anyhow::Result<Command> {
    let program = tools.join("cargo-lambda");
    ensure!(program.is_file(), "cargo-lambda is not set up: run `make setup`");
    let mut command = Command::new(program);
    // It looks for `zig` on PATH.
    let path = path_variable();
    let path = std::env::join_paths([tools.to_owned()].into_iter().chain(std::env::split_paths(&path)))?;
    command.current_dir(root).env("PATH", path);
    command.args(["lambda", "build", "--release", "--locked"]);
    // The glibc of Amazon Linux 2023.
    command.args(["--target", &format!("{ARCH}-unknown-linux-gnu.2.34")]);
    Ok(command)
}

#[expect(clippy::disallowed_methods, reason = "to put a directory in front of it")]
fn path_variable() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn target_directory(root: &Path) -> anyhow::Result<PathBuf> {
    let metadata = output(cargo(root).args(["metadata", "--locked", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let directory = metadata.get("target_directory").and_then(|it| it.as_str());
    Ok(directory.context("Cargo does not say where its target directory is")?.into())
}

/// Runs a build, which reports on stderr.
fn run(command: &mut Command) -> anyhow::Result<()> {
    crate::progress(&format!("{command:?}"));
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("{command:?} cannot be run"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
