//! The stage that downloads what earlier jobs have made.

use crate::context::{Broken, Context};
use crate::coordinator::Coordinator;
use crate::outcome::Failure;
use crate::stop::Stop;
use crate::unpack::{UnpackLimits, unpack};
use gitlab_runner_protocol::job::Dependency;
use tokio::time::Instant;

/// Downloads and unpacks, in order, what there is of the jobs that this one depends on.
pub(crate) async fn download_artifacts(
    context: &Context<'_>,
    coordinator: &impl Coordinator,
) -> Result<(), Broken> {
    let wanted = |it: &&Dependency| it.artifacts_file.as_ref().is_some_and(|file| !file.filename.is_empty());
    let wanted: Vec<&Dependency> = context.job.dependencies.iter().filter(wanted).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let log = &context.log;
    let _section = log.section("download_artifacts", "Downloading artifacts");
    let end = context.time.ends.downloads(Instant::now());
    for dependency in wanted {
        log.line(&format!("Downloading artifacts of {} ({})", dependency.name, dependency.id));
        tokio::select! {
            biased;
            Stop::TimeUp = context.stopping.or_at(end), if end < context.time.ends.script => {
                log.error("the downloads took too long");
                return Err(Broken::Failed(Failure::System));
            }
            why = context.stopping.or_at(end) => {
                context.say_stopped(why);
                return Err(context.broken_by(why, false));
            }
            result = download(context, coordinator, dependency, end) => result?,
        }
    }
    Ok(())
}

async fn download(
    context: &Context<'_>,
    coordinator: &impl Coordinator,
    dependency: &Dependency,
    end: Instant,
) -> Result<(), Broken> {
    let what = format!("the artifacts of {} could not be downloaded", dependency.name);
    let file = tempfile::tempfile_in(&context.workspace.private)
        .map_err(|error| context.system_failure(&what, &error))?;
    let attempts = context.switches.artifact_download_attempts;
    coordinator.download(dependency, &file, attempts, end).await.map_err(|error| {
        context.log.error(&format!("{what}: {error}"));
        Broken::Failed(Failure::System)
    })?;
    let project = context.workspace.files();
    let is_over = context.is_over_at(end);
    let unpacked =
        tokio::task::spawn_blocking(move || unpack(file, &project, &UnpackLimits::default(), &is_over)).await;
    let what = format!("the artifacts of {} could not be unpacked", dependency.name);
    match unpacked {
        Ok(Ok(entries)) => {
            context.log.line(&format!("Unpacked {entries} files and directories"));
            Ok(())
        }
        Ok(Err(error)) => Err(context.system_failure(&what, &error)),
        Err(error) => Err(context.system_failure(&what, &error)),
    }
}
