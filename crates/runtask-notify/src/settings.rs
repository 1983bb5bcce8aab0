//! Reads `[notify.NAME]`. Secrets are not in it, only where they are.

use crate::datadog::SITES;
use crate::eventbridge::is_bus;
use crate::message::Outcome;
use crate::pagerduty::{Event, Region};
use crate::place::Origin;
use runtask_settings::Reference;
use runtask_tasks::{ChannelEntry, CheckSettings, Form, Key, Kind, Notes, Table, one_of, shown, words};

/// `[notify.NAME]`, for the reader of the file.
pub static SETTINGS: ChannelEntry = ChannelEntry { kind: &KIND, read };

static KIND: Kind = Kind::new(
    "`[notify.NAME]`",
    &[
        Key::required("kind", Form::Word(&KIND_WORDS), "Where it leads"),
        Key::new("on", Form::Words(&OUTCOME_WORDS), "Which results it is told of"),
        Key::new(
            "origin",
            Form::Text,
            "Where it listens in place of the vendor: scheme, host and perhaps port",
        ),
        Key::new("url", Form::Text, "Where the secret URL is: env:NAME, file:PATH or ssm:///NAME"),
        Key::new("secret", Form::Text, "Where the secret is that webhooks are signed with: env:NAME, …"),
        Key::new(
            "previous_secret",
            Form::Text,
            "Where the one before is, which signs too while it is changed",
        ),
        Key::new("key", Form::Text, "Where the key of Datadog or PagerDuty is: env:NAME, …"),
        Key::new("site", Form::Word(SITES), "The site of Datadog"),
        Key::new("tags", Form::Texts, "Tags of Datadog's events"),
        Key::new("event", Form::Word(&EVENT_WORDS), "What PagerDuty is sent; change unless set"),
        Key::new("region", Form::Word(&REGION_WORDS), "The region of PagerDuty; us unless set"),
        Key::new("bus", Form::Text, "The bus of EventBridge: its name, or its ARN"),
        Key::new("severity", Form::Word(&SEVERITY_WORDS), "The severity of an alert; error unless set"),
    ],
);

const KIND_WORDS: [&str; 6] = ["slack", "teams", "webhook", "datadog", "pagerduty", "eventbridge"];
const OUTCOME_WORDS: [&str; 3] = words(&OUTCOMES);
const SEVERITY_WORDS: [&str; 4] = words(&SEVERITIES);

const REGIONS: [(&str, Region); 2] = [("us", Region::Us), ("eu", Region::Eu)];
const REGION_WORDS: [&str; 2] = words(&REGIONS);

/// Whether it is an alert.
const EVENTS: [(&str, bool); 2] = [("change", false), ("alert", true)];
const EVENT_WORDS: [&str; 2] = words(&EVENTS);

/// The settings of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSettings {
    /// The results of which it is told.
    pub(crate) on: Vec<Outcome>,
    /// Where it listens in place of the vendor.
    pub(crate) origin: Option<Origin>,
    pub(crate) target: Target,
}

impl ChannelSettings {
    /// The parameters of AWS in which secrets are, as `ssm:///NAME`.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        let references: Vec<&Reference> = match &self.target {
            Target::Slack { url } | Target::Teams { url } => vec![url],
            Target::Webhook { url, secrets } => std::iter::once(url).chain(secrets).collect(),
            Target::Datadog { key, .. } | Target::Pagerduty { key, .. } => vec![key],
            Target::EventBridge { .. } => vec![],
        };
        references.into_iter().filter_map(Reference::parameter)
    }
}

/// What a channel leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Slack { url: Reference },
    Teams { url: Reference },
    Webhook { url: Reference, secrets: Vec<Reference> },
    Datadog { key: Reference, site: &'static str, tags: Vec<String> },
    Pagerduty { key: Reference, event: Event, region: Region },
    EventBridge { bus: String },
}

/// A kind of channel, and the keys that only some kinds have.
#[derive(Debug, Clone, Copy)]
struct ChannelKind {
    name: &'static str,
    keys: &'static [&'static str],
}

static KINDS: [ChannelKind; 6] = [
    ChannelKind { name: "slack", keys: &["url", "on"] },
    ChannelKind { name: "teams", keys: &["url", "on"] },
    ChannelKind { name: "webhook", keys: &["url", "secret", "previous_secret", "on"] },
    ChannelKind { name: "datadog", keys: &["key", "site", "tags", "on"] },
    ChannelKind { name: "pagerduty", keys: &["key", "event", "region", "severity", "on"] },
    ChannelKind { name: "eventbridge", keys: &["bus", "on"] },
];

const OUTCOMES: [(&str, Outcome); 3] =
    [("failed", Outcome::Failed), ("unavailable", Outcome::Unavailable), ("passed", Outcome::Passed)];

/// The severities that an alert can have, by PagerDuty's names.
const SEVERITIES: [(&str, &str); 4] =
    [("critical", "critical"), ("error", "error"), ("warning", "warning"), ("info", "info")];

fn read(table: &Table<'_>, notes: &mut Notes<'_>) -> CheckSettings {
    match channel(table, notes) {
        Some(settings) => CheckSettings::new(settings),
        // What is wrong is noted.
        None => CheckSettings::new(()),
    }
}

