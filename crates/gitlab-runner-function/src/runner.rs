//! The runner: what one event comes to.

use crate::abandoned::{Ended, Undertaker};
use crate::answer::{Answer, PollError};
use crate::aws_cloud::{AwsClients, AwsCloud};
use crate::event::{Event, EventError, Platform};
use crate::logs::MaskedStdout;
use crate::opened::{Members, NotOpened};
use crate::secret::{BadSecret, Secret, TOKEN, runner_token};
use crate::settings::RunnerSettings;
use crate::ticket::TicketSeal;
use crate::ticketed::Ticketed;
use crate::tickets::Tickets;
use crate::verify::{seals, verify};
use gitlab_runner::{
    Budget, Clock, Failure, GitLab, Host, Outcome, PollSettings, Polled, Sandbox, Stopped, Stopping,
    environment, poll, terraform_state_variables,
};
use gitlab_runner_protocol::client::{Client, ClientError};
use gitlab_runner_protocol::{Identity, MoreFeatures, RunnerToken, SecretText, SystemId};
use runtask_aws::{Lookup, TableDocuments};
use runtask_log::{Chain, metric};
use runtask_process::{Leftovers, find_program};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

/// What the program is called, in GitLab and in logs.
const NAME: &str = "gitlab-runner-function";

/// What a runner is made of.
#[derive(Debug)]
pub struct Parts {
    /// Its settings.
    pub settings: RunnerSettings,
    /// What calls AWS.
    pub clients: AwsClients,
    /// The table of tickets, if there is one.
    pub tickets: Option<Arc<TableDocuments>>,
    /// The function's own environment.
    pub lookup: Lookup,
    /// The clock.
    pub now: fn() -> SystemTime,
    /// The same, for logs of jobs.
    pub clock: Clock,
    /// The function's own log.
    pub log: MaskedStdout,
    /// Says when the process has to end.
    pub stopping: Stopping,
}

/// One event's circumstances.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The function's ARN.
    pub arn: String,
    /// When it ends.
    pub deadline: Instant,
    /// The same by the clock.
    pub deadline_at: SystemTime,
}

/// Runs jobs. One event at a time: a second one waits.
#[derive(Debug)]
pub struct Runner {
    parts: Parts,
    host: Mutex<Host>,
}

/// Why an event is answered with an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Others can read our memory.
    #[error(
        "jobs could read the memory of the runner, and RUNNER_REQUIRE_SEAL is set: its program has to be a file that may be \
         executed and not read, mode 0711, of another user"
    )]
    NotSealed,
    /// The secret.
    #[error(transparent)]
    Secret(#[from] BadSecret),
    /// The token.
    #[error(transparent)]
    Token(#[from] NotOpened),
    /// The address.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The poll.
    #[error(transparent)]
    Poll(#[from] PollError),
    /// The answer.
    #[error("the answer cannot be written")]
    Answer(#[from] serde_json::Error),
}

impl RunnerError {
    /// A name for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "Runner.Event",
            Self::NotSealed => "Runner.NotSealed",
            Self::Secret(_) | Self::Token(_) => "Runner.Secret",
            Self::Client(_) => "Runner.Settings",
            Self::Poll(PollError::Refused(_)) => "Runner.Refused",
            Self::Poll(PollError::Unreachable(_)) => "Runner.Unreachable",
            Self::Poll(PollError::NotDelivered(_)) => "Runner.NotDelivered",
            Self::Poll(PollError::Unclean) => "Runner.Unclean",
            Self::Answer(_) => "Runner.Answer",
        }
    }
}

/// The token, and what it opens.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) secret: Secret,
    pub(crate) token: RunnerToken,
}

impl Runner {
    /// A runner; it does nothing yet. `leftovers` knows who was there before any job.
    #[must_use]
    pub fn new(parts: Parts, leftovers: Leftovers) -> Self {
        let settings = &parts.settings;
        let home = settings.directory.to_string_lossy();
        let host = Host {
            identity: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: settings.revision.clone(),
            short_token: String::new(),
            builds: settings.directory.join("builds"),
            bash: find_program("bash", &settings.path).unwrap_or_else(|| "/bin/bash".into()),
            environment: environment(parts.lookup, &home),
            variables: settings.state_name.as_deref().map(terraform_state_variables).unwrap_or_default(),
            certificates: settings.gitlab.certificates.clone(),
            access: settings.access.clone(),
            allows_debug_trace: settings.allows_debug_trace,
            log_limit_bytes: settings.log_limit_bytes,
            secrets: Vec::new(),
            clock: parts.clock,
            sandbox: Sandbox { leftovers: Some(leftovers), directories: vec![settings.directory.clone()] },
        };
        Self { parts, host: Mutex::new(host) }
    }

    /// Does what an event asks for, and says what became of it.
    ///
    /// # Errors
    ///
    /// When somebody has to look. A job that has failed is no error.
    pub async fn handle(&self, event: &[u8], invocation: &Invocation) -> Result<Value, RunnerError> {
        let mut host = self.host.lock().await;
        let settings = &self.parts.settings;
        let event = Event::parse(event)?;
        let (sealed, init_sealed) = seals();
        info!(
            sealed,
            init_sealed, "the runner's memory and the first process's environment, as jobs see them"
        );
        if settings.requires_seal && !sealed && event != Event::Verify {
            return Err(RunnerError::NotSealed);
        }
        let opened = self.open().await?;
        let identity = self.identity(opened.token.clone(), &invocation.arn);
        host.short_token = opened.token.short();
        host.secrets = vec![SecretText::new(opened.token.expose())];
        host.identity = vec![
            format!("Running with {NAME} {} ({})", env!("CARGO_PKG_VERSION"), settings.revision),
            format!("  on {} ({}, {})", settings.function, host.short_token, identity.system_id.as_str()),
            "Using the shell executor with bash, without containers".to_owned(),
        ];
        let client = Client::new(&settings.gitlab.client)?;
        let answer = match event {
            Event::Verify => {
                let verified = verify(&client, &identity, &settings.path, settings.requires_seal);
                serde_json::to_value(verified.await)?
            }
            Event::Poll { idle, platform } => {
                let idle = idle.unwrap_or(settings.idle);
                let platform = platform.unwrap_or(settings.platform);
                let polled = self.poll(&host, client, identity, opened, invocation, idle, platform);
                let (polled, ended) = Box::pin(polled).await;
                count(&polled);
                let left = invocation.deadline.saturating_duration_since(Instant::now());
                serde_json::to_value(Answer::of(polled, ended.jobs, left)?)?
            }
        };
        Ok(answer)
    }

