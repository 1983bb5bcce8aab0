//! Posts to one channel and changes what was posted.

use super::super::links::Links;
use super::api::SlackApi;
use super::message::{self, Buttons};
use crate::approval::Approval;
use crate::message::Answer;
use serde_json::{Value, json};

/// What a question's buttons do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlackButtons {
    /// They lead to the page, where people sign in.
    Links,
    /// A click is a vote: Slack says who clicked.
    Votes,
}

/// A channel in Slack.
#[derive(Debug)]
pub struct SlackChannel {
    id: String,
    buttons: SlackButtons,
    api: SlackApi,
}

impl SlackChannel {
    /// The channel with this id, such as `C0EXAMPLE01`.
    #[must_use]
    pub fn new(id: String, buttons: SlackButtons, api: SlackApi) -> Self {
        Self { id, buttons, api }
    }

    /// Posts the question. The reference in the answer is what [`SlackChannel::follow_up`] needs.
    pub async fn ask(&self, approval: &Approval, links: &Links) -> Answer {
        let buttons = match self.buttons {
            SlackButtons::Links => Buttons::Links(links),
            SlackButtons::Votes => Buttons::Votes,
        };
        let (text, blocks) = message::question(approval, buttons);
        self.post(&text, &blocks).await
    }

    /// Puts how it ended in the place of the question, or below it where nobody knows which message that is.
    pub async fn follow_up(&self, approval: &Approval, reference: Option<&str>) -> Answer {
        let (text, blocks) = message::follow_up(approval);
        let Some(ts) = reference else { return self.post(&text, &blocks).await };
        let body = json!({ "channel": self.id, "ts": ts, "text": text, "blocks": blocks });
        match self.api.call("chat.update", &body).await {
            Ok(_) => Answer::Taken { reference: None },
            Err(error) => error.answer(),
        }
    }

    /// Posts a greeting, for somebody who looks whether it arrives.
    pub async fn hello(&self) -> Answer {
        self.post("This is a test. If you can read this, messages arrive.", &json!([])).await
    }

    async fn post(&self, text: &str, blocks: &Value) -> Answer {
        let body = json!({
            "channel": self.id, "text": text, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false,
            "blocks": blocks,
        });
        match self.api.call("chat.postMessage", &body).await {
            Ok(answer) => {
                let ts = answer.get("ts").and_then(Value::as_str).filter(|it| it.len() <= 40);
                Answer::Taken { reference: ts.map(str::to_owned) }
            }
            Err(error) => error.answer(),
        }
    }
}
