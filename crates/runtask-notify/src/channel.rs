//! A channel with its secrets, ready to be told.

use crate::eventbridge::Events;
use crate::message::{Message, Outcome};
use crate::pagerduty::{Event, is_key};
use crate::place::Address;
use crate::request::Request;
use crate::settings::{ChannelSettings, Target};
use crate::webhook::SigningKey;
use crate::{datadog, eventbridge, pagerduty, slack, teams, webhook};
use runtask_settings::{Reference, SettingsReader};
use runtask_tasks::CheckSettings;
use secrecy::SecretString;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// Where people are told.
#[derive(Debug, Clone)]
pub struct Channel {
    name: String,
    on: Vec<Outcome>,
    address: Address,
    /// The host of an origin of one's own, or of a private endpoint of AWS: it may have an inner address.
    trusted: Option<String>,
    receiver: Receiver,
}

/// Who is told, and what proves that it is us.
#[derive(Debug, Clone)]
enum Receiver {
    Slack,
    Teams,
    Webhook(Vec<SigningKey>),
    Datadog { key: SecretString, tags: Vec<String> },
    Pagerduty { key: SecretString, event: Event },
    EventBridge { bus: String, events: Arc<dyn Events> },
}

impl Channel {
    /// Makes `[notify.NAME]` ready, as [`SETTINGS`](crate::SETTINGS) has read it. `directory` is where the paths in it begin,
    /// and `events` the way to EventBridge of a program that has one.
    ///
    /// # Errors
    ///
    /// Everything that keeps it from being told, in sentences that name the channel and no secret.
    pub fn load(
        name: &str,
        settings: &CheckSettings,
        reader: &SettingsReader<'_>,
        directory: &Path,
        events: Option<&Arc<dyn Events>>,
    ) -> Result<Self, String> {
        let because = |why: String| format!("channel {name}: {why}");
        let of_channel = settings.get::<ChannelSettings>();
        let ChannelSettings { on, origin, target } =
            of_channel.ok_or_else(|| because("its settings are not those of a channel".to_owned()))?;
        let read = |key: &str, place: &Reference| {
            place.resolve(reader, directory).map_err(|why| because(format!("`{key}`: {why}")))
        };
        let of_vendor = |url: &Reference, hosts: &[&str]| {
            let address = Address::of_vendor(&read("url", url)?, hosts);
            address.map_err(|why| because(format!("`url`: {why}")))
        };
        let (address, receiver) = match target {
            Target::Slack { url } => (of_vendor(url, slack::HOSTS)?, Receiver::Slack),
            Target::Teams { url } => (of_vendor(url, teams::HOSTS)?, Receiver::Teams),
            Target::Webhook { url, secrets } => {
                let address = Address::own(&read("url", url)?, origin.as_ref());
                let address = address.map_err(|why| because(format!("`url`: {why}")))?;
                let keys = secrets.iter().map(|it| {
                    let why =
                        "it is no secret of a webhook: `whsec_` and 24 to 64 bytes in base64".to_owned();
                    SigningKey::parse(&read("secret", it)?).ok_or_else(|| because(format!("`secret`: {why}")))
                });
                (address, Receiver::Webhook(keys.collect::<Result<_, _>>()?))
            }
            Target::Datadog { key, site, tags } => {
                let receiver = Receiver::Datadog { key: read("key", key)?, tags: tags.clone() };
                (Address::known(&datadog::address(site)).map_err(because)?, receiver)
            }
            Target::Pagerduty { key, event, region } => {
                let key = read("key", key)?;
                if !is_key(&key) {
                    return Err(because("`key`: it is no integration key: 32 letters and digits".to_owned()));
                }
                let address = Address::known(&pagerduty::address(*event, *region)).map_err(because)?;
                (address, Receiver::Pagerduty { key, event: *event })
            }
            Target::EventBridge { bus } => {
                let no_way = "the kind `eventbridge` is for the Lambda functions, whose role may put events on the bus: \
                              this program has no key of AWS";
                let events = events.ok_or_else(|| because(no_way.to_owned()))?;
                let address = Address::known(events.address()).map_err(because)?;
                (address, Receiver::EventBridge { bus: bus.clone(), events: Arc::clone(events) })
            }
        };
        let address = address.at(origin.as_ref());
        // Only by a private endpoint is AWS's name one of an inner address.
        let of_aws = matches!(receiver, Receiver::EventBridge { .. }).then(|| address.host());
        Ok(Self {
            name: name.to_owned(),
            on: on.clone(),
            trusted: origin.as_ref().map(crate::place::Origin::host).or(of_aws),
            address,
            receiver,
        })
    }

    /// The parameters of AWS in which the secrets of `[notify.NAME]` are, as `ssm:///NAME`. [`Channel::load`] asks for each
    /// as for a setting of this name.
    pub fn parameters(settings: &CheckSettings) -> impl Iterator<Item = &str> {
        settings.get::<ChannelSettings>().into_iter().flat_map(ChannelSettings::parameters)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it leads to, in a word: `slack`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.receiver {
            Receiver::Slack => "slack",
            Receiver::Teams => "teams",
            Receiver::Webhook(_) => "webhook",
            Receiver::Datadog { .. } => "datadog",
            Receiver::Pagerduty { .. } => "pagerduty",
            Receiver::EventBridge { .. } => "eventbridge",
        }
    }

    /// Whether it wants to be told of a result that ended so.
    #[must_use]
    pub fn wants(&self, outcome: Outcome) -> bool {
        self.on.contains(&outcome)
    }

    /// Whether its receiver knows a message that it has had by what is in it, so that it may be sent again.
    ///
    /// Sources: Standard Webhooks 1.0, "Webhook IDs" (`webhook-id` is there for that); PagerDuty, "Event management"
    /// (`dedup_key` of alerts). Nobody else's documentation promises it.
    #[must_use]
    pub const fn deduplicates(&self) -> bool {
        match self.receiver {
            Receiver::Webhook(_) | Receiver::Pagerduty { event: Event::Alert(_), .. } => true,
            Receiver::Slack
            | Receiver::Teams
            | Receiver::Datadog { .. }
            | Receiver::Pagerduty { event: Event::Change, .. }
            | Receiver::EventBridge { .. } => false,
        }
    }

    pub(crate) const fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn trusted(&self) -> Option<&str> {
        self.trusted.as_deref()
    }

    /// What it is sent, at this time.
    pub(crate) fn request(&self, message: &Message, now: SystemTime) -> Request {
        match &self.receiver {
            Receiver::Slack => slack::request(message),
            Receiver::Teams => teams::request(message),
            Receiver::Webhook(keys) => webhook::request(message, keys, now),
            Receiver::Datadog { key, tags } => datadog::request(message, key, tags),
            Receiver::Pagerduty { key, event } => pagerduty::request(message, key, *event),
            Receiver::EventBridge { bus, events } => {
                eventbridge::request(message, &self.address, bus, &**events, now)
            }
        }
    }
}
