//! Reads what Slack sends when somebody clicks: a form with one field, which holds JSON.

use super::refusal::SlackRefusal;
use super::signature::SignedBody;
use crate::vote::Choice;
use serde::Deserialize;
use std::collections::HashMap;

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The channel's id.
    pub channel: String,
    /// The message's time stamp, which is its id.
    pub ts: String,
}

/// Somebody clicked a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// The task result's id, as the button carries it. It finds the approval, and proves nothing.
    pub id: String,
    /// Which button.
    pub choice: Choice,
    /// Who, by Slack's id.
    pub user: String,
    /// In which message.
    pub place: Place,
    /// What a dialog is opened with, within three seconds.
    pub trigger: String,
    /// Where to answer that person alone, if that is Slack's.
    pub reply_to: Option<String>,
}

/// Somebody handed in the dialog with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The task result's id, as we put it into the dialog.
    pub id: String,
    /// Who, by Slack's id.
    pub user: String,
    /// Why they reject.
    pub text: String,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interaction {
    /// A button that decides.
    Click(Click),
    /// A reason to reject.
    Reason(Reason),
    /// Something else, such as a button that is a link: 200, and nothing more.
    Nothing,
}

/// Whose app a request is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) app: &'a str,
    pub(super) team: &'a str,
    /// What addresses for replies begin with. No other is called.
    pub(super) replies: &'a str,
}

/// Block and field of the reason in the dialog.
pub(super) const REASON_BLOCK: &str = "reason";
pub(super) const REASON_FIELD: &str = "text";
/// What the dialog is called.
pub(super) const REJECT_DIALOG: &str = "reject";

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    user: User,
    team: Option<Team>,
    api_app_id: String,
    container: Option<Container>,
    trigger_id: Option<String>,
    response_url: Option<String>,
    #[serde(default)]
    actions: Vec<Action>,
    view: Option<View>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Team {
    id: String,
}

#[derive(Deserialize)]
struct Container {
    channel_id: Option<String>,
    message_ts: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    action_id: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct View {
    callback_id: String,
    private_metadata: String,
    state: ViewState,
}

#[derive(Deserialize)]
struct ViewState {
    values: HashMap<String, HashMap<String, Field>>,
}

#[derive(Deserialize)]
struct Field {
    value: Option<String>,
}

/// Reads a signed body, which must be for this app and from this workspace.
pub(super) fn read(body: SignedBody<'_>, expected: Expected<'_>) -> Result<Interaction, SlackRefusal> {
    let mut payloads = url::form_urlencoded::parse(body.bytes()).filter(|it| it.0 == "payload");
    let (Some((_, json)), None) = (payloads.next(), payloads.next()) else {
        return Err(SlackRefusal::Malformed);
    };
    let payload: Payload = serde_json::from_str(&json).map_err(|_json| SlackRefusal::Malformed)?;
    let team = payload.team.as_ref().map(|it| it.id.as_str());
    let home = payload.user.team_id.as_deref();
    // Through a shared channel, people of other workspaces can click.
    if payload.api_app_id != expected.app
        || team != Some(expected.team)
        || home.is_some_and(|it| it != expected.team)
    {
        return Err(SlackRefusal::Foreign);
    }
    let user = payload.user.id;
    match (payload.kind.as_str(), payload.view) {
        ("block_actions", _) => {
            let Some(action) = payload.actions.into_iter().next() else { return Ok(Interaction::Nothing) };
            let choice = match action.action_id.as_str() {
                "approve" => Choice::Approve,
                "reject" => Choice::Reject,
                _ => return Ok(Interaction::Nothing),
            };
            // A link button has no value: it leads to the page and decides nothing.
            let Some(id) = action.value else { return Ok(Interaction::Nothing) };
            let place =
                payload.container.and_then(|it| Some(Place { channel: it.channel_id?, ts: it.message_ts? }));
            Ok(Interaction::Click(Click {
                id,
                choice,
                user,
                place: place.ok_or(SlackRefusal::Malformed)?,
                trigger: payload.trigger_id.ok_or(SlackRefusal::Malformed)?,
                reply_to: payload.response_url.filter(|it| it.starts_with(expected.replies)),
            }))
        }
        ("view_submission", Some(view)) if view.callback_id == REJECT_DIALOG => {
            let field = view.state.values.get(REASON_BLOCK).and_then(|it| it.get(REASON_FIELD));
            let text = field.and_then(|it| it.value.clone()).unwrap_or_default();
            Ok(Interaction::Reason(Reason { id: view.private_metadata, user, text }))
        }
        _ => Ok(Interaction::Nothing),
    }
}
