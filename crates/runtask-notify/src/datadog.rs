//! An event of Datadog, which dashboards overlay as a marker.
//!
//! Source: Datadog, "Post an event" (v1), "Getting started with Datadog sites", "Getting started with tags".

use crate::message::{Message, Outcome};
use crate::request::Request;
use runtask_findings::shortened;
use secrecy::SecretString;
use serde_json::json;
use std::time::UNIX_EPOCH;

/// The sites. Anything else could be anybody's.
pub(crate) const SITES: &[&str] = &[
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "uk1.datadoghq.com",
    "ddog-gov.com",
    "us2.ddog-gov.com",
];

/// Characters of the text, of the key that groups events, and of a tag, by Datadog's limits; of the title by ours.
const TEXT: usize = 4000;
const KEY: usize = 100;
const TAG: usize = 200;
const TITLE: usize = 500;

/// Where the events of a site go.
pub(crate) fn address(site: &str) -> String {
    format!("https://api.{site}/api/v1/events")
}

/// The event, with these tags besides those that say whose it is. The text is plain: Datadog reads Markdown only where it
/// is told so.
pub(crate) fn request(message: &Message, key: &SecretString, tags: &[String]) -> Request {
    let mut lines: Vec<String> =
        message.facts().into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
    lines.extend(message.lines());
    lines.extend(message.link().map(str::to_owned));
    let of = |name: &str, value: Option<&str>| value.map(|it| tag(&format!("{name}:{it}")));
    let known = [
        of("organization", message.organization.as_deref()),
        of("workspace", message.workspace.as_deref()),
        of("task", Some(&message.task)),
        of("stage", message.stage.as_deref()),
        of("outcome", Some(message.outcome.as_str())),
    ];
    let tags: Vec<String> = known.into_iter().flatten().chain(tags.iter().map(|it| tag(it))).collect();
    let mut event = json!({
        "title": shortened(&message.title(), TITLE - 1),
        "text": shortened(&lines.join("\n"), TEXT - 1),
        "tags": tags,
        "alert_type": match message.outcome {
            Outcome::Passed => "success",
            Outcome::Failed => "error",
            Outcome::Unavailable => "warning",
        },
        "date_happened": message.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
    });
    if let (Some(run), Some(object)) = (message.run(), event.as_object_mut()) {
        object.insert("aggregation_key".to_owned(), shortened(&run, KEY - 1).into());
    }
    Request::new(&event).header("DD-API-KEY", key.clone())
}

/// A tag as Datadog would make it: what it does not take becomes `_`.
fn tag(text: &str) -> String {
    let taken = |it: char| if it.is_alphanumeric() || "_-:./".contains(it) { it } else { '_' };
    text.chars().take(TAG).map(taken).collect()
}
