//! Reaches HCP Terraform, and the channels that settings name.

use crate::approval::Approval;
use crate::channels::slack::SlackChannel;
use crate::channels::teams::TeamsChannel;
use crate::channels::{LinkForm, Links};
use crate::deliver::deliver;
use crate::keys::Keys;
use crate::link::{LINK_KEPT, Link, Offer};
use crate::message::{Answer, Channel};
use crate::outside::{Outside, Post, Report};
use crate::public_address::PublicAddress;
use crate::time::UnixTime;
use runtask_client::Client;
use runtask_protocol::DetailsUrl;
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::warn;

/// A channel of either kind.
#[derive(Debug)]
pub enum Room {
    /// In Microsoft Teams.
    Teams(Box<TeamsChannel>),
    /// In Slack.
    Slack(Box<SlackChannel>),
}

/// Everything that approvals are sent through, outside of tests.
#[derive(Debug)]
pub struct Reach {
    /// To HCP Terraform.
    pub client: Client,
    /// Channels by their names in settings, such as `teams:payments`. The name of one in Slack ends in its id there: clicks
    /// are held against it.
    pub rooms: BTreeMap<Channel, Room>,
    /// What links are marked with.
    pub keys: Arc<Keys>,
    /// Where the pages are.
    pub address: PublicAddress,
    /// What the links in messages do.
    pub links: LinkForm,
    /// The clock, for the number of messages that a channel takes in a time.
    pub now: fn() -> UnixTime,
}

impl Outside for Reach {
    fn page(&self, approval: &Approval) -> Option<DetailsUrl> {
        let expires_at = approval.closes_at.plus(LINK_KEPT);
        let link = Link { id: approval.id.clone(), offer: Offer::Nothing, expires_at };
        DetailsUrl::new(&self.address.page(&format!("/-/a/{}", link.token(&self.keys))))
    }

    async fn report(&self, report: Report<'_>) -> Answer {
        deliver(&self.client, report).await
    }

    async fn post(&self, approval: &Approval, channel: &Channel, post: Post<'_>) -> Answer {
        let Some(room) = self.rooms.get(channel) else {
            warn!(channel = channel.0, "an approval names a channel that the settings do not name any more");
            return Answer::Refused;
        };
        let links = || Links::new(approval, &self.keys, &self.address, self.links);
        match (room, post) {
            (Room::Teams(room), Post::Question) => room.ask(approval, &links(), (self.now)()).await,
            (Room::Teams(room), Post::Ending { .. }) => room.follow_up(approval, (self.now)()).await,
            (Room::Slack(room), Post::Question) => room.ask(approval, &links()).await,
            (Room::Slack(room), Post::Ending { question }) => room.follow_up(approval, question).await,
        }
    }
}
