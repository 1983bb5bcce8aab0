//! Measures what the GitLab runner adds to a job: the whole process, from its start over one job to its end, beside the same
//! steps by hand.

use crate::figures::{Pair, Row, Verdict, milliseconds, times};
use crate::gitlab_runner::{LOG_BYTES, LOG_LIMIT_KB, log};
use crate::progress;
use anyhow::{Context, ensure};
use gitlab_simulator::{JobSpec, Simulator, SimulatorSettings, Status};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::Command;

const FACTOR: f64 = 1.3;
const FILES: usize = 1000;
const ARTIFACT_BYTES: usize = 50_000_000;
const REPOSITORY: &str = "infra/network";

/// What a person would do, with what git, bash, zip and curl do. The whole log goes in one call.
const BY_HAND: &str = r#"set -euo pipefail
tell() { curl --silent --show-error --fail --header "JOB-TOKEN: $TOKEN" "$@" > answer; }
state() { tell --request PUT --json "{\"token\":\"$TOKEN\",\"state\":\"$1\"}" "$JOB"; }
state running
git clone --quiet --depth 20 "$REPOSITORY" project
(cd project && bash -e "$SCRIPT") > log 2>&1
(cd project && zip --quiet ../artifacts.zip artifact)
tell --form file=@artifacts.zip "$JOB/artifacts?artifact_type=archive&artifact_format=zip"
tell --request PATCH --header 'Content-Type: text/plain' --header "Content-Range: 0-$(($(stat -c %s log) - 1))" \
  --data-binary @log "$JOB/trace?debug_trace=false"
state success
"#;

/// An instance with a repository, and what the job prints and uploads.
struct Place {
    simulator: Simulator,
    directory: TempDir,
    script: Vec<String>,
}

/// `runner` is the program `runtask-runner`.
pub(crate) async fn measure(runner: &Path, rounds: usize) -> anyhow::Result<Row> {
    progress(&format!("runner: {rounds} jobs, and as many by hand"));
    let place = Place::new(runner).await?;
    let mut pair = Pair::default();
    // The first round is to warm up.
    for round in 0..=rounds {
        let floor = place.by_hand().await?;
        let ours = place.by_runner(runner).await?;
        if round > 0 {
            pair.floor.push(floor);
            pair.ours.push(ours);
        }
    }
    let ratio = pair.ratio();
    Ok(Row {
        what: format!(
            "runner: a job of {FILES} files, {} MB of log, {} MB of artifact, whole process",
            LOG_BYTES / 1_000_000,
            ARTIFACT_BYTES / 1_000_000
        ),
        ratio: times(ratio),
        must: format!("≤ {FACTOR} ×"),
        verdict: Verdict::of(ratio <= FACTOR),
        ours: milliseconds(pair.ours.median()),
        floor: format!("git clone, bash, zip, curl: {}", milliseconds(pair.floor.median())),
    })
}

impl Place {
    async fn new(runner: &Path) -> anyhow::Result<Self> {
        let settings = SimulatorSettings::default();
        let simulator = Simulator::start(settings).await?;
        let names: Vec<String> = (0..FILES).map(|it| format!("modules/{}/file{it}.tf", it % 50)).collect();
        let texts: Vec<String> = (0..FILES).map(|it| format!("# file {it}\n").repeat(100)).collect();
        let files: Vec<(&str, &str)> =
            names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
        simulator.commit(REPOSITORY, &files).await?;
        let directory = tempfile::tempdir()?;
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("log"), log())?;
        // A program packs as plans and providers do, again and again until it is enough.
        let artifact = std::fs::read(runner)?;
        let artifact: Vec<u8> = artifact.into_iter().cycle().take(ARTIFACT_BYTES).collect();
        std::fs::write(path("artifact"), artifact)?;
        let script = vec![
            "true".to_owned(),
            format!("cat {}", path("log").display()),
            format!("cp {} artifact", path("artifact").display()),
        ];
        std::fs::write(path("script"), script.join("\n"))?;
        std::fs::write(path("by-hand"), BY_HAND)?;
        Ok(Self { simulator, directory, script })
    }

    fn enqueue(&self) -> u64 {
        let script: Vec<&str> = self.script.iter().map(String::as_str).collect();
        let artifact = json!({"name": "artifacts", "paths": ["artifact"], "artifact_type": "archive", "artifact_format": "zip"});
        self.simulator.enqueue(&JobSpec::new("job", &script).repository(REPOSITORY).artifact(artifact))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    async fn by_runner(&self, runner: &Path) -> anyhow::Result<Duration> {
        let id = self.enqueue();
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(runner);
        command
            .args([
                "run",
                "--once",
                "--max-jobs",
                "1",
                "--log-limit-kb",
                &LOG_LIMIT_KB.to_string(),
                "--directory",
            ])
            .arg(directory.path())
            .env("GITLAB_URL", self.simulator.url())
            .env("GITLAB_RUNNER_TOKEN", self.simulator.runner_token());
        let (took, _) = timed(&mut command).await?;
        self.has_succeeded(id)?;
        Ok(took)
    }

    async fn by_hand(&self) -> anyhow::Result<Duration> {
        let id = self.enqueue();
        let directory = tempfile::tempdir()?;
        let token = self.simulator.runner_token();
        let api = format!("{}/api/v4/jobs", self.simulator.url());
        let mut request = Command::new("curl");
        let body = json!({"token": token, "system_id": "s_000000000000"}).to_string();
        request.args(["--silent", "--show-error", "--fail", "--json", &body, &format!("{api}/request")]);
        request.args(["--header", &format!("RUNNER-TOKEN: {token}")]);
        let (asking, job) = timed(&mut request).await?;
        let job: Value = serde_json::from_slice(&job).context("there is no job")?;
        let text = |path: &str| job.pointer(path).and_then(Value::as_str).context("the job lacks a member");
        let mut command = Command::new("bash");
        command
            .arg(self.path("by-hand"))
            .current_dir(directory.path())
            .env("JOB", format!("{api}/{id}"))
            .env("TOKEN", text("/token")?)
            .env("REPOSITORY", text("/git_info/repo_url")?)
            .env("SCRIPT", self.path("script"));
        let (working, _) = timed(&mut command).await?;
        self.has_succeeded(id)?;
        Ok(asking + working)
    }

    fn has_succeeded(&self, id: u64) -> anyhow::Result<()> {
        let job = self.simulator.job(id).context("the job is gone")?;
        let text = job.log_text();
        let end = text.get(text.len().saturating_sub(400)..).unwrap_or_default();
        ensure!(job.status == Status::Success, "the job was not run: {end}");
        ensure!(job.log.len() >= LOG_BYTES && job.artifacts.len() == 1, "something of the job is missing");
        Ok(())
    }
}

/// Runs a command that must succeed, while the instance answers; how long it took, and what it printed.
async fn timed(command: &mut Command) -> anyhow::Result<(Duration, Vec<u8>)> {
    command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let started = Instant::now();
    let output = command.output().await.with_context(|| format!("{command:?} cannot be run"))?;
    let took = started.elapsed();
    ensure!(output.status.success(), "{command:?} ended with {}", output.status);
    Ok((took, output.stdout))
}
