//! The GitLab instance, and what we are to it.

use anyhow::Context;
use clap::Args;
use gitlab_runner_protocol::client::{Client, ClientSettings};
use gitlab_runner_protocol::{Identity, MoreFeatures, RunnerToken, SystemId};
use runtask_terminal::environment::lookup;
use std::path::PathBuf;

/// Which GitLab instance.
#[derive(Debug, Args)]
pub(crate) struct GitLabArguments {
    /// The instance's address, with its path where it has one
    #[arg(long, value_name = "URL", env = "GITLAB_URL", default_value = "https://gitlab.com", help_heading = GITLAB)]
    pub(crate) url: String,

    /// A PEM file with certificates to trust besides the public ones
    #[arg(long, value_name = "FILE", env = "RUNNER_CA_FILE", help_heading = GITLAB)]
    pub(crate) ca_file: Option<PathBuf>,

    /// Which of the runner's managers this is, in GitLab's list: the same name is the same manager; this host's id unless
    /// said
    #[arg(long, value_name = "NAME", env = "RUNNER_NAME", help_heading = GITLAB)]
    pub(crate) name: Option<String>,
}

const GITLAB: &str = "GitLab";

impl GitLabArguments {
    /// HTTP to the instance; opens no connection.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let mut settings = ClientSettings::new(&self.url);
        settings.use_proxies = true;
        settings.ca_bundle = self.certificates()?.map(String::into_bytes);
        Ok(Client::new(&settings)?)
    }

    /// The text of the certificates.
    pub(crate) fn certificates(&self) -> anyhow::Result<Option<String>> {
        let read = |it: &PathBuf| {
            std::fs::read_to_string(it)
                .with_context(|| format!("the CA file {} cannot be read", it.display()))
        };
        self.ca_file.as_ref().map(read).transpose()
    }

    /// What we say of ourselves with this token.
    pub(crate) fn identity(&self, token: RunnerToken) -> Identity {
        let name = self.name.clone().unwrap_or_else(host_name);
        Identity {
            token,
            system_id: SystemId::of(&name),
            name: "runtask-runner".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: "release".to_owned(),
            architecture: architecture().to_owned(),
            more_features: MoreFeatures { cache: false, multi_build_steps: true },
        }
    }
}

/// What stays the same on this host: its machine id, or its name.
fn host_name() -> String {
    let id = std::fs::read_to_string("/etc/machine-id").map(|it| it.trim().to_owned());
    match id {
        Ok(id) if !id.is_empty() => id,
        _ => rustix::system::uname().nodename().to_string_lossy().into_owned(),
    }
}

/// As Go names it, and GitLab shows it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The token of a person, from the environment.
pub(crate) fn personal_token() -> anyhow::Result<gitlab_runner_protocol::SecretText> {
    let token = lookup("GITLAB_TOKEN").filter(|it| !it.is_empty());
    let token = token.context(
        "GITLAB_TOKEN is not set: a personal access token with the scope create_runner, of somebody who may make runners there",
    )?;
    Ok(gitlab_runner_protocol::SecretText::new(token))
}
