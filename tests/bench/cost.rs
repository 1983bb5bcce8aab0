//! Computes the cost of a task result in AWS from durations, log bytes and calls here. Writes docs/cost.md.

use crate::callback_handler::{job, settings};
use crate::figures::{Samples, milliseconds};
use crate::function::Function;
use crate::processors::Apart;
use crate::programs::Programs;
use crate::{Counts, archives, progress, request_handler};
use anyhow::Context;
use bytes::Bytes;
use runtask_simulator::{Options, Simulator};
use std::fmt::Write as _;
use std::time::Duration;

const PAGE: &str = include_str!("cost.md");
const VARIABLES: &str = include_str!("../../infra/variables_functions.tf");

/// Where Lambda gives one whole processor. Source: AWS Lambda developer guide, "Configure Lambda function memory".
const WHOLE_PROCESSOR_MB: f64 = 1769.0;
/// Lambda's own log lines for one call, by their examples. Source: AWS Lambda developer guide, "Lambda Telemetry API
/// Event schema reference".
const PLATFORM_LOG: u64 = 700;
/// A claim is taken and finished.
const WRITES: f64 = 2.0;
/// Names of our metrics, each with every kind of its dimension.
const METRICS: usize = 16;
/// Alarms of `infra/`; a test of what is deployed compares.
const ALARMS: usize = 19;

/// List prices in USD, us-east-1, x86, to be compared with the pricing pages of AWS Lambda, Amazon DynamoDB
/// (on-demand) and Amazon CloudWatch.
pub(crate) const PER_REQUEST: f64 = 0.20e-6;
pub(crate) const PER_GB_S: f64 = 0.000_016_666_7;
const PER_WRITE: f64 = 0.625e-6;
const PER_LOG_GB: f64 = 0.50;
const PER_METRIC: f64 = 0.30;
const PER_ALARM: f64 = 0.10;

/// What one call of a function takes.
struct Call {
    duration: Duration,
    logged: u64,
    memory_mb: f64,
}

impl Call {
    fn billed_ms(&self) -> f64 {
        (self.duration.as_secs_f64() * 1000.0 * (WHOLE_PROCESSOR_MB / self.memory_mb).max(1.0)).ceil()
    }

    fn gb_s(&self) -> f64 {
        self.billed_ms() / 1000.0 * self.memory_mb / 1024.0
    }
}

/// Measures, and renders the page.
pub(crate) async fn page(programs: &Programs, counts: &Counts) -> anyhow::Result<String> {
    progress("cost: what a call takes and logs");
    let request = request(programs, counts).await?;
    let job = work(programs, counts).await?;
    let gb_s = request.gb_s() + job.gb_s();
    let log_gb = (request.logged + job.logged + 2 * PLATFORM_LOG) as f64 / 1e9;
    // What one task result takes of each, its price, and how both are written.
    let units = [
        ("Lambda requests", 2.0, PER_REQUEST, "0.20 / million"),
        ("Lambda GB-seconds", gb_s, PER_GB_S, "0.0000166667"),
        ("DynamoDB writes", WRITES, PER_WRITE, "0.625 / million"),
        ("CloudWatch Logs, GB", log_gb, PER_LOG_GB, "0.50"),
    ];
    let fixed = METRICS as f64 * PER_METRIC + ALARMS as f64 * PER_ALARM;
    let (mut taken, mut charged) = (String::new(), String::new());
    let (mut thousand, mut million) = (fixed, fixed);
    for (name, unit, price, shown) in units {
        let (some, many) = (unit * 1e3, unit * 1e6);
        writeln!(taken, "| {name} | {} | {} |", amount(some), amount(many))?;
        writeln!(charged, "| {name} | {shown} | {:.4} | {:.2} |", some * price, many * price)?;
        thousand += some * price;
        million += many * price;
    }
    writeln!(
        charged,
        "| metrics and alarms | {PER_METRIC:.2} and {PER_ALARM:.2} each | {fixed:.2} | {fixed:.2} |"
    )?;
    write!(charged, "| **together** | | **{thousand:.2}** | **{million:.2}** |")?;
    let waiting = 0.01 * (request.memory_mb + job.memory_mb) / 1024.0 * 1e6;
    Ok(PAGE
        .replace("{request}", &milliseconds(request.duration))
        .replace("{job}", &milliseconds(job.duration))
        .replace("{request_memory}", &request.memory_mb.to_string())
        .replace("{job_memory}", &job.memory_mb.to_string())
        .replace("{request_billed}", &request.billed_ms().to_string())
        .replace("{job_billed}", &job.billed_ms().to_string())
        .replace("{request_gb_s}", &format!("{:.4}", request.gb_s()))
        .replace("{job_gb_s}", &format!("{:.4}", job.gb_s()))
        .replace("{request_log}", &request.logged.to_string())
        .replace("{job_log}", &job.logged.to_string())
        .replace("{wait_gb_s}", &amount(waiting))
        .replace("{platform_log}", &PLATFORM_LOG.to_string())
        .replace("{metrics}", &METRICS.to_string())
        .replace("{alarms}", &ALARMS.to_string())
        .replace("{units}", taken.trim_end())
        .replace("{prices}", &charged))
}

