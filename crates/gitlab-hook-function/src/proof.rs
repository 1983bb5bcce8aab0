//! Who sent a hook: a signature by a key that GitLab has, or a token that it was given.
//!
//! Source: GitLab, "Webhooks", signing tokens and secret tokens; the Standard Webhooks specification.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far the time of a signature may be from ours, either way.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// What a signing token begins with, as GitLab shows it.
const SIGNING_PREFIX: &str = "whsec_";

/// The shortest key, in bytes. GitLab's have 32.
const SHORTEST_KEY: usize = 16;

/// What hooks are verified with.
#[derive(Debug, Clone)]
pub struct HookSecrets {
    /// Keys of signatures; more than one while they are changed.
    signing: Vec<SecretSlice<u8>>,
    token: Option<SecretString>,
}

/// A secret that cannot be used. Nothing of it is in here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadSecrets {
    /// It is something else.
    #[error("the secret is no JSON object of texts")]
    Form,
    /// A key is none.
    #[error("GITLAB_HOOK_SIGNING_TOKEN is no `whsec_…` with at least {SHORTEST_KEY} bytes in base64")]
    SigningToken,
    /// There is nothing to verify with.
    #[error("the secret has neither GITLAB_HOOK_SIGNING_TOKEN nor GITLAB_HOOK_TOKEN")]
    Nothing,
}

/// Why a request is not GitLab's. All are answered 401.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It has no signature, or not all that belongs to one.
    #[error("it is not signed")]
    Unsigned,
    /// Its time is too far away: it is old, or sent again, or a clock is wrong.
    #[error("its signature is of another time")]
    Old,
    /// Its signature is by nobody that we know, or of something else.
    #[error("its signature is wrong")]
    Signature,
    /// It has no token, or another one.
    #[error("its token is missing or wrong")]
    Token,
}

#[derive(Deserialize)]
struct Members {
    #[serde(rename = "GITLAB_HOOK_SIGNING_TOKEN", default)]
    signing: String,
    #[serde(rename = "GITLAB_HOOK_TOKEN", default)]
    token: String,
}

impl HookSecrets {
    /// Reads the text of the secret. `GITLAB_HOOK_SIGNING_TOKEN` may hold two, with a blank between them, while it is changed.
    ///
    /// # Errors
    ///
    /// When there is nothing to verify with.
    pub fn parse(text: &str) -> Result<Self, BadSecrets> {
        let members: Members =
            serde_json::from_str(text).map_err(|_tells_of_its_content| BadSecrets::Form)?;
        let key = |text: &str| {
            let key = STANDARD.decode(text.strip_prefix(SIGNING_PREFIX)?).ok()?;
            (key.len() >= SHORTEST_KEY).then(|| SecretSlice::from(key))
        };
        let signing: Option<Vec<_>> = members.signing.split_whitespace().map(key).collect();
        let signing = signing.ok_or(BadSecrets::SigningToken)?;
        let token = Some(members.token.trim()).filter(|it| !it.is_empty()).map(SecretString::from);
        if signing.is_empty() && token.is_none() {
            return Err(BadSecrets::Nothing);
        }
        Ok(Self { signing, token })
    }

