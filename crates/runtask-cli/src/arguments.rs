//! The command line, and the words that explain it.

use crate::check::RunFact;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use runtask_client::organization::Tag;
use runtask_report::Format;
use runtask_simulator::{Enforcement, Fault, Stage};
use std::net::SocketAddr;
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

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// How to log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Simulate(Box<Simulate>),
    Serve(Serve),
    Check(Check),
    Policy(PolicyCommand),
    Sign(Sign),
    Register(Box<Register>),
}

/// Play HCP Terraform against a run task, and show what happens
///
/// Packs DIR as HCP Terraform's clients do, sends the verification probe and then a signed request, serves
/// configuration and plan, receives the results, and judges whether the run task keeps to the protocol.
///
/// Without --url, the run task is our own pair of handlers in this process, with the settings that the
/// environment holds (see `runtask serve --help`).
#[derive(Debug, Args)]
#[command(after_long_help = SIMULATE_HELP)]
pub(crate) struct Simulate {
    /// The configuration to send
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,

    /// A run task to call instead of our own; it gets the key in HMAC_KEY or --key-file
    #[arg(long, help_heading = "The run task")]
    pub(crate) url: Option<Url>,

    /// Do not send the request: write it into this directory, for you to deliver, and wait for the result
    ///
    /// `event.json` is the signed request as a Lambda function URL's event, `payload.json` its body alone.
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "url", help_heading = "The run task")]
    pub(crate) by_hand: Option<PathBuf>,

    /// A file that holds the HMAC key
    #[arg(long, value_name = "FILE", help_heading = "The run task")]
    pub(crate) key_file: Option<PathBuf>,

    /// Where to play HCP Terraform; the run task must list it in RUNTASK_ALLOWED_ORIGINS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", help_heading = "The run task")]
    pub(crate) listen: SocketAddr,

    /// Where to serve archives and plans, as HCP Terraform's object store does; to be listed as well
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", help_heading = "The run task")]
    pub(crate) listen_archivist: SocketAddr,

    #[command(flatten)]
    pub(crate) tasks: TasksFile,

    /// The task to call, which is the path of the URL: `format` is /format
    #[arg(long, value_name = "NAME", conflicts_with_all = ["url", "by_hand"], help_heading = "The run task")]
    pub(crate) task: Option<String>,

    /// When in the run the task is called: pre_plan, post_plan, pre_apply, post_apply
    #[arg(long, default_value = "post_plan", help_heading = "The run")]
    pub(crate) stage: Stage,

    /// A plan, as `terraform show -json` prints it; a plan without changes unless given
    #[arg(long, value_name = "FILE", help_heading = "The run")]
    pub(crate) plan: Option<PathBuf>,

    /// What a failure does to the run: advisory, mandatory
    #[arg(long, default_value = "mandatory", value_name = "LEVEL", help_heading = "The run")]
    pub(crate) enforcement: Enforcement,

    /// The workspace's name
    #[arg(long, value_name = "NAME", default_value = "simulated-workspace", help_heading = "The run")]
    pub(crate) workspace: String,

    /// The workspace's working directory, as typed into its settings
    #[arg(long, value_name = "PATH", help_heading = "The run")]
    pub(crate) working_directory: Option<String>,

    /// How many seconds to wait for the final result; HCP Terraform waits 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 120, help_heading = "The run")]
    pub(crate) timeout: u64,

    /// Something that goes wrong, or differently; may be given more than once (--help lists them)
    #[arg(long, value_name = "NAME", value_parser = fault_names(), hide_possible_values = true, help_heading = "The run")]
    pub(crate) fault: Vec<String>,

    /// List the faults and what each does
    #[arg(long, help_heading = "The run")]
    pub(crate) list_faults: bool,
}

const SIMULATE_HELP: &str = "\
Examples:
  runtask simulate examples/unformatted
  runtask simulate --stage pre_plan --fault duplicate-parallel --fault callback-500
  HMAC_KEY=secret runtask simulate . --url http://127.0.0.1:8080 --listen 127.0.0.1:9090 --listen-archivist 127.0.0.1:9091

`runtask simulate --list-faults` lists what can go wrong.
Exit codes: 0 passed, 1 failed, 2 no result, or the run task broke the protocol.
";

fn fault_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Fault::all().iter().map(|it| it.as_str()))
}

/// Serve the run task: both handlers as one process
///
/// Accepts requests at once and works on them in the background. SIGTERM ends it in order: no new requests, time for
/// what runs, and a final result for whatever cannot finish.
#[derive(Debug, Args)]
#[command(after_long_help = SERVE_HELP)]
pub(crate) struct Serve {
    /// Where to listen; put a proxy with TLS in front of it
    #[arg(long, value_name = "ADDRESS", env = "RUNTASK_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) tasks: TasksFile,
}

const SERVE_HELP: &str = "\
Settings, from the environment (docs/settings.md has all of them):
  HMAC_KEY                   the key that the run task has in HCP Terraform
  RUNTASK_ALLOW_UNSIGNED     `true` to do without a key, for trials
  RUNTASK_ALLOWED_ORIGINS    who may receive tokens; https://app.terraform.io,https://app.eu.terraform.io
  RUNTASK_CONFIG             the file that says which task checks what (docs/policies.md)
  RUNTASK_TERRAFORM          the terraform binary; found on PATH unless set
  RUNTASK_ON_ERROR           `failed` (default) or `passed`, when a check could not run
  RUNTASK_CONCURRENCY        checks at the same time; 4
  RUNTASK_MAX_JOBS           jobs accepted at the same time; 1000
  RUNTASK_SHUTDOWN_TIMEOUT_MS  time to end in order after SIGTERM; 25000