fn channel(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<ChannelSettings> {
    let words = KINDS.map(|it| (it.name, it));
    if table.entry("kind").is_none() {
        let names = KINDS.map(|it| it.name).join("`, `");
        table.missing("kind", &format!("write where it leads, one of `{names}`"), notes);
    }
    let kind = table.word("kind", &words, notes)?;
    for key in KIND.names().filter(|it| !["kind", "origin"].contains(it) && !kind.keys.contains(it)) {
        if let Some((place, _)) = table.entry(key) {
            let of: Vec<_> = KINDS.iter().filter(|it| it.keys.contains(&key)).map(|it| it.name).collect();
            let message =
                format!("`{key}` is not for the kind `{}`, but for `{}`", kind.name, of.join("`, `"));
            notes.error(place.span(), message);
        }
    }
    let origin = origin(table, notes);
    // Everything is read before anything is given up, so that all that is wrong is noted.
    let (target, on) = match kind.name {
        "slack" => (secret(table, "url", notes).map(|url| Target::Slack { url }), None),
        "teams" => (secret(table, "url", notes).map(|url| Target::Teams { url }), None),
        "webhook" => (webhook(table, notes), None),
        "datadog" => (datadog(table, notes), Some(OUTCOMES.map(|it| it.1).to_vec())),
        // Rules of the bus choose.
        "eventbridge" => (event_bridge(table, notes), Some(OUTCOMES.map(|it| it.1).to_vec())),
        _ => {
            let target = pagerduty(table, notes);
            let is_alert = matches!(target, Some(Target::Pagerduty { event: Event::Alert(_), .. }));
            if let Some((place, _)) = table.entry("on").filter(|_| is_alert) {
                let message = "an alert is triggered by every result that does not pass, and resolved by one that does: \
                               take `on` out";
                notes.error(place.span(), message);
            }
            (target, Some(OUTCOMES.map(|it| it.1).to_vec()))
        }
    };
    let usual = on.unwrap_or_else(|| vec![Outcome::Failed, Outcome::Unavailable]);
    let on = outcomes(table, notes).unwrap_or(usual);
    Some(ChannelSettings { on, origin: origin?, target: target? })
}

/// `None` where it is wrong.
#[expect(clippy::option_option, reason = "it may be missing, and it may be wrong")]
fn origin(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<Option<Origin>> {
    if table.entry("origin").is_none() {
        return Some(None);
    }
    let text = table.text("origin", notes)?;
    let origin = Origin::parse(text.text);
    if origin.is_none() {
        let message = format!(
            "`{}` is no origin: write scheme, host and perhaps port, as `https://notify.example.com`",
            shown(text.text)
        );
        notes.error(text.place, message);
    }
    origin.map(Some)
}

fn outcomes(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<Vec<Outcome>> {
    let texts = table.texts("on", notes)?;
    Some(texts.iter().filter_map(|it| one_of(it, "on", &OUTCOMES, notes)).collect())
}

/// Where a secret is, which must be there.
fn secret(table: &Table<'_>, key: &str, notes: &mut Notes<'_>) -> Option<Reference> {
    if table.entry(key).is_none() {
        let advice =
            "it is a secret, so write where it is: `env:NAME` for a variable, `file:PATH`, or `ssm:///NAME`";
        table.missing(key, advice, notes);
        return None;
    }
    let text = table.text(key, notes)?;
    let reference = Reference::parse(text.text);
    if reference.is_none() {
        // Not at the line itself, which would be shown, and may hold the secret.
        let message = format!(
            "`{key}` of this channel is a secret and does not belong into this file: write where it is, `env:NAME` for a \
             variable, `file:PATH`, or `ssm:///NAME`"
        );
        notes.error(table.place(), message);
    }
    reference
}

fn webhook(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<Target> {
    let url = secret(table, "url", notes);
    let current = secret(table, "secret", notes);
    let mut secrets = vec![current?];
    if table.entry("previous_secret").is_some() {
        secrets.push(secret(table, "previous_secret", notes)?);
    }
    Some(Target::Webhook { url: url?, secrets })
}

fn datadog(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<Target> {
    let key = secret(table, "key", notes);
    let words: Vec<(&str, &'static str)> = SITES.iter().map(|it| (*it, *it)).collect();
    let site = match table.entry("site") {
        Some(_) => table.word("site", &words, notes),
        None => SITES.first().copied(),
    };
    let tags = match table.entry("tags") {
        Some(_) => table.texts("tags", notes).map(|it| it.iter().map(|it| it.text.to_owned()).collect()),
        None => Some(Vec::new()),
    };
    Some(Target::Datadog { key: key?, site: site?, tags: tags? })
}

fn event_bridge(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<Target> {
    if table.entry("bus").is_none() {
        table.missing("bus", "write the bus's name, or its ARN", notes);
        return None;
    }
    let text = table.text("bus", notes)?;
    if !is_bus(text.text) {
        let message = format!(
            "`{}` is no bus: write its name, or its ARN, as `arn:aws:events:REGION:ACCOUNT:event-bus/NAME`",
            shown(text.text)
        );
        notes.error(text.place, message);
        return None;
    }
    Some(Target::EventBridge { bus: text.text.to_owned() })
}

fn pagerduty(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<Target> {
    let key = secret(table, "key", notes);
    let region = match table.entry("region") {
        Some(_) => table.word("region", &REGIONS, notes),
        None => Some(Region::Us),
    };
    let severity = match table.entry("severity") {
        Some(_) => table.word("severity", &SEVERITIES, notes),
        None => Some("error"),
    };
    let event = match table.entry("event") {
        Some(_) => table.word("event", &EVENTS, notes),
        None => Some(false),
    };
    let event = if event? { Event::Alert(severity?) } else { Event::Change };
    if let (Event::Change, Some((place, _))) = (event, table.entry("severity")) {
        notes.error(place.span(), "a change has no severity: write `event = \"alert\"`, or take it out");
    }
    Some(Target::Pagerduty { key: key?, event, region: region? })
}
