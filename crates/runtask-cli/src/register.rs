//! `runtask register`: registers a run task in HCP Terraform and attaches it to workspaces.
//!
//! It changes only what differs from the arguments, so that the same command can be given again. It takes nothing away:
//! a workspace that is not named keeps what it has, and one that is named keeps what is not given.

mod failure;
mod place;

use crate::key;
use anyhow::{Context, anyhow, ensure};
use clap::Args;
use failure::Failure;
use place::{Done, Outcome, Place, Wish, said};
use runtask_client::organization::{Listing, Organization, RunTask, RunTaskChange, Tag, Workspace};
use runtask_client::{Client, ClientSettings};
use runtask_protocol::{AccessToken, AllowedOrigins, EnforcementLevel, Stage};
use runtask_settings::{SettingsReader, numbers};
use runtask_setup::client_settings;
use runtask_simulator::render::visible;
use runtask_terminal::environment::lookup;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};

/// How long HCP Terraform may take to answer, unless `RUNTASK_HTTP_TIMEOUT_MS` says otherwise: it waits for the run
/// task's answer to the probe meanwhile.
const TIMEOUT_MS: u64 = 60_000;

/// Register a run task in HCP Terraform and attach it to workspaces
///
/// Creates or changes the run task, and attaches it to the workspaces that are named or tagged. Changes only what
/// differs from the arguments, and takes nothing away: what is not given stays as it is. A change that makes it weaker
/// (advisory in place of mandatory, a stage less, disabled) is printed as one. Does the same as `tfe.tf`, through HCP
/// Terraform's API.
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
    ///
    /// Where it is attached already and this is not given, its stages stay; elsewhere it is post_plan.
    #[arg(long, value_delimiter = ',', help_heading = "Where it runs")]
    pub(crate) stage: Vec<Stage>,

    /// What its failure does to the run: advisory warns, mandatory stops
    ///
    /// Where it is attached already and this is not given, its level stays; elsewhere it is advisory.
    #[arg(long, value_name = "LEVEL", help_heading = "Where it runs")]
    pub(crate) enforcement: Option<EnforcementLevel>,
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
Exit codes: 0 everything is as asked for, 1 HCP Terraform refused, 2 could not do it.
";

pub(crate) async fn register(arguments: &RegisterArguments, output: &Output) -> anyhow::Result<Exit> {
    let organization = connect(arguments)?;
    let work = async {
        if arguments.list {
            list(&organization, output).await
        } else {
            set_up(&organization, arguments, output).await
        }
    };
    match output.patiently("asking HCP Terraform", work).await {
        Ok(exit) => Ok(exit),
        Err(Failure::Refused(text)) => {
            output.error(&anyhow!(text));
            Ok(Exit::Failed)
        }
        Err(Failure::Unable(error)) => Err(error),
    }
}

fn connect(arguments: &RegisterArguments) -> anyhow::Result<Organization> {
    let address = &arguments.address;
    let loopback = match address.host() {
        Some(Host::Ipv4(it)) => it.is_loopback(),
        Some(Host::Ipv6(it)) => it.is_loopback(),
        Some(Host::Domain(it)) => it == "localhost",
        None => false,
    };
    ensure!(
        address.scheme() == "https" || loopback,
        "--address must begin with https://, or else anybody on the way could read the token"
    );
    let origins: AllowedOrigins = address.as_str().parse().context("--address is wrong")?;
    let mut settings = SettingsReader::new(&lookup);
    let client = client_settings(&mut settings);
    let timeout = Duration::from_millis(settings.number_or(&numbers::HTTP_TIMEOUT, TIMEOUT_MS));
    let token = settings
        .required("TFE_TOKEN", "a token of a user or a team that may manage run tasks of the organization");
    settings.finish().context("settings are wrong")?;
    let client = Client::new(ClientSettings { origins, timeout, ..client })?;
    let (token, name) = (AccessToken::new(token), arguments.organization.clone());
    Ok(Organization::new(client, address.clone(), token, name))
}

