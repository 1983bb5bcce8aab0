//! The arguments of `runtask simulate`, and the run that they describe.

use crate::listen;
use crate::tasks_arguments::{TasksArguments, refuse_unread_configuration, refuse_unread_plan};
use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, RangedU64ValueParser};
use clap::{Args, value_parser};
use runtask_checks::json_plan;
use runtask_protocol::{EnforcementLevel, Stage};
use runtask_settings::numbers::{MAX_PLAN_BYTES, SIMULATED_WAIT};
use runtask_setup::LoadedTask;
use runtask_simulator::{Configuration, Fault, RunSpec, Timers};
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// Play HCP Terraform against a run task, and show what happens
///
/// Packs DIR as HCP Terraform's clients do, sends the verification probe and then a signed request, serves
/// configuration and plan, receives the results, and judges whether the run task keeps to the protocol.
///
/// Without --url, the run task is our own pair of handlers in this process, with the settings that the
/// environment holds (see `runtask serve --help`).
#[derive(Debug, Args)]
#[command(after_long_help = SIMULATE_HELP)]
pub(crate) struct SimulateArguments {
    /// The configuration to send; the directory here unless given
    pub(crate) dir: Option<PathBuf>,

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
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = listen::address, help_heading = "The run task")]
    pub(crate) listen: SocketAddr,

    /// Where to serve archives and plans, as HCP Terraform's object store does; to be listed as well
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = listen::address, help_heading = "The run task")]
    pub(crate) listen_archivist: SocketAddr,

    #[command(flatten)]
    pub(crate) tasks: TasksArguments,

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
    pub(crate) enforcement: EnforcementLevel,

    /// The workspace's name
    #[arg(long, value_name = "NAME", default_value = "simulated-workspace", help_heading = "The run")]
    pub(crate) workspace: String,

    /// The workspace's working directory, as typed into its settings
    #[arg(long, value_name = "PATH", help_heading = "The run")]
    pub(crate) working_directory: Option<String>,

    /// How many seconds to wait for the final result, 120 unless given; HCP Terraform waits 3600
    #[arg(long, value_name = "SECONDS", value_parser = seconds(), help_heading = "The run")]
    pub(crate) timeout: Option<u64>,

    /// Who approves, where the task asks people: names as runtask.toml has them, separated by commas, one after the other
    ///
    /// A name is an identifier (an e-mail address, sub:…, oid:…) or a user of `[approval.people]`. People sign in at a stand-in
    /// of the identity provider, in which everybody has the roles and groups that runtask.toml names, and are asked in a
    /// stand-in of Teams. Without any of these options, you are told where to answer by hand.
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with_all = NOT_OURS, help_heading = "People")]
    pub(crate) approve_as: Vec<String>,

    /// Who rejects, after those who approve
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with_all = NOT_OURS, help_heading = "People")]
    pub(crate) reject_as: Vec<String>,

    /// Nobody answers until the time is up
    #[arg(long, conflicts_with_all = ["url", "by_hand", "all_faults", "approve_as", "reject_as"], help_heading = "People")]
    pub(crate) let_expire: bool,

    /// With --let-expire: how many times as fast the clock of approvals goes; HCP Terraform's goes as always
    #[arg(long, value_name = "TIMES", default_value_t = 60, value_parser = value_parser!(u32).range(1..=3600), requires = "let_expire", help_heading = "People")]
    pub(crate) speed: u32,

    /// Something that goes wrong, or differently; may be given more than once
    #[arg(long, value_name = "NAME", value_parser = fault_names(), hide_possible_values = true, help_heading = "The run")]
    pub(crate) fault: Vec<String>,

    /// Try each fault in a run of its own, and say of each whether what the run task does is right
    ///
    /// Several runs go on at the same time. Each gets 30 seconds, unless --timeout says otherwise. Nothing is logged,
    /// unless --log says what.
    #[arg(long, conflicts_with_all = ["fault", "by_hand"], help_heading = "The run")]
    pub(crate) all_faults: bool,

    /// List the faults and what each does
    #[arg(long, help_heading = "The run")]
    pub(crate) list_faults: bool,
}

/// Options with which the run task is not the one in this process, or there are many runs.
const NOT_OURS: [&str; 3] = ["url", "by_hand", "all_faults"];

