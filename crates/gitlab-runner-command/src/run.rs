//! `runtask runner run`: the runner as a process of this host.

mod cloud;
mod telling;

use crate::answer::JobAnswer;
use crate::credentials::{Credentials, Place, TOKEN};
use crate::gitlab::GitLabArguments;
use anyhow::{Context, anyhow, bail, ensure};
use clap::Args;
use cloud::{FileCloud, Refs};
use gitlab_runner::{
    Access, Budget, GitLab, Host, PollSettings, ProjectPattern, Reserve, Sandbox, Stop, Stopped, Stopper,
    Stopping, environment, poll, terraform_state_variables,
};
use gitlab_runner_protocol::{Identity, RunnerToken, SecretText};
use jiff::Timestamp;
use runtask_findings::printable;
use runtask_process::{Leftovers, PrivateDirectory, Whose, find_program, let_children_be_interrupted};
use runtask_terminal::environment::{lookup, now};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use runtask_terminal::signals::Signals;
use std::path::PathBuf;
use std::time::Duration;
use telling::Telling;

/// Run GitLab's jobs on this host
///
/// Asks GitLab for jobs and runs them, one after the other, until it is ended. Ctrl-C or SIGTERM stop the job at work as
/// GitLab's Cancel does: terraform is interrupted once, has its time to write its state and to free its lock, and GitLab
/// hears of it. A second Ctrl-C ends everything at once.
///
/// Jobs run as you, and can read what you can read. Nothing of this environment reaches them but PATH, the proxies and the
/// like; their credentials come from GitLab's variables, or from the file of --credentials.
#[derive(Debug, Args)]
#[command(after_long_help = RUN_HELP)]
pub(crate) struct RunArguments {
    /// The file with the runner's token, as `register` makes it; GITLAB_RUNNER_TOKEN is the token where it is not given
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,

    /// Run the jobs that wait now, and end
    #[arg(long)]
    pub(crate) once: bool,

    /// Run so many jobs, and end
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_jobs: Option<u64>,

    /// Where jobs work; everything in it is removed, now and after each job. A new directory unless said
    #[arg(long, value_name = "DIRECTORY", env = "RUNNER_DIRECTORY")]
    pub(crate) directory: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) gitlab: GitLabArguments,

    /// Whose jobs are run, as infra/network or infra/*; all of them unless said
    #[arg(
        long,
        value_name = "PATH",
        env = "RUNNER_ALLOWED_PROJECTS",
        value_delimiter = ',',
        value_parser = project,
        help_heading = JOBS
    )]
    pub(crate) allow_project: Vec<ProjectPattern>,

    /// A member of the file of --credentials that jobs are given as a variable, such as AWS_ACCESS_KEY_ID
    #[arg(
        long,
        value_name = "NAME",
        env = "RUNNER_SECRET_KEYS",
        value_delimiter = ',',
        requires = "credentials",
        help_heading = JOBS
    )]
    pub(crate) give: Vec<String>,

    /// Which jobs are given them: those of protected branches and tags, or all
    #[arg(
        long,
        value_enum,
        value_name = "REFS",
        env = "RUNNER_CREDENTIALS_ON",
        default_value_t = Refs::Protected,
        help_heading = JOBS
    )]
    pub(crate) give_on: Refs,

    /// The Terraform state that jobs keep in GitLab, where they have an empty `backend "http" {}`; it may hold $NAME
    #[arg(long, value_name = "NAME", env = "RUNNER_STATE_NAME", help_heading = JOBS)]
    pub(crate) state_name: Option<String>,

    /// Kilobytes of a job's log
    #[arg(
        long,
        value_name = "NUMBER",
        env = "RUNNER_LOG_LIMIT_KB",
        default_value_t = 4096,
        value_parser = clap::value_parser!(u32).range(1..=102_400),
        help_heading = JOBS
    )]
    pub(crate) log_limit_kb: u32,

    /// Let jobs print every command with CI_DEBUG_TRACE, and so secrets that no mask catches
    #[arg(long, env = "RUNNER_ALLOW_DEBUG_TRACE", help_heading = JOBS)]
    pub(crate) allow_debug_trace: bool,
}

const JOBS: &str = "Jobs";

const RUN_HELP: &str = "\
Examples:
  runtask runner register --project 42 --tag terraform --credentials runner.json
  runtask runner run --credentials runner.json
  GITLAB_RUNNER_TOKEN=glrt-… runtask runner run --once

Exit codes: 0 ended as it was told, 1 GitLab does not take the runner, 2 it cannot go on, 130 and 143 ended at once.
";

fn project(text: &str) -> Result<ProjectPattern, &'static str> {
    ProjectPattern::parse(text).ok_or("write a path such as infra/network or infra/*")
}

