//! `runtask policy update`: asks sources anew which state they are in, fetches that, and pins it.

use crate::shared::{Fetcher, Named, keep, pinned};
use crate::tasks_arguments::TasksArguments;
use anyhow::{Context, bail};
use clap::Args;
use runtask_findings::{counted, printable, shown_path};
use runtask_sources::{Changes, Content, Lock, LockError, Pin, Places, Revision, Source};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[derive(Debug, Args)]
#[command(after_long_help = UPDATE_HELP)]
pub(crate) struct UpdateArguments {
    /// Sources as runtask.toml writes them; all of them unless given
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,

    /// Write nothing: fail if a source is not pinned, or has moved on since it was
    #[arg(long)]
    pub(crate) check: bool,

    #[command(flatten)]
    pub(crate) tasks: TasksArguments,
}

const UPDATE_HELP: &str = "\
Sources stand in `paths` and `data` of runtask.toml:
  git::https://HOST/REPO.git//DIRECTORY?ref=REF   also git::ssh://git@HOST/… and git::file:///…
  oci://REGISTRY/REPOSITORY:TAG                   a bundle of OPA, or policies pushed by conftest
  s3://BUCKET/KEY.tar.gz                          an archive
What is fetched is kept in the cache, and pinned in runtask.lock beside the file, by revision and digest: commit the lock.
Exit codes: 0 done, 1 with --check: the lock has to be updated, 2 could not do it.
";

/// What became of one source.
#[derive(Debug)]
struct Update {
    source: Source,
    /// What it was pinned to before.
    before: Option<Pin>,
    /// What it is in now.
    revision: Revision,
    /// What it holds now, where that was looked at.
    content: Option<Content>,
    /// What is different, where both are known.
    changes: Option<Changes>,
}

pub(crate) async fn update(arguments: &UpdateArguments, output: &Output) -> anyhow::Result<Exit> {
    let file = arguments.tasks.path().context("there is no runtask.toml here; name one with --config")?;
    let Named { sources, places } = Named::by(&file)?;
    let chosen = chosen(&sources, &arguments.sources)?;
    let path = places.lock_file();
    let (lock, is_broken) = match Lock::read(&path) {
        Ok(lock) => (lock, false),
        // Nothing of it is kept where everything is asked anew.
        Err(error @ LockError::Broken { .. }) if chosen.len() == sources.len() && !arguments.check => {
            output.note(&format!("warning: {error}\n"));
            (Lock::default(), true)
        }
        Err(error) => return Err(error.into()),
    };
    let fetcher = Fetcher::new()?;
    let mut updates = Vec::new();
    for source in chosen {
        let before = lock.get(&source).cloned();
        let asking = fetcher.resolve(&source);
        let revision = output.patiently(&format!("asking {source}"), asking).await?;
        updates.push(Update { source, before, revision, content: None, changes: None });
    }
    let mut new = lock.clone();
    let gone = new.retain(&sources);
    if arguments.check {
        return checked(&updates, &gone, output);
    }
    for update in &mut updates {
        let content = fetched(&fetcher, update, &places, output).await?;
        let Update { source, revision, .. } = update;
        new.set(Pin { source: source.clone(), revision: revision.clone(), digest: content.digest() });
        update.content = Some(content);
    }
    let is_written = new != lock || is_broken;
    if is_written {
        write(&path, &new.text())?;
    }
    if output.json {
        let sources: Vec<Value> = updates.iter().map(Update::json).collect();
        let gone: Vec<_> = gone.iter().map(Source::as_str).collect();
        output.json(&json!({ "lock": path.to_string_lossy(), "sources": sources, "removed": gone }))?;
        return Ok(Exit::Passed);
    }
    let mut text: String = updates.iter().map(Update::text).collect();
    for source in &gone {
        let _infallible = writeln!(text, "{source}: removed, because nothing names it");
    }
    let open = sources.iter().filter(|it| new.get(it).is_none());
    for source in open {
        output.note(&format!("warning: {source} is still not pinned: name it too\n"));
    }
    let end = if is_written { "written" } else { "as it was" };
    let _infallible =
        writeln!(text, "{}: {end}, {}", shown_path(&path), counted(new.iter().count(), "source"));
    output.result(&text)?;
    Ok(Exit::Passed)
}

/// The sources that are meant, which the file must name.
fn chosen(sources: &[Source], names: &[String]) -> anyhow::Result<Vec<Source>> {
    if names.is_empty() {
        return Ok(sources.to_vec());
    }
    for (number, name) in (1..).zip(names) {
        if !sources.iter().any(|it| it.as_str() == name) {
            // What was typed may hold a password.
            let name =
                if Source::may_hold_secret(name) { format!("number {number}") } else { printable(name) };
            let all = sources.iter().map(Source::as_str).collect::<Vec<_>>().join(", ");
            bail!("the file names no source {name}; it names {}", if all.is_empty() { "none" } else { &all });
        }
    }
    Ok(sources.iter().filter(|it| names.iter().any(|name| name == it.as_str())).cloned().collect())
}

