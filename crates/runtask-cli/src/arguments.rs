//! Defines the options before the command, and the list of commands. Each command's arguments are beside its code.

use crate::approvals::ApprovalsArguments;
use crate::check::CheckArguments;
use crate::comment::CommentArguments;
use crate::fmt::FmtArguments;
use crate::healthcheck::HealthcheckArguments;
use crate::notify::NotifyArguments;
use crate::policy::PolicyArguments;
use crate::register::RegisterArguments;
use crate::runner::RunnerArguments;
use crate::scanners::ScannersArguments;
use crate::schema::SchemaArguments;
use crate::serve::ServeArguments;
use crate::shell::{CompletionsArguments, ManArguments};
use crate::sign::SignArguments;
use crate::simulate::SimulateArguments;
use clap::{Parser, Subcommand};
use runtask_terminal::options::CommonOptions;
use std::ffi::OsString;

/// A run task for HCP Terraform: try it, run it, check with it.
///
/// A run task is a service that HCP Terraform asks, at four points of a run, whether the run may go on.
#[derive(Debug, Parser)]
#[command(name = "runtask", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: CommonOptions,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// `runtask fmt` and no other command. Editors and hooks run it all day, and describing all commands to clap takes longer than
/// formatting a file.
#[derive(Debug, Parser)]
#[command(name = "runtask", version, max_term_width = 100)]
struct FmtAlone {
    #[command(flatten)]
    common: CommonOptions,

    #[command(subcommand)]
    command: FmtCommand,
}

#[derive(Debug, Subcommand)]
enum FmtCommand {
    Fmt(FmtArguments),
}

impl Arguments {
    /// Reads a command line, the name of the program included.
    pub(crate) fn read(line: &[OsString]) -> Result<Self, clap::Error> {
        if line.get(1).is_some_and(|it| it == "fmt") {
            let FmtAlone { common, command: FmtCommand::Fmt(fmt) } = FmtAlone::try_parse_from(line)?;
            return Ok(Self { common, command: Command::Fmt(fmt) });
        }
        Self::try_parse_from(line)
    }
}

const AFTER_HELP: &str = "\
Exit codes: 0 passed, 1 failed, 2 could not do it, 130 and 143 ended by SIGINT or SIGTERM.

Try it, with no account anywhere:
  runtask simulate examples/unformatted
";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Simulate(Box<SimulateArguments>),
    Serve(ServeArguments),
    Healthcheck(HealthcheckArguments),
    Check(CheckArguments),
    Comment(CommentArguments),
    Fmt(FmtArguments),
    Policy(PolicyArguments),
    Scanners(ScannersArguments),
    Notify(NotifyArguments),
    Approvals(ApprovalsArguments),
    Sign(SignArguments),
    Register(Box<RegisterArguments>),
    Runner(RunnerArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
    Schema(SchemaArguments),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::collections::BTreeSet;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    /// What is said of a command line that is not taken, help included.
    fn refusal<T: Parser>(line: &[&str]) -> String {
        T::try_parse_from(line).err().map(|it| it.render().ansi().to_string()).unwrap()
    }

    #[test]
    fn fmt_says_the_same_whether_alone_or_among_all() {
        for line in [
            &["runtask", "fmt", "--help"][..],
            &["runtask", "fmt", "-h"],
            &["runtask", "fmt", "--flavour"],
            &["runtask", "fmt", "--rekursive", "a"],
            &["runtask", "fmt", "--log", "loud"],
        ] {
            assert_eq!(refusal::<FmtAlone>(line), refusal::<Arguments>(line));
        }
    }

    /// The names of a command and of all below it, as the snapshots of their help have them.
    fn names(command: &clap::Command, above: &str, found: &mut BTreeSet<String>) {
        let name = format!("{above}{}", command.get_name());
        // `runner` is a program of its own, with snapshots of its own.
        for below in command.get_subcommands().filter(|it| it.get_name() != "runner") {
            names(below, &format!("{name}-"), found);
        }
        found.insert(name);
    }

    /// `tests/help.rs` makes them.
    #[test]
    fn every_command_has_a_snapshot_of_its_help() {
        let mut expected = BTreeSet::new();
        names(&Arguments::command(), "", &mut expected);
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots")).unwrap();
        let files = files.map(|it| it.unwrap().file_name().into_string().unwrap());
        let name = |it: String| Some(it.strip_prefix("help__")?.strip_suffix(".snap")?.to_owned());
        assert_eq!(files.filter_map(name).collect::<BTreeSet<_>>(), expected);
    }
}
