//! Plays a run through the four stages of `examples/common-stack`: `make demo-stack`.
//!
//! HCP Terraform, the receivers of notifications, and those programs that are not on `PATH` are stand-ins, and it says so; the
//! run task is a real `runtask serve`, and checkov is the real one.

#![expect(clippy::print_stdout, reason = "it prints")]
#![expect(clippy::disallowed_methods, reason = "it starts programs and reads the clock as people do")]

mod place;
mod serving;

use anyhow::{Context, ensure};
use place::Place;
use runtask_protocol::{Key, Stage};
use runtask_simulator::{
    Configuration, Options, Receivers, Record, RunSpec, Simulator, Status, Target, pack,
};
use serving::Serving;
use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

/// The key of the run task and of HCP Terraform, both played here.
const KEY: &str = "the-key-of-the-demonstration-and-of-nothing-else";

/// Each stage with its task, and what happens there.
const STAGES: [(Stage, &str, &str); 4] = [
    (Stage::PrePlan, "lint", "Before the plan: is the code clean?"),
    (Stage::PostPlan, "plan", "After the plan: what would it do, may it, and what does it cost?"),
    (Stage::PreApply, "security", "Before the apply: the last look, at what will be built"),
    (Stage::PostApply, "applied", "After the apply: tell people"),
];

#[tokio::main]
async fn main() -> ExitCode {
    match demonstrate().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nThis is not what the demonstration should show: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn demonstrate() -> anyhow::Result<()> {
    let program = std::env::args_os().nth(1).context("name the program runtask")?;
    let receivers = Receivers::start(SystemTime::now).await?;
    let place = Place::make(receivers.origin())?;
    for (name, stand_in) in &place.programs {
        let what =
            if *stand_in { "a stand-in, which prints what was written beforehand" } else { "the real one" };
        println!("{name:<10} {what}");
    }
    println!("HCP Terraform, Slack, Datadog, PagerDuty: stand-ins, which judge what they get");

    let simulator = Simulator::start(Options::default()).await?;
    let serving = Serving::start(Path::new(&program), &place, &simulator).await?;
    let archive = pack(&place.configuration())?;
    let mut links = Vec::new();
    for (stage, task, about) in STAGES {
        println!("\n==> {about}  ({}, task {task})", stage.as_str());
        let spec = RunSpec {
            stage,
            workspace: "common-stack".to_owned(),
            configuration: Configuration::Archive(archive.clone().into()),
            plan: Some(place.plan()?.into()),
            ..RunSpec::default()
        };
        let target = Target { url: serving.url(task).parse()?, key: Some(Key::new(KEY)?) };
        let record = simulator.run(&target, spec, |_event| {}).await?;
        show(&record);
        ensure!(record.violations.is_empty(), "the protocol was broken: {:?}", record.violations);
        links.push(record.result.url.context("a result without a link")?);
    }
    let told = receivers.wait_for(3).await;
    for it in &told {
        ensure!(it.problems.is_empty(), "{} would not take what it got: {:?}", it.receiver, it.problems);
        println!("  {} was told, and finds nothing wrong with it", it.receiver);
    }
    // The most is found before the apply.
    let link = links.swap_remove(2);
    serving.open(&link).await?;
    println!("\nThe page behind the link of the third result: {link}");
    if stdin().is_terminal() && stdout().is_terminal() {
        println!("Open it in a browser. Press Enter to end the demonstration, and the page with it.");
        let mut line = String::new();
        stdin().read_line(&mut line)?;
    }
    Ok(())
}

fn show(record: &Record) {
    let sign = if record.result.status == Status::Passed { "✓ Passed" } else { "✗ Failed" };
    println!("{sign}");
    for line in record.result.message.as_deref().unwrap_or_default().lines() {
        println!("  {line}");
    }
    for outcome in record.result.outcomes.iter().take(3) {
        println!("  - {}", outcome.description);
    }
    if record.result.outcomes.len() > 3 {
        println!("  - … and {} more, on the page", record.result.outcomes.len() - 3);
    }
}
