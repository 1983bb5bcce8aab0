//! The stage that uploads what a job has made.

use crate::choose::{Choice, choose};
use crate::context::Context;
use crate::coordinator::Coordinator;
use crate::dotenv::check_dotenv;
use crate::git::Git;
use crate::pack::{PackError, Packed, pack};
use crate::private_file;
use crate::stop::Stop;
use crate::variables::Variables;
use crate::workspace::Workspace;
use gitlab_runner_protocol::client::Upload;
use gitlab_runner_protocol::job::{Artifact, ArtifactFormat};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tokio::time::Instant;

/// What is read of a `dotenv` report: more than GitLab takes.
const MAX_DOTENV_BYTES: u64 = 64 * 1024;

/// Uploads what is wanted after a script that succeeded, or did not. `false` when something of it failed.
pub(crate) async fn upload_artifacts(
    context: &Context<'_>,
    coordinator: &impl Coordinator,
    succeeded: bool,
) -> bool {
    let wanted: Vec<&Artifact> = context.job.artifacts.iter().filter(|it| it.when.fits(succeeded)).collect();
    if wanted.is_empty() {
        return true;
    }
    let name = if succeeded { "upload_artifacts_on_success" } else { "upload_artifacts_on_failure" };
    let _section = context.log.section(name, "Uploading artifacts");
    let end = context.time.ends.uploads(Instant::now());
    let mut all_went_well = true;
    for artifact in wanted {
        let result = tokio::select! {
            biased;
            why = context.stopping.aborted_or_at(end) => Err(match why {
                Stop::TimeUp => "there was no time left to upload it".to_owned(),
                _ => "GitLab wants nothing of the job any more".to_owned(),
            }),
            result = upload(context, coordinator, artifact, end) => result,
        };
        if let Err(error) = result {
            let kind = &artifact.artifact_type;
            context.log.error(&format!("the artifact of type {kind} could not be uploaded: {error}"));
            all_went_well = false;
        }
    }
    all_went_well
}

async fn upload(
    context: &Context<'_>,
    coordinator: &impl Coordinator,
    artifact: &Artifact,
    end: Instant,
) -> Result<(), String> {
    let untracked = match artifact.untracked {
        true => {
            Git::of(&context.workspace, context.host).untracked(end).await.map_err(|it| it.to_string())?
        }
        false => Vec::new(),
    };
    let task = Task {
        artifact: artifact.clone(),
        untracked,
        workspace: context.workspace.clone(),
        variables: context.variables.clone(),
    };
    let is_over = context.is_over_at(end);
    let done = tokio::task::spawn_blocking(move || task.pack(&is_over)).await;
    let (packed, warnings) = done.map_err(|_panicked| "this runner could not pack it".to_owned())?;
    for it in warnings {
        context.log.warning(&it);
    }
    let Some(packed) = packed? else {
        context.log.warning("no files to upload");
        return Ok(());
    };
    let name = file_name(artifact, &context.variables);
    let Packed { file, bytes, entries } = packed;
    let what = format!(
        "{name}: type {}, format {}, {entries} files and directories, {bytes} bytes",
        artifact.artifact_type,
        artifact.artifact_format.as_str(),
    );
    let upload = Upload { artifact, filename: &name, file: &file };
    coordinator.upload(context.job, upload, end).await?;
    context.log.line(&format!("{what}: uploaded"));
    Ok(())
}

/// What is done on a thread of its own.
struct Task {
    artifact: Artifact,
    untracked: Vec<OsString>,
    workspace: Workspace,
    variables: Variables,
}

impl Task {
    fn pack(&self, is_over: &dyn Fn() -> bool) -> (Result<Option<Packed>, String>, Vec<String>) {
        let mut warnings = Vec::new();
        let choice = Choice {
            project: &self.workspace.project,
            paths: &self.artifact.paths,
            exclude: &self.artifact.exclude,
            untracked: &self.untracked,
        };
        let root = self.workspace.files();
        let paths = choose(&choice, &root, &self.variables, &mut warnings);
        let checked =
            if self.artifact.artifact_type == "dotenv" { check_variables(&root, &paths) } else { Ok(()) };
        let packed = checked.and_then(|()| {
            let format = &self.artifact.artifact_format;
            let packed = pack(format, &paths, &root, &self.workspace.private, &mut warnings, is_over);
            packed.map_err(|error| match &error {
                PackError::File { source, .. } => format!("{error}: {source}"),
                _ => error.to_string(),
            })
        });
        (packed, warnings)
    }
}

/// GitLab reads all files of a report as one.
fn check_variables(project: &Path, paths: &[PathBuf]) -> Result<(), String> {
    let mut all = Vec::new();
    for path in paths {
        let content = private_file::read(&project.join(path), MAX_DOTENV_BYTES);
        all.extend(content.map_err(|error| error.to_string())?.unwrap_or_default());
    }
    check_dotenv(&all)
}

/// The name of the file that is uploaded.
fn file_name(artifact: &Artifact, variables: &Variables) -> String {
    let name = artifact.name.as_deref().map_or("artifacts".to_owned(), |it| variables.expand(it));
    let name = name.rsplit('/').find(|it| !it.is_empty()).unwrap_or("default");
    let ending = match artifact.artifact_format {
        ArtifactFormat::Zip => ".zip",
        ArtifactFormat::Gzip => ".gz",
        ArtifactFormat::Raw | ArtifactFormat::Unknown(_) => "",
    };
    format!("{name}{ending}")
}