/// One warm request: verified, handed over, answered.
async fn request(programs: &Programs, counts: &Counts) -> anyhow::Result<Call> {
    let (invoke, stub) = request_handler::invoke_api().await?;
    let mut env = request_handler::settings(&invoke.to_string());
    env.push(("RUNTASK_METRICS_NAMESPACE", "runtask".to_owned()));
    let apart = Apart::new()?;
    let (mut function, _) = Function::start_apart(&apart, &programs.request_handler, &env).await?;
    let event = request_handler::event()?;
    function.invoke(event.clone()).await?;
    let before = function.logged()?;
    let mut samples = Samples::default();
    let calls = counts.responses / 10;
    for _ in 0..calls {
        samples.push(function.invoke(event.clone()).await?.1);
    }
    stub.abort();
    let logged = (function.logged()? - before) / calls as u64;
    Ok(Call {
        duration: samples.median(),
        logged,
        memory_mb: default_of(VARIABLES, "request_handler_memory_mb")?,
    })
}

/// One warm job of 10 files that passes.
async fn work(programs: &Programs, counts: &Counts) -> anyhow::Result<Call> {
    let simulator = Simulator::start(Options::default()).await?;
    let mut env = settings(programs, &simulator);
    env.push(("RUNTASK_METRICS_NAMESPACE", "runtask".to_owned()));
    let (mut function, _) = Function::start(&programs.callback_handler, &env).await?;
    let archive = Bytes::from(archives::configuration(10)?);
    job(&simulator, &mut function, &archive).await?;
    let before = function.logged()?;
    let mut samples = Samples::default();
    let jobs = counts.unpackings;
    for _ in 0..jobs {
        samples.push(job(&simulator, &mut function, &archive).await?);
    }
    let logged = (function.logged()? - before) / jobs as u64;
    Ok(Call {
        duration: samples.median(),
        logged,
        memory_mb: default_of(VARIABLES, "callback_handler_memory_mb")?,
    })
}

/// The default of a variable that is a number, in the text of a `variables.tf`.
pub(crate) fn default_of(variables: &str, name: &str) -> anyhow::Result<f64> {
    let (_, block) = variables.split_once(&format!("variable \"{name}\" {{")).context("no such variable")?;
    let line = block.lines().find_map(|it| it.trim().strip_prefix("default")).context("it has no default")?;
    Ok(line.trim_start().trim_start_matches('=').trim().parse()?)
}

/// An amount with the digits that mean something.
fn amount(value: f64) -> String {
    match value {
        ..0.1 => format!("{value:.4}"),
        ..10.0 => format!("{value:.2}"),
        ..1000.0 => format!("{value:.0}"),
        _ => {
            let digits = format!("{value:.0}");
            let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
            groups.join(" ")
        }
    }
}
