//! Sees whether everything is as it has to be, for whoever sets the runner up.

use gitlab_runner_protocol::Identity;
use gitlab_runner_protocol::client::Client;
use runtask_log::Chain;
use runtask_process::{Program, find_program, is_hidden_from_others};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Programs that jobs use, and how they are asked for their version. Only the first two have to be there.
const TOOLS: [(&str, &[&str]); 6] = [
    ("bash", &["--version"]),
    ("git", &["--version"]),
    ("terraform", &["version"]),
    ("tofu", &["version"]),
    ("unzip", &["-v"]),
    ("jq", &["--version"]),
];

/// How many of them a runner cannot do without.
const NEEDED: usize = 2;

/// How long a program may take to say its version: terraform is large, and the disk is cold.
const TOOL_LIMIT: Duration = Duration::from_secs(20);

/// How long GitLab may take.
const GITLAB_LIMIT: Duration = Duration::from_secs(20);

/// The answer.
#[derive(Debug, Serialize)]
pub struct Verified {
    #[serde(rename = "statusCode")]
    status_code: u16,
    /// The runner's number in GitLab.
    runner: Option<u64>,
    /// When its token expires; `None` if it does not, or that is not known.
    token_expires_at: Option<String>,
    system_id: String,
    /// Whether jobs are kept from reading our memory and environment.
    sealed: bool,
    /// Whether they are kept from reading the environment of the first process.
    init_sealed: bool,
    /// The first line that each program says of itself.
    tools: BTreeMap<&'static str, Option<String>>,
    /// What has to be mended.
    problems: Vec<String>,
}

/// Whether jobs are kept from reading our memory and environment, and the first process's environment.
#[must_use]
pub(crate) fn seals() -> (bool, bool) {
    (is_hidden_from_others(), std::fs::read("/proc/1/environ").is_err())
}

/// Asks GitLab and the programs. `path` is written as `PATH` is.
pub async fn verify(client: &Client, identity: &Identity, path: &str, requires_seal: bool) -> Verified {
    let mut problems = Vec::new();
    let registered = client.verify(identity, Instant::now() + GITLAB_LIMIT).await;
    let registered = registered.inspect_err(|error| problems.push(Chain(error).to_string())).ok();
    let mut tools = BTreeMap::new();
    for (index, (name, arguments)) in TOOLS.into_iter().enumerate() {
        let said = first_line(name, arguments, path).await;
        if said.is_none() && index < NEEDED {
            problems.push(format!("there is no {name}"));
        }
        tools.insert(name, said);
    }
    if tools.get("terraform").is_none_or(Option::is_none) && tools.get("tofu").is_none_or(Option::is_none) {
        problems.push("there is neither terraform nor tofu".to_owned());
    }
    let (sealed, init_sealed) = seals();
    if requires_seal && !sealed {
        problems
            .push("jobs can read the memory of the runner: RUNNER_REQUIRE_SEAL lets it run none".to_owned());
    }
    let token_expires_at = registered.as_ref().and_then(|it| it.token_expires_at.clone());
    Verified {
        status_code: if problems.is_empty() { 200 } else { 500 },
        runner: registered.map(|it| it.id),
        token_expires_at,
        system_id: identity.system_id.as_str().to_owned(),
        sealed,
        init_sealed,
        tools,
        problems,
    }
}

async fn first_line(name: &str, arguments: &[&str], path: &str) -> Option<String> {
    const MOST: u64 = 64 * 1024;
    let program =
        Program::new(find_program(name, path)?).arguments(arguments).variable("CHECKPOINT_DISABLE", "1");
    let finished = program.run(Instant::now() + TOOL_LIMIT, TOOL_LIMIT, MOST).await.ok()?;
    let line = String::from_utf8_lossy(&finished.stdout).lines().next()?.trim().to_owned();
    (finished.code == 0).then_some(line)
}
