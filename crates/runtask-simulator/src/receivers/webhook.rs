//! A receiver of webhooks in the form of Standard Webhooks 1.0.
//!
//! Source: `standard-webhooks/standard-webhooks`, `spec/standard-webhooks.md`.

use super::seen::{Judged, Seen, keys, text};
use base64::prelude::{BASE64_STANDARD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::UNIX_EPOCH;

/// How far the clocks may be apart, in seconds.
const TOLERANCE: u64 = 300;

/// The secret that was agreed on.
pub(super) const SECRET: &str = "whsec_c3RhbmRpbi1zdGFuZGluLXN0YW5kaW5z";

pub(super) fn judge(seen: &Seen) -> Judged {
    if let Err(why) = verified(seen) {
        return Judged::refused(401, "", why);
    }
    let mut problems = seen.problems(20 * 1024);
    keys(&seen.json, "", &["type", "timestamp", "data"], &mut problems);
    text(&seen.json, "/type", 100, &mut problems);
    text(&seen.json, "/timestamp", 40, &mut problems);
    if !seen.json.get("data").is_some_and(serde_json::Value::is_object) {
        problems.push("/data is no object".to_owned());
    }
    Judged::of(problems, (204, ""), (400, ""))
}

fn verified(seen: &Seen) -> Result<(), &'static str> {
    let (id, time) = (seen.header("webhook-id"), seen.header("webhook-timestamp"));
    if id.is_empty() || id.contains('.') {
        return Err("there is no webhook-id without a dot");
    }
    let at: u64 = time.parse().map_err(|_unshown| "webhook-timestamp is no number")?;
    let now = seen.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if now.abs_diff(at) > TOLERANCE {
        return Err("webhook-timestamp is too far from now");
    }
    let key = SECRET.trim_start_matches("whsec_");
    let key = BASE64_STANDARD.decode(key).map_err(|_ours| "the secret is no base64")?;
    let mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_ours| "the secret is no key")?;
    let mac = mac.chain_update(format!("{id}.{time}.")).chain_update(&seen.body);
    let signed = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    let is_signed = seen.header("webhook-signature").split(' ').any(|it| it == signed);
    if is_signed { Ok(()) } else { Err("no signature is right") }
}
