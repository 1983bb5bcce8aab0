//! A workflow of Teams that is started by a webhook.
//!
//! Source: Microsoft, "Create incoming webhooks with Workflows for Microsoft Teams"; Adaptive Cards, schema 1.4.

use super::seen::{Judged, Seen, keys, text};
use serde_json::Value;

/// A workflow that is there.
pub(super) const URL: &str = "https://prod-00.westeurope.logic.azure.com:443/workflows/standin/triggers/manual/paths/invoke?api-version=2016-06-01&sig=standin";

pub(super) fn judge(seen: &Seen) -> Judged {
    if !seen.parts.uri.query().is_some_and(|it| it.split('&').any(|it| it == "sig=standin")) {
        return Judged::refused(401, "", "the address has another signature");
    }
    let mut problems = seen.problems(21_000);
    let json = &seen.json;
    keys(json, "", &["type", "attachments"], &mut problems);
    let is = |pointer: &str, wanted: &str| json.pointer(pointer).and_then(Value::as_str) == Some(wanted);
    if !is("/type", "message") || !is("/attachments/0/contentType", "application/vnd.microsoft.card.adaptive")
    {
        problems.push("it is no message with a card".to_owned());
    }
    let content = "/attachments/0/content";
    if !is(&format!("{content}/type"), "AdaptiveCard") || !is(&format!("{content}/version"), "1.4") {
        problems.push("it is no adaptive card of version 1.4".to_owned());
    }
    let body = json.pointer(&format!("{content}/body")).and_then(Value::as_array);
    for block in body.into_iter().flatten() {
        let inlines = block.get("inlines").and_then(Value::as_array);
        match (block.get("type").and_then(Value::as_str), inlines) {
            (Some("RichTextBlock"), Some(inlines)) if !inlines.is_empty() => {
                inlines.iter().for_each(|it| text(it, "/text", 2000, &mut problems));
            }
            // Markdown is looked for in all others.
            (other, _) => problems.push(format!("a block that is no text without markup: {other:?}")),
        }
    }
    if body.is_none_or(Vec::is_empty) {
        problems.push("the card is empty".to_owned());
    }
    let actions = json.pointer(&format!("{content}/actions")).and_then(Value::as_array);
    for action in actions.into_iter().flatten() {
        let url = action.get("url").and_then(Value::as_str).unwrap_or_default();
        if action.get("type").and_then(Value::as_str) != Some("Action.OpenUrl")
            || !url.starts_with("https://")
        {
            problems.push("an action that is no link".to_owned());
        }
    }
    Judged::of(problems, (202, ""), (400, ""))
}
