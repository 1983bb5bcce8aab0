//! Tests channels from their settings to their receivers, which judge what they get.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod payloads;
mod sending;
mod settings;

use runtask_client::ClientSettings;
use runtask_notify::{Channel, Events, Message, Notifier, Outcome, SETTINGS, Told};
use runtask_settings::SettingsReader;
use runtask_simulator::Receivers;
use runtask_tasks::{CheckEntry, Date, Problems, Tasks};
use secrecy::SecretString;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// 2026-11-28T15:00:00Z.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_878_000)
}

fn message(outcome: Outcome) -> Message {
    let text = |it: &str| Some(it.to_owned());
    Message {
        id: "taskrs-Bf8gRz5NtLc2XpKv".into(),
        outcome,
        task: "policy".into(),
        stage: text("post_plan"),
        organization: text("acme"),
        workspace: text("net-prod"),
        project: text("network"),
        run: text("run-Hn4sWc8TgBk3QvXj"),
        run_url: text("https://app.terraform.io/app/acme/workspaces/net-prod/runs/run-Hn4sWc8TgBk3QvXj"),
        counts: "2 errors, 1 warning".into(),
        headlines: vec![
            "Plan: 5 to add, 0 to change, 0 to destroy".into(),
            "1 of 7 rules failed: public-s3-bucket".into(),
        ],
        findings: vec!["Public S3 bucket: aws_s3_bucket.site".into()],
        at: now(),
    }
}

/// A file with this below a task that tells all of it.
fn parse(channels: &str) -> Result<(Tasks, Problems), Problems> {
    let checks = [CheckEntry { name: "fmt", reads_plan: false, settings: None }];
    let day = Date::new(2026, 11, 28).unwrap();
    Tasks::parse(
        "runtask.toml",
        format!("[tasks.default]\nchecks = [\"fmt\"]\n{channels}"),
        day,
        &checks,
        &SETTINGS,
        &[],
    )
}

fn lookup(name: &str) -> Option<String> {
    let value = match name {
        "SLACK" => Receivers::SLACK_URL,
        "TEAMS" => Receivers::TEAMS_URL,
        "SECRET" => Receivers::WEBHOOK_SECRET,
        "OLD_SECRET" => "whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGRz",
        "DATADOG" => Receivers::DATADOG_KEY,
        "PAGERDUTY" => Receivers::PAGERDUTY_KEY,
        name => return name.strip_prefix("IS_").map(str::to_owned),
    };
    Some(value.to_owned())
}

/// The channels of these settings, or why they cannot be told.
fn load(channels: &str) -> Result<Vec<Channel>, String> {
    load_with(channels, &lookup)
}

fn load_with(channels: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Channel>, String> {
    let (tasks, _warnings) = parse(channels).map_err(|it| it.to_string())?;
    let reader = SettingsReader::new(lookup);
    let events: Arc<dyn Events> = Arc::new(SomeEvents);
    let load =
        |(name, settings): (&String, _)| Channel::load(name, settings, &reader, Path::new(""), Some(&events));
    tasks.channels().iter().map(load).collect()
}

/// The way to EventBridge of somebody with a key of AWS.
#[derive(Debug)]
struct SomeEvents;

impl Events for SomeEvents {
    fn address(&self) -> &str {
        "https://events.eu-central-1.amazonaws.com/"
    }

    fn sign(
        &self,
        _url: &str,
        _headers: &[(&'static str, &'static str)],
        _body: &[u8],
        _now: SystemTime,
    ) -> Vec<(&'static str, SecretString)> {
        vec![("authorization", "AWS4-HMAC-SHA256 standin".into())]
    }
}

/// Every kind of channel, each leading to the receivers.
fn everybody(receivers: &Receivers) -> Vec<Channel> {
    let origin = receivers.origin();
    let url = receivers.webhook_url();
    let settings = format!(
        "[notify.a-slack]\nkind = \"slack\"\nurl = \"env:SLACK\"\norigin = \"{origin}\"\n\
         [notify.b-teams]\nkind = \"teams\"\nurl = \"env:TEAMS\"\norigin = \"{origin}\"\n\
         [notify.c-webhook]\nkind = \"webhook\"\nurl = \"env:URL\"\nsecret = \"env:SECRET\"\nprevious_secret = \"env:OLD_SECRET\"\norigin = \"{origin}\"\n\
         [notify.d-datadog]\nkind = \"datadog\"\nkey = \"env:DATADOG\"\ntags = [\"env:prod\", \"deployment\"]\norigin = \"{origin}\"\n\
         [notify.e-change]\nkind = \"pagerduty\"\nkey = \"env:PAGERDUTY\"\norigin = \"{origin}\"\n\
         [notify.f-alert]\nkind = \"pagerduty\"\nkey = \"env:PAGERDUTY\"\nevent = \"alert\"\norigin = \"{origin}\"\n\
         [notify.g-events]\nkind = \"eventbridge\"\nbus = \"acme\"\norigin = \"{origin}\"\n"
    );
    load_with(&settings, &|name| if name == "URL" { Some(url.clone()) } else { lookup(name) }).unwrap()
}

fn notifier(channels: Vec<Channel>) -> Notifier {
    Notifier::new(channels, &ClientSettings::default()).unwrap()
}

async fn tell(notifier: &Notifier, message: &Message, limit: Duration) -> Vec<Told> {
    let names: Vec<String> = notifier.channels().iter().map(|it| it.name().to_owned()).collect();
    notifier.tell(&names, message, now(), Instant::now() + limit).await
}
