//! Our app in Slack: what it is sent, who sends it, and what it says to one person.

use super::api::SlackApi;
use super::interaction::{Expected, Interaction, read};
use super::message::{escaped, reject_dialog};
use super::people::{People, SlackPersonError};
use super::refusal::SlackRefusal;
use super::signature::{SigningSecret, verified};
use crate::person::Identity;
use crate::time::UnixTime;
use http::HeaderMap;
use serde_json::json;

/// What an operator says about the app.
#[derive(Debug, Clone)]
pub struct SlackSettings {
    /// The app's id, `A…`.
    pub app: String,
    /// The workspace's id, `T…`.
    pub team: String,
    /// What Slack signs with: the current one, and the previous one for a while.
    pub signing_secrets: Vec<SigningSecret>,
    /// What addresses for replies begin with: [`SLACK_REPLIES`], or those of Slack for governments. No other is called.
    pub replies: String,
}

/// Where Slack takes replies to clicks.
pub const SLACK_REPLIES: &str = "https://hooks.slack.com/";

/// The app.
#[derive(Debug)]
pub struct SlackApp {
    settings: SlackSettings,
    api: SlackApi,
    people: People,
}

impl SlackApp {
    /// The app, with the API that it calls.
    #[must_use]
    pub fn new(settings: SlackSettings, api: SlackApi) -> Self {
        Self { settings, api, people: People::default() }
    }

    /// What somebody did, from a request as it was received: signed, recent, for this app, from this workspace.
    ///
    /// # Errors
    ///
    /// Says why not; the answer to all of them is the same.
    pub fn interaction(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: UnixTime,
    ) -> Result<Interaction, SlackRefusal> {
        let SlackSettings { app, team, signing_secrets, replies } = &self.settings;
        read(verified(signing_secrets, headers, body, now)?, Expected { app, team, replies })
    }

    /// Who a user is whom Slack names by an id.
    ///
    /// # Errors
    ///
    /// When Slack does not say, or it is no member of the workspace.
    pub async fn identity(&self, user: &str, now: UnixTime) -> Result<Identity, SlackPersonError> {
        self.people.identity(&self.api, &self.settings.team, user, now).await
    }

    /// Opens the dialog in which somebody says why they reject. Whether it opened, they see.
    pub async fn ask_for_reason(&self, trigger: &str, id: &str) {
        // Why not stands in the log.
        let _opened = self.api.call("views.open", &reject_dialog(trigger, id)).await;
    }

    /// Says something to somebody alone, below the message that they clicked in.
    pub async fn tell(&self, reply_to: &str, text: &str) {
        let body = json!({ "response_type": "ephemeral", "replace_original": false, "text": escaped(text) });
        self.api.reply(reply_to, &body).await;
    }
}
