//! `run` as a process, beside a GitLab that judges.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

use gitlab_simulator::{Fault, JobSpec, Simulator, SimulatorSettings, Status};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(60);

/// What terraform does when it is interrupted once.
const COOPERATIVE: &str = "bash -c 'trap \"sleep 0.2; echo unlocked; exit 1\" INT; echo ready; while :; do sleep 0.05; done' || true";

async fn instance() -> Simulator {
    Simulator::start(SimulatorSettings { interval_seconds: 1, ..SimulatorSettings::default() }).await.unwrap()
}

/// The command, with the runner's token and nothing else but `PATH`.
fn command(simulator: &Simulator, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runtask-runner"));
    command.arg("run").args(arguments).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("GITLAB_URL", simulator.url()).env("GITLAB_RUNNER_TOKEN", simulator.runner_token());
    command.env("OURS", "not-for-jobs").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn ended(child: Child) -> Output {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    timeout(LIMIT, output).await.unwrap().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a run must not have done.
fn is_innocent(simulator: &Simulator, output: &Output) {
    assert_eq!(simulator.violations(), [""; 0]);
    assert_eq!(simulator.leaks_in(&output.stdout), [""; 0]);
    assert_eq!(simulator.leaks_in(&output.stderr), [""; 0]);
}

#[tokio::test]
async fn the_jobs_that_wait_are_run_and_told_of() {
    let simulator = instance().await;
    let first = simulator.enqueue(&JobSpec::new("plan", &["echo one", "env | grep -c ^OURS= || true"]));
    let second = simulator.enqueue(&JobSpec::new("apply", &["exit 3"]));
    let output = ended(command(&simulator, &["--once", "--json"]).spawn().unwrap()).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let told = |it: &Value| (it["id"].as_u64(), it["state"].clone(), it["exit_code"].as_i64());
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [(Some(first), "success".into(), Some(0)), (Some(second), "failed".into(), Some(3))]
    );
    let log = simulator.job(first).unwrap().log_text();
    assert!(log.contains("one\n") && log.contains(" 0\n"), "{log}");
    assert_eq!(simulator.job(second).unwrap().final_state.unwrap().exit_code, Some(3));
    is_innocent(&simulator, &output);
}

/// G-02: what the file has for jobs reaches them, and their logs not.
#[tokio::test]
async fn members_of_the_file_are_given_to_jobs_of_protected_refs() {
    let simulator = instance().await;
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("runner.json");
    let content = format!(
        r#"{{"GITLAB_RUNNER_TOKEN":"{}","TF_VAR_key":"a-secret-of-ours","OTHER":"not-given"}}"#,
        simulator.runner_token()
    );
    std::fs::write(&file, content).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    simulator.add_secret("a-secret-of-ours", "a member of the file");
    let script = ["echo \"key: $TF_VAR_key, other: $OTHER.\""];
    let protected = simulator.enqueue(&JobSpec::new("apply", &script));
    let git = serde_json::json!({"protected": false, "ref": "feature"});
    let other = simulator.enqueue(&JobSpec::new("plan", &script).member("git_info", git));
    let file = file.to_str().unwrap();
    let arguments = ["--once", "--credentials", file, "--give", "TF_VAR_key"];
    let output = ended(command(&simulator, &arguments).spawn().unwrap()).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let log = |id| simulator.job(id).unwrap().log_text();
    assert!(log(protected).contains("key: [MASKED], other: ."), "{}", log(protected));
    assert!(log(other).contains("key: , other: ."), "{}", log(other));
    is_innocent(&simulator, &output);
}

/// A job at work is stopped as it is when somebody cancels it, and GitLab hears of it.
#[tokio::test]
async fn ctrl_c_stops_the_job_at_work_and_reports_it() {
    let simulator = instance().await;
    let id = simulator.enqueue(&JobSpec::new("apply", &[COOPERATIVE, "echo next"]));
    let child = command(&simulator, &[]).spawn().unwrap();
    let process = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    timeout(LIMIT, simulator.until(id, |it| it.log_text().contains("ready\n"))).await.unwrap();
    kill_process(process, Signal::INT).unwrap();
    let output = ended(child).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let job = simulator.job(id).unwrap();
    let log = job.log_text();
    assert_eq!(job.status, Status::Failed);
    assert!(log.contains("unlocked\n") && !log.contains("echo next"), "{log}");
    assert_eq!(job.final_state.unwrap().failure_reason.as_deref(), Some("job_execution_timeout"));
    is_innocent(&simulator, &output);
}

/// G-55: what keeps a runner from its jobs is said.
#[tokio::test]
async fn a_token_that_is_refused_ends_it_and_a_project_that_is_not_allowed_its_job() {
    let simulator = instance().await;
    simulator.inject(Fault::Request403);
    let output = ended(command(&simulator, &[]).spawn().unwrap()).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("authentication token (glrt-…) is needed"),
        "{}",
        text(&output.stderr)
    );

    let simulator = instance().await;
    let id = simulator.enqueue(&JobSpec::new("plan", &["true"]));
    let mut refused = command(&simulator, &["--max-jobs", "1"]);
    let output = ended(refused.env("RUNNER_ALLOWED_PROJECTS", "other/*").spawn().unwrap()).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let log = simulator.job(id).unwrap().log_text();
    assert!(log.contains("this runner runs no jobs of this project"), "{log}");
    is_innocent(&simulator, &output);
}
