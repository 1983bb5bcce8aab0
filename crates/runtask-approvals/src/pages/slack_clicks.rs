//! Takes clicks in Slack as votes. Slack waits three seconds, and people click again.

use super::reply::{answer, empty, text};
use crate::channels::slack::{Click, Interaction, Reason, SlackApp};
use crate::directory::Directory;
use crate::event::Event;
use crate::message::{Channel, Message};
use crate::store::{ChangeError, change, load};
use crate::tally::progress;
use crate::time::UnixTime;
use crate::vote::{Ballot, Choice};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use runtask_state::DocumentStore;
use serde_json::json;
use std::time::Duration;
use tracing::{info, warn};

/// How long one request may take us, of the three seconds that Slack waits.
const TIME: Duration = Duration::from_millis(2500);

/// Answers what Slack sends, where clicks count.
pub(super) async fn clicked(
    store: &impl DocumentStore,
    app: &SlackApp,
    directory: &Directory,
    headers: &HeaderMap,
    body: &[u8],
    now: UnixTime,
) -> Response<Bytes> {
    let interaction = match app.interaction(headers, body, now) {
        Ok(interaction) => interaction,
        Err(refusal) => {
            info!("a request to Slack's route was refused: {refusal}");
            return text(StatusCode::UNAUTHORIZED, "unauthorized");
        }
    };
    let clicks = Clicks { store, app, directory, now };
    let answered = tokio::time::timeout(TIME, async {
        match interaction {
            Interaction::Click(click) => clicks.click(click).await,
            Interaction::Reason(reason) => clicks.reason(reason).await,
            Interaction::Nothing => empty(StatusCode::OK),
        }
    });
    answered.await.unwrap_or_else(|_elapsed| {
        warn!("a click in Slack was not answered in time");
        empty(StatusCode::SERVICE_UNAVAILABLE)
    })
}

struct Clicks<'a, S> {
    store: &'a S,
    app: &'a SlackApp,
    directory: &'a Directory,
    now: UnixTime,
}

impl<S: DocumentStore> Clicks<'_, S> {
    async fn click(&self, click: Click) -> Response<Bytes> {
        let said = match self.is_ours(&click).await {
            Err(sentence) => Some(sentence),
            Ok(()) if click.choice == Choice::Reject => {
                self.app.ask_for_reason(&click.trigger, &click.id).await;
                None
            }
            Ok(()) => Some(match self.vote(&click.id, &click.user, click.choice, String::new()).await {
                Ok(sentence) | Err(sentence) => sentence,
            }),
        };
        if let (Some(said), Some(reply_to)) = (said, &click.reply_to) {
            self.app.tell(reply_to, &said).await;
        }
        empty(StatusCode::OK)
    }

    async fn reason(&self, reason: Reason) -> Response<Bytes> {
        match self.vote(&reason.id, &reason.user, Choice::Reject, reason.text).await {
            Ok(_sentence) => empty(StatusCode::OK),
            // The dialog stays open and shows it below the field.
            Err(sentence) => {
                let errors = json!({ "response_action": "errors", "errors": { "reason": sentence } });
                answer(StatusCode::OK, "application/json; charset=utf-8", errors.to_string())
            }
        }
    }

    /// Whether the click was in the message that this approval has in that channel: what a button carries proves nothing.
    async fn is_ours(&self, click: &Click) -> Result<(), String> {
        let kept = load(self.store, &click.id, self.now).await.map_err(|error| sentence(&error))?;
        let kept = kept.ok_or_else(|| sentence(&ChangeError::NotFound))?;
        let channel = Channel(format!("slack:{}", click.place.channel));
        let entry = kept.approval.entry(&Message::Card(channel));
        if entry.is_some_and(|it| it.under_way && it.reference.is_none()) {
            // People can be faster than Slack's answer to us, which names the message.
            return Err("This message was posted just now. Click again in a few seconds.".to_owned());
        }
        let ours = entry.and_then(|it| it.reference.as_ref()).is_some_and(|it| *it == click.place.ts);
        if ours { Ok(()) } else { Err("This message is not the one that asks for this run.".to_owned()) }
    }

    /// What came of it, in a sentence for whoever clicked.
    async fn vote(&self, id: &str, user: &str, choice: Choice, reason: String) -> Result<String, String> {
        let identity = self.app.identity(user, self.now).await.map_err(|error| error.to_string())?;
        let person = self.directory.person(&identity);
        let event = Event::Vote(Ballot { person, choice, reason, typed_name: None });
        match change(self.store, id, &event, self.now).await {
            Ok(kept) => {
                let so_far = progress(&kept.approval);
                Ok(format!("Your answer counts ({} of {}).", so_far.given, so_far.required))
            }
            Err(ChangeError::Refused(refusal)) => Err(format!("You may not do this: {refusal}")),
            Err(error) => Err(sentence(&error)),
        }
    }
}

fn sentence(error: &ChangeError) -> String {
    match error {
        ChangeError::NotFound => "This approval is over and forgotten.".to_owned(),
        other => {
            warn!("an approval could not be read or changed: {other}");
            "Nothing was decided: the approval cannot be read at the moment. Try again in a minute."
                .to_owned()
        }
    }
}