async fn set_up(
    organization: &Organization,
    arguments: &RegisterArguments,
    output: &Output,
) -> Result<Exit, Failure> {
    let wish = Wish::new(&arguments.stage, arguments.enforcement.as_ref());
    // Everything is looked up before anything is changed: a typing error changes nothing.
    let workspaces = selected(organization, arguments, output).await?;
    let (task, done) = save(organization, arguments, output).await?;
    let mut places = Vec::new();
    if arguments.global {
        let done = make_global(organization, arguments, task.as_ref(), &wish).await;
        places.push(Place { workspace: None, done: tolerate(done)? });
    }
    for workspace in workspaces {
        let done = attach(organization, arguments, task.as_ref(), &workspace, &wish).await;
        places.push(Place { done: tolerate(done)?, workspace: Some(workspace) });
    }
    if output.json {
        output.json(&report_json(arguments, task.as_ref(), &done, &places))?;
    } else {
        output.prose(&report_text(arguments, task.as_ref(), &done, &places))?;
    }
    let refused = places.iter().any(Place::is_refused);
    Ok(if refused { Exit::Failed } else { Exit::Passed })
}

/// The workspaces that are named, and those that have the tags.
async fn selected(
    organization: &Organization,
    arguments: &RegisterArguments,
    output: &Output,
) -> Result<Vec<Workspace>, Failure> {
    let mut workspaces = organization.workspaces(&arguments.workspace).await?;
    if !arguments.tag.is_empty() {
        let tagged = organization.tagged(&arguments.tag).await?;
        if tagged.is_empty() {
            let tags: Vec<String> = arguments.tag.iter().map(Tag::to_string).collect();
            output.note(&format!("No workspace has the tags {}\n", tags.join(", ")));
        }
        workspaces.extend(tagged);
    }
    workspaces.sort();
    workspaces.dedup();
    Ok(workspaces)
}

/// Creates or changes the run task where it is not as asked for. There is none in a dry run that would create it.
async fn save(
    organization: &Organization,
    arguments: &RegisterArguments,
    output: &Output,
) -> Result<(Option<RunTask>, Outcome), Failure> {
    let key = key::find_text(arguments.key_file.as_deref(), output)?;
    let Some(mut task) = organization.run_task(&arguments.name).await? else {
        let wanted = new_run_task(arguments, key)?;
        let created = if arguments.dry_run { None } else { Some(organization.create(&wanted).await?) };
        return Ok((created, Outcome::Created));
    };
    let change = RunTaskChange {
        name: None,
        url: arguments.url.as_ref().filter(|it| Url::parse(&task.url).as_ref() != Ok(it)).map(Url::to_string),
        description: arguments.description.clone().filter(|it| *it != task.description),
        enabled: arguments.enabled.filter(|it| *it != task.enabled),
        // HCP Terraform never shows the key that it has, so there is no telling whether it is this one.
        key,
    };
    if change.is_empty() {
        return Ok((Some(task), Outcome::Unchanged));
    }
    if !arguments.dry_run {
        organization.change(&task.id, &change).await?;
    }
    task.url = change.url.unwrap_or(task.url);
    let is_weaker = change.enabled == Some(false);
    Ok((Some(task), if is_weaker { Outcome::Weakened } else { Outcome::Changed }))
}

fn new_run_task(arguments: &RegisterArguments, key: Option<SecretString>) -> anyhow::Result<RunTaskChange> {
    ensure!(
        arguments.url.is_some(),
        "the organization {} has no run task {} yet: give its --url",
        arguments.organization,
        arguments.name
    );
    ensure!(key.is_some(), "there is no key for the new run task: set HMAC_KEY or give --key-file");
    Ok(RunTaskChange {
        name: Some(arguments.name.clone()),
        url: arguments.url.as_ref().map(Url::to_string),
        description: arguments.description.clone(),
        enabled: Some(arguments.enabled.unwrap_or(true)),
        key,
    })
}

async fn make_global(
    organization: &Organization,
    arguments: &RegisterArguments,
    task: Option<&RunTask>,
    wish: &Wish,
) -> Result<Done, Failure> {
    let Some(task) = task else { return Ok(wish.beside(None)) };
    let current = organization.global(task).await?;
    let done = wish.beside(current.scope.clone());
    if let Some(scope) = done.to_save(arguments.dry_run) {
        organization.set_global(task, &current, scope).await?;
    }
    Ok(done)
}

