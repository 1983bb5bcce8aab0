//! Another program's idea of GitLab's jobs as a judge: gitlab-ci-local runs the same pipelines with shells of its own.
//!
//! It has its own variables and its own form of logs, so what is compared is what jobs print, in their order, how they end,
//! and how the pipeline does.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may end a test")]

use gitlab_simulator::{Pipeline, Simulator, SimulatorSettings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const REPOSITORY: &str = "infra/network";
/// Where programs are, but for those that a test brings.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What became of a pipeline.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// What each job that was started printed, as far as it begins with `seen`, and its exit code.
    jobs: BTreeMap<String, (Vec<String>, i64)>,
    /// Whether the pipeline failed.
    failed: bool,
}

/// What this runner makes of a pipeline.
async fn ours(file: &str) -> Seen {
    let settings = SimulatorSettings { interval_seconds: 1, ..SimulatorSettings::default() };
    let simulator = Simulator::start(settings).await.unwrap();
    simulator.commit(REPOSITORY, &[(".gitlab-ci.yml", file)]).await.unwrap();
    let mut pipeline = Pipeline::read(file).unwrap();
    let prepare = |it: gitlab_simulator::JobSpec| it.repository(REPOSITORY).variable("FF_TIMESTAMPS", "0");
    while !pipeline.is_over(&simulator) {
        pipeline.advance(&simulator, prepare);
        let mut command = Command::new(env!("CARGO_BIN_EXE_runtask-runner"));
        command.args(["run", "--once"]).env_clear().env("PATH", PATH).stdin(Stdio::null());
        command.env("GITLAB_URL", simulator.url()).env("GITLAB_RUNNER_TOKEN", simulator.runner_token());
        let said = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }
    assert_eq!(simulator.violations(), [""; 0]);
    let mut seen = Seen { failed: pipeline.status(&simulator) == "failed", ..Seen::default() };
    for job in pipeline.jobs() {
        let Some(report) = job.id().and_then(|it| simulator.job(it)) else { continue };
        let lines =
            report.log_text().lines().filter(|it| it.starts_with("seen")).map(str::to_owned).collect();
        let code = report.final_state.unwrap().exit_code.unwrap_or_default();
        seen.jobs.insert(job.name().to_owned(), (lines, code));
    }
    seen
}

/// What gitlab-ci-local makes of it.
fn theirs(file: &str) -> Seen {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join(".gitlab-ci.yml"), file).unwrap();
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge");
    let environment = |program: &str| {
        let mut command = Command::new(program);
        command.current_dir(&directory).env_clear().env("PATH", format!("{}:{PATH}", judge.display()));
        command.env("HOME", directory.path()).stdin(Stdio::null());
        command
    };
    for arguments in [
        &["init", "--quiet", "--initial-branch=main", "."][..],
        &["config", "user.name", "Ada Example"],
        &["config", "user.email", "ada@example.com"],
        &["add", "--all"],
        &["commit", "--quiet", "-m", "Add a pipeline"],
        &["remote", "add", "origin", "https://gitlab.example.com/infra/network.git"],
    ] {
        assert!(environment("git").args(arguments).status().unwrap().success(), "{arguments:?}");
    }
    let said = environment(tool().to_str().unwrap()).arg("--no-color").output().unwrap();
    // What failed, it says on stderr.
    let text = [said.stdout, said.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).join("\n");
    let mut seen = Seen { failed: !said.status.success(), ..Seen::default() };
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("starting shell") {
            seen.jobs.entry(name.to_owned()).or_default();
        }
        let Some(job) = seen.jobs.get_mut(name) else { continue };
        if let Some(printed) = rest.strip_prefix("> ").filter(|it| it.starts_with("seen")) {
            job.0.push(printed.to_owned());
        }
        // The first end is the script's; another is that of after_script.
        let code = rest.split_once("  WARN ").or_else(|| rest.split_once("  FAIL "));
        if let Some((_, code)) = code.filter(|_| rest.starts_with("finished in") && job.1 == 0) {
            job.1 = code.split_whitespace().next().unwrap().parse().unwrap();
        }
    }
    assert!(!seen.jobs.is_empty(), "{text}");
    seen
}

/// Where `make setup` has put it.
fn tool() -> PathBuf {
    let tools = std::env::var_os("RUNTASK_TOOLS").map(PathBuf::from).into_iter();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin");
    let mut files = tools.chain([own]).map(|it| it.join("gitlab-ci-local"));
    let file = files.find(|it| it.is_file());
    file.unwrap_or_else(|| panic!("there is no gitlab-ci-local; `make setup` sets it up"))
        .canonicalize()
        .unwrap()
}

async fn check(file: &'static str, failed: bool) {
    let theirs = tokio::task::spawn_blocking(move || theirs(file));
    let ours = ours(file).await;
    assert_eq!(ours, theirs.await.unwrap());
    assert_eq!(ours.failed, failed);
}

/// G-45, G-49, and in the place of the official runner, which is not at hand, G-56: shells, exit codes, `after_script`, `allow_failure`, artifacts, `needs` and `when`.
#[tokio::test]
async fn a_pipeline_that_succeeds_is_run_as_another_program_runs_it() {
    check(include_str!("judge/order.yml"), false).await;
}

#[tokio::test]
async fn a_pipeline_that_fails_does_so_for_both() {
    check(include_str!("judge/failure.yml"), true).await;
}
