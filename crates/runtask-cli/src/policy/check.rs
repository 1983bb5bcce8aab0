//! `runtask policy check`: says everything that keeps a run task from starting with the tasks and policies of a file, and
//! what is odd about them.

use crate::shared::make_ready;
use crate::tasks_arguments::TasksArguments;
use anyhow::Context;
use clap::Args;
use runtask_findings::{counted, printable_lines};
use runtask_settings::SettingsReader;
use runtask_setup::{TaskSet, TasksFile};
use runtask_terminal::environment::{lookup, now};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;

#[derive(Debug, Args)]
#[command(after_long_help = CHECK_HELP)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) tasks: TasksArguments,
}

const CHECK_HELP: &str = "\
Compiles the policies of all tasks, as `serve` and the functions do when they start; no plan is read, and no test is run.
Exit codes: 0 a run task would start with them, 2 it would not, for the reasons on stderr.
";

pub(crate) async fn check(arguments: &CheckArguments, output: &Output) -> anyhow::Result<Exit> {
    let file = arguments.tasks.path().context("there is no runtask.toml here; name one with --config")?;
    make_ready(&file, output).await?;
    let content = TasksFile::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    // `RUNTASK_CHECKS` is for those who have no file.
    let lookup = |name: &str| lookup(name).filter(|_| name != "RUNTASK_CHECKS");
    let mut settings = SettingsReader::new(&lookup);
    let set = TaskSet::read(&mut settings, Some(content), now());
    let unread = settings.finish().err().map(|it| it.to_string());
    // Whatever could be read is tried out, so that all problems come at once.
    let tried = set.try_out().await;
    let errors: Vec<String> = unread.into_iter().chain(tried.errors).collect();
    let odd = (!set.warnings.is_empty()).then(|| set.warnings.to_string());
    for warning in &tried.warnings {
        output.note(&format!("warning: {}\n", printable_lines(warning)));
    }
    let tasks: Vec<&str> = set.names().collect();
    if output.json {
        let warnings: Vec<String> = odd.into_iter().chain(tried.warnings).collect();
        output.json(&json!({
            "file": file.to_string_lossy(), "tasks": tasks, "errors": errors, "warnings": warnings,
        }))?;
    } else {
        if let Some(odd) = odd {
            output.note(&format!("{odd}\n\n"));
        }
        for error in &errors {
            // Problems of the file say themselves what they are, each of them; a warning may be the first.
            let is_labelled = ["error: ", "warning: "].iter().any(|it| error.starts_with(it));
            let label = if is_labelled { "" } else { "error: " };
            output.note(&format!("{label}{}\n", printable_lines(error)));
        }
        if errors.is_empty() {
            let file = file.display();
            output
                .result(&format!("{file}: a run task would start with {}\n", counted(tasks.len(), "task")))?;
        }
    }
    Ok(if errors.is_empty() { Exit::Passed } else { Exit::Unable })
}
