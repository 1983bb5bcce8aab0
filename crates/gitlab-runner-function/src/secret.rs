//! The secret: a flat JSON object of texts, with the runner's token and what jobs are given.

use gitlab_runner_protocol::RunnerToken;
use runtask_aws::{SecretError, Secrets};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// Where the runner's token is, and where the system that this one replaces has it.
pub(crate) const TOKEN: [&str; 2] = ["GITLAB_RUNNER_TOKEN", "GITLAB_RUNNER_REGISTRATION_TOKEN"];

/// What a registration token begins with, unless it is older than that.
///
/// Source: GitLab, "Token overview".
const REGISTRATION: &str = "GR1348941";

/// The members of a secret.
#[derive(Debug, Clone, Default)]
pub struct Secret(BTreeMap<String, SecretString>);

/// A secret that cannot be used. Nothing of it is in here but names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadSecret {
    /// It could not be read.
    #[error("the secret that RUNNER_SECRET_ID names cannot be had")]
    NotRead(#[from] SecretError),
    /// It is something else.
    #[error("the secret is no JSON object of texts")]
    Form,
    /// A member is something else.
    #[error("the secret's member {0} is no text")]
    Member(String),
    /// It has no token.
    #[error("the secret has no GITLAB_RUNNER_TOKEN: put the runner's authentication token (glrt-…) there")]
    NoToken,
    /// It has a token of the kind that GitLab gives up.
    #[error(
        "the secret has a registration token, which GitLab gives up: make a runner, and put its authentication token \
         (glrt-…) into GITLAB_RUNNER_TOKEN. `runtask runner register` does both"
    )]
    RegistrationToken,
}

impl Secret {
    /// Reads the secret with this name or ARN.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is something else.
    pub async fn read(secrets: &Secrets, id: &str) -> Result<Self, BadSecret> {
        Self::parse(secrets.read(id).await?.expose_secret())
    }

    /// Reads the text of a secret.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let members: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(text).map_err(|_tells_of_its_content| BadSecret::Form)?;
        let members = members.into_iter().map(|(name, value)| match value {
            serde_json::Value::String(text) => Ok((name, SecretString::from(text))),
            _ => Err(BadSecret::Member(name)),
        });
        members.collect::<Result<_, _>>().map(Self)
    }

    /// What a member holds, unless that is nothing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|it| it.expose_secret().trim()).filter(|it| !it.is_empty())
    }

    /// All that members hold.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|it| it.expose_secret())
    }
}

/// The token that stands under one of the names of [`TOKEN`].
///
/// # Errors
///
/// When it is of the kind that GitLab gives up.
pub(crate) fn runner_token(name: &str, token: &str) -> Result<RunnerToken, BadSecret> {
    let has_old_name = name == TOKEN[1];
    if token.starts_with(REGISTRATION) || (has_old_name && !token.starts_with("glrt-")) {
        return Err(BadSecret::RegistrationToken);
    }
    Ok(RunnerToken::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_token_is_refused_under_both_names() {
        for (name, token, is_good) in [
            (TOKEN[0], "glrt-new", true),
            (TOKEN[0], "own-prefix", true),
            (TOKEN[1], "glrt-old", true),
            (TOKEN[1], "hunter2", false),
            (TOKEN[0], "GR1348941hunter2", false),
        ] {
            let read = runner_token(name, token).map(|it| it.expose().to_owned());
            assert_eq!(read.as_deref().ok(), is_good.then_some(token), "{name} {token}");
            assert!(!read.is_err_and(|error| error.to_string().contains("hunter2")));
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_without_a_value() {
        for (secret, said) in [
            ("hunter2", "the secret is no JSON object of texts"),
            (r#"["hunter2"]"#, "the secret is no JSON object of texts"),
            (r#"{"A":{"b":"hunter2"}}"#, "the secret's member A is no text"),
        ] {
            assert_eq!(Secret::parse(secret).unwrap_err().to_string(), said);
        }
        let secret = Secret::parse(r#"{"A":" value\n","B":" "}"#).unwrap();
        assert_eq!((secret.get("A"), secret.get("B"), secret.get("C")), (Some("value"), None, None));
        assert!(!format!("{:?}", Secret::parse(r#"{"A":"hunter2"}"#)).contains("hunter2"));
    }
}