    /// Waits until no event is being handled.
    pub async fn idle(&self) {
        drop(self.host.lock().await);
    }

    /// Reads the secret, and lets the function's log know what must not stand in it.
    async fn open(&self) -> Result<Opened, RunnerError> {
        let Parts { settings, clients, lookup, log, .. } = &self.parts;
        open(&settings.gitlab.secret_id, clients, *lookup, &settings.function, log).await
    }

    fn identity(&self, token: RunnerToken, arn: &str) -> Identity {
        // Without a version or an alias: those are the same runner.
        let arn: Vec<&str> = arn.split(':').take(7).collect();
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Identity {
            token,
            system_id: SystemId::of(&arn.join(":")),
            name: NAME.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: self.parts.settings.revision.clone(),
            architecture: architecture.to_owned(),
            more_features: MoreFeatures {
                cache: self.parts.settings.cache.is_some(),
                multi_build_steps: true,
            },
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is another part of one poll")]
    async fn poll(
        &self,
        host: &Host,
        client: Client,
        identity: Identity,
        opened: Opened,
        invocation: &Invocation,
        idle: Duration,
        platform: Platform,
    ) -> (Polled, Ended) {
        let Parts { settings, clients, tickets, lookup, now, .. } = &self.parts;
        let seal = TicketSeal::new(&opened.token, &settings.gitlab.url).map(Arc::new);
        let store = tickets.clone().zip(seal);
        let undertaker =
            store.clone().map(|(store, seal)| Undertaker { store, seal, client: client.clone(), now: *now });
        let tickets = store.map(|(store, seal)| Tickets::new(store, seal, invocation.deadline_at, *now));
        let cloud = AwsCloud::new(settings, clients, opened.secret, *lookup, platform, invocation.deadline);
        let coordinator = Ticketed { coordinator: GitLab::new(client, identity), tickets: tickets.as_ref() };
        let budget = Budget {
            deadline: Some(invocation.deadline),
            promised: settings.promised,
            reserve: settings.reserve,
            margin: settings.margin,
        };
        let wanted = PollSettings { idle: Some(idle), max_jobs: settings.max_jobs };
        // Those that are there before we have one of our own.
        let found = find(undertaker.as_ref()).await;
        let end = invocation.deadline.checked_sub(settings.margin).unwrap_or(invocation.deadline);
        let ending = async {
            match &undertaker {
                Some(undertaker) if !found.is_empty() => {
                    timeout_at(end, undertaker.end(found)).await.unwrap_or_default()
                }
                _ => Ended::default(),
            }
        };
        let polled = poll(host, &coordinator, &cloud, &budget, &wanted, &self.parts.stopping);
        let both = tokio::join!(polled, ending);
        if let Some(tickets) = &tickets {
            tickets.settle().await;
        }
        both
    }
}

/// Reads the secret with this name or ARN, and the runner's token in it, and lets the function's log know what must not
/// stand in it.
pub(crate) async fn open(
    secret_id: &str,
    clients: &AwsClients,
    lookup: Lookup,
    function: &str,
    log: &MaskedStdout,
) -> Result<Opened, RunnerError> {
    let secret = Secret::read(&clients.secrets, secret_id).await?;
    log.know(secret.values());
    let members = Members { secret: &secret, lookup, keys: &clients.keys, function };
    for name in TOKEN {
        if let Some(token) = members.get(name, None).await? {
            log.know([token.expose_secret()]);
            let token = runner_token(name, token.expose_secret().trim())?;
            return Ok(Opened { secret, token });
        }
    }
    Err(BadSecret::NoToken.into())
}

async fn find(undertaker: Option<&Undertaker<TableDocuments>>) -> Vec<String> {
    let Some(undertaker) = undertaker else { return Vec::new() };
    undertaker.find().await.unwrap_or_else(|error| {
        warn!(error = %Chain(&error), "the tickets of other functions cannot be looked at");
        Vec::new()
    })
}

fn count(polled: &Polled) {
    if !matches!(polled.stopped, Stopped::Refused(_) | Stopped::Unreachable(_)) {
        metric::count("Polls");
    }
    if polled.stopped == Stopped::Budget && polled.polls == 0 {
        metric::count("BudgetRefusals");
    }
    for job in &polled.jobs {
        let is_ours = matches!(job.outcome, Some(Outcome::Failed(Failure::System | Failure::Interrupted)));
        if is_ours || !job.is_delivered {
            metric::count("JobsFailedBySystem");
        }
        metric::duration("JobDuration", job.took);
        info!(
            gitlab.job = job.id,
            gitlab.project = job.project,
            duration_ms = runtask_log::milliseconds(job.took),
            "a job was run, and ended as {}",
            job.outcome.map_or("unwanted", Outcome::status)
        );
    }
    info!(polls = polled.polls, "no more jobs are asked for: {:?}", polled.stopped);
}
