//! Measures the GitLab runner: how fast its hook starts, what it adds to a job, what it keeps in memory, and what an hour
//! without jobs costs.

use crate::cost::{self, PER_GB_S, PER_REQUEST};
use crate::figures::{Pair, Row, Samples, Verdict, mebibytes, milliseconds};
use crate::function::Function;
use crate::processors::Apart;
use crate::programs::RunnerPrograms;
use crate::request_handler::compared;
use crate::{Counts, gitlab_job, gitlab_log, http, progress};
use anyhow::{Context, ensure};
use bytes::Bytes;
use gitlab_simulator::{JobSpec, Simulator, SimulatorSettings, Status};
use http_body_util::{BodyExt, Full};
use hyper::Response;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::AbortHandle;

const VARIABLES: &str = include_str!("../../infra/gitlab-runner/variables.tf");
/// How often the schedule of `infra/gitlab-runner/` asks in an hour, and what it says for it.
const POLLS_AN_HOUR: u32 = 4;
const SCHEDULE: &str = "\"rate(15 minutes)\"";

const START_FACTOR: f64 = 3.0;
const MEMORY: u64 = 40 << 20;

/// Bytes of a job's log, and how many times the one that takes memory has them.
pub(crate) const LOG_BYTES: usize = 10_000_000;
const MANY_TIMES: usize = 10;
/// The largest limit that a log may have, in kilobytes.
pub(crate) const LOG_LIMIT_KB: u32 = 102_400;
/// The most bytes of an artifact that the instance takes.
const ARTIFACT_LIMIT: usize = 2 << 30;

pub(crate) async fn measure(counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let programs = RunnerPrograms::build()?;
    let mut rows = vec![hook_start(&programs, counts).await?];
    rows.push(gitlab_job::measure(&programs.command, counts.loads).await?);
    rows.extend(gitlab_log::measure(&programs.log_throughput)?);
    rows.extend(memory(&programs).await?);
    rows.push(hour(&programs, counts).await?);
    Ok(rows)
}

/// About as many bytes as [`LOG_BYTES`] of what terraform prints.
pub(crate) fn log() -> String {
    let line = "aws_subnet.private[17]: Refreshing state... [id=subnet-0a1b2c3d4e5f00017]\n";
    line.repeat(LOG_BYTES.div_ceil(line.len()))
}

async fn hook_start(programs: &RunnerPrograms, counts: &Counts) -> anyhow::Result<Row> {
    progress(&format!("runner: {} starts of the hook function", counts.starts));
    let env = [("HOOK_SECRET_ID", "hook".to_owned()), ("RUNNER_FUNCTION", "runner".to_owned())];
    let apart = Apart::new()?;
    let mut starts = Pair::default();
    for _ in 0..counts.starts {
        starts.floor.push(Function::start_apart(&apart, &programs.echo, &[]).await?.1);
        starts.ours.push(Function::start_apart(&apart, &programs.hook, &env).await?.1);
    }
    Ok(compared("runner, hook function: process start to first `/next`", &starts, START_FACTOR))
}

/// What the runner function needs around it.
struct Place {
    simulator: Simulator,
    /// Secrets Manager, with the one secret.
    secrets: String,
    stub: AbortHandle,
    directory: TempDir,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stub.abort();
    }
}

impl Place {
    async fn new() -> anyhow::Result<Self> {
        let settings =
            SimulatorSettings { max_artifact_bytes: ARTIFACT_LIMIT, ..SimulatorSettings::default() };
        let simulator = Simulator::start(settings).await?;
        let secret = json!({"GITLAB_RUNNER_TOKEN": simulator.runner_token()}).to_string();
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:runner-a1b2c3";
        let answer =
            json!({"ARN": arn, "Name": "runner", "SecretString": secret, "VersionId": "a".repeat(32)});
        let answer = Bytes::from(answer.to_string());
        let (address, stub) = http::serve(move |request| {
            let answer = answer.clone();
            async move {
                let _read = request.into_body().collect().await;
                Ok(Response::new(Full::new(answer)))
            }
        })
        .await?;
        Ok(Self { simulator, secrets: format!("http://{address}"), stub, directory: tempfile::tempdir()? })
    }

    fn env(&self, more: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
        let mut env = vec![
            ("AWS_ENDPOINT_URL", self.secrets.clone()),
            ("GITLAB_URL", self.simulator.url().to_owned()),
            ("RUNNER_DIRECTORY", self.directory.path().display().to_string()),
            ("RUNNER_IDLE_SECONDS", "0".to_owned()),
        ];
        env.extend_from_slice(more);
        env
    }

