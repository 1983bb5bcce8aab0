//! Says what stands before the command on the command line, and which commands there are. Each explains itself beside its
//! code.

use crate::check::CheckArguments;
use crate::logging::LogFormat;
use crate::output::Color;
use crate::policy::PolicyArguments;
use crate::register::Tag;
use crate::serve::ServeArguments;
use crate::sign::SignArguments;
use crate::simulate::SimulateArguments;
use clap::{Args, Parser, Subcommand};
use runtask_protocol::{EnforcementLevel, Stage};
use std::path::PathBuf;
use tracing::level_filters::LevelFilter;
use url::Url;

/// A run task for HCP Terraform: try it, run it, check with it.
///
/// A run task is a service that HCP Terraform asks, at four points of a run, whether the run may go on.
#[derive(Debug, Parser)]
#[command(name = "runtask", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Print the result as JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,

    /// What to log on stderr: off, error, warn, info, debug, trace
    ///
    /// `serve` logs info unless told otherwise, the other commands error.
    #[arg(long, global = true, env = "RUNTASK_LOG", value_name = "LEVEL")]
    pub(crate) log: Option<LevelFilter>,

    /// How to log: lines for people, or one JSON object a line
    #[arg(
        long,
        global = true,
        env = "RUNTASK_LOG_FORMAT",
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 passed, 1 failed, 2 could not do it.

Try it, with no account anywhere:
  runtask simulate examples/unformatted
";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Simulate(Box<SimulateArguments>),
    Serve(ServeArguments),
    Check(CheckArguments),
    Policy(PolicyArguments),
    Sign(SignArguments),
    Register(Box<RegisterArguments>),
}

/// Register a run task in HCP Terraform and attach it to workspaces
///
/// Creates the run task, or changes it where it is not as asked for, and attaches it to the workspaces that are named
/// or tagged. What is as asked for already is left alone, and nothing is taken away. The same as `tfe.tf` does, through
/// HCP Terraform's API.
///
/// HCP Terraform sends a probe to the URL before it saves a run task, so the run task must be running, with the same key.
#[derive(Debug, Args)]
#[command(after_long_help = REGISTER_HELP)]
pub(crate) struct RegisterArguments {
    /// The organization
    #[arg(long, value_name = "NAME", env = "TFE_ORGANIZATION")]
    pub(crate) organization: String,

    /// Where HCP Terraform is, or Terraform Enterprise
    #[arg(long, value_name = "URL", env = "TFE_ADDRESS", default_value = "https://app.terraform.io")]
    pub(crate) address: Url,

    /// List the organization's run tasks and where each is attached; change nothing
    #[arg(long)]
    pub(crate) list: bool,

    /// Say what would be done; change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// The run task's name in HCP Terraform
    #[arg(long, value_name = "NAME", default_value = "my-custom-run-task", help_heading = "The run task")]
    pub(crate) name: String,

    /// Its URL; required for a new one
    #[arg(long, help_heading = "The run task")]
    pub(crate) url: Option<Url>,

    /// What people read about it in HCP Terraform
    #[arg(long, value_name = "TEXT", help_heading = "The run task")]
    pub(crate) description: Option<String>,

    /// Whether HCP Terraform calls it at all
    #[arg(long, value_name = "true|false", help_heading = "The run task")]
    pub(crate) enabled: Option<bool>,

    /// A file that holds the HMAC key
    #[arg(long, value_name = "FILE", help_heading = "The run task")]
    pub(crate) key_file: Option<PathBuf>,

    /// A workspace to attach it to; may be given more than once
    #[arg(long, value_name = "NAME", help_heading = "Where it runs")]
    pub(crate) workspace: Vec<String>,

    /// Attach it to the workspaces with this tag; given more than once, to those with all of them
    #[arg(long, value_name = "KEY[=VALUE]", help_heading = "Where it runs")]
    pub(crate) tag: Vec<Tag>,

    /// Run it in every workspace of the organization, attached or not
    #[arg(long, help_heading = "Where it runs")]
    pub(crate) global: bool,

    /// When in a run it is called: pre_plan, post_plan, pre_apply, post_apply; several with commas
    #[arg(long, value_delimiter = ',', default_value = "post_plan", help_heading = "Where it runs")]
    pub(crate) stage: Vec<Stage>,

    /// What its failure does to the run: advisory warns, mandatory stops
    #[arg(long, value_name = "LEVEL", default_value = "advisory", help_heading = "Where it runs")]
    pub(crate) enforcement: EnforcementLevel,
}

const REGISTER_HELP: &str = "\
From the environment, and never as arguments:
  TFE_TOKEN   a token of a user or a team that may manage run tasks, of the organization and of the workspaces
  HMAC_KEY    the key; needed for a new run task, otherwise sent when it is set (or given as --key-file)

Examples:
  export TFE_TOKEN=… TFE_ORGANIZATION=my-organization HMAC_KEY=…
  runtask register --url https://runtask.example.com/ --workspace sandbox
  unset HMAC_KEY
  runtask register --tag environment=prod --stage post_plan,pre_apply --enforcement mandatory
  runtask register --list

docs/registering.md has more: the key from Parameter Store, Terraform Enterprise, the same with curl.
Exit codes: 0 it is as asked for, 1 HCP Terraform refused, 2 could not do it.
";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
