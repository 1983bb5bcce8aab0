//! `runtask policy files`: lists the files that `runtask.toml` needs, after seeing that a run task would start with them.

use crate::shared::Named;
use crate::tasks_arguments::TasksArguments;
use anyhow::{Context, anyhow, bail};
use clap::Args;
use runtask_findings::{printable, printable_lines};
use runtask_sources::{LOCK_FILE, Places};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_long_help = FILES_HELP)]
pub(crate) struct FilesArguments {
    #[command(flatten)]
    pub(crate) tasks: TasksArguments,
}

const FILES_HELP: &str = "\
The first line is the file itself, the others are relative to its directory; what is shared with other repositories is listed
where it is in the cache. With --json: the file, its tasks, its files, and where those that are shared belong in a package.
Exit codes: 0 a run task would start with them, 2 it would not, for the reasons on stderr.
";

pub(crate) async fn files(arguments: &FilesArguments, output: &Output) -> anyhow::Result<Exit> {
    let file = arguments.tasks.path().context("there is no runtask.toml here; name one with --config")?;
    let set = arguments.tasks.read("", output).await?;
    let mut files = BTreeSet::new();
    for task in set.iter() {
        for check in &task.checks {
            files.extend(check.files());
        }
    }
    let tried = set.try_out().await;
    for warning in &tried.warnings {
        output.note(&format!("warning: {}\n", printable_lines(warning)));
    }
    if !tried.errors.is_empty() {
        bail!("{}", printable_lines(&tried.errors.join("\n")));
    }
    let text = |it: PathBuf| it.into_os_string().into_string();
    let files: Result<Vec<String>, _> = files.into_iter().map(text).collect();
    let files = files.map_err(|name| anyhow!("{} is no name that every system can have", name.display()))?;
    let (lock, shared) = shared(&Named::by(&file)?)?;
    let files: Vec<String> = files.into_iter().chain(lock).collect();
    if output.json {
        let tasks: Vec<&str> = set.names().collect();
        output.json(
            &json!({ "file": file.to_string_lossy(), "tasks": tasks, "files": files, "shared": shared }),
        )?;
        return Ok(Exit::Passed);
    }
    let mut text = printable(&file.to_string_lossy()) + "\n";
    for file in &files {
        let _infallible = writeln!(text, "{}", printable(file));
    }
    for Shared { from, .. } in &shared {
        let _infallible = writeln!(text, "{}", printable(from));
    }
    output.result(&text)?;
    Ok(Exit::Passed)
}

/// A file of a source.
#[derive(Debug, Serialize)]
struct Shared {
    /// Where it is now.
    from: String,
    /// Where it belongs in a package, relative to the directory of the file of tasks.
    to: String,
}

/// The lock, and every file that it pins: the digest is over all of them, tests among them.
fn shared(named: &Named) -> anyhow::Result<(Option<String>, Vec<Shared>)> {
    let Named { sources, places } = named;
    let mut files = BTreeMap::new();
    for source in sources {
        let content = places.content(source)?;
        let digest = content.digest();
        let place = places.kept(digest).context("the cache was removed meanwhile")?;
        let place = std::path::absolute(place)?;
        for (path, _) in content.files() {
            files.insert(Places::packed(digest).join(path), place.join(path));
        }
    }
    let text = |it: PathBuf| it.into_os_string().into_string();
    let files = files.into_iter().map(|(to, from)| Ok(Shared { from: text(from)?, to: text(to)? }));
    let files: Result<_, OsString> = files.collect();
    let files = files.map_err(|name| anyhow!("{} is no name that every system can have", name.display()))?;
    Ok(((!sources.is_empty()).then(|| LOCK_FILE.to_owned()), files))
}