const SIMULATE_HELP: &str = "\
Examples:
  runtask simulate examples/unformatted
  runtask simulate --stage pre_plan --fault duplicate-parallel --fault callback-500
  runtask simulate examples/formatted --all-faults
  runtask simulate examples/approval --plan examples/approval/plan.json --approve-as ada@example.com,edsger@example.com

A run task of somebody else, or a `runtask serve` of your own, has to allow the simulator's two origins:
  HMAC_KEY=an-example-that-nobody-else-may-know RUNTASK_ALLOWED_ORIGINS=http://127.0.0.1:9090,http://127.0.0.1:9091 runtask serve
  HMAC_KEY=an-example-that-nobody-else-may-know runtask simulate . --url http://127.0.0.1:8080 --listen 127.0.0.1:9090 --listen-archivist 127.0.0.1:9091

`runtask simulate --list-faults` lists what can go wrong.
Exit codes: 0 passed, 1 failed, 2 no result, or the run task broke the protocol.
With a fault after which there is no result, 0 says that the run task did what is right.
With --all-faults: 0 nothing was wrong, 1 something was, 2 it could not be tried.
";

/// How much longer than people a run gets that waits for them.
const AFTER_PEOPLE: Duration = Duration::from_mins(1);

/// How long each of many runs may take.
const TIMEOUT_OF_MANY: Duration = Duration::from_secs(30);

impl SimulateArguments {
    /// The configuration.
    pub(crate) fn directory(&self) -> &Path {
        self.dir.as_deref().unwrap_or(Path::new("."))
    }

    /// How long to wait for the final result.
    pub(crate) fn limit(&self) -> Duration {
        let usual =
            if self.all_faults { TIMEOUT_OF_MANY } else { Duration::from_secs(SIMULATED_WAIT.default) };
        self.timeout.map_or(usual, Duration::from_secs)
    }

    /// How long to wait for the final result of a run about which people are asked for `open`.
    pub(crate) fn limit_with_people(&self, open: Duration) -> Duration {
        self.timeout.map_or(open + AFTER_PEOPLE, Duration::from_secs)
    }

    /// Refuses what cannot make a difference, before it looks as if it had made none.
    pub(crate) fn refuse_unread(&self, task: &LoadedTask) -> anyhow::Result<()> {
        match (&self.plan, &self.dir) {
            (Some(_), _) => refuse_unread_plan(task),
            (None, Some(_)) => refuse_unread_configuration(task),
            (None, None) => Ok(()),
        }
    }
}

/// The run that the arguments describe.
pub(crate) fn spec(arguments: &SimulateArguments) -> anyhow::Result<RunSpec> {
    if arguments.plan.is_some() && arguments.stage == Stage::PrePlan {
        bail!(
            "nobody reads a plan at pre_plan, which comes before it: leave --plan out, or choose another --stage"
        );
    }
    let plan = match &arguments.plan {
        Some(path) => {
            Some(plan_of(path).with_context(|| format!("{} cannot be used", path.display()))?.into())
        }
        None => None,
    };
    let faults = arguments.fault.iter().map(|it| it.parse::<Fault>()).collect::<Result<_, _>>()?;
    Ok(RunSpec {
        stage: arguments.stage.clone(),
        enforcement: arguments.enforcement.clone(),
        workspace: arguments.workspace.clone(),
        working_directory: arguments.working_directory.clone(),
        configuration: Configuration::Directory(arguments.directory().to_owned()),
        plan,
        faults,
        timers: Timers { total: arguments.limit(), ..Timers::default() },
        ..RunSpec::default()
    })
}

/// A plan as HCP Terraform would serve it.
fn plan_of(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut json = Vec::new();
    // A pipe can be read only once.
    let mut plan = tempfile::tempfile()?;
    io::copy(&mut File::open(path)?, &mut plan)?;
    json_plan(plan, MAX_PLAN_BYTES.highest)?.read_to_end(&mut json)?;
    Ok(json)
}

fn seconds() -> RangedU64ValueParser {
    value_parser!(u64).range(SIMULATED_WAIT.range())
}

fn fault_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Fault::all().iter().map(|it| it.as_str()))
}
