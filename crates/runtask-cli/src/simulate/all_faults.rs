//! Tries a run task with every fault, each in a run of its own.

use super::run::run;
use anyhow::{Context, bail};
use runtask_simulator::render::{self, Style};
use runtask_simulator::{
    Conduct, Configuration, Fault, Judgement, Protocol, Record, RunSpec, Simulator, Target, Timers, Verdict,
    pack,
};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::{Value, json};
use std::io::{self, IsTerminal};
use std::time::Duration;

/// Runs at the same time.
const TOGETHER: usize = 16;
/// How long a run task must have been silent to have given up.
const PATIENCE: Duration = Duration::from_secs(5);
/// A time that runs out in a run whose configuration trickles in for [`TRICKLE`] twenty times.
const SHORT: Duration = Duration::from_secs(2);
const TRICKLE: Duration = Duration::from_millis(150);

/// Tries every fault, and prints a line for each; `spec` is the run without any.
pub(crate) async fn all_faults(
    simulator: &Simulator,
    target: &Target,
    spec: RunSpec,
    whom: &str,
    output: &Output,
    style: Style,
) -> anyhow::Result<Exit> {
    let spec =
        RunSpec { patience: PATIENCE, ..packed(spec).await.context("the configuration cannot be packed")? };
    let control = run(simulator, target, spec.clone(), output, |_event| {}).await?;
    if control.protocol() != Protocol::Kept || control.verdict() == Verdict::Other {
        output.note(&render::result(&control, style));
        bail!("the run task does not get through a run without any fault");
    }
    let mut waiting = Fault::all().iter();
    let progress = Progress::start(output, Fault::all().len());
    progress.show(0, waiting.next());
    let (mut judgements, mut told) = (Vec::new(), Vec::new());
    let runs = Fault::all().iter().map(|it| with(&spec, *it)).collect();
    let each = |record: Record| {
        told.push(document(&record));
        progress.clear();
        // The fault that is tried comes first; another may be there to bring it up.
        judgements.extend(record.faults.into_iter().next().inspect(|it| {
            if !output.json {
                // A line is not worth failing for; the summary below is.
                let _shown = output.result(&render::judgement(it, style));
            }
        }));
        progress.show(judgements.len(), waiting.next());
    };
    simulator
        .run_each(target, runs, &control, TOGETHER, each)
        .await
        .context("the configuration cannot be packed")?;
    let count = |conduct| judgements.iter().filter(|it: &&Judgement| it.conduct == conduct).count();
    if output.json {
        output.json(&json!({
            "run_task": whom,
            "right": count(Conduct::Right),
            "wrong": count(Conduct::Wrong),
            "unseen": count(Conduct::Unseen),
            "faults": told,
        }))?;
    } else {
        output.result(&format!("\n{}", render::summary(&judgements, style)))?;
    }
    Ok(if count(Conduct::Wrong) == 0 { Exit::Passed } else { Exit::Failed })
}

/// The run with its configuration packed once and for all.
async fn packed(spec: RunSpec) -> io::Result<RunSpec> {
    let Configuration::Directory(directory) = spec.configuration else { return Ok(spec) };
    let archive = tokio::task::spawn_blocking(move || pack(&directory)).await.map_err(io::Error::other)??;
    Ok(RunSpec { configuration: Configuration::Archive(archive.into()), ..spec })
}

/// The run with a fault, and with what it takes for the fault to come up soon.
fn with(spec: &RunSpec, fault: Fault) -> RunSpec {
    let mut spec = RunSpec { faults: vec![fault], ..spec.clone() };
    match fault {
        Fault::TokenNotExtended => spec.timers = Timers { token: SHORT, ..spec.timers },
        Fault::FixedDeadline => spec.timers = Timers { progress: SHORT, ..spec.timers },
        _ => return spec,
    }
    spec.faults.push(Fault::ConfigurationSlow);
    RunSpec { trickle: TRICKLE, ..spec }
}

fn document(record: &Record) -> Value {
    let judgement = record.faults.first();
    json!({
        "fault": judgement.map(|it| it.fault),
        "description": judgement.map(|it| it.fault.description()),
        "conduct": judgement.map(|it| it.conduct),
        "happened": judgement.map(|it| &it.happened),
        "result": record.result,
        "violations": record.violations,
    })
}

/// Says on a terminal what is waited for.
struct Progress<'a> {
    output: Option<&'a Output>,
    total: usize,
}

impl<'a> Progress<'a> {
    fn start(output: &'a Output, total: usize) -> Self {
        Self { output: Some(output).filter(|_| io::stderr().is_terminal()), total }
    }

    fn show(&self, done: usize, next: Option<&Fault>) {
        if let (Some(output), Some(next)) = (self.output, next) {
            output.note(&format!("{done} of {}, waiting for {next}", self.total));
        }
    }

    fn clear(&self) {
        if let Some(output) = self.output {
            output.note("\r\u{1b}[K");
        }
    }
}
