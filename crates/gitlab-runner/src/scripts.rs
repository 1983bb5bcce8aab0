//! The stages that run the job's scripts.

use crate::context::{Broken, Context};
use crate::outcome::{Failure, Outcome};
use crate::shell::End;
use gitlab_runner_protocol::job::Step;
use std::time::Duration;
use tokio::time::Instant;

/// The step that runs after the others, whatever became of them.
const AFTER_SCRIPT: &str = "after_script";

/// Runs `script`, then further steps, each if what was before it is what it wants. The earliest failure is the job's.
pub(crate) async fn run_steps(context: &Context<'_>) -> Result<(), Broken> {
    let begin = Instant::now();
    let end = context.time.ends.script_within(context.switches.script_limit, begin);
    let mut result = Ok(());
    for step in context.job.steps.iter().filter(|it| it.name != AFTER_SCRIPT) {
        if !step.when.fits(result.is_ok()) {
            continue;
        }
        let (section, title) = match step.name.as_str() {
            "script" => ("step_script".to_owned(), "Running the script".to_owned()),
            name => (format!("step_{}", section_name(name)), format!("Running the step {name}")),
        };
        let _section = context.log.section(&section, &title);
        match run_step(context, step, end).await {
            Err(Broken::Failed(Failure::Script { .. })) if step.allow_failure => {
                context.log.warning("the failure of this step is ignored");
            }
            Err(broken @ Broken::Failed(Failure::Script { .. })) => result = result.and(Err(broken)),
            Err(broken) => return result.and(Err(broken)),
            Ok(()) => {}
        }
    }
    result
}

/// A name as the marker of a section can have it.
fn section_name(name: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
    name.chars().map(|it| if is_plain(it) { it } else { '_' }).collect()
}

async fn run_step(context: &Context<'_>, step: &Step, end: Instant) -> Result<(), Broken> {
    // Of these alone the runner expands the lines; elsewhere bash does.
    let entries = match step.name.as_str() {
        "release" => step.script.iter().map(|it| context.variables.expand(it)).collect(),
        _ => step.script.clone(),
    };
    match context.shell(&entries, "running", context.stopping.or_at(end)).await {
        Ok(End::Exited(0)) => Ok(()),
        Ok(End::Exited(code)) => Err(Broken::Failed(Failure::Script { code: Some(code) })),
        Ok(End::Stopped(why)) => {
            context.say_stopped(why);
            Err(context.broken_by(why, true))
        }
        Err(error) => Err(context.system_failure("the shell cannot be run", &error)),
    }
}

/// Runs `after_script`, which sees how the job has ended so far. The failure is the one that it adds, where the job wants to
/// hear of it.
pub(crate) async fn run_after_script(context: &Context<'_>, so_far: Outcome) -> Result<(), Broken> {
    let Some(step) = context.job.steps.iter().find(|it| it.name == AFTER_SCRIPT) else { return Ok(()) };
    if step.script.is_empty() {
        return Ok(());
    }
    let _section = context.log.section(AFTER_SCRIPT, "Running after_script");
    let now = Instant::now();
    let end = context.time.ends.after_script_within(context.switches.after_script_limit, now);
    if end <= now + Duration::from_millis(1) {
        context.log.warning("there was no time left for after_script");
        return Ok(());
    }
    let stop = context.stopping.aborted_or_at(end);
    let failure = match context.shell(&step.script, so_far.status(), stop).await {
        Ok(End::Exited(0)) => return Ok(()),
        Ok(End::Exited(code)) => {
            context.log.warning(&format!("after_script failed: exit status {code}"));
            Failure::Script { code: Some(code) }
        }
        Ok(End::Stopped(crate::stop::Stop::Aborted)) => return Err(Broken::Aborted),
        Ok(End::Stopped(_)) => {
            context.log.warning("after_script took too long, and was stopped");
            Failure::Script { code: None }
        }
        Err(error) => return Err(context.system_failure("the shell cannot be run", &error)),
    };
    if context.switches.after_script_ignore_errors { Ok(()) } else { Err(Broken::Failed(failure)) }
}
