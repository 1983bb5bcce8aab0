//! A change event of PagerDuty, or an alert.
//!
//! Sources: PagerDuty, "Send a change event", "Send an alert event", "PD-CEF", "Service regions".

use crate::message::{Message, Outcome};
use crate::request::Request;
use runtask_findings::shortened;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Characters of a summary, by PagerDuty's limit, and of the key of an alert.
const SUMMARY: usize = 1024;
const DEDUP_KEY: usize = 255;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A change, which pages nobody.
    Change,
    /// An alert of this severity, which the next result that passes resolves.
    Alert(&'static str),
}

/// Whose accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    Us,
    Eu,
}

impl Region {
    const fn host(self) -> &'static str {
        match self {
            Self::Us => "events.pagerduty.com",
            Self::Eu => "events.eu.pagerduty.com",
        }
    }
}

/// Where events go.
pub(crate) fn address(event: Event, region: Region) -> String {
    let path = match event {
        Event::Change => "/v2/change/enqueue",
        Event::Alert(_) => "/v2/enqueue",
    };
    format!("https://{}{path}", region.host())
}

/// Whether this can be the key of an integration: 32 letters and digits.
pub(crate) fn is_key(key: &SecretString) -> bool {
    let key = key.expose_secret();
    key.len() == 32 && key.bytes().all(|it| it.is_ascii_alphanumeric())
}

/// The event.
pub(crate) fn request(message: &Message, key: &SecretString, event: Event) -> Request {
    let mut body = match event {
        Event::Change => json!({ "payload": payload(message) }),
        Event::Alert(_) if message.outcome == Outcome::Passed => {
            json!({ "event_action": "resolve", "dedup_key": dedup_key(message) })
        }
        Event::Alert(severity) => {
            let mut payload = payload(message);
            set(&mut payload, "severity", severity.into());
            json!({ "event_action": "trigger", "dedup_key": dedup_key(message), "payload": payload })
        }
    };
    if let (Some(link), Some(_)) = (message.link(), body.get("payload")) {
        set(&mut body, "links", json!([{ "href": link, "text": "Open the run" }]));
    }
    set(&mut body, "routing_key", key.expose_secret().into());
    Request::new(&body)
}

fn payload(message: &Message) -> Value {
    let details: serde_json::Map<String, Value> =
        message.facts().into_iter().map(|(name, value)| (name.to_lowercase(), value.into())).collect();
    let mut details = Value::Object(details);
    set(&mut details, "says", message.lines().into());
    json!({
        "summary": shortened(&message.title(), SUMMARY - 1),
        "timestamp": message.time(),
        "source": message.place(),
        "custom_details": details,
    })
}

fn set(json: &mut Value, key: &str, value: Value) {
    if let Some(object) = json.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

/// The same for every result of one task in one workspace, so that a later one resolves what an earlier one has triggered.
fn dedup_key(message: &Message) -> String {
    let parts = [message.organization.as_deref(), message.workspace.as_deref(), Some(&*message.task)];
    let key = format!("runtask/{}", parts.map(Option::unwrap_or_default).join("/"));
    if key.chars().count() <= DEDUP_KEY {
        key
    } else {
        format!("runtask/{}", hex::encode(Sha256::digest(key)))
    }
}
