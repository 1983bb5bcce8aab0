//! `runtask simulate`: plays HCP Terraform against a run task.

use crate::exit::Exit;
use crate::key;
use crate::listen;
use crate::output::Output;
use crate::pair::{Pair, PairSettings};
use crate::tasks_arguments::{TasksArguments, choose};
use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, RangedU64ValueParser};
use clap::{Args, value_parser};
use http::HeaderMap;
use runtask_checks::json_plan;
use runtask_protocol::{EnforcementLevel, Key, Stage};
use runtask_settings::numbers::{MAX_PLAN_BYTES, SIMULATED_WAIT};
use runtask_simulator::render::{self, Style};
use runtask_simulator::{Configuration, Fault, Options, Record, RunSpec, Simulator, Target, Timers, Verdict};
use runtask_tasks::DEFAULT_TASK;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::Url;
use uuid::Uuid;

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

    /// How many seconds to wait for the final result; HCP Terraform waits 3600
    #[arg(long, value_name = "SECONDS", default_value_t = SIMULATED_WAIT.default, value_parser = seconds(), help_heading = "The run")]
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

fn seconds() -> RangedU64ValueParser {
    value_parser!(u64).range(SIMULATED_WAIT.range())
}

fn fault_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Fault::all().iter().map(|it| it.as_str()))
}

pub(crate) async fn simulate(arguments: SimulateArguments, output: &Output) -> anyhow::Result<Exit> {
    if arguments.list_faults {
        list_faults(output)?;
        return Ok(Exit::Passed);
    }
    if !arguments.dir.is_dir() {
        bail!("{} is not a directory", arguments.dir.display());
    }
    let bind = arguments.listen;
    let options = Options { bind, archivist_bind: Some(arguments.listen_archivist), ..Options::default() };
    let simulator = Simulator::start(options).await.with_context(|| format!("cannot listen on {bind}"))?;
    let style = Style { color: output.color, width: output.width };
    if let Some(directory) = arguments.by_hand.clone() {
        return by_hand(&simulator, arguments, &directory, output, style).await;
    }
    let target = match &arguments.url {
        Some(url) => Target { url: url.clone(), key: sender_key(&simulator, &arguments, output)? },
        None => start_pair(&simulator, &arguments).await?,
    };
    let live = !output.json;
    if live {
        output.result(&title(&arguments, style))?;
    }
    let spec = spec(arguments)?;
    let writer = *output;
    let record = simulator.run(&target, spec, move |event| {
        if live {
            // The time line is not worth failing for; the result below is.
            let _shown = writer.result(&(render::event(event, style) + "\n"));
        }
    });
    let record = record.await.context("the configuration cannot be packed")?;
    if output.json {
        output.json(&json!(record))?;
    } else {
        output.result(&format!("\n{}", render::result(&record, style)))?;
    }
    judge(&record)
}

/// The key to sign with, and a word to the person about what the run task has to know.
fn sender_key(
    simulator: &Simulator,
    arguments: &SimulateArguments,
    output: &Output,
) -> anyhow::Result<Option<Key>> {
    let key = key::find(arguments.key_file.as_deref(), output)?;
    let origins = format!("{},{}", simulator.origin(), simulator.archivist_origin());
    output.note(&format!("The run task must allow: RUNTASK_ALLOWED_ORIGINS={origins}\n"));
    if key.is_none() {
        output.note("There is no key: requests carry an empty signature (set HMAC_KEY or --key-file)\n");
    }
    Ok(key)
}

/// Writes the request for somebody else to deliver, and waits.
async fn by_hand(
    simulator: &Simulator,
    arguments: SimulateArguments,
    directory: &Path,
    output: &Output,
    style: Style,
) -> anyhow::Result<Exit> {
    let key = sender_key(simulator, &arguments, output)?;
    let limit = Duration::from_secs(arguments.timeout);
    let prepared = simulator.prepare(spec(arguments)?).await.context("the configuration cannot be packed")?;
    let body = prepared.body();
    let event = function_url_event(&prepared.headers(key.as_ref(), &body), &body);
    std::fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    for (name, content) in [("event.json", event.to_string().as_bytes()), ("payload.json", &body)] {
        let path = directory.join(name);
        std::fs::write(&path, content).with_context(|| format!("{} cannot be written", path.display()))?;
        output.note(&format!("wrote {}\n", path.display()));
    }
    output.note(&format!("waiting up to {} s for the result\n", limit.as_secs()));
    let record = prepared.wait_final(limit).await;
    if output.json {
        output.json(&json!(record))?;
    } else {
        output.result(&format!(
            "{}\n{}",
            render::time_line(&record, style),
            render::result(&record, style)
        ))?;
    }
    judge(&record)
}