async fn attach(
    organization: &Organization,
    arguments: &RegisterArguments,
    task: Option<&RunTask>,
    workspace: &Workspace,
    wish: &Wish,
) -> Result<Done, Failure> {
    let Some(task) = task else { return Ok(wish.beside(None)) };
    let current = organization.attachment(workspace, &task.id).await?;
    let done = wish.beside(current.as_ref().map(|it| it.scope.clone()));
    if let Some(scope) = done.to_save(arguments.dry_run) {
        let id = current.as_ref().map(|it| it.id.as_str());
        organization.attach(workspace, id, &task.id, scope).await?;
    }
    Ok(done)
}

/// A refusal of one place does not keep the others from theirs.
fn tolerate(done: Result<Done, Failure>) -> Result<Done, Failure> {
    match done {
        Err(Failure::Refused(reason)) => Ok(Done::Refused { reason }),
        other => other,
    }
}

fn report_text(
    arguments: &RegisterArguments,
    task: Option<&RunTask>,
    done: &Outcome,
    places: &[Place],
) -> String {
    let mut text = format!("run task {}: {}", arguments.name, done.words(arguments.dry_run));
    if *done == Outcome::Weakened {
        text.push_str(" (disabled: no run asks it any more)");
    }
    let url = task.map(|it| it.url.clone()).or_else(|| arguments.url.as_ref().map(Url::to_string));
    let _infallible = writeln!(text, ", {}", visible(&url.unwrap_or_default()));
    for place in places {
        let _infallible = writeln!(text, "{}", visible(&place.words(arguments.dry_run)));
    }
    text
}

fn report_json(
    arguments: &RegisterArguments,
    task: Option<&RunTask>,
    done: &Outcome,
    places: &[Place],
) -> Value {
    json!({
        "organization": arguments.organization,
        "dry_run": arguments.dry_run,
        "run_task": {
            "id": task.map(|it| &it.id),
            "name": arguments.name,
            "url": task.map(|it| it.url.clone()).or_else(|| arguments.url.as_ref().map(Url::to_string)),
            "outcome": done.as_str(),
        },
        "global": places.iter().find(|it| it.workspace.is_none()).map(Place::to_json),
        "workspaces": places.iter().filter(|it| it.workspace.is_some()).map(Place::to_json).collect::<Vec<_>>(),
    })
}

/// Shows the organization's run tasks and where they run.
async fn list(organization: &Organization, output: &Output) -> Result<Exit, Failure> {
    let Listing { run_tasks, attachments, workspaces, hidden } = organization.list().await?;
    let mut text = String::new();
    let mut all = Vec::new();
    for task in &run_tasks {
        let state = if task.enabled { "enabled" } else { "disabled" };
        let _infallible = writeln!(text, "{}: {state}, {}", visible(&task.name), visible(&task.url));
        let global = organization.global(task).await?.scope;
        if let Some(scope) = &global {
            let _infallible = writeln!(text, "  every workspace: {}", visible(&said(scope)));
        }
        let mut own = Vec::new();
        for attachment in attachments.iter().filter(|it| it.task_id == task.id) {
            let workspace = workspaces.iter().find(|it| it.id == attachment.workspace_id);
            // A workspace that the token may not see has no name.
            let name = workspace.map_or(attachment.workspace_id.as_str(), |it| it.name.as_str());
            let scope = &attachment.scope;
            let _infallible = writeln!(text, "  workspace {}", visible(&format!("{name}: {}", said(scope))));
            own.push(json!({
                "id": attachment.workspace_id,
                "name": workspace.map(|it| &it.name),
                "stages": scope.stages,
                "enforcement_level": scope.enforcement_level,
            }));
        }
        all.push(json!({
            "id": task.id,
            "name": task.name,
            "url": task.url,
            "description": task.description,
            "enabled": task.enabled,
            "global": global.map(|it| json!({ "stages": it.stages, "enforcement_level": it.enforcement_level })),
            "workspaces": own,
        }));
    }
    for workspace in &hidden {
        output.note(&format!(
            "workspace {}: the owner of the token in TFE_TOKEN may not see its run tasks\n",
            visible(&workspace.name)
        ));
    }
    if output.json {
        output.json(&json!({ "organization": organization.name(), "run_tasks": all }))?;
    } else if run_tasks.is_empty() {
        output.prose(&format!("The organization {} has no run tasks\n", organization.name()))?;
    } else {
        output.prose(&text)?;
    }
    Ok(Exit::Passed)
}
