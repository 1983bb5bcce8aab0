//! `runtask policy fetch`: fills the cache with what the lock pins, and changes nothing else.

use crate::shared::{Named, pinned};
use crate::tasks_arguments::TasksArguments;
use anyhow::Context;
use clap::Args;
use runtask_findings::counted;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;

#[derive(Debug, Args)]
#[command(after_long_help = FETCH_HELP)]
pub(crate) struct FetchArguments {
    #[command(flatten)]
    pub(crate) tasks: TasksArguments,
}

const FETCH_HELP: &str = "\
What is in the cache and is what runtask.lock pins is not fetched again. The cache is RUNTASK_CACHE_DIR, or runtask in
$XDG_CACHE_HOME or ~/.cache. `check`, `simulate` and `serve` fetch what is missing by themselves.
Exit codes: 0 everything is there, 2 something is not, for the reasons on stderr.
";

pub(crate) async fn fetch(arguments: &FetchArguments, output: &Output) -> anyhow::Result<Exit> {
    let file = arguments.tasks.path().context("there is no runtask.toml here; name one with --config")?;
    let Named { sources, places } = Named::by(&file)?;
    let mut fetched = Vec::new();
    for source in &sources {
        let (_content, is_new) = pinned(source, &places, output).await?;
        if is_new {
            fetched.push(source.as_str());
        }
    }
    if output.json {
        let sources: Vec<_> = sources.iter().map(|it| it.as_str()).collect();
        output.json(&json!({ "sources": sources, "fetched": fetched }))?;
        return Ok(Exit::Passed);
    }
    let lines: String = fetched.iter().map(|it| format!("fetched {it}\n")).collect();
    let total = counted(sources.len(), "source");
    output.result(&format!(
        "{lines}{total}: {} fetched, {} in the cache\n",
        fetched.len(),
        sources.len() - fetched.len()
    ))?;
    Ok(Exit::Passed)
}
