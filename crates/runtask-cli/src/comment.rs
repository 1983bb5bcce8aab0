//! `runtask comment`: shows a result in a pull request or merge request, as one comment that is written over each time.
//!
//! Whoever runs it twice, or twice at once, still finds one comment: it is known by a first line that nobody sees, and by its
//! author, so that nobody else's comment is taken for it.

mod forge;
mod place;

use anyhow::{Context, ensure};
use clap::Args;
use forge::Forge;
use place::Place;
use runtask_settings::{SettingsReader, numbers};
use runtask_setup::client_settings;
use runtask_terminal::environment::lookup;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Show a result in a pull request or merge request, as one comment
///
/// Writes the comment, or writes over the one of an earlier run: there is never a second one. Nobody else's comment is
/// touched.
///
/// In GitHub Actions and GitLab CI it finds the pull request by itself.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(crate) struct CommentArguments {
    /// The text, in Markdown, as `runtask check --format markdown` prints it; - for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The number of the pull request or merge request; that of the job unless given
    #[arg(long, value_name = "NUMBER")]
    number: Option<u64>,

    /// A name for this comment, where there is to be more than one
    #[arg(long, value_name = "NAME", default_value = "check", value_parser = name)]
    name: String,
}

const HELP: &str = "\
Examples:
  runtask check . plan.json --all-tasks --format markdown --output result.md; code=$?
  runtask comment result.md
  exit $code

GitHub: GITHUB_TOKEN, with the permission pull-requests: write. GITHUB_REPOSITORY, GITHUB_API_URL and GITHUB_EVENT_PATH are
there in a job.
GitLab: GITLAB_TOKEN, a project access token with the scope api and the role Reporter. CI_PROJECT_ID, CI_API_V4_URL and
CI_MERGE_REQUEST_IID are there in a pipeline for merge requests.
Exit codes: 0 the comment is there, 2 it is not, for the reason on stderr.
";

/// The longest text, in bytes. GitHub takes 65 536 characters.
const MAX_BYTES: u64 = 65_000;

pub(crate) async fn comment(arguments: &CommentArguments, output: &Output) -> anyhow::Result<Exit> {
    let text = text(&arguments.file)?;
    let mut settings = SettingsReader::new(&lookup);
    let mut client = client_settings(&mut settings);
    client.timeout = settings.milliseconds(&numbers::HTTP_TIMEOUT);
    settings.finish().context("settings are wrong")?;
    let place = Place::find(&lookup, arguments.number)?;
    let shown = place.to_string();
    let forge = Forge::new(place, &client)?;
    let body = format!("{}\n{text}", mark(&arguments.name));
    let written = output.patiently("commenting", write(&forge, &mark(&arguments.name), &body)).await;
    let written = written.with_context(|| format!("there is no comment in {shown}"))?;
    let done = if written.is_new { "written" } else { "written over" };
    if output.json {
        output.json(&json!({ "id": written.id, "new": written.is_new }))?;
    } else {
        output.result(&format!("the comment in {shown} is {done}\n"))?;
    }
    Ok(Exit::Passed)
}

/// A comment that is there now.
struct Written {
    id: u64,
    is_new: bool,
}

async fn write(forge: &Forge, mark: &str, body: &str) -> anyhow::Result<Written> {
    let author = forge.author().await?;
    if let Some(id) = forge.first(&author, mark).await? {
        forge.update(id, body).await?;
        return Ok(Written { id, is_new: false });
    }
    let own = forge.create(body).await?;
    // Another job may have done the same at the same moment. Both see both now, and agree on the first.
    match forge.first(&author, mark).await? {
        Some(first) if first != own => {
            forge.update(first, body).await?;
            forge.delete(own).await?;
            Ok(Written { id: first, is_new: false })
        }
        _ => Ok(Written { id: own, is_new: true }),
    }
}

/// The first line of the comment, which is not shown.
fn mark(name: &str) -> String {
    format!("<!-- runtask comment: {name} -->")
}

fn name(text: &str) -> Result<String, String> {
    let proper = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    // Two hyphens end what is not shown.
    if text.is_empty() || text.len() > 64 || !text.chars().all(proper) || text.contains("--") {
        return Err(
            "a name has up to 64 letters, digits, `-`, `_` and `.`, and no two hyphens in a row".to_owned()
        );
    }
    Ok(text.to_owned())
}

fn text(path: &Path) -> anyhow::Result<String> {
    let unreadable = || format!("{} cannot be read", path.display());
    let mut text = String::new();
    let limit = MAX_BYTES + 1;
    if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_string(&mut text)
    } else {
        File::open(path).with_context(unreadable)?.take(limit).read_to_string(&mut text)
    }
    .with_context(unreadable)?;
    ensure!(
        !text.trim().is_empty(),
        "{} is empty: `runtask check --format markdown` prints a text",
        path.display()
    );
    ensure!(
        text.len() as u64 <= MAX_BYTES,
        "{} has more than {MAX_BYTES} bytes, which no comment takes: `runtask check --format markdown` prints one that fits",
        path.display()
    );
    Ok(text)
}
