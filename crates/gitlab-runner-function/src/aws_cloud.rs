//! AWS, as jobs have it: credentials by role or from the secret, caches and lost states in S3.

use crate::credentials::{fit, members_for, of_id_token, of_members, of_session, session_name};
use crate::event::Platform;
use crate::opened::Members;
use crate::s3_uri::S3Uri;
use crate::secret::Secret;
use crate::settings::{CredentialsOn, RunnerSettings};
use gitlab_runner::{Cloud, brings_credentials, is_protected};
use gitlab_runner_protocol::job::{Job, Variable};
use runtask_aws::{Assume, Keys, Lookup, ObjectFiles, Secrets, Sessions};
use runtask_log::Chain;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a secret is kept that was read.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// AWS during one invocation.
#[derive(Debug)]
pub struct AwsCloud<'a> {
    settings: &'a RunnerSettings,
    lookup: Lookup,
    platform: Platform,
    /// When the invocation ends.
    deadline: Instant,
    clients: &'a AwsClients,
    /// The secret, and when it was read.
    secret: Mutex<(Instant, Arc<Secret>)>,
}

/// What calls AWS.
#[derive(Debug)]
pub struct AwsClients {
    /// Reads the secret.
    pub secrets: Secrets,
    /// Decrypts.
    pub keys: Keys,
    /// Takes on roles.
    pub sessions: Sessions,
    /// Caches and states.
    pub objects: ObjectFiles,
}

impl<'a> AwsCloud<'a> {
    /// For an invocation that ends then, with the secret that was just read.
    #[must_use]
    pub fn new(
        settings: &'a RunnerSettings,
        clients: &'a AwsClients,
        secret: Secret,
        lookup: Lookup,
        platform: Platform,
        deadline: Instant,
    ) -> Self {
        let secret = Mutex::new((Instant::now(), Arc::new(secret)));
        Self { settings, lookup, platform, deadline, clients, secret }
    }

    async fn secret(&self) -> Result<Arc<Secret>, String> {
        let mut kept = self.secret.lock().await;
        if kept.0.elapsed() > FRESH {
            let read = Secret::read(&self.clients.secrets, &self.settings.gitlab.secret_id).await;
            *kept = (Instant::now(), Arc::new(read.map_err(|error| Chain(&error).to_string())?));
        }
        Ok(Arc::clone(&kept.1))
    }

    /// The credentials of a role.
    async fn of_role(&self, job: &Job, role: &str) -> Result<Vec<Variable>, String> {
        let id = job.id.to_string();
        let wanted = Assume {
            role,
            session: &session_name(job),
            external_id: self.settings.external_id.as_deref(),
            tags: &[
                ("project", &job.job_info.project_full_path),
                ("ref", &job.git_info.reference),
                ("job", &id),
            ],
            duration: self.deadline.saturating_duration_since(Instant::now()),
        };
        let session = self.clients.sessions.assume(&wanted).await;
        session.map(|it| of_session(&it)).map_err(|error| error.to_string())
    }

    /// What of the secret is for jobs: for their cloud, unless they have a role for it, and what the settings name.
    async fn of_secret(&self, job: &Job, has_role: bool) -> Result<Vec<Variable>, String> {
        let secret = self.secret().await?;
        let (lookup, function) = (self.lookup, self.settings.function.as_str());
        let members = Members { secret: &secret, lookup, keys: &self.clients.keys, function };
        let for_cloud = if has_role { Vec::new() } else { members_for(self.platform) };
        let named = self.settings.secret_keys.iter().map(String::as_str);
        let mut found = Vec::new();
        for name in for_cloud.into_iter().chain(named) {
            let value = members.get(name, Some(&job.job_info.project_full_path)).await;
            let value = value.map_err(|error| Chain(&error).to_string())?;
            found.extend(value.map(|it| (name.to_owned(), it)));
        }
        Ok(of_members(&found, self.platform))
    }

    fn place(place: Option<&S3Uri>) -> Result<&S3Uri, String> {
        place.ok_or_else(|| "there is no place for it".to_owned())
    }
}

impl Cloud for AwsCloud<'_> {
    async fn credentials(&self, job: &Job, role: Option<&str>) -> Result<Vec<Variable>, String> {
        if brings_credentials(job) {
            return Ok(Vec::new());
        }
        let mut given = self.settings.id_token.as_deref().map_or_else(Vec::new, |it| of_id_token(job, it));
        let has_role = !given.is_empty() || role.is_some();
        if let Some(role) = role.filter(|_| given.is_empty()) {
            given = self.of_role(job, role).await?;
        }
        if self.settings.credentials_on == CredentialsOn::All || is_protected(job) {
            given.extend(self.of_secret(job, has_role).await?);
        }
        let region = match self.platform {
            Platform::Aws => self.settings.region.clone(),
            Platform::Scaleway => {
                let own = given.iter().find(|it| it.key == "SCW_DEFAULT_REGION");
                own.map(|it| it.value.expose().to_owned())
            }
        };
        fit(&mut given, job, region.as_deref());
        Ok(given)
    }

    fn has_caches(&self) -> bool {
        self.settings.cache.is_some()
    }

    async fn fetch_cache(&self, name: &str, into: &mut File, _end: Instant) -> Result<bool, String> {
        let place = Self::place(self.settings.cache.as_ref())?;
        let fetched = self.clients.objects.fetch(&place.bucket, &place.key(name), into).await;
        fetched.map_err(|error| error.to_string())
    }

    async fn keep_cache(&self, name: &str, file: File, bytes: u64, _end: Instant) -> Result<(), String> {
        let place = Self::place(self.settings.cache.as_ref())?;
        let kept = self.clients.objects.keep(&place.bucket, &place.key(name), file, bytes).await;
        kept.map_err(|error| error.to_string())
    }

    async fn rescue(&self, job: &Job, state: File, _end: Instant) -> Result<Option<String>, String> {
        let Some(place) = &self.settings.rescue else { return Ok(None) };
        let name = format!("{}/{}/errored.tfstate", job.job_info.project_full_path, job.id);
        let bytes = state.metadata().map_err(|error| error.to_string())?.len();
        let kept = self.clients.objects.keep(&place.bucket, &place.key(&name), state, bytes).await;
        kept.map(|()| Some(format!("{place}{name}"))).map_err(|error| error.to_string())
    }
}
