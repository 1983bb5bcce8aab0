//! `runtask policy`: lists rules, explains them, tests them, begins new ones, and fetches those of other repositories.

mod check;
mod eval;
mod explain;
mod explain_result;
mod fetch;
mod files;
mod library;
mod list;
mod new;
mod rules;
mod seen;
mod sources;
mod test;
mod update;

use check::CheckArguments;
use clap::{Args, Subcommand};
use eval::EvalArguments;
use explain::ExplainArguments;
use explain_result::ExplainResultArguments;
use fetch::FetchArguments;
use files::FilesArguments;
use library::LibraryArguments;
use list::ListArguments;
use new::NewArguments;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use test::TestArguments;
use update::UpdateArguments;

/// Work with policies: list and explain rules, test them, begin a new one
#[derive(Debug, Args)]
#[command(after_long_help = POLICY_HELP)]
pub(crate) struct PolicyArguments {
    #[command(subcommand)]
    command: PolicyCommand,
}

const POLICY_HELP: &str = "\
Your first rule:
  runtask policy new owner-tag              writes policies/owner_tag.rego, and tests for it
  runtask policy test policies/             runs the tests
  runtask policy check                      says whether a run task would start with runtask.toml
  runtask policy eval data.main.deny -i plan.json
                                            answers a query about a plan
  runtask policy list                       lists the rules of runtask.toml, or the shipped ones

docs/policies.md shows every step.
";

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// List the rules that the tasks ask, or the shipped ones without a file of tasks
    List(ListArguments),
    /// Compile the policies of all tasks, and say everything that is wrong with them
    Check(CheckArguments),
    /// Say what a rule demands, why, and how to mend what it finds
    Explain(ExplainArguments),
    /// Answer a query, such as data.main.deny, about a plan
    Eval(EvalArguments),
    /// Say why a rule found what it found in a plan, and what did not hold
    ExplainResult(ExplainResultArguments),
    /// List the files that runtask.toml needs, if a run task would start with them
    Files(FilesArguments),
    /// Write the library data.runtask out, for editors, opa and Regal to find
    Library(LibraryArguments),
    /// Run the tests: rules whose names begin with test_
    Test(TestArguments),
    /// Write a new rule, with tests that pass, to begin with
    New(NewArguments),
    /// Fetch policies that are shared with other repositories, and pin them in runtask.lock
    Update(UpdateArguments),
    /// Fetch what runtask.lock pins, so that no other command has to
    Fetch(FetchArguments),
}

pub(crate) async fn policy(arguments: &PolicyArguments, output: &Output) -> anyhow::Result<Exit> {
    match &arguments.command {
        PolicyCommand::List(arguments) => list::list(arguments, output).await,
        PolicyCommand::Check(arguments) => check::check(arguments, output).await,
        PolicyCommand::Explain(arguments) => explain::explain(arguments, output).await,
        PolicyCommand::Eval(arguments) => eval::eval(arguments, output).await,
        PolicyCommand::ExplainResult(arguments) => explain_result::explain_result(arguments, output).await,
        PolicyCommand::Files(arguments) => files::files(arguments, output).await,
        PolicyCommand::Library(arguments) => library::library(arguments, output),
        PolicyCommand::Test(arguments) => test::test(arguments, output).await,
        PolicyCommand::New(arguments) => new::new(arguments, output),
        PolicyCommand::Update(arguments) => update::update(arguments, output).await,
        PolicyCommand::Fetch(arguments) => fetch::fetch(arguments, output).await,
    }
}
