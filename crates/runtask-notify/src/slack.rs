//! A message by an incoming webhook of Slack.
//!
//! Sources: Slack, "Sending messages using incoming webhooks", "Reference: blocks", "Formatting text for app surfaces".

use crate::message::Message;
use crate::request::Request;
use runtask_findings::shortened;
use serde_json::{Value, json};

/// Where the webhooks are.
pub(crate) const HOSTS: &[&str] = &["hooks.slack.com"];

/// Characters of a header, by Slack's limit.
const HEADER: usize = 150;
/// Characters of a field, and of the text of a section, as they are written: Slack takes 2000 and 3000, and no more than
/// about 13 200 of all blocks together, with every quotation mark in them escaped.
const FIELD: usize = 400;
const SECTION: usize = 2500;

/// The message. Nothing in it notifies anybody or is a link but the one to the run.
pub(crate) fn request(message: &Message) -> Request {
    let title = shortened(&message.title(), HEADER - 1);
    let field = |(name, value): (&str, String)| mrkdwn(&format!("*{name}*\n{}", escaped(&value, FIELD)));
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": title, "emoji": false } }),
        json!({ "type": "section", "fields": message.facts().into_iter().map(field).collect::<Vec<_>>() }),
    ];
    let lines: String = message.lines().iter().map(|it| format!("• {it}\n")).collect();
    if !lines.is_empty() {
        blocks.push(json!({ "type": "section", "text": mrkdwn(&escaped(lines.trim_end(), SECTION)) }));
    }
    if let Some(link) = message.link() {
        let text = format!("<{}|Open the run>", escaped(link, SECTION));
        blocks.push(json!({ "type": "section", "text": mrkdwn(&text) }));
    }
    // What a notification shows, and what clients show that know no blocks.
    Request::new(
        &json!({ "text": escaped(&title, SECTION), "unfurl_links": false, "unfurl_media": false, "blocks": blocks }),
    )
}

fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// Three characters begin what acts. It is cut before one that has no room, not in the middle of what it is written with.
fn escaped(text: &str, characters: usize) -> String {
    let mut escaped = String::new();
    let mut left = characters;
    for character in text.chars() {
        let mut plain = [0; 4];
        let written = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            it => it.encode_utf8(&mut plain),
        };
        match left.checked_sub(written.chars().count()) {
            Some(less) => left = less,
            None => return escaped + "…",
        }
        escaped.push_str(written);
    }
    escaped
}
