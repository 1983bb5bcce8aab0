//! Checks that a request is from Slack, and from now: before anything of it is parsed.
//!
//! Source: Slack, "Verifying requests from Slack".

use super::refusal::SlackRefusal;
use crate::time::UnixTime;
use http::HeaderMap;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

/// How far a request's time may be from ours, either way, in seconds.
const AGE: u64 = 300;

/// What Slack signs with.
#[derive(Debug, Clone)]
pub struct SigningSecret(SecretString);

/// A signing secret is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing secret is empty; it stands in the app's “Basic Information”")]
pub struct SigningSecretError;

impl SigningSecret {
    /// Takes a signing secret as the app's page shows it.
    ///
    /// # Errors
    ///
    /// When it is empty: anybody could sign with it.
    pub fn new(text: &str) -> Result<Self, SigningSecretError> {
        let text = text.trim();
        if text.is_empty() { Err(SigningSecretError) } else { Ok(Self(text.to_owned().into())) }
    }
}

/// A body that Slack has signed. Only [`verified`] makes one.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignedBody<'a>(&'a [u8]);

impl<'a> SignedBody<'a> {
    pub(super) fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Checks `body`, the bytes as received, against its headers and any of the `secrets`.
pub(super) fn verified<'a>(
    secrets: &[SigningSecret],
    headers: &HeaderMap,
    body: &'a [u8],
    now: UnixTime,
) -> Result<SignedBody<'a>, SlackRefusal> {
    let timestamp = single(headers, "x-slack-request-timestamp")?;
    let signature = single(headers, "x-slack-signature")?;
    let sent: u64 = timestamp.parse().map_err(|_number| SlackRefusal::Unsigned)?;
    if sent.abs_diff(now.0) > AGE {
        return Err(SlackRefusal::Stale);
    }
    let digits = signature.strip_prefix("v0=").ok_or(SlackRefusal::Unsigned)?;
    let mut mac = [0; 32];
    hex::decode_to_slice(digits, &mut mac).map_err(|_hex| SlackRefusal::Unsigned)?;
    let message = [b"v0:", timestamp.as_bytes(), b":", body].concat();
    let made_with = |secret: &SigningSecret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.0.expose_secret().as_bytes());
        hmac::verify(&key, &message, &mac).is_ok()
    };
    if secrets.iter().any(made_with) { Ok(SignedBody(body)) } else { Err(SlackRefusal::Unsigned) }
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, SlackRefusal> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(SlackRefusal::Unsigned) };
    value.to_str().map_err(|_text| SlackRefusal::Unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"payload=%7B%22type%22%3A%22block_actions%22%7D";
    const SIGNATURE: &str = "v0=dab683c762ac6dd1604030160bbf12a9de9aef873872e869c34ed6740dee3b60";
    const SENT: u64 = 1_796_000_000;

    fn check(
        secrets: &[&str],
        timestamp: &str,
        signature: &str,
        body: &[u8],
        now: u64,
    ) -> Result<(), SlackRefusal> {
        let secrets: Vec<_> = secrets.iter().map(|it| SigningSecret::new(it).unwrap()).collect();
        let mut headers = HeaderMap::new();
        headers.insert("x-slack-request-timestamp", timestamp.parse().unwrap());
        headers.insert("x-slack-signature", signature.parse().unwrap());
        verified(&secrets, &headers, body, UnixTime(now)).map(|it| assert_eq!(it.bytes(), body))
    }

    /// Worked out independently.
    #[test]
    fn the_signature_is_over_version_time_and_the_raw_body() {
        let secret = ["not-a-real-signing-secret"];
        let sent = SENT.to_string();
        assert_eq!(check(&secret, &sent, SIGNATURE, BODY, SENT), Ok(()));
        assert_eq!(check(&["new", secret[0]], &sent, SIGNATURE, BODY, SENT), Ok(()), "the previous secret");
        let unsigned = Err(SlackRefusal::Unsigned);
        assert_eq!(check(&["another"], &sent, SIGNATURE, BODY, SENT), unsigned);
        assert_eq!(check(&[], &sent, SIGNATURE, BODY, SENT), unsigned);
        assert_eq!(check(&secret, &sent, SIGNATURE, b"payload=%7B%7D", SENT), unsigned);
        assert_eq!(check(&secret, "1796000001", SIGNATURE, BODY, SENT), unsigned, "another time");
        assert_eq!(check(&secret, &sent, &SIGNATURE[3..], BODY, SENT), unsigned);
        assert_eq!(check(&secret, &sent, &SIGNATURE[..65], BODY, SENT), unsigned);
        assert_eq!(check(&secret, "-1", SIGNATURE, BODY, SENT), unsigned);
    }

    #[test]
    fn a_request_counts_for_five_minutes_either_way() {
        let at = |now| check(&["not-a-real-signing-secret"], &SENT.to_string(), SIGNATURE, BODY, now);
        assert_eq!((at(SENT + 300), at(SENT - 300)), (Ok(()), Ok(())));
        assert_eq!(at(SENT + 301), Err(SlackRefusal::Stale));
        assert_eq!(at(SENT - 301), Err(SlackRefusal::Stale));
    }

    #[test]
    fn a_missing_or_doubled_header_proves_nothing() {
        let secrets = [SigningSecret::new("not-a-real-signing-secret").unwrap()];
        let refused = |headers: &HeaderMap| verified(&secrets, headers, BODY, UnixTime(SENT)).map(|_| ());
        let mut headers = HeaderMap::new();
        assert_eq!(refused(&headers), Err(SlackRefusal::Unsigned));
        headers.insert("x-slack-request-timestamp", SENT.into());
        headers.append("x-slack-signature", SIGNATURE.parse().unwrap());
        assert_eq!(refused(&headers), Ok(()));
        headers.append("x-slack-signature", SIGNATURE.parse().unwrap());
        assert_eq!(refused(&headers), Err(SlackRefusal::Unsigned));
    }

    #[test]
    fn an_empty_secret_is_refused_and_none_prints() {
        assert!(SigningSecret::new("  ").is_err());
        assert!(!format!("{:?}", SigningSecret::new("hush").unwrap()).contains("hush"));
    }
}