    /// Checks who sent `body`, with these headers. Where there are keys a token alone proves nothing: whoever has seen one
    /// request could send others.
    ///
    /// # Errors
    ///
    /// When it was somebody else.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<(), Refusal> {
        if self.signing.is_empty() {
            self.verify_token(headers)
        } else {
            self.verify_signature(headers, body, now)
        }
    }

    fn verify_token(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let sent = one(headers, "x-gitlab-token").ok_or(Refusal::Token)?;
        let ours = self.token.as_ref().ok_or(Refusal::Token)?;
        // Digests, so that the time that it takes says nothing of how much was right.
        let is_right = Sha256::digest(sent.as_bytes()) == Sha256::digest(ours.expose_secret().as_bytes());
        if is_right { Ok(()) } else { Err(Refusal::Token) }
    }

    fn verify_signature(&self, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<(), Refusal> {
        let header = |name| one(headers, name).ok_or(Refusal::Unsigned);
        let (id, time, signatures) =
            (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
        let signed_at = time.parse().map_err(|_no_number| Refusal::Unsigned)?;
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        if now.as_secs().abs_diff(signed_at) > TOLERANCE.as_secs() {
            return Err(Refusal::Old);
        }
        let signatures: Vec<_> = signatures
            .split_whitespace()
            .filter_map(|it| STANDARD.decode(it.strip_prefix("v1,")?).ok())
            .collect();
        let is_by = |key: &SecretSlice<u8>| {
            let Ok(mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret()) else { return false };
            let mac = mac
                .chain_update(id)
                .chain_update(".")
                .chain_update(time)
                .chain_update(".")
                .chain_update(body);
            signatures.iter().any(|it| mac.clone().verify_slice(it).is_ok())
        };
        if self.signing.iter().any(is_by) { Ok(()) } else { Err(Refusal::Signature) }
    }
}

/// A header that is there once.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;
    use serde_json::Value;

    /// A recorded delivery: the secret, its headers, its body, and when it came.
    fn delivery() -> (String, HeaderMap, String, SystemTime) {
        let vector: Value =
            serde_json::from_str(include_str!("../tests/fixtures/hook-signature.json")).unwrap();
        let headers = vector["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), value.as_str().unwrap().parse().unwrap())
        });
        let headers: HeaderMap = headers.collect();
        let time = headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        let text = |name: &str| vector[name].as_str().unwrap().to_owned();
        (text("signing_token"), headers, text("body"), UNIX_EPOCH + Duration::from_secs(time))
    }

    fn secrets(signing: &str, token: &str) -> HookSecrets {
        let text = serde_json::json!({"GITLAB_HOOK_SIGNING_TOKEN": signing, "GITLAB_HOOK_TOKEN": token});
        HookSecrets::parse(&text.to_string()).unwrap()
    }

    #[test]
    fn the_recorded_delivery_is_gitlabs_also_while_the_key_is_changed() {
        let (signing, headers, body, now) = delivery();
        assert_eq!(secrets(&signing, "").verify(&headers, body.as_bytes(), now), Ok(()));
        let other = format!("whsec_{}", STANDARD.encode([7; 32]));
        let both = secrets(&format!("{other} {signing}"), "");
        assert_eq!(both.verify(&headers, body.as_bytes(), now), Ok(()));
        let two_signatures = format!("v1,AAAA {}", headers["webhook-signature"].to_str().unwrap());
        let mut headers = headers;
        headers.insert("webhook-signature", two_signatures.parse().unwrap());
        assert_eq!(both.verify(&headers, body.as_bytes(), now), Ok(()));
        assert_eq!(secrets(&other, "").verify(&headers, body.as_bytes(), now), Err(Refusal::Signature));
    }

    #[test]
    fn whatever_is_changed_breaks_it() {
        let (signing, headers, body, now) = delivery();
        let secrets = secrets(&signing, "the-token");
        let verify = |headers: &HeaderMap, body: &str, now| secrets.verify(headers, body.as_bytes(), now);
        assert_eq!(verify(&headers, &format!("{body} "), now), Err(Refusal::Signature));
        for (name, value, refusal) in [
            ("webhook-id", "another", Refusal::Signature),
            ("webhook-timestamp", "0", Refusal::Old),
            ("webhook-timestamp", "soon", Refusal::Unsigned),
            ("webhook-signature", "v1,", Refusal::Signature),
            ("webhook-signature", "v1a,AAAA", Refusal::Signature),
            ("webhook-signature", "", Refusal::Signature),
        ] {
            let mut changed = headers.clone();
            changed.insert(name, value.parse().unwrap());
            assert_eq!(verify(&changed, &body, now), Err(refusal), "{name}: {value}");
            changed.remove(name);
            // A token does not help.
            changed.insert("x-gitlab-token", "the-token".parse().unwrap());
            assert_eq!(verify(&changed, &body, now), Err(Refusal::Unsigned), "{name}");
        }
        let mut twice = headers.clone();
        twice.append("webhook-id", "another".parse().unwrap());
        assert_eq!(verify(&twice, &body, now), Err(Refusal::Unsigned));
        let far = Duration::from_secs(301);
        assert_eq!(verify(&headers, &body, now + far), Err(Refusal::Old));
        assert_eq!(verify(&headers, &body, now - far), Err(Refusal::Old));
        assert_eq!(verify(&headers, &body, now + Duration::from_secs(299)), Ok(()));
    }

    #[test]
    fn without_a_key_the_token_has_to_be_right() {
        let secrets = secrets("", "the-token");
        for (token, expected) in [
            (Some("the-token"), Ok(())),
            (Some("the-toke"), Err(Refusal::Token)),
            (None, Err(Refusal::Token)),
        ] {
            let headers: HeaderMap = token
                .into_iter()
                .map(|it| (HeaderName::from_static("x-gitlab-token"), it.parse().unwrap()))
                .collect();
            assert_eq!(secrets.verify(&headers, b"", UNIX_EPOCH), expected);
        }
    }

    #[test]
    fn a_secret_that_verifies_nothing_is_refused_without_being_shown() {
        for (text, error) in [
            ("hunter2", BadSecrets::Form),
            ("{}", BadSecrets::Nothing),
            (r#"{"GITLAB_HOOK_TOKEN":" "}"#, BadSecrets::Nothing),
            (r#"{"GITLAB_HOOK_SIGNING_TOKEN":"hunter2"}"#, BadSecrets::SigningToken),
            (r#"{"GITLAB_HOOK_SIGNING_TOKEN":"whsec_AAAA"}"#, BadSecrets::SigningToken),
        ] {
            assert_eq!(HookSecrets::parse(text).unwrap_err(), error, "{text}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
