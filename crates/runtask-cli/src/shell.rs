//! `runtask completions` and `runtask man`: what shells and `man` are told of the command.

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::fs;
use std::path::PathBuf;

/// Print what completes the command in a shell
#[derive(Debug, Args)]
#[command(after_long_help = COMPLETIONS_HELP)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Write the manual's pages, one for each command
#[derive(Debug, Args)]
#[command(after_long_help = MAN_HELP)]
pub(crate) struct ManArguments {
    /// Where to, such as /usr/local/share/man/man1
    pub(crate) directory: PathBuf,
}

const COMPLETIONS_HELP: &str = "\
Where they go:
  runtask completions bash > ~/.local/share/bash-completion/completions/runtask
  runtask completions fish > ~/.config/fish/completions/runtask.fish
  runtask completions zsh > \"${fpath[1]}/_runtask\"
";

const MAN_HELP: &str = "\
Example:
  runtask man /tmp/man && man /tmp/man/runtask-check.1
";

/// Prints what completes `command`.
pub(crate) fn completions(
    arguments: &CompletionsArguments,
    mut command: Command,
    output: &Output,
) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    let script = String::from_utf8_lossy(&script);
    if output.json {
        output.json(&json!({ "shell": arguments.shell.to_string(), "script": script }))?;
    } else {
        output.result(&script)?;
    }
    Ok(Exit::Passed)
}

/// Writes the pages of `command`.
pub(crate) fn man(arguments: &ManArguments, command: Command, output: &Output) -> anyhow::Result<Exit> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    describe(&command, &mut pages)?;
    fs::create_dir_all(&arguments.directory)
        .with_context(|| format!("{} cannot be made", arguments.directory.display()))?;
    let mut written = Vec::new();
    for (name, page) in pages {
        let path = arguments.directory.join(format!("{name}.1"));
        fs::write(&path, page).with_context(|| format!("{} cannot be written", path.display()))?;
        written.push(path.display().to_string());
    }
    if output.json {
        output.json(&json!({ "pages": written }))?;
    } else {
        output.result(&format!("{} pages written to {}\n", written.len(), arguments.directory.display()))?;
    }
    Ok(Exit::Passed)
}

/// The pages of a command and of all below it, with their names, such as `runtask-policy-test`.
fn describe(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let mut page = Vec::new();
    let source = concat!("runtask ", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(source).render(&mut page)?;
    pages.push((command.get_display_name().unwrap_or(command.get_name()).to_owned(), page));
    command.get_subcommands().try_for_each(|below| describe(below, pages))
}
