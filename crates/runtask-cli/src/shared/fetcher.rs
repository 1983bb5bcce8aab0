//! Fetches sources: asks which state they are in, and gets one state of them.

use super::git::Git;
use super::oci::{Credentials, Oci};
use super::programs::{Deadline, MORE_TIME};
use super::s3::Object;
use anyhow::{Context, bail};
use runtask_client::ClientSettings;
use runtask_settings::SettingsReader;
use runtask_settings::numbers::FETCH_TIMEOUT;
use runtask_setup::client_settings;
use runtask_sources::{Content, Location, Revision, Source};
use runtask_terminal::environment::lookup;
use std::time::Duration;
use tokio::time::timeout;

/// Whoever fetches.
#[derive(Debug)]
pub(crate) struct Fetcher {
    /// For one source, whatever has to be done for it.
    limit: Duration,
    client: ClientSettings,
    credentials: Option<Credentials>,
}

impl Fetcher {
    /// As the environment says.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut settings = SettingsReader::new(&lookup);
        let fetcher = Self {
            limit: settings.milliseconds(&FETCH_TIMEOUT),
            client: client_settings(&mut settings),
            credentials: Credentials::read(&mut settings),
        };
        settings.finish().context("settings are wrong")?;
        Ok(fetcher)
    }

    /// Which state a source is in now.
    ///
    /// # Errors
    ///
    /// When nobody says.
    pub(crate) async fn resolve(&self, source: &Source) -> anyhow::Result<Revision> {
        let deadline = Deadline::after(self.limit);
        let resolving = async {
            match source.location() {
                Location::Git { url, reference } => {
                    Git { url, directory: source.directory(), deadline }.resolve(reference.as_deref()).await
                }
                Location::Oci { registry, repository, reference } => {
                    self.oci(registry, repository, source)?.resolve(reference).await
                }
                Location::S3 { bucket, key } => Object { bucket, key, deadline }.resolve().await,
            }
        };
        self.in_time(resolving).await.with_context(|| format!("{source} cannot be asked"))
    }

    /// What a source holds in this state.
    ///
    /// # Errors
    ///
    /// When nobody has it (any more), or it is not what a source may hold.
    pub(crate) async fn fetch(&self, source: &Source, revision: &Revision) -> anyhow::Result<Content> {
        let deadline = Deadline::after(self.limit);
        let fetching = async {
            let content = match (source.location(), revision) {
                (Location::Git { url, .. }, Revision::Commit(commit)) => {
                    Git { url, directory: source.directory(), deadline }.fetch(commit).await?
                }
                (Location::Oci { registry, repository, .. }, Revision::Manifest(digest)) => {
                    self.oci(registry, repository, source)?.fetch(*digest).await?
                }
                (Location::S3 { bucket, key }, Revision::Version(_) | Revision::Etag(_)) => {
                    Object { bucket, key, deadline }.fetch(revision, source.directory()).await?
                }
                _ => bail!("{revision} is no revision of such a source"),
            };
            content.finish().context("what was fetched")
        };
        self.in_time(fetching).await.with_context(|| format!("{source} cannot be fetched at {revision}"))
    }

    fn oci<'a>(
        &'a self,
        registry: &'a str,
        repository: &'a str,
        source: &'a Source,
    ) -> anyhow::Result<Oci<'a>> {
        let credentials = self.credentials.as_ref().filter(|it| it.registry.eq_ignore_ascii_case(registry));
        Oci::new(registry, repository, source.directory(), &self.client, credentials)
    }

    async fn in_time<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        match timeout(self.limit, work).await {
            Ok(done) => done,
            Err(_elapsed) => bail!("it took longer than {} s; {MORE_TIME}", self.limit.as_secs_f64()),
        }
    }
}
