//! Posts to one channel, and says what came of it.

use super::super::answers::{refused, unanswered, waits};
use super::super::links::Links;
use super::super::rate_limit::RateLimit;
use super::card::{self, CARD_BYTES};
use super::form::{CardForm, Mention};
use super::text;
use super::webhook::TeamsWebhook;
use crate::approval::Approval;
use crate::message::Answer;
use crate::outbound::Outbound;
use crate::time::UnixTime;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use std::time::Duration;
use tracing::warn;

/// Flows post 25 messages in five minutes for one connection; a few are left to others.
const MESSAGES: usize = 20;
const WINDOW: Duration = Duration::from_mins(5);

/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 16 * 1024;

/// What old connectors answered with 200 when they had not delivered.
const FAILED: &[u8] = b"Webhook message delivery failed";

/// A channel in Teams.
#[derive(Debug)]
pub struct TeamsChannel {
    name: String,
    webhook: TeamsWebhook,
    form: CardForm,
    mentions: Vec<Mention>,
    outbound: Outbound,
    limit: RateLimit,
}

impl TeamsChannel {
    /// A channel that settings call `name`.
    #[must_use]
    pub fn new(
        name: String,
        webhook: TeamsWebhook,
        form: CardForm,
        mentions: Vec<Mention>,
        outbound: Outbound,
    ) -> Self {
        Self { name, webhook, form, mentions, outbound, limit: RateLimit::new(MESSAGES, WINDOW) }
    }

    /// Posts the question.
    pub async fn ask(&self, approval: &Approval, links: &Links, now: UnixTime) -> Answer {
        let text = || text::question(approval, links);
        let card = || card::question(approval, links, &self.mentions);
        self.post(text, card, now).await
    }

    /// Posts how it ended: a message once posted cannot be changed.
    pub async fn follow_up(&self, approval: &Approval, now: UnixTime) -> Answer {
        self.post(|| text::follow_up(approval), || card::follow_up(approval), now).await
    }

    /// Posts a greeting. Whether it is shown, only somebody who looks can tell.
    pub async fn hello(&self, now: UnixTime) -> Answer {
        let text = || "This is a test. If you can read this, messages arrive.".to_owned();
        self.post(text, || card::hello(&self.name), now).await
    }

    async fn post(
        &self,
        text: impl FnOnce() -> String,
        card: impl FnOnce() -> Value,
        now: UnixTime,
    ) -> Answer {
        let message = match self.form {
            CardForm::Envelope => enveloped(&card()),
            CardForm::Bare => card(),
            CardForm::Text => json!({ "text": text() }),
        };
        let body = message.to_string();
        if body.len() > CARD_BYTES {
            warn!(channel = self.name, bytes = body.len(), "a message is larger than Teams takes");
            return Answer::Refused;
        }
        if let Err(pause) = self.limit.take(now) {
            return waits(pause);
        }
        // No `Authorization`: with one, flows that anybody may start refuse.
        let request = Request::post(self.webhook.expose()).header(header::CONTENT_TYPE, "application/json");
        let Ok(request) = request.body(body.into_bytes()) else {
            warn!(channel = self.name, "the webhook's address cannot be called");
            return Answer::Refused;
        };
        let answer = match self.outbound.send(request, ANSWER_BYTES).await {
            Ok(answer) => answer,
            Err(error) => {
                warn!(channel = self.name, "Teams could not be reached: {error}");
                return unanswered(&error);
            }
        };
        let failed = answer.status == StatusCode::OK && answer.body.starts_with(FAILED);
        if answer.status.is_success() && !failed {
            return Answer::Taken { reference: None };
        }
        warn!(channel = self.name, http.status = answer.status.as_u16(), "Teams did not take a message");
        if failed {
            return Answer::Again { after_s: None, maybe_taken: false };
        }
        refused(answer.status, answer.retry_after())
    }
}

fn enveloped(card: &Value) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card,
        }],
    })
}
