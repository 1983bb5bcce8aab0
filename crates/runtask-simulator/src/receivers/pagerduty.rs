//! PagerDuty's Events API: changes and alerts.
//!
//! Sources: PagerDuty, "Send a change event", "Send an alert event"; `PagerDuty/api-schema`, `reference/events-v2`.

use super::seen::{Judged, Seen, keys, text};
use serde_json::Value;

/// The key of an integration that is there.
pub(super) const KEY: &str = "a0123456789abcdef0123456789abcde";

pub(super) fn judge(seen: &Seen) -> Judged {
    let json = &seen.json;
    if json.get("routing_key").and_then(Value::as_str) != Some(KEY) {
        return Judged::refused(400, r#"{"status":"invalid event"}"#, "the routing key is another");
    }
    let mut problems = seen.problems(512 * 1024);
    match seen.parts.uri.path() {
        "/v2/change/enqueue" => {
            keys(json, "", &["routing_key", "payload", "links"], &mut problems);
            payload(json, &["summary", "timestamp", "source", "custom_details"], &mut problems);
        }
        "/v2/enqueue" => alert(json, &mut problems),
        other => problems.push(format!("{other} is no endpoint")),
    }
    for link in json.get("links").and_then(Value::as_array).into_iter().flatten() {
        text(link, "/href", 2000, &mut problems);
    }
    Judged::of(problems, (202, r#"{"status":"success"}"#), (400, r#"{"status":"invalid event"}"#))
}

fn alert(json: &Value, problems: &mut Vec<String>) {
    keys(json, "", &["routing_key", "event_action", "dedup_key", "payload", "links"], problems);
    text(json, "/dedup_key", 255, problems);
    match json.get("event_action").and_then(Value::as_str) {
        Some("resolve") => {}
        Some("trigger") => {
            payload(json, &["summary", "timestamp", "source", "custom_details", "severity"], problems);
            let severity = json.pointer("/payload/severity").and_then(Value::as_str).unwrap_or_default();
            if !["critical", "error", "warning", "info"].contains(&severity) {
                problems.push(format!("`{severity}` is no severity"));
            }
        }
        other => problems.push(format!("{other:?} is no event_action")),
    }
}

fn payload(json: &Value, known: &[&str], problems: &mut Vec<String>) {
    keys(json, "/payload", known, problems);
    text(json, "/payload/summary", 1024, problems);
    text(json, "/payload/source", 1000, problems);
    // `2026-11-28T15:00:00Z`
    let time = json.pointer("/payload/timestamp").and_then(Value::as_str).unwrap_or_default();
    let digits: String = time.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
    if digits != "0000-00-00T00:00:00Z" {
        problems.push(format!("`{time}` is no time"));
    }
    if !json.pointer("/payload/custom_details").is_some_and(Value::is_object) {
        problems.push("/payload/custom_details is no object".to_owned());
    }
}
