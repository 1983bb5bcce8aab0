//! An adaptive card by a workflow's webhook of Teams.
//!
//! Sources: Microsoft, "Create incoming webhooks with Workflows for Microsoft Teams"; Adaptive Cards schema 1.4.

use crate::message::{Message, Outcome};
use crate::request::Request;
use serde_json::{Value, json};

/// Where workflows listen.
pub(crate) const HOSTS: &[&str] = &["*.api.powerplatform.com", "*.logic.azure.com"];

/// The card. Texts are runs, in which no Markdown is looked for.
pub(crate) fn request(message: &Message) -> Request {
    let colour = match message.outcome {
        Outcome::Passed => "Good",
        Outcome::Failed => "Attention",
        Outcome::Unavailable => "Warning",
    };
    let mut body = vec![text(json!([
        { "type": "TextRun", "text": message.title(), "weight": "Bolder", "size": "Large", "color": colour }
    ]))];
    for (name, value) in message.facts() {
        body.push(text(json!([
            { "type": "TextRun", "text": format!("{name}: "), "isSubtle": true },
            { "type": "TextRun", "text": value }
        ])));
    }
    for line in message.lines() {
        body.push(text(json!([{ "type": "TextRun", "text": format!("• {line}") }])));
    }
    let link = |it: &str| json!([{ "type": "Action.OpenUrl", "title": "Open the run", "url": it }]);
    let card = json!({
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": body,
        "actions": message.link().map(link).unwrap_or_else(|| json!([])),
    });
    Request::new(&json!({
        "type": "message",
        "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "content": card }],
    }))
}

fn text(inlines: Value) -> Value {
    json!({ "type": "RichTextBlock", "inlines": inlines })
}
