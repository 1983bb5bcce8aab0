//! The runner's own calls: what it says of itself must be whole and stay the same.

use crate::call::{Call, Reply};
use crate::json::{at, text_at};
use serde_json::{Value, json};

/// What a runner of Terraform jobs needs to announce to be given them.
pub(crate) const FEATURES: [&str; 14] = [
    "variables",
    "raw_variables",
    "artifacts",
    "artifacts_exclude",
    "upload_multiple_artifacts",
    "upload_raw_artifacts",
    "refspecs",
    "masking",
    "return_exit_code",
    "trace_reset",
    "trace_checksum",
    "trace_size",
    "cancelable",
    "cancel_gracefully",
];
/// What it must not announce: GitLab would hand out jobs, or expect steps, that it does not know.
const NOT_FEATURES: [&str; 11] = [
    "image",
    "services",
    "session",
    "terminal",
    "proxy",
    "shared",
    "vault_secrets",
    "native_steps_integration",
    "job_inputs",
    "two_phase_job_commit",
    "service_variables",
];
const INFO: [&str; 8] =
    ["name", "version", "revision", "platform", "architecture", "executor", "shell", "config"];

/// What the instance knows of the one runner.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) token: String,
    system_id: Option<String>,
    /// Whether whoever calls has made it: only then may it be deleted.
    pub(crate) is_made_by_caller: bool,
    pub(crate) managers_removed: u32,
}

impl Runner {
    pub(crate) fn new(token: String) -> Self {
        Self { token, system_id: None, is_made_by_caller: false, managers_removed: 0 }
    }

    /// What holds for every call with the runner's token; an answer where there is nothing more to say.
    pub(crate) fn admit(&mut self, call: &Call, violations: &mut Vec<String>) -> Option<Reply> {
        let name = call.name();
        let body = call.json();
        if call.headers.contains_key("job-token") || call.headers.contains_key("private-token") {
            violations.push(format!("{name} carries a token that is not the runner's"));
        }
        if !call.is_json() {
            violations.push(format!("{name} comes without `Content-Type: application/json`"));
        }
        let (header, inside) = (call.header("runner-token"), text_at(&body, "/token"));
        if header.is_none() || header != inside {
            violations.push(format!("{name} does not carry the runner's token in header and body"));
        }
        if inside != Some(&self.token) {
            return Some(Reply::message(403, "403 Forbidden"));
        }
        let system_id = text_at(&body, "/system_id").unwrap_or_default();
        let random =
            system_id.strip_prefix("s_").or_else(|| system_id.strip_prefix("r_")).unwrap_or_default();
        if random.len() != 12 || !random.bytes().all(|it| it.is_ascii_alphanumeric()) {
            violations.push(format!("{name} has a system_id of the wrong shape"));
        }
        match &self.system_id {
            None => {
                self.system_id = Some(system_id.to_owned());
                judge_info(at(&body, "/info"), &name, violations);
            }
            Some(known) if known != system_id => violations.push(format!("{name} has another system_id")),
            Some(_) if call.path.ends_with("/request") => judge_info(at(&body, "/info"), &name, violations),
            Some(_) => {}
        }
        None
    }
}

fn judge_info(info: &Value, name: &str, violations: &mut Vec<String>) {
    for member in INFO {
        if info.get(member).is_none_or(|it| it.is_null() || it == "") {
            violations.push(format!("{name} lacks info.{member}"));
        }
    }
    if text_at(info, "/executor") != Some("shell") || text_at(info, "/shell") != Some("bash") {
        violations.push(format!("{name} names another executor or shell than shell and bash"));
    }
    let announces = |feature| at(info, "/features").get(feature).is_some_and(|it| it == true);
    for feature in FEATURES {
        if !announces(feature) {
            violations.push(format!("{name} lacks info.features.{feature}"));
        }
    }
    for feature in NOT_FEATURES {
        if announces(feature) {
            violations.push(format!("{name} announces {feature}"));
        }
    }
}

/// The answer to a good `POST /runners/verify`.
pub(crate) fn verified(token: &str) -> Reply {
    Reply::json(200, &json!({"id": 77, "token": token, "token_expires_at": null}))
}