/// What a source holds in its new state, which is in the cache from then on, and what is different from before.
async fn fetched(
    fetcher: &Fetcher,
    update: &mut Update,
    places: &Places,
    output: &Output,
) -> anyhow::Result<Content> {
    let source = &update.source;
    // What is there need not be fetched, and what was there before is compared as far as anybody still has it.
    let is_same = update.before.as_ref().is_some_and(|it| it.revision == update.revision);
    if is_same && let Ok(content) = places.content(source) {
        update.changes = Some(Changes::default());
        return Ok(content);
    }
    let fetching = fetcher.fetch(source, &update.revision);
    let content = output.patiently(&format!("fetching {source}"), fetching).await?;
    if update.before.is_some() {
        match pinned(source, places, output).await {
            Ok((before, _)) => update.changes = Some(before.changes(&content)),
            Err(error) => output.note(&format!(
                "warning: what was pinned before is not to be had, so its files are not compared: {error:#}\n"
            )),
        }
    }
    keep(&content, places)?;
    Ok(content)
}

/// Says where the lock is behind.
fn checked(updates: &[Update], gone: &[Source], output: &Output) -> anyhow::Result<Exit> {
    let mut problems = Vec::new();
    for Update { source, before, revision, .. } in updates {
        match before {
            None => problems.push((source, "is not in runtask.lock".to_owned())),
            Some(pin) if pin.revision != *revision => {
                problems.push((source, format!("has moved: {} -> {revision}", pin.revision)));
            }
            Some(_) => {}
        }
    }
    problems.extend(gone.iter().map(|it| (it, "is in runtask.lock, and nothing names it".to_owned())));
    let exit = if problems.is_empty() { Exit::Passed } else { Exit::Failed };
    if output.json {
        let problems: Vec<_> = problems
            .iter()
            .map(|(source, what)| json!({ "source": source.as_str(), "problem": what }))
            .collect();
        output.json(&json!({ "problems": problems }))?;
        return Ok(exit);
    }
    let mut text: String = problems.iter().map(|(source, what)| format!("{source} {what}\n")).collect();
    text.push_str(match exit {
        Exit::Passed => "runtask.lock is up to date\n",
        _ => "\nNow: runtask policy update\n",
    });
    output.result(&text)?;
    Ok(exit)
}

impl Update {
    /// Whether something else is pinned now.
    fn is_change(&self) -> bool {
        let after = self.content.as_ref().map(Content::digest);
        self.before.as_ref().is_none_or(|it| it.revision != self.revision || Some(it.digest) != after)
    }

    fn text(&self) -> String {
        let Self { source, before, revision, content, changes } = self;
        let mut text = match before {
            _ if !self.is_change() => return format!("{source}: unchanged, at {revision}\n"),
            Some(pin) => format!("{source}: {} -> {revision}\n", pin.revision),
            None => {
                let files = content.iter().flat_map(Content::files).count();
                format!("{source}: new, {} at {revision}\n", counted(files, "file"))
            }
        };
        if let Some(Changes { added, changed, removed }) = changes {
            for (sign, paths) in [('+', added), ('~', changed), ('-', removed)] {
                for path in paths {
                    let _infallible = writeln!(text, "  {sign} {}", printable(path));
                }
            }
            if [added, changed, removed].iter().all(|it| it.is_empty()) {
                text.push_str("  the same files\n");
            }
        }
        text
    }

    fn json(&self) -> Value {
        let Self { source, before, revision, content, changes } = self;
        let changes = changes
            .as_ref()
            .map(|it| json!({ "added": it.added, "changed": it.changed, "removed": it.removed }));
        json!({
            "source": source.as_str(),
            "before": before.as_ref().map(|it| it.revision.to_string()),
            "revision": revision.to_string(),
            "digest": content.as_ref().map(|it| it.digest().to_string()),
            "files": changes,
        })
    }
}

/// Writes a file as a whole, or not at all.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let failed = || format!("{} cannot be written", shown_path(path));
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As anybody's new file, and not for its owner alone, as temporary files are: it is committed.
    let permissions = Permissions::from_mode(0o666);
    let new =
        tempfile::Builder::new().prefix(".runtask.lock-").permissions(permissions).tempfile_in(directory);
    let mut new = new.with_context(failed)?;
    new.write_all(text.as_bytes()).and_then(|()| new.as_file().sync_all()).with_context(failed)?;
    new.persist(path).map_err(|error| error.error).with_context(failed)?;
    Ok(())
}
