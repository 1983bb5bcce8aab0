//! Takes on roles: credentials of STS.

use crate::sdk::{account, retries, within};
use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_sts::types::Tag;
use aws_types::SdkConfig;
use secrecy::SecretString;
use std::time::Duration;

/// What a role may be held for, in seconds, when it is taken on by another role.
///
/// Source: AWS IAM user guide, "Methods to assume a role", role chaining.
const SECONDS: std::ops::RangeInclusive<u64> = 900..=3600;

/// The longest value of a session tag, in characters.
///
/// Source: AWS STS API reference, `Tag`.
const MAX_TAG: usize = 256;

/// Takes on roles.
#[derive(Debug, Clone)]
pub struct Sessions(Client);

/// A role that is to be taken on, and by what name.
#[derive(Debug, Clone)]
pub struct Assume<'a> {
    /// The role's ARN.
    pub role: &'a str,
    /// The name of the session, as CloudTrail has it.
    pub session: &'a str,
    /// What the role's trust wants besides, if anything.
    pub external_id: Option<&'a str>,
    /// Session tags, which the role's policies may look at. Characters that a tag cannot have are replaced.
    pub tags: &'a [(&'a str, &'a str)],
    /// How long it is needed; it lasts at least 15 minutes, and an hour at most.
    pub duration: Duration,
}

/// Credentials of a role.
#[derive(Debug, Clone)]
pub struct Session {
    /// The id of the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: SecretString,
    /// AWS takes the key only with this, and as long as this is good.
    pub session_token: SecretString,
}

/// A role that could not be taken on, with the service's account of it.
#[derive(Debug, thiserror::Error)]
#[error("the role could not be taken on: {0}")]
pub struct AssumeError(String);

impl Sessions {
    /// `budget` is the time for all attempts of one call together.
    #[must_use]
    pub fn new(config: &SdkConfig, budget: Duration) -> Self {
        let partition = RetryPartition::custom("sessions").token_bucket(TokenBucket::unlimited()).build();
        let config = aws_sdk_sts::config::Builder::from(config)
            .retry_config(retries(5))
            .retry_partition(partition)
            .timeout_config(within(budget, budget / 2));
        Self(Client::from_conf(config.build()))
    }

    /// Takes on a role.
    ///
    /// # Errors
    ///
    /// When STS does not let us.
    pub async fn assume(&self, wanted: &Assume<'_>) -> Result<Session, AssumeError> {
        let seconds = wanted.duration.as_secs().clamp(*SECONDS.start(), *SECONDS.end());
        let mut request = self
            .0
            .assume_role()
            .role_arn(wanted.role)
            .role_session_name(wanted.session)
            .set_external_id(wanted.external_id.map(str::to_owned))
            .duration_seconds(i32::try_from(seconds).unwrap_or(i32::MAX));
        for (key, value) in wanted.tags {
            let tag = Tag::builder().key(*key).value(tag_value(value)).build();
            request = request.tags(tag.map_err(|error| AssumeError(error.to_string()))?);
        }
        let answer = request.send().await.map_err(|error| AssumeError(account(&error)))?;
        let given = answer.credentials.ok_or_else(|| AssumeError("an empty answer".to_owned()))?;
        Ok(Session {
            access_key_id: given.access_key_id,
            secret_access_key: given.secret_access_key.into(),
            session_token: given.session_token.into(),
        })
    }
}

/// A text as a tag can have it.
fn tag_value(text: &str) -> String {
    let is_allowed = |it: char| it.is_alphanumeric() || it == ' ' || "_.:/=+-@".contains(it);
    text.chars().map(|it| if is_allowed(it) { it } else { '_' }).take(MAX_TAG).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_only_what_a_tag_can_have() {
        assert_eq!(tag_value("infra/network:prod"), "infra/network:prod");
        assert_eq!(tag_value("feature/#12 (draft)\n"), "feature/_12 _draft__");
        assert_eq!(tag_value(&"é".repeat(300)).chars().count(), MAX_TAG);
    }
}
