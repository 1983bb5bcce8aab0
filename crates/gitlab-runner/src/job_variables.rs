//! Which variables a job has, and in which order they are set.

use crate::address::Address;
use crate::host::Host;
use crate::variables::{VariableList, Variables};
use crate::workspace::Workspace;
use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::job::{Job, Variable};
use std::collections::BTreeSet;
use std::time::Duration;

/// The shortest line of a secret that is masked by itself.
const MIN_LINE: usize = 6;

/// Endings of names whose values are no secrets, although they come with them.
const NO_SECRETS: [&str; 4] = ["REGION", "ZONE", "PROJECT", "ORGANIZATION"];

/// The variables of a job: ours, which it may override; its own; and a few that are facts.
#[must_use]
pub(crate) fn job_variables(job: &Job, host: &Host, workspace: &Workspace, limit: Duration) -> VariableList {
    let mut list = VariableList::default();
    list.set("CI_JOB_IMAGE", job.image.as_deref().unwrap_or_default());
    list.set("CI_RUNNER_SHORT_TOKEN", &*host.short_token);
    list.extend(host.variables.iter().cloned());
    list.set("CI_BUILDS_DIR", host.builds.to_string_lossy());
    list.set("CI_PROJECT_DIR", workspace.project.to_string_lossy());
    list.set("CI_CONCURRENT_ID", "0");
    list.set("CI_CONCURRENT_PROJECT_ID", "0");
    list.set("CI_SERVER", "yes");
    list.set("CI_JOB_STATUS", "running");
    list.set("CI_JOB_TIMEOUT", limit.as_secs().to_string());
    if let Some(certificates) = &host.certificates {
        list.extend([Variable {
            key: "CI_SERVER_TLS_CA_FILE".to_owned(),
            value: SecretText::new(certificates.as_str()),
            public: true,
            masked: false,
            file: true,
            raw: true,
        }]);
    }
    list.extend(job.variables.iter().cloned());
    list.set("CI_SHARED_ENVIRONMENT", "true");
    list.set("CI_RUNNER_VERSION", &*host.version);
    list.set("CI_RUNNER_REVISION", &*host.revision);
    // As Go names them, and so GitLab's runner.
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    list.set("CI_RUNNER_EXECUTABLE_ARCH", format!("{}/{architecture}", std::env::consts::OS));
    list.set("RUNNER_TEMP_PROJECT_DIR", workspace.private.to_string_lossy());
    list.set("GITLAB_ENV", workspace.handed_on_path().to_string_lossy());
    list
}

/// Texts that must not appear in the job's log.
#[must_use]
pub(crate) fn secrets(job: &Job, host: &Host, variables: &Variables) -> Vec<SecretText> {
    let mut texts: Vec<&str> = Vec::new();
    let masked = variables.iter().filter(|(_, it)| it.masked);
    texts.extend(masked.map(|(_, it)| it.value.expose()));
    texts.push(job.token.expose());
    texts.extend(job.dependencies.iter().map(|it| it.token.expose()));
    texts.extend(job.credentials.iter().map(|it| it.password.expose()));
    let address = Address::parse(job.git_info.repo_url.expose());
    if let Some(address) = &address {
        texts.extend(address.user().split_once(':').map(|(_, token)| token));
        texts.push(address.user());
    }
    texts.extend(host.secrets.iter().map(SecretText::expose));
    distinct(texts)
}

/// Texts that credentials bring: each value, and each of its lines.
#[must_use]
pub(crate) fn credential_secrets(credentials: &[Variable]) -> Vec<SecretText> {
    let secret = credentials.iter().filter(|it| !NO_SECRETS.iter().any(|end| it.key.ends_with(end)));
    let values: Vec<&str> = secret.map(|it| it.value.expose()).collect();
    let lines = values.iter().flat_map(|it| it.lines()).filter(|it| it.trim().len() >= MIN_LINE);
    distinct(values.iter().copied().chain(lines))
}

fn distinct<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<SecretText> {
    let texts: BTreeSet<&str> = texts.into_iter().map(str::trim).filter(|it| !it.is_empty()).collect();
    texts.into_iter().map(SecretText::new).collect()
}
