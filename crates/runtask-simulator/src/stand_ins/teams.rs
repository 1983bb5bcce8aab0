//! Plays a channel in Microsoft Teams with a Workflows webhook: takes messages, and judges whether the real one would have
//! shown them.
//!
//! As the real one, it answers 202 to nearly everything. What became of a message is in [`StandInTeams::posted`].
//!
//! Sources: Microsoft, "Create incoming webhooks with Workflows", "Microsoft Teams – Connectors" (limits), "Adaptive Cards
//! schema explorer" (elements by version).

use super::listener::{Listener, plain};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde_json::Value;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of a message: Teams counts 28 KB after it has converted it, which makes it up to a fifth larger, and more.
const MESSAGE_BYTES: usize = 23 * 1024;
/// Messages in five minutes.
const MESSAGES: usize = 25;
const WINDOW: Duration = Duration::from_secs(300);
/// Mentions in a message.
const MENTIONS: usize = 20;
/// Levels of a card.
const DEPTH: usize = 16;

/// What the flow behind the webhook does with what it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// Made from the template: posts each attachment of a message.
    #[default]
    Template,
    /// Made by hand: posts the whole body as a card.
    WholeBody,
    /// Made by hand: posts the text in the body.
    Text,
}

/// What came to the webhook.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The body, as JSON; `null` when it is none.
    pub body: Value,
    /// What was shown: a card, or a text. `None` when the flow failed in silence.
    pub shown: Option<Value>,
    /// Why nothing was shown, or what looks wrong, a sentence each.
    pub complaints: Vec<String>,
}

/// A channel with a webhook.
#[derive(Debug)]
pub struct StandInTeams {
    listener: Listener,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    flow: Flow,
    posted: Vec<Posted>,
    times: VecDeque<Instant>,
    refusals: VecDeque<(u16, Option<u64>)>,
}

/// The path and query that a message must come to, letter by letter: the signature is over them.
const WEBHOOK: &str = "/workflows/0a1b/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=stand-in-signature";

