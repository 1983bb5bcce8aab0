//! An incoming webhook of Slack.
//!
//! Sources: Slack, "Sending messages using incoming webhooks", "Reference: blocks", "Formatting text for app surfaces".

use super::seen::{Judged, Seen, keys, text};
use serde_json::Value;

/// A webhook that is there.
pub(super) const URL: &str = "https://hooks.slack.com/services/T00000000/B00000000/standin";

pub(super) fn judge(seen: &Seen) -> Judged {
    if !URL.ends_with(seen.parts.uri.path()) {
        return Judged::refused(404, "no_service", "there is no such webhook");
    }
    let mut problems = seen.problems(100_000);
    let json = &seen.json;
    keys(json, "", &["text", "blocks", "unfurl_links", "unfurl_media"], &mut problems);
    text(json, "/text", 40_000, &mut problems);
    control(json.get("text").and_then(Value::as_str).unwrap_or_default(), &mut problems);
    let blocks = json.get("blocks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if blocks.is_empty() || blocks.len() > 50 {
        problems.push(format!("{} blocks, of 1 to 50", blocks.len()));
    }
    if json.to_string().chars().count() > 13_200 {
        problems.push("all blocks together are longer than 13 200 characters".to_owned());
    }
    for block in blocks {
        match block.get("type").and_then(Value::as_str) {
            Some("header") => {
                text(block, "/text/text", 150, &mut problems);
                if block.pointer("/text/type").and_then(Value::as_str) != Some("plain_text") {
                    problems.push("a header is plain text".to_owned());
                }
            }
            Some("section") => section(block, &mut problems),
            other => problems.push(format!("a block of type {other:?}")),
        }
    }
    Judged::of(problems, (200, "ok"), (400, "invalid_blocks"))
}

fn section(block: &Value, problems: &mut Vec<String>) {
    let fields = block.get("fields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if fields.len() > 10 {
        problems.push(format!("{} fields, of at most 10", fields.len()));
    }
    if fields.is_empty() {
        text(block, "/text/text", 3000, problems);
    }
    let texts = fields.iter().chain(block.get("text"));
    for field in texts {
        text(field, "/text", if fields.is_empty() { 3000 } else { 2000 }, problems);
        let text = field.get("text").and_then(Value::as_str).unwrap_or_default();
        control(text, problems);
    }
}

/// `<…>` may only be a link, and `&` only begin one of three entities.
fn control(text: &str, problems: &mut Vec<String>) {
    for piece in text.split('<').skip(1) {
        if !piece.starts_with("https://") {
            problems.push(format!("a control sequence: <{}", piece.chars().take(20).collect::<String>()));
        }
    }
    for piece in text.split('&').skip(1) {
        if !["amp;", "lt;", "gt;"].iter().any(|it| piece.starts_with(it)) {
            problems.push("an ampersand that is not escaped".to_owned());
        }
    }
}
