//! Where the runner's token is kept: a secret of Secrets Manager, or a file that nobody else can read. Both hold the same, one
//! flat JSON object of texts, as the runner function reads it.

use crate::aws::AwsArguments;
use anyhow::{Context, anyhow, bail, ensure};
use clap::Args;
use gitlab_runner_protocol::RunnerToken;
use runtask_aws::{SecretError, Secrets};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::NamedTempFile;

/// How long Secrets Manager may take.
const LIMIT: Duration = Duration::from_secs(30);
/// The largest file, in bytes; a secret is not larger either.
const LARGEST: u64 = 64 * 1024;

/// The member with the token.
pub(crate) const TOKEN: &str = "GITLAB_RUNNER_TOKEN";
/// The member in which lambda-gitlab-runner-for-terraform kept a token.
const OLD_TOKEN: &str = "GITLAB_RUNNER_REGISTRATION_TOKEN";
/// The member with the number of the runner, where `register` has made it.
pub(crate) const RUNNER_ID: &str = "GITLAB_RUNNER_ID";

/// Where the runner's token is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct PlaceArguments {
    /// The secret of Secrets Manager, by name or ARN; it has to exist
    #[arg(long, value_name = "ID", help_heading = PLACE)]
    pub(crate) secret: Option<String>,

    /// A file that only you can read; it is made where it is missing
    #[arg(long, value_name = "FILE", help_heading = PLACE)]
    pub(crate) credentials: Option<PathBuf>,
}

const PLACE: &str = "Where the runner's token is kept";

/// What is kept.
#[derive(Debug, Default)]
pub(crate) struct Credentials(BTreeMap<String, SecretString>);

/// A place for them.
#[derive(Debug)]
pub(crate) enum Place {
    Secret { secrets: Secrets, id: String },
    File(PathBuf),
}

impl PlaceArguments {
    pub(crate) async fn place(&self, aws: &AwsArguments) -> anyhow::Result<Place> {
        match (&self.secret, &self.credentials) {
            (_, Some(file)) => Ok(Place::File(file.clone())),
            (Some(id), None) => {
                let secrets = Secrets::new(&aws.config(id).await?, LIMIT);
                Ok(Place::Secret { secrets, id: id.clone() })
            }
            (None, None) => bail!("give --secret or --credentials"),
        }
    }
}

impl Place {
    /// For people.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Secret { id, .. } => format!("the secret {id}"),
            Self::File(path) => format!("the file {}", path.display()),
        }
    }

    /// What is kept there; nothing where there is nothing yet.
    pub(crate) async fn read(&self) -> anyhow::Result<Credentials> {
        let text = match self {
            Self::Secret { secrets, id } => match secrets.read(id).await {
                Ok(text) => text,
                // It may have no value yet; where it does not exist, writing will say so.
                Err(SecretError::NotFound) => return Ok(Credentials::default()),
                Err(error) => return Err(error).context(self.words()),
            },
            Self::File(path) => match read_file(path)? {
                Some(text) => text,
                None => return Ok(Credentials::default()),
            },
        };
        if text.expose_secret().trim().is_empty() {
            return Ok(Credentials::default());
        }
        let members: BTreeMap<String, SecretString> = serde_json::from_str(text.expose_secret())
            .map_err(|_it_quotes| anyhow!("{} is no JSON object of texts", self.words()))?;
        Ok(Credentials(members))
    }

    /// Keeps `credentials` there, in the place of what was there.
    pub(crate) async fn write(&self, credentials: &Credentials) -> anyhow::Result<()> {
        let members: BTreeMap<&str, &str> =
            credentials.0.iter().map(|(name, it)| (name.as_str(), it.expose_secret())).collect();
        let text = SecretString::from(serde_json::to_string_pretty(&members)? + "\n");
        match self {
            Self::Secret { secrets, id } => secrets.write(id, &text).await.with_context(|| self.words()),
            Self::File(path) => write_file(path, &text).with_context(|| self.words()),
        }
    }
}

impl Credentials {
    /// The runner's token, where there is one.
    pub(crate) fn token(&self) -> anyhow::Result<Option<RunnerToken>> {
        if let Some(token) = self.text(TOKEN) {
            return Ok(Some(RunnerToken::new(token)));
        }
        match self.text(OLD_TOKEN) {
            Some(token) if token.starts_with("glrt-") => Ok(Some(RunnerToken::new(token))),
            Some(_) => bail!(
                "{OLD_TOKEN} holds a registration token, which makes runners and is none: `runtask runner register` makes \
                 one, once, and keeps its token"
            ),
            None => Ok(None),
        }
    }

    /// A member that says something.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret).filter(|it| !it.is_empty())
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), SecretString::from(value));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}

/// A file that only its owner can read; nothing where there is none.
fn read_file(path: &Path) -> anyhow::Result<Option<SecretString>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    let mode = file.metadata()?.mode();
    ensure!(mode & 0o077 == 0, "others can read {0}: chmod 600 {0}", path.display());
    let mut text = String::new();
    let bytes = file.take(LARGEST + 1).read_to_string(&mut text)?;
    ensure!(bytes as u64 <= LARGEST, "{} is larger than {LARGEST} bytes", path.display());
    Ok(Some(text.into()))
}

/// Writes it beside, and moves it there: nobody reads the half of it.
fn write_file(path: &Path, text: &SecretString) -> anyhow::Result<()> {
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(directory)?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(text.expose_secret().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