Paths: POST / is the task `default`, POST /NAME the task NAME, GET /healthz answers with the version.
";

/// Which tasks there are.
#[derive(Debug, Args)]
pub(crate) struct TasksFile {
    /// The file that says which task checks what; runtask.toml, where there is one
    #[arg(long, value_name = "FILE", env = "RUNTASK_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// Check a configuration or a plan, offline, as the run task would
///
/// A directory is a configuration; a file, or `-` for stdin, is a plan: the JSON of `terraform show -json`, or what
/// `terraform plan -out=tfplan` saved, for which terraform must be there. Where a directory holds a file `tfplan`, that
/// plan is checked too.
///
/// What is checked, runtask.toml says. Without it, a configuration must be formatted, and a plan is summarized and
/// judged by the rules that are shipped.
#[derive(Debug, Args)]
#[command(after_long_help = CHECK_HELP)]
pub(crate) struct Check {
    /// A directory, a plan, or both
    #[arg(value_name = "PATH", default_value = ".", num_args = 1..=2)]
    pub(crate) paths: Vec<PathBuf>,

    /// A plan, said as an option
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) tasks: TasksFile,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,

    /// How to print the result: text, json, sarif, junit, github, markdown
    #[arg(long, value_name = "FORMAT", default_value = "text", conflicts_with = "json")]
    pub(crate) format: Format,

    /// What policies are told of the run, as `data.run`: workspace=net-prod; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) run: Vec<RunFact>,
}

const CHECK_HELP: &str = "\
Examples:
  runtask check                                  the configuration here
  terraform plan -out=tfplan && runtask check    and its plan
  terraform show -json tfplan | runtask check -  a plan alone
  runtask check plan.json --task policy --format sarif > result.sarif

Keys of --run: id, organization, project, workspace, stage, created_by, message, branch, speculative.
Exit codes: 0 passed, 1 failed, 2 could not do it.
";

/// Work with policies: list and explain rules, test them, begin a new one
#[derive(Debug, Args)]
#[command(after_long_help = POLICY_HELP)]
pub(crate) struct PolicyCommand {
    #[command(subcommand)]
    pub(crate) command: PolicySubcommand,
}

const POLICY_HELP: &str = "\
Your first rule:
  runtask policy new owner-tag              writes policies/owner_tag.rego, and tests for it
  runtask policy test policies/             runs the tests
  runtask policy list                       what runtask.toml asks, or what is shipped

docs/policies.md tells the whole way.
";

#[derive(Debug, Subcommand)]
pub(crate) enum PolicySubcommand {
    /// List the rules that the tasks ask; without a file of tasks, those that are shipped
    List(PolicyList),
    /// Say what a rule demands, why, and how to mend what it finds
    Explain(PolicyExplain),
    /// Run the tests: rules whose names begin with test_
    Test(PolicyTest),
    /// Write a new rule, with tests that pass, to begin with
    New(PolicyNew),
}

#[derive(Debug, Args)]
pub(crate) struct PolicyList {
    #[command(flatten)]
    pub(crate) tasks: TasksFile,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyExplain {
    /// The rule's code, such as public-s3-bucket
    #[arg(required_unless_present = "all")]
    pub(crate) rule: Option<String>,

    /// All rules
    #[arg(long, conflicts_with = "rule")]
    pub(crate) all: bool,

    /// As Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,

    #[command(flatten)]
    pub(crate) tasks: TasksFile,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyTest {
    /// Files and directories with rules and their tests; those of the task unless given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Files and directories with data for them
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) tasks: TasksFile,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyNew {
    /// The rule's code, in kebab-case, such as owner-tag
    pub(crate) rule: String,

    /// The directory to write into
    #[arg(long, value_name = "DIRECTORY", default_value = "policies")]
    pub(crate) directory: PathBuf,
}

/// Print the signature header for a body
///
/// The key is read from HMAC_KEY or --key-file.
#[derive(Debug, Args)]
#[command(after_long_help = SIGN_HELP)]
pub(crate) struct Sign {
    /// The body, byte for byte; `-` reads it from stdin
    pub(crate) file: PathBuf,

    /// A file that holds the HMAC key
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

const SIGN_HELP: &str = "\
Example:
  HMAC_KEY=secret runtask sign body.json > header.txt
  curl -H @header.txt --data-binary @body.json https://runtask.example.com/
";

/// Register a run task in HCP Terraform and attach it to workspaces
///
/// Creates the run task, or changes it where it is not as asked for, and attaches it to the workspaces that are named
/// or tagged. What is as asked for already is left alone, and nothing is taken away. The same as `tfe.tf` does, through
/// HCP Terraform's API.
///
/// HCP Terraform sends a probe to the URL before it saves a run task, so the run task must be running, with the same key.
#[derive(Debug, Args)]
#[command(after_long_help = REGISTER_HELP)]
pub(crate) struct Register {
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
    pub(crate) enforcement: Enforcement,
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
