//! Tells channels of a result, all at once.

use crate::channel::Channel;
use crate::message::Message;
use crate::send::{NotSent, send};
use futures_util::future::join_all;
use runtask_client::{ClientError, ClientSettings, http};
use runtask_log::{Chain, event, metric};
use std::time::SystemTime;
use tokio::time::Instant;
use tracing::{info, warn};

/// Tells channels.
#[derive(Debug, Clone)]
pub struct Notifier {
    channels: Vec<Channel>,
    http: reqwest::Client,
}

/// What came of telling one channel.
#[derive(Debug)]
pub struct Told {
    /// The channel's name.
    pub channel: String,
    /// What it leads to.
    pub kind: &'static str,
    /// Whether it was told.
    pub result: Result<(), NotSent>,
}

impl Notifier {
    /// Makes one for these channels, with the certificates, proxies and times of `client`; opens no connection.
    ///
    /// # Errors
    ///
    /// When no HTTP client can be made from the settings.
    pub fn new(channels: Vec<Channel>, client: &ClientSettings) -> Result<Self, ClientError> {
        let trusted = channels.iter().filter_map(Channel::trusted).map(str::to_owned).collect::<Vec<_>>();
        Ok(Self { http: http(client, trusted.into_iter())?, channels })
    }

    /// Its channels.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Tells those of the channels of these names that want to be told. It is done when `until` is, whatever a receiver
    /// does, and fails nothing: what was not told is in the log, and in what is returned.
    pub async fn tell(
        &self,
        names: &[String],
        message: &Message,
        now: SystemTime,
        until: Instant,
    ) -> Vec<Told> {
        join_all(self.wanting(names, message).map(|it| self.tell_one(it, message, now, until))).await
    }

    /// Whether some of them may be told twice, and so have to be told until they were.
    #[must_use]
    pub fn owes(&self, names: &[String], message: &Message) -> bool {
        self.wanting(names, message).any(Channel::deduplicates)
    }

    /// As [`Notifier::tell`], for a message of which nobody knows whether it was told: those that know a message they have had.
    pub async fn tell_again(
        &self,
        names: &[String],
        message: &Message,
        now: SystemTime,
        until: Instant,
    ) -> Vec<Told> {
        let wanting = self.wanting(names, message).filter(|it| it.deduplicates());
        join_all(wanting.map(|it| self.tell_one(it, message, now, until))).await
    }

    /// Tells one channel, whatever it wants to be told of.
    pub async fn tell_one(
        &self,
        channel: &Channel,
        message: &Message,
        now: SystemTime,
        until: Instant,
    ) -> Told {
        let request = channel.request(message, now);
        let result = send(&self.http, channel.address(), &request, until).await;
        let (name, kind) = (channel.name(), channel.kind());
        match &result {
            Ok(()) => info!(event = event::CHANNEL_TOLD, channel = name, kind, "told the channel {name}"),
            Err(error) => {
                warn!(
                    event = event::CHANNEL_NOT_TOLD,
                    channel = name,
                    kind,
                    error = %Chain(error),
                    "the channel {name} could not be told"
                );
                metric::count("NotificationsFailed");
            }
        }
        Told { channel: name.to_owned(), kind, result }
    }

    fn wanting(&self, names: &[String], message: &Message) -> impl Iterator<Item = &Channel> {
        self.channels
            .iter()
            .filter(|it| names.iter().any(|name| name == it.name()) && it.wants(message.outcome))
    }
}