pub(crate) async fn run(arguments: &RunArguments, output: &Output) -> anyhow::Result<Exit> {
    let_children_be_interrupted()?;
    let mut signals = Signals::listen()?;
    // Before anything of a stranger was started.
    let leftovers = Leftovers::beyond_now(Whose::Descendants)
        .context("what jobs leave running could not be ended on this system, so none is run")?;
    let (credentials, token) = arguments.token().await?;
    let identity = arguments.gitlab.identity(token);
    let own = match &arguments.directory {
        Some(directory) => {
            ensure!(
                directory.is_absolute() && directory.parent().is_some(),
                "--directory: write an absolute path"
            );
            None
        }
        None => Some(PrivateDirectory::new()?),
    };
    let directory = own.as_ref().map(|it| it.path().to_owned()).or(arguments.directory.clone());
    let directory = directory.context("there is no place for jobs")?;
    let host = arguments.host(&identity, directory, leftovers)?;
    let gitlab = Telling(GitLab::new(arguments.gitlab.client()?, identity), Default::default());
    let cloud = FileCloud { credentials, give: arguments.give.clone(), refs: arguments.give_on };
    output.note(&format!(
        "runner {} asks {} for jobs; Ctrl-C ends it\n",
        printable(&host.short_token),
        printable(&arguments.gitlab.url)
    ));
    let (stopper, stopping) = Stopper::new();
    let mut work = std::pin::pin!(work(arguments, &host, &gitlab, &cloud, &stopping, output));
    tokio::select! {
        exit = &mut work => return exit,
        _ = signals.next() => {
            output.note("ending: a job at work is stopped first; a second time ends everything at once\n");
            stopper.stop(Stop::Shutdown);
        }
    }
    tokio::select! {
        exit = &mut work => exit,
        number = signals.next() => Ok(Exit::Signal(number)),
    }
}

/// Runs one job after the other, and says what became of each.
async fn work(
    arguments: &RunArguments,
    host: &Host,
    gitlab: &Telling,
    cloud: &FileCloud,
    stopping: &Stopping,
    output: &Output,
) -> anyhow::Result<Exit> {
    // Nobody ends us, so that every job has what GitLab allows it.
    let budget = Budget {
        deadline: None,
        promised: Duration::ZERO,
        reserve: Reserve::default(),
        margin: Duration::ZERO,
    };
    let settings = PollSettings { idle: arguments.once.then_some(Duration::ZERO), max_jobs: 1 };
    let mut jobs = 0;
    loop {
        let polled = poll(host, gitlab, cloud, &budget, &settings, stopping).await;
        for it in &polled.jobs {
            let answer = JobAnswer::of(it);
            if output.json {
                output.result(&format!("{}\n", serde_json::to_string(&answer)?))?;
            } else {
                output.prose(&format!("{}\n", answer.words(output.color)))?;
            }
            jobs += 1;
        }
        match polled.stopped {
            Stopped::Jobs if arguments.max_jobs.is_none_or(|most| jobs < most) => {}
            Stopped::Jobs | Stopped::Idle | Stopped::Shutdown | Stopped::Budget => return Ok(Exit::Passed),
            Stopped::Refused(why) => {
                output.error(&anyhow!(why));
                return Ok(Exit::Failed);
            }
            Stopped::Unreachable(why) => bail!(why),
            Stopped::Unclean => bail!("something of a job is left, so that no other may run here"),
        }
    }
}

impl RunArguments {
    /// What jobs may be given, and the runner's token.
    async fn token(&self) -> anyhow::Result<(Credentials, RunnerToken)> {
        let Some(file) = &self.credentials else {
            let token = lookup(TOKEN).filter(|it| !it.is_empty());
            let token = token.with_context(|| format!("give --credentials, or set {TOKEN}"))?;
            return Ok((Credentials::default(), RunnerToken::new(token)));
        };
        let credentials = Place::File(file.clone()).read().await?;
        let token = credentials.token()?;
        let token = token.with_context(|| {
            format!("{} holds no token of a runner; `runtask runner register` makes one", file.display())
        })?;
        Ok((credentials, token))
    }

    fn host(&self, identity: &Identity, directory: PathBuf, leftovers: Leftovers) -> anyhow::Result<Host> {
        let path = lookup("PATH").unwrap_or_default();
        let short_token = identity.token.short();
        let home = directory.to_str().context("the directory of jobs has a name that is no text")?;
        Ok(Host {
            identity: vec![
                format!("Running with {} {}", identity.name, identity.version),
                format!("  on this host ({short_token}, {})", identity.system_id.as_str()),
                "Using the shell executor with bash, without containers".to_owned(),
            ],
            version: identity.version.clone(),
            revision: identity.revision.clone(),
            builds: directory.join("builds"),
            bash: find_program("bash", &path).context("there is no bash on PATH")?,
            environment: environment(lookup, home),
            variables: self.state_name.as_deref().map(terraform_state_variables).unwrap_or_default(),
            certificates: self.gitlab.certificates()?,
            access: Access { allowed: self.allow_project.clone(), roles: Vec::new() },
            allows_debug_trace: self.allow_debug_trace,
            log_limit_bytes: self.log_limit_kb as usize * 1024,
            secrets: vec![SecretText::new(identity.token.expose())],
            clock: || Timestamp::try_from(now()).unwrap_or(Timestamp::UNIX_EPOCH),
            sandbox: Sandbox { leftovers: Some(leftovers), directories: vec![directory] },
            short_token,
        })
    }
}
