//! The API of events of Datadog.
//!
//! Source: Datadog, "Post an event" (v1).

use super::seen::{Judged, Seen, keys, text};
use serde_json::Value;
use std::time::UNIX_EPOCH;

/// A key that is good.
pub(super) const KEY: &str = "0123456789abcdef0123456789abcdef";

pub(super) fn judge(seen: &Seen) -> Judged {
    if seen.parts.uri.path() != "/api/v1/events" {
        return Judged::refused(404, "", "there is no such endpoint");
    }
    if seen.header("dd-api-key") != KEY {
        return Judged::refused(403, r#"{"errors":["Forbidden"]}"#, "the key is another");
    }
    let mut problems = seen.problems(100_000);
    let json = &seen.json;
    let known = [
        "title",
        "text",
        "tags",
        "alert_type",
        "aggregation_key",
        "date_happened",
        "source_type_name",
        "priority",
        "host",
    ];
    keys(json, "", &known, &mut problems);
    text(json, "/title", 500, &mut problems);
    text(json, "/text", 4000, &mut problems);
    if json.get("aggregation_key").is_some() {
        text(json, "/aggregation_key", 100, &mut problems);
    }
    let kind = json.get("alert_type").and_then(Value::as_str).unwrap_or_default();
    if !["error", "warning", "info", "success"].contains(&kind) {
        problems.push(format!("`{kind}` is no alert_type"));
    }
    let now = seen.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match json.get("date_happened").and_then(Value::as_u64) {
        Some(at) if now.abs_diff(at) <= 18 * 3600 => {}
        at => problems.push(format!("it happened at {at:?}, and 18 hours are taken")),
    }
    for tag in json.get("tags").and_then(Value::as_array).into_iter().flatten() {
        let tag = tag.as_str().unwrap_or_default();
        if tag.is_empty() || tag.chars().count() > 200 || tag.contains(char::is_whitespace) {
            problems.push(format!("`{tag}` is no tag"));
        }
    }
    Judged::of(problems, (202, r#"{"status":"ok"}"#), (400, r#"{"errors":["Bad Request"]}"#))
}