impl StandInTeams {
    /// Listens at `address`.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened at.
    pub async fn start(address: SocketAddr, flow: Flow) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State { flow, ..State::default() }));
        let shared = Arc::clone(&state);
        let listener =
            Listener::start(address, |_| move |request: Request<Bytes>| lock(&shared).answer(&request));
        Ok(Self { listener: listener.await?, state })
    }

    /// The webhook's address: a secret.
    #[must_use]
    pub fn webhook(&self) -> String {
        format!("{}{WEBHOOK}", self.listener.origin)
    }

    /// Answers the next message with this status, and with `Retry-After` if seconds are given; what was said before is
    /// done first.
    pub fn refuse_next(&self, status: u16, retry_after: Option<u64>) {
        lock(&self.state).refusals.push_back((status, retry_after));
    }

    /// Everything that came, in order, except what was refused.
    #[must_use]
    pub fn posted(&self) -> Vec<Posted> {
        lock(&self.state).posted.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn answer(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.uri().path_and_query().map(http::uri::PathAndQuery::as_str) != Some(WEBHOOK) {
            return plain(401, "DirectApiAuthorizationRequired");
        }
        if request.method() != Method::POST {
            return plain(404, "no such trigger");
        }
        if request.headers().contains_key(header::AUTHORIZATION) {
            return plain(
                401,
                "the trigger can be started by anyone, and an `Authorization` header says otherwise",
            );
        }
        if let Some((status, retry_after)) = self.refusals.pop_front() {
            let mut answer = plain(status, "refused");
            answer.headers_mut().extend(retry_after.map(|it| (header::RETRY_AFTER, it.into())));
            return answer;
        }
        let now = Instant::now();
        while self.times.front().is_some_and(|it| now.duration_since(*it) >= WINDOW) {
            self.times.pop_front();
        }
        self.times.push_back(now);
        let mut complaints = Vec::new();
        if self.times.len() > MESSAGES {
            complaints.push(format!("more than {MESSAGES} messages came in five minutes"));
        }
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        if !media_type.is_some_and(|it| it.starts_with("application/json")) {
            complaints.push("the body is not said to be `application/json`".to_owned());
        }
        if request.body().len() > MESSAGE_BYTES {
            complaints.push(format!("the message has {} bytes, which is too large", request.body().len()));
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let shown = match shown(self.flow, &body) {
            Ok(shown) => shown,
            Err(complaint) => {
                complaints.push(complaint);
                Value::Null
            }
        };
        if shown.is_object() {
            judge(&shown, &mut complaints);
        }
        let shown = Some(shown).filter(|it| complaints.is_empty() && !it.is_null());
        self.posted.push(Posted { body, shown, complaints });
        plain(202, "")
    }
}

/// What the flow posts.
fn shown(flow: Flow, body: &Value) -> Result<Value, String> {
    match flow {
        Flow::Template => {
            let attachments = body.get("attachments").and_then(Value::as_array);
            let attachments = attachments.ok_or("`attachments` is no list: foreach cannot run over Null")?;
            let [attachment] = attachments.as_slice() else {
                return Err("there is not one attachment".to_owned());
            };
            if attachment.get("contentType").and_then(Value::as_str)
                != Some("application/vnd.microsoft.card.adaptive")
            {
                return Err("the attachment is no adaptive card".to_owned());
            }
            Ok(attachment.get("content").cloned().unwrap_or_default())
        }
        Flow::WholeBody => Ok(body.clone()),
        Flow::Text => match body.get("text") {
            Some(Value::String(text)) => Ok(text.clone().into()),
            _ => Err("there is no `text`".to_owned()),
        },
    }
}

/// What is wrong with a card.
fn judge(card: &Value, complaints: &mut Vec<String>) {
    let text = |name: &str| card.get(name).and_then(Value::as_str);
    if text("type") != Some("AdaptiveCard") {
        complaints.push("property `type` must be `AdaptiveCard`".to_owned());
        return;
    }
    if !matches!(text("version"), Some("1.0" | "1.1" | "1.2" | "1.3" | "1.4")) {
        complaints.push("the version is none that Workflows shows: 1.4 at most".to_owned());
    }
    if text("fallbackText").is_none_or(str::is_empty) {
        complaints.push("there is no `fallbackText`, so notifications are empty".to_owned());
    }
    for part in ["body", "actions"] {
        for it in card.get(part).and_then(Value::as_array).into_iter().flatten() {
            judge_element(it, DEPTH, complaints);
        }
    }
    let entities = card.pointer("/msteams/entities").and_then(Value::as_array);
    let entities = entities.map(Vec::as_slice).unwrap_or_default();
    if entities.len() > MENTIONS {
        complaints.push(format!("there are more than {MENTIONS} mentions"));
    }
    let whole = card.to_string();
    for entity in entities {
        let mention = entity.get("text").and_then(Value::as_str).unwrap_or_default();
        if !mention.starts_with("<at>") || whole.matches(mention).count() < 2 {
            complaints.push("a mention has no text in the card".to_owned());
        }
    }
}

/// What is wrong with an element or an action.
fn judge_element(element: &Value, depth: usize, complaints: &mut Vec<String>) {
    let text = |name: &str| element.get(name).and_then(Value::as_str);
    let Some(depth) = depth.checked_sub(1) else {
        complaints.push("the card is nested too deep".to_owned());
        return;
    };
    let children = match text("type").unwrap_or_default() {
        "TextBlock" | "TextRun" => {
            if text("text").is_none_or(str::is_empty) {
                complaints.push("a text is empty".to_owned());
            }
            None
        }
        "RichTextBlock" => Some("inlines"),
        "Container" => Some("items"),
        "FactSet" | "Image" => None,
        "Action.OpenUrl" => {
            if !text("url").is_some_and(|it| it.starts_with("https://") || it.starts_with("http://127.0.0.1"))
            {
                complaints.push("a button leads to something other than https".to_owned());
            }
            if text("title").is_none_or(str::is_empty) {
                complaints.push("a button has no title".to_owned());
            }
            None
        }
        "Action.ShowCard" | "Action.ToggleVisibility" => None,
        "Action.Submit" | "Action.Execute" => {
            complaints.push("a button does nothing without a bot".to_owned());
            None
        }
        _ => {
            complaints.push("there is an element that Workflows does not show".to_owned());
            None
        }
    };
    let Some(children) = children else { return };
    match element.get(children).and_then(Value::as_array) {
        Some(items) if !items.is_empty() => {
            items.iter().for_each(|it| judge_element(it, depth, complaints));
        }
        _ => complaints.push(format!("`{children}` of an element is empty")),
    }
}
