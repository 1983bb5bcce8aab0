//! What a runner says of itself.
//!
//! Source: GitLab Runner, `common/network.go`; GitLab, `lib/api/ci/runner.rb`.

use crate::secret::RunnerToken;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What is announced. GitLab drops a job that needs a feature of a runner which did not announce it; and one that is
/// announced and missing breaks jobs. So nothing is here that this crate and the engine on top of it do not do.
const FEATURES: [&str; 14] = [
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

/// Features that an engine may have besides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MoreFeatures {
    /// `cache` and `fallback_cache_keys`.
    pub cache: bool,
    /// `multi_build_steps`: every step of a job is run, `release` too.
    pub multi_build_steps: bool,
}

/// Which runner manager it is: GitLab makes one for each id that it sees, so it has to stay the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemId(String);

impl SystemId {
    /// The id of what `name` names: a function's ARN, or a host's machine id.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let hash = hex::encode(Sha256::digest(name.as_bytes()));
        Self(format!("s_{}", hash.get(..12).unwrap_or_default()))
    }

    /// `s_` and twelve hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A runner, as it presents itself.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its token.
    pub token: RunnerToken,
    /// Which manager it is.
    pub system_id: SystemId,
    /// The program's name.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// The program's revision.
    pub revision: String,
    /// `amd64` or `arm64`, as Go names them.
    pub architecture: String,
    /// What it can do besides.
    pub more_features: MoreFeatures,
}

impl Identity {
    /// The member `info` of a request. The first contact of a manager must carry all of it: GitLab looks at it again only
    /// after most of an hour.
    pub(crate) fn info(&self) -> Value {
        let MoreFeatures { cache, multi_build_steps } = self.more_features;
        let more =
            [("cache", cache), ("fallback_cache_keys", cache), ("multi_build_steps", multi_build_steps)];
        let features =
            FEATURES.into_iter().map(|it| (it, true)).chain(more.into_iter().filter(|(_, has)| *has));
        let features: serde_json::Map<String, Value> =
            features.map(|(name, has)| (name.to_owned(), has.into())).collect();
        json!({
            "name": self.name,
            "version": self.version,
            "revision": self.revision,
            "platform": "linux",
            "architecture": self.architecture,
            "executor": "shell",
            "shell": "bash",
            "config": {"gpus": ""},
            "features": features,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// G-42: what is announced is what there is.
    #[test]
    fn what_a_runner_says_of_itself_is_what_the_recorded_exchange_has() {
        let exchange: Value =
            serde_json::from_str(include_str!("../tests/fixtures/exchange-plan-success.json")).unwrap();
        let runner = Identity {
            token: RunnerToken::new("glrt-EXAMPLE"),
            system_id: SystemId::of("test"),
            name: "example-runner".into(),
            version: "0.1.0".into(),
            revision: "HEAD".into(),
            architecture: "amd64".into(),
            more_features: MoreFeatures::default(),
        };
        assert_eq!(runner.info(), exchange["exchanges"][0]["request"]["body"]["info"]);
        let more = MoreFeatures { cache: true, multi_build_steps: true };
        let info = Identity { more_features: more, ..runner }.info();
        assert_eq!(info["features"].as_object().unwrap().len(), FEATURES.len() + 3);
    }

    #[test]
    fn a_system_id_has_its_shape_and_stays_the_same() {
        let id = SystemId::of("arn:aws:lambda:eu-west-3:123456789012:function:runner");
        assert_eq!(id.as_str().len(), 14);
        assert!(id.as_str().starts_with("s_"));
        assert_eq!(id, SystemId::of("arn:aws:lambda:eu-west-3:123456789012:function:runner"));
        assert_ne!(id, SystemId::of("another"));
    }
}
