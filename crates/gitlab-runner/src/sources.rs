//! The stage that gets the sources.

use crate::context::{Broken, Context};
use crate::git::{Git, GitError};
use crate::outcome::Failure;
use crate::shell::End;
use crate::stop::Stop;
use crate::switches::GitStrategy;
use std::time::Duration;
use tokio::time::Instant;

/// The pause after the first attempt that failed; each other one is longer by as much.
const PAUSE: Duration = Duration::from_secs(5);

/// Fills the project's directory as the job wants it, with its hooks before and after.
pub(crate) async fn get_sources(context: &Context<'_>) -> Result<(), Broken> {
    let Context { job, log, switches, .. } = context;
    match switches.git_strategy {
        GitStrategy::Clone => {}
        GitStrategy::None | GitStrategy::Empty => {
            let _section = log.section("get_sources", "Getting the sources");
            log.line("Skipping git: the job wants an empty directory");
            return Ok(());
        }
    }
    let _section = log.section("get_sources", "Getting the sources");
    run_hook(context, "pre_get_sources_script").await?;
    let git = Git::of(&context.workspace, context.host);
    for attempt in 1.. {
        let now = Instant::now();
        let end = context.time.ends.checkout(now);
        let error = match git.get_sources(&job.git_info, switches, log, &context.stopping, end).await {
            Ok(()) => break,
            Err(GitError::Stopped(why)) => return Err(stopped(context, why)),
            Err(_) if Instant::now() >= context.time.ends.script => {
                return Err(stopped(context, Stop::TimeUp));
            }
            Err(error) => error,
        };
        if attempt >= switches.get_sources_attempts {
            return Err(context.system_failure("the sources could not be fetched", &error));
        }
        log.warning(&format!("attempt {attempt} of {}: {error}", switches.get_sources_attempts));
        let pause = now.max(Instant::now()) + PAUSE * attempt;
        match context.stopping.or_at(pause.min(context.time.ends.script)).await {
            Stop::TimeUp if pause < context.time.ends.script => {}
            why => return Err(stopped(context, why)),
        }
        let workspace = context.workspace.clone();
        let made = tokio::task::spawn_blocking(move || workspace.empty()).await;
        match made {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                return Err(context.system_failure("the project's directory cannot be emptied", &error));
            }
            Err(error) => {
                return Err(context.system_failure("the project's directory cannot be emptied", &error));
            }
        }
    }
    run_hook(context, "post_get_sources_script").await
}

async fn run_hook(context: &Context<'_>, name: &str) -> Result<(), Broken> {
    let Some(hook) = context.job.hooks.iter().find(|it| it.name == name) else { return Ok(()) };
    context.log.line(&format!("Running {name}"));
    let stop = context.stopping.or_at(context.time.ends.script);
    match context.shell(&hook.script, "running", stop).await {
        Ok(End::Exited(0)) => Ok(()),
        Ok(End::Exited(code)) => {
            context.log.error(&format!("{name} failed: exit status {code}"));
            Err(Broken::Failed(Failure::Script { code: Some(code) }))
        }
        Ok(End::Stopped(why)) => Err(stopped(context, why)),
        Err(error) => Err(context.system_failure("the shell cannot be run", &error)),
    }
}

fn stopped(context: &Context<'_>, why: Stop) -> Broken {
    context.say_stopped(why);
    context.broken_by(why, false)
}
