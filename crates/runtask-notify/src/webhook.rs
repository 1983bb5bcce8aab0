//! A webhook of one's own, in the form of Standard Webhooks 1.0.
//!
//! Source: `standard-webhooks/standard-webhooks`, `spec/standard-webhooks.md`.

use crate::message::Message;
use crate::request::Request;
use base64::prelude::{BASE64_STANDARD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::json;
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a secret begins with, and how many bytes the rest stands for.
const PREFIX: &str = "whsec_";
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A key that signs.
#[derive(Debug, Clone)]
pub(crate) struct SigningKey(SecretSlice<u8>);

impl SigningKey {
    /// Reads `whsec_` and base64.
    pub(crate) fn parse(secret: &SecretString) -> Option<Self> {
        let text = secret.expose_secret().strip_prefix(PREFIX)?;
        let key = BASE64_STANDARD.decode(text).ok().filter(|it| KEY_BYTES.contains(&it.len()))?;
        Some(Self(SecretSlice::from(key)))
    }

    fn sign(&self, text: &[u8]) -> Option<String> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        Some(format!("v1,{}", BASE64_STANDARD.encode(mac.chain_update(text).finalize().into_bytes())))
    }
}

/// The event, signed with each of these keys at this time.
pub(crate) fn request(message: &Message, keys: &[SigningKey], now: SystemTime) -> Request {
    let body = json!({
        "type": "run_task.finished",
        "timestamp": message.time(),
        "data": message.to_json(),
    });
    signed(Request::new(&body), &message.event_id(), keys, now)
}

fn signed(request: Request, id: &str, keys: &[SigningKey], now: SystemTime) -> Request {
    let time = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
    let text = [format!("{id}.{time}.").as_bytes(), &request.body].concat();
    let signatures: Vec<String> = keys.iter().filter_map(|it| it.sign(&text)).collect();
    request
        .header("webhook-id", id)
        .header("webhook-timestamp", time)
        .header("webhook-signature", signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The specification's own example of a signature.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let keys = [SigningKey::parse(&secret).unwrap()];
        let request = Request { body: br#"{"test": 2432232314}"#.to_vec(), headers: Vec::new(), judge: None };
        let now = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
        let signed = signed(request, "msg_p5jXN8AQM9LWM0D4loKWxJek", &keys, now);
        let (_, signature) = signed.headers.iter().find(|it| it.0 == "webhook-signature").unwrap();
        assert_eq!(signature.expose_secret(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_of_the_documented_form() {
        let is_key = |it: String| SigningKey::parse(&SecretString::from(it)).is_some();
        let of = |bytes: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]));
        assert!(is_key(of(24)) && is_key(of(64)));
        assert!(
            !is_key(of(23))
                && !is_key(of(65))
                && !is_key("whsec_?".into())
                && !is_key(of(24).replace("whsec_", ""))
        );
    }
}