/// The event that a Lambda function URL makes of a request.
///
/// Source: "Invoking Lambda function URLs" of the AWS Lambda Developer Guide, payload format version 2.0.
fn function_url_event(headers: &HeaderMap, body: &[u8]) -> Value {
    let headers: Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "simulated",
            "domainName": "simulated.lambda-url.us-east-1.on.aws",
            "domainPrefix": "simulated",
            "http": { "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "runtask" },
            "requestId": Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": String::from_utf8_lossy(body),
        "isBase64Encoded": false,
    })
}

fn title(arguments: &SimulateArguments, style: Style) -> String {
    let whom = arguments.url.as_ref().map_or_else(|| "our own run task".to_owned(), Url::to_string);
    let text = format!("HCP Terraform, simulated: {} → {whom}", arguments.dir.display());
    if style.color {
        format!("\u{1b}[1m{}\u{1b}[0m\n\n", render::visible(&text))
    } else {
        render::visible(&text) + "\n\n"
    }
}

/// A broken protocol is worse than any verdict.
fn judge(record: &Record) -> anyhow::Result<Exit> {
    match record.verdict() {
        _ if !record.is_clean() => bail!("the run task broke the protocol"),
        Verdict::Passed => Ok(Exit::Passed),
        Verdict::Failed => Ok(Exit::Failed),
        Verdict::Other => bail!("the task result ended as {}", record.result.status.as_str()),
    }
}

fn spec(arguments: SimulateArguments) -> anyhow::Result<RunSpec> {
    let plan = match &arguments.plan {
        Some(path) => {
            Some(plan_of(path).with_context(|| format!("{} cannot be used", path.display()))?.into())
        }
        None => None,
    };
    let faults = arguments.fault.iter().map(|it| it.parse::<Fault>()).collect::<Result<_, _>>()?;
    Ok(RunSpec {
        stage: arguments.stage,
        enforcement: arguments.enforcement,
        workspace: arguments.workspace,
        working_directory: arguments.working_directory,
        configuration: Configuration::Directory(arguments.dir),
        plan,
        faults,
        timers: Timers { total: Duration::from_secs(arguments.timeout), ..Timers::default() },
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

/// Our own run task, in this process, trusting the simulator and nobody else. It ends with the process.
async fn start_pair(simulator: &Simulator, arguments: &SimulateArguments) -> anyhow::Result<Target> {
    let key = Uuid::new_v4().simple().to_string();
    let origins = format!("{},{}", simulator.origin(), simulator.archivist_origin());
    let lookup = arguments.tasks.lookup(Some(&arguments.dir), None)?;
    let settings = |name: &str| match name {
        "HMAC_KEY" => Some(key.clone()),
        "RUNTASK_ALLOWED_ORIGINS" => Some(origins.clone()),
        // They would make two keys, or send somebody's real token to the simulator.
        "HMAC_SECRET_KEY_PARAM" | "TF_TOKEN" => None,
        // The simulator is on this machine.
        "HTTPS_PROXY" | "https_proxy" | "HTTP_PROXY" | "http_proxy" | "ALL_PROXY" | "all_proxy" => None,
        other => lookup(other),
    };
    let settings = PairSettings::read(&settings).context("settings are wrong")?;
    settings.try_out().await.context("no run could be checked")?;
    let task = choose(&settings.jobs.tasks, arguments.task.as_deref())?.task.name.clone();
    let pair = Arc::new(Pair::new(settings)?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let path = if task == DEFAULT_TASK { "" } else { &task };
    let url = Url::parse(&format!("http://{}/{path}", listener.local_addr()?))?;
    let (never, stop) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let _kept_open = never;
        pair.serve(listener, async { drop(stop.await) }).await;
    });
    Ok(Target { url, key: Some(Key::new(&key)?) })
}

fn list_faults(output: &Output) -> anyhow::Result<()> {
    if output.json {
        let all: Vec<_> = Fault::all()
            .iter()
            .map(|it| json!({ "name": it.as_str(), "description": it.description() }))
            .collect();
        return output.json(&json!(all));
    }
    let width = Fault::all().iter().map(|it| it.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    for fault in Fault::all() {
        let _infallible = writeln!(text, "{:width$}  {}", fault.as_str(), fault.description());
    }
    output.result(&text)
}
