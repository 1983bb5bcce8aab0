//! Builds the programs that are measured, as they are built for use.

use crate::commands::output;
use anyhow::{Context, ensure};
use runtask_tests::cargo::forget_package;
use runtask_tests::stack::unpack;
use std::env::consts::ARCH;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Paths of everything that is run.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The Lambda functions, unpacked from the zips.
    pub(crate) request_handler: PathBuf,
    pub(crate) callback_handler: PathBuf,
    pub(crate) failure_handler: PathBuf,
    /// Built apart, so that the callback handler is the one without it.
    pub(crate) report_handler: PathBuf,
    /// The smallest function, built in the same way.
    pub(crate) echo: PathBuf,
    /// The command, as an archive of a release has it.
    pub(crate) runtask: PathBuf,
    /// The example of runtask-archive.
    pub(crate) unpack: PathBuf,
    pub(crate) terraform: PathBuf,
    pub(crate) checkov: PathBuf,
    /// What is uploaded.
    pub(crate) zips: Vec<PathBuf>,
    _unpacked: TempDir,
}

impl Programs {
    /// Builds what is not built yet. The tools must be there: `make setup`.
    pub(crate) async fn build() -> anyhow::Result<Self> {
        let root = root()?;
        let target = target_directory(&root)?;
        let tools = root.join(".tools/bin");
        let terraform = tools.join("terraform");
        for tool in ["terraform", "checkov"] {
            ensure!(tools.join(tool).is_file(), "{tool} is not set up: run `make setup`");
        }

        run(&mut function(&root, &tools, &COMMANDS)?)?;
        let unpack_example = ["--package", "runtask-archive", "--example", "unpack"];
        run(cargo(&root).args(["build", "--release", "--locked"]).args(unpack_example))?;
        let mut package = Command::new("python3");
        let architecture = ARCH.replace("aarch64", "arm64");
        run(package.current_dir(&root).args(["-B", "tools/package.py", "--architecture", &architecture]))?;
        run(&mut function(&root, &tools, &ECHO)?)?;
        run(&mut function(
            &root,
            &tools,
            &["--package", "runtask-report-handler", "--bin", "report-handler"],
        )?)?;

        let unpacked = tempfile::tempdir()?;
        let mut zips = Vec::new();
        for name in ["request-handler", "callback-handler", "failure-handler", "terraform-layer"] {
            let zip = target.join("package").join(&architecture).join(format!("{name}.zip"));
            unpack(&zip, &unpacked.path().join(name)).await;
            zips.push(zip);
        }
        let bootstrap = |name: &str| unpacked.path().join(name).join("bootstrap");
        Ok(Self {
            request_handler: bootstrap("request-handler"),
            callback_handler: bootstrap("callback-handler"),
            failure_handler: bootstrap("failure-handler"),
            report_handler: bootstrap_of(&target, "report-handler"),
            echo: bootstrap_of(&target, "lambda-echo"),
            runtask: bootstrap_of(&target, "runtask"),
            unpack: target.join("release/examples/unpack"),
            terraform,
            checkov: tools.join("checkov"),
            zips,
            _unpacked: unpacked,
        })
    }
}

/// Paths of what is run for the figures of the GitLab runner.
#[derive(Debug)]
pub(crate) struct RunnerPrograms {
    pub(crate) echo: PathBuf,
    /// The Lambda functions, as they are deployed.
    pub(crate) hook: PathBuf,
    pub(crate) runner: PathBuf,
    /// `runtask-runner`.
    pub(crate) command: PathBuf,
    /// The example of gitlab-runner-protocol.
    pub(crate) log_throughput: PathBuf,
}

impl RunnerPrograms {
    /// Builds what is not built yet. cargo-lambda must be there: `make setup`.
    pub(crate) fn build() -> anyhow::Result<Self> {
        let root = root()?;
        let target = target_directory(&root)?;
        let tools = root.join(".tools/bin");
        let release = ["build", "--release", "--locked", "--package"];
        run(&mut function(&root, &tools, &COMMANDS)?)?;
        run(cargo(&root).args(release).args(["gitlab-runner-protocol", "--example", "log_throughput"]))?;
        // Each by itself, as tools/runner_image.py builds them.
        let functions: [&[&str]; 3] =
            [&ECHO, &["--package", "gitlab-hook-function"], &["--package", "gitlab-runner-function"]];
        for which in functions {
            run(&mut function(&root, &tools, which)?)?;
        }
        Ok(Self {
            echo: bootstrap_of(&target, "lambda-echo"),
            hook: bootstrap_of(&target, "gitlab-hook-function"),
            runner: bootstrap_of(&target, "gitlab-runner-function"),
            command: bootstrap_of(&target, "runtask-runner"),
            log_throughput: target.join("release/examples/log_throughput"),
        })
    }
}

/// What cargo-lambda is told to build for the commands, which a release has like that: tools/release.py.
const COMMANDS: [&str; 4] = ["--package", "runtask-cli", "--package", "gitlab-runner-command"];

/// What cargo-lambda is told to build for the echo.
const ECHO: [&str; 4] = ["--package", "runtask-tests", "--bin", "lambda-echo"];

fn root() -> anyhow::Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?)
}

/// Where cargo-lambda puts a program.
fn bootstrap_of(target: &Path, name: &str) -> PathBuf {
    target.join("lambda").join(name).join("bootstrap")
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root);
    command
}

/// A function as tools/package.py builds them, with the same flags; or everything would be compiled once more.
#[expect(clippy::disallowed_methods, reason = "Cargo's home is where Cargo says")]
fn function(root: &Path, tools: &Path, which: &[&str]) -> anyhow::Result<Command> {
    let program = tools.join("cargo-lambda");
    ensure!(program.is_file(), "cargo-lambda is not set up: run `make setup`");
    // It looks for `zig` on PATH.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([tools.to_owned()].into_iter().chain(std::env::split_paths(&path)))?;
    let home = || std::env::home_dir().map(|it| it.join(".cargo"));
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).context("no home")?;
    let remap = [(root, "/runtask"), (&cargo_home, "/cargo")];
    let flags = remap.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let mut command = Command::new(program);
    command.current_dir(root).env("PATH", path).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    command.args(["lambda", "build", "--profile", "function", "--locked", "--skip-target-check"]);
    // The glibc of Amazon Linux 2023.
    command.args(["--target", &format!("{ARCH}-unknown-linux-gnu.2.34")]);
    command.args(which);
    Ok(command)
}

fn target_directory(root: &Path) -> anyhow::Result<PathBuf> {
    let metadata = output(cargo(root).args(["metadata", "--locked", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let directory = metadata.get("target_directory").and_then(|it| it.as_str());
    Ok(directory.context("Cargo does not say where its target directory is")?.into())
}

/// Runs a build, which reports on stderr.
fn run(command: &mut Command) -> anyhow::Result<()> {
    forget_package(command);
    crate::progress(&format!("{command:?}"));
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("{command:?} cannot be run"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
