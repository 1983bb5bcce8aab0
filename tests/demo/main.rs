//! `make demo-runner`: a pipeline from push to apply, with nobody's account.
//!
//! GitLab, Lambda and AWS are stand-ins on loopback; the runner's function, git, bash and terraform are real.
//! `demo-runner --function PROGRAM [NAME=VALUE]…` has the jobs run by another program than the one beside this.

#![expect(clippy::print_stdout, reason = "it is a demo: what it shows is its result")]

mod world;

use std::io::{IsTerminal, stdout};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use gitlab_simulator::{LockKind, Pipeline, Simulator, View};
use serde_json::Value;
use world::{MEMORY_MB, Program, STATE, World};

/// Columns, where nobody says how many there are.
const WIDTH: usize = 100;

#[tokio::main]
async fn main() -> ExitCode {
    let is_terminal = stdout().is_terminal();
    let demo = Demo { view: View { color: is_terminal, width: WIDTH }, began: Instant::now() };
    demo.say("Starting stand-ins of GitLab, Lambda and AWS");
    match demo.play().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why:#}");
            ExitCode::FAILURE
        }
    }
}

struct Demo {
    view: View,
    began: Instant,
}

impl Demo {
    async fn play(&self) -> anyhow::Result<()> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let program = match arguments.as_slice() {
            [] => Program::built()?,
            [option, path, settings @ ..] if option == "--function" => Program::given(path, settings)?,
            _ => bail!("unknown arguments: demo-runner [--function PROGRAM [NAME=VALUE]…]"),
        };
        let world = &World::start(program).await?;
        self.say("Somebody pushes examples/gitlab to main; its pipeline:");
        let (file, mut pipeline) = world.push().await?;
        println!("{}", indented(&file));
        self.run(world, &mut pipeline).await?;
        self.say("Somebody presses \"Run\" on the job apply");
        pipeline
            .play(&world.simulator, "apply", |it| world.prepare(it))
            .context("the job apply is not to be run")?;
        self.run(world, &mut pipeline).await?;
        self.end(world, &pipeline)
    }

    /// Has the function run every job whose turn it is, and shows each.
    async fn run(&self, world: &World, pipeline: &mut Pipeline) -> anyhow::Result<()> {
        loop {
            let queued = pipeline.advance(&world.simulator, |it| world.prepare(it));
            let waits = pipeline.jobs().iter().find(|it| it.status(&world.simulator) == "pending");
            let Some((name, id)) = waits.and_then(|it| Some((it.name().to_owned(), it.id()?))) else {
                if queued.is_empty() {
                    println!("pipeline: {}", states(&world.simulator, pipeline));
                    return Ok(());
                }
                continue;
            };
            println!("pipeline: {}", states(&world.simulator, pipeline));
            self.say(&format!("A job waits, so the function is invoked: {name}"));
            let answer = world.invoke().await?;
            let report = world.simulator.job(id).context("the job is gone")?;
            print!("{}", self.view.job(&name, &report));
            println!("the function answered: {answer}\n");
            if !report.status.is_final() {
                bail!("the job {name} was not run");
            }
        }
    }

    /// What is there now, and what it took.
    fn end(&self, world: &World, pipeline: &Pipeline) -> anyhow::Result<()> {
        let state = world.simulator.terraform_state(STATE).context("there is no state")?;
        let state: Value = serde_json::from_slice(&state)?;
        self.say("The state that GitLab keeps");
        for it in state.get("resources").and_then(Value::as_array).into_iter().flatten() {
            let text = |name| it.get(name).and_then(Value::as_str).unwrap_or_default();
            let id = it.pointer("/instances/0/attributes/id").and_then(Value::as_str).unwrap_or_default();
            println!("  {}.{} = {id}", text("type"), text("name"));
        }
        let count = |kind| world.simulator.lock_events().iter().filter(|it| it.kind == kind).count();
        let (locked, unlocked) = (count(LockKind::Locked), count(LockKind::Unlocked));
        println!("  its lock was taken {locked} times and given back {unlocked} times");
        let violations = world.simulator.violations();
        for it in &violations {
            println!("GitLab would mind: {it}");
        }
        let (times, took) = world.used();
        let gb_seconds = took.as_secs_f64() * f64::from(MEMORY_MB) / 1024.0;
        println!(
            "\npipeline {}; the function ran {times} times, {:.1} s in all: {gb_seconds:.1} GB-seconds, and nothing between jobs; {:.0} s with everything",
            pipeline.status(&world.simulator),
            took.as_secs_f64(),
            self.began.elapsed().as_secs_f64()
        );
        let is_well =
            pipeline.status(&world.simulator) == "success" && violations.is_empty() && locked == unlocked;
        ensure!(is_well, "the demo did not end as it should");
        Ok(())
    }

    fn say(&self, text: &str) {
        let seconds = self.began.elapsed().as_secs();
        let text = format!("{seconds:>3} s  {text}");
        if self.view.color { println!("\x1b[1;34m{text}\x1b[0m") } else { println!("{text}") }
    }
}

/// `validate success, plan pending, apply created`.
fn states(simulator: &Simulator, pipeline: &Pipeline) -> String {
    let states = pipeline.jobs().iter().map(|it| format!("{} {}", it.name(), it.status(simulator)));
    states.collect::<Vec<_>>().join(", ")
}

fn indented(text: &str) -> String {
    text.lines().map(|it| format!("  {it}").trim_end().to_owned() + "\n").collect()
}