    /// Has the function ask for jobs, and run them.
    async fn poll(&self, function: &mut Function) -> anyhow::Result<Duration> {
        let (answer, took) = function.invoke(Bytes::from_static(br#"{"action":"poll"}"#)).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        ensure!(answer.get("stopped") == Some(&"idle".into()), "the runner answered {answer}");
        Ok(took)
    }
}

/// The most memory that the runner takes with a job that prints and uploads much.
async fn memory(programs: &RunnerPrograms) -> anyhow::Result<[Row; 2]> {
    progress("runner: memory for a large job");
    let place = Place::new().await?;
    let logs = tempfile::NamedTempFile::new()?;
    std::fs::write(logs.path(), log())?;
    let print = format!("for it in {{1..{MANY_TIMES}}}; do cat {}; done", logs.path().display());
    let megabytes = LOG_BYTES * MANY_TIMES / 1_000_000;
    let plain = |script: &[&str]| JobSpec::new("large", script).variable("FF_TIMESTAMPS", "false");
    // One is packed, the other is sent as it is: it is the sending of so many bytes that is to be seen.
    let spec = plain(&[&print, "truncate --size 1G packed sent"])
        .artifact(json!({"name": "packed", "paths": ["packed"], "artifact_type": "archive", "artifact_format": "zip"}))
        .artifact(json!({"name": "sent", "paths": ["sent"], "when": "always", "artifact_type": "terraform", "artifact_format": "raw"}));
    let usual = place.peak(programs, &spec, &[]).await?;
    let whole = [("RUNNER_LOG_LIMIT_KB", LOG_LIMIT_KB.to_string())];
    let whole = place.peak(programs, &plain(&[&print]), &whole).await?;
    Ok([
        Row {
            what: format!(
                "runner: peak memory besides the job, {megabytes} MB of log, 1 GiB packed and 1 GiB sent as artifacts"
            ),
            ratio: "–".to_owned(),
            must: format!("≤ {}", mebibytes(MEMORY)),
            verdict: Verdict::of(usual <= MEMORY),
            ours: mebibytes(usual),
            floor: "–".to_owned(),
        },
        Row {
            what: format!(
                "runner: the same, all {megabytes} MB of log kept (`RUNNER_LOG_LIMIT_KB`), no artifact"
            ),
            ratio: "–".to_owned(),
            must: "–".to_owned(),
            verdict: Verdict::Reported,
            ours: mebibytes(whole),
            floor: "–".to_owned(),
        },
    ])
}

impl Place {
    /// The most memory that a new function takes with this job.
    async fn peak(
        &self,
        programs: &RunnerPrograms,
        spec: &JobSpec,
        settings: &[(&'static str, String)],
    ) -> anyhow::Result<u64> {
        let (mut function, _) = Function::start(&programs.runner, &self.env(settings)).await?;
        let id = self.simulator.enqueue(spec);
        self.poll(&mut function).await?;
        let job = self.simulator.job(id).context("the job is gone")?;
        let text = job.log_text();
        let end = text.get(text.len().saturating_sub(400)..).unwrap_or_default();
        ensure!(job.status == Status::Success, "the large job was not run: {end}");
        function.peak_memory()
    }
}

/// What Lambda charges for the polls of an hour: each in a new process, which an hour without jobs mostly has.
async fn hour(programs: &RunnerPrograms, counts: &Counts) -> anyhow::Result<Row> {
    progress(&format!("runner: {} polls without a job", counts.checks));
    ensure!(VARIABLES.contains(SCHEDULE), "the schedule is another one");
    let place = Place::new().await?;
    let memory_mb = cost::default_of(VARIABLES, "runner_memory_mb")?;
    let mut polls = Samples::default();
    for _ in 0..counts.checks {
        let (mut function, start) = Function::start(&programs.runner, &place.env(&[])).await?;
        polls.push(start + place.poll(&mut function).await?);
    }
    let billed_ms = (polls.median().as_secs_f64() * 1000.0).ceil();
    let gb_s = billed_ms / 1000.0 * memory_mb / 1024.0;
    let hour = f64::from(POLLS_AN_HOUR) * (PER_REQUEST + gb_s * PER_GB_S);
    Ok(Row {
        what: format!(
            "runner: an hour without jobs, {POLLS_AN_HOUR} polls of the schedule, a new process each"
        ),
        ratio: "–".to_owned(),
        must: "–".to_owned(),
        verdict: Verdict::Reported,
        ours: format!("{} at {memory_mb} MB each: {hour:.7} USD", milliseconds(polls.median())),
        floor: "–".to_owned(),
    })
}
