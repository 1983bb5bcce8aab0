//! Measures the callback handler: the time of a job, and the memory for a large configuration.

use crate::figures::{Pair, Row, Samples, Verdict, mebibytes, milliseconds, times};
use crate::function::Function;
use crate::programs::Programs;
use crate::{Counts, archives, commands, progress};
use anyhow::{Context, ensure};
use bytes::Bytes;
use runtask_simulator::{Configuration, Options, RunSpec, Simulator, Status, Timers};
use std::process::Command;
use std::time::{Duration, Instant};

const FACTOR: f64 = 1.15;
const ALLOWANCE: Duration = Duration::from_millis(20);
const MEMORY: u64 = 24 << 20;
/// How long one job may take.
const PATIENCE: Duration = Duration::from_secs(240);

pub(crate) async fn measure(programs: &Programs, counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let simulator = Simulator::start(Options::default()).await?;
    let env = settings(programs, &simulator);
    let mut rows = vec![starts(programs, counts, &env).await?];
    for (files, rounds) in counts.configurations {
        progress(&format!("callback handler: {rounds} jobs of {files} files"));
        let archive = Bytes::from(archives::configuration(files)?);
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), &archive)?;
        let (mut function, _) = Function::start(&programs.callback_handler, &env).await?;
        let mut pair = Pair::default();
        // The first round is to warm up.
        for round in 0..=rounds {
            let directory = tempfile::tempdir()?;
            let started = Instant::now();
            commands::timed(&mut commands::tar(file.path(), directory.path()))?;
            let mut terraform = Command::new(&programs.terraform);
            // As the check runs it, or terraform would ask its makers for a newer version.
            terraform.env_clear().env("CHECKPOINT_DISABLE", "1").env("TF_CLI_CONFIG_FILE", "/dev/null");
            terraform.args(["fmt", "-check", "-recursive"]).current_dir(directory.path());
            commands::timed(&mut terraform)?;
            let floor = started.elapsed();
            drop(directory);
            let ours = job(&simulator, &mut function, &archive).await?;
            if round > 0 {
                pair.floor.push(floor);
                pair.ours.push(ours);
            }
        }
        let (ours, floor) = (pair.ours.median(), pair.floor.median());
        let bound = floor.mul_f64(FACTOR) + ALLOWANCE;
        rows.push(Row {
            what: format!("callback handler: event to final result, {files} files"),
            ratio: times(pair.ratio()),
            must: format!("≤ {FACTOR} × + {} ms: {}", ALLOWANCE.as_millis(), milliseconds(bound)),
            verdict: Verdict::of(ours <= bound),
            ours: milliseconds(ours),
            floor: format!("tar, terraform fmt: {}", milliseconds(floor)),
        });
    }

    progress("callback handler: memory for an archive of 1 GiB");
    let mut archive = Vec::new();
    archives::filler(&mut archive, 4, 1 << 28)?;
    let archive = Bytes::from(archive);
    let (mut function, _) = Function::start(&programs.callback_handler, &env).await?;
    let took = job(&simulator, &mut function, &archive).await?;
    let memory = function.peak_memory()?;
    rows.push(Row {
        what: "callback handler: peak memory, 1 GiB of archive that the check does not need".to_owned(),
        ratio: "–".to_owned(),
        must: format!("≤ {}", mebibytes(MEMORY)),
        verdict: Verdict::of(memory <= MEMORY),
        ours: format!(
            "{}, for {} compressed, in {}",
            mebibytes(memory),
            mebibytes(archive.len() as u64),
            milliseconds(took)
        ),
        floor: "–".to_owned(),
    });
    Ok(rows)
}

/// What the function is told.
pub(crate) fn settings(programs: &Programs, simulator: &Simulator) -> Vec<(&'static str, String)> {
    vec![
        ("RUNTASK_ALLOWED_ORIGINS", format!("{},{}", simulator.origin(), simulator.archivist_origin())),
        ("RUNTASK_TERRAFORM", programs.terraform.display().to_string()),
        // The archive of the memory row is a little over 1 GiB with its headers.
        ("RUNTASK_MAX_UNPACKED_BYTES", (2_u64 << 30).to_string()),
    ]
}

/// How long the function takes to start, and the failure handler, which starts in the same way.
async fn starts(programs: &Programs, counts: &Counts, env: &[(&'static str, String)]) -> anyhow::Result<Row> {
    progress(&format!("callback handler and failure handler: {} starts", counts.starts));
    let env = [env, &[("RUNTASK_TABLE", "claims".to_owned())]].concat();
    let mut pair = Pair::default();
    let mut failure_handler = Samples::default();
    for _ in 0..counts.starts {
        pair.floor.push(Function::start(&programs.echo, &[]).await?.1);
        pair.ours.push(Function::start(&programs.callback_handler, &env).await?.1);
        failure_handler.push(Function::start(&programs.failure_handler, &env).await?.1);
    }
    Ok(Row {
        what: "callback handler: process start to first `/next`; failure handler".to_owned(),
        ratio: times(pair.ratio()),
        must: "–".to_owned(),
        verdict: Verdict::Reported,
        ours: format!("{}; {}", milliseconds(pair.ours.median()), milliseconds(failure_handler.median())),
        floor: format!("echo: {}", milliseconds(pair.floor.median())),
    })
}

/// The time from the event to the final result of one job, which must pass.
pub(crate) async fn job(
    simulator: &Simulator,
    function: &mut Function,
    archive: &Bytes,
) -> anyhow::Result<Duration> {
    let spec = RunSpec {
        configuration: Configuration::Archive(archive.clone()),
        timers: Timers::scaled(Duration::from_hours(1)),
        ..RunSpec::default()
    };
    let prepared = simulator.prepare(spec).await?;
    let event = prepared.body();
    let started = Instant::now();
    let until_final = async {
        let record = prepared.wait_final(PATIENCE).await;
        (started.elapsed(), record)
    };
    let (answer, (took, record)) = tokio::join!(function.invoke(event), until_final);
    answer.context("the callback handler")?;
    let result = &record.result;
    ensure!(
        result.status == Status::Passed && record.is_clean(),
        "the job was to pass: {result:?}, {:?}",
        record.violations
    );
    Ok(took)
}
