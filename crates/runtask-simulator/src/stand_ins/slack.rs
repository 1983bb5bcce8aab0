//! Plays a workspace in Slack: takes calls of a bot, judges them as the Web API does, and sends signed clicks.
//!
//! Sources: Slack, "chat.postMessage", "chat.update", "views.open", "users.info", "Reference: Layout blocks" (limits), "Verifying
//! requests from Slack".

use super::listener::{Listener, json, plain};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use ring::hmac;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::form_urlencoded::{Serializer, parse};

/// Characters of all blocks of a message.
const BLOCKS_CHARACTERS: usize = 13_000;
/// Blocks of a message.
const BLOCKS: usize = 50;

/// Where somebody who clicked can be told something.
const REPLIES: &str = "/actions/T0EXAMPLE01/1/EXAMPLE";

/// A user of the workspace, as `users.info` tells of them.
#[derive(Debug, Clone)]
pub struct SlackUser {
    /// `U…`
    pub id: String,
    /// Everything else.
    pub fields: Value,
}

/// A workspace.
#[derive(Debug)]
pub struct StandInSlack {
    listener: Listener,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    token: String,
    users: Vec<SlackUser>,
    /// Channels that the bot is in.
    channels: Vec<String>,
    /// Messages by channel and time stamp, as they stand.
    messages: HashMap<(String, String), Value>,
    order: Vec<(String, String)>,
    views: Vec<Value>,
    told: Vec<Value>,
    calls: Vec<String>,
    refusals: VecDeque<Refusal>,
}

#[derive(Debug)]
enum Refusal {
    Error(String),
    Status(u16, Option<u64>),
}

impl StandInSlack {
    /// The app's id, the workspace's, and the channel that the bot is in.
    pub const APP: &str = "A0EXAMPLE01";
    /// The workspace's id.
    pub const TEAM: &str = "T0EXAMPLE01";
    /// The channel that the bot is in.
    pub const CHANNEL: &str = "C0EXAMPLE01";
    /// The bot's token.
    pub const TOKEN: &str = "xoxb-stand-in-token";
    /// What requests are signed with.
    pub const SECRET: &str = "stand-in-signing-secret";

    /// Listens at `address`, with these users.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened at.
    pub async fn start(address: SocketAddr, users: Vec<SlackUser>) -> io::Result<Self> {
        let state = State {
            token: Self::TOKEN.to_owned(),
            users,
            channels: vec![Self::CHANNEL.to_owned()],
            messages: HashMap::new(),
            order: Vec::new(),
            views: Vec::new(),
            told: Vec::new(),
            calls: Vec::new(),
            refusals: VecDeque::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let listener =
            Listener::start(address, |_| move |request: Request<Bytes>| lock(&shared).answer(&request));
        Ok(Self { listener: listener.await?, state })
    }

    /// The Web API's address, with a slash at its end.
    #[must_use]
    pub fn api(&self) -> String {
        format!("{}/api/", self.listener.origin)
    }

    /// Refuses the next call with `ok: false` and this error; what was said before is done first.
    pub fn fail_next(&self, error: &str) {
        lock(&self.state).refusals.push_back(Refusal::Error(error.to_owned()));
    }

    /// Answers the next call with this status, and with `Retry-After` if seconds are given.
    pub fn refuse_next(&self, status: u16, retry_after: Option<u64>) {
        lock(&self.state).refusals.push_back(Refusal::Status(status, retry_after));
    }

    /// Messages as they stand, in the order in which they were posted: time stamp and body.
    #[must_use]
    pub fn messages(&self) -> Vec<(String, Value)> {
        let state = lock(&self.state);
        let message = |key: &(String, String)| Some((key.1.clone(), state.messages.get(key)?.clone()));
        state.order.iter().filter_map(message).collect()
    }

    /// Dialogs that were opened.
    #[must_use]
    pub fn dialogs(&self) -> Vec<Value> {
        lock(&self.state).views.clone()
    }

    /// What people who clicked were told.
    #[must_use]
    pub fn told(&self) -> Vec<Value> {
        lock(&self.state).told.clone()
    }

    /// Where it is told to, up to the path: what Slack's own `https://hooks.slack.com` is.
    #[must_use]
    pub fn replies(&self) -> String {
        format!("{}/", self.listener.origin)
    }

    /// The methods that were called, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        lock(&self.state).calls.clone()
    }

    /// A click of `user` on the button `action` of the message with this time stamp: body and headers of the request.
    #[must_use]
    pub fn click(
        &self,
        ts: &str,
        action: &str,
        user: &str,
        now: u64,
    ) -> (String, [(&'static str, String); 3]) {
        let state = lock(&self.state);
        let message = state.messages.get(&(Self::CHANNEL.to_owned(), ts.to_owned()));
        let element = message.and_then(|it| element(it, action)).cloned().unwrap_or_default();
        let mut clicked = json!({ "type": "button", "block_id": "decide", "action_id": action, "action_ts": format!("{now}.000001") });
        if let (Some(value), Some(fields)) = (element.get("value"), clicked.as_object_mut()) {
            fields.insert("value".to_owned(), value.clone());
        }
        let payload = json!({
            "type": "block_actions",
            "user": { "id": user, "username": "ada", "name": "ada", "team_id": Self::TEAM },
            "team": { "id": Self::TEAM, "domain": "acme" },
            "enterprise": null, "is_enterprise_install": false, "api_app_id": Self::APP,
            "container": { "type": "message", "message_ts": ts, "channel_id": Self::CHANNEL, "is_ephemeral": false },
            "channel": { "id": Self::CHANNEL, "name": "tf-approvals" },
            "trigger_id": "1.2.0123456789abcdef",
            "response_url": format!("{}{REPLIES}", self.listener.origin),
            "actions": [clicked],
        });
        self.signed(&payload, now)
    }

    /// `user` hands in a dialog with this text.
    #[must_use]
    pub fn submit(
        &self,
        dialog: &Value,
        text: &str,
        user: &str,
        now: u64,
    ) -> (String, [(&'static str, String); 3]) {
        let view = dialog.get("view").cloned().unwrap_or_default();
        let of = |pointer: &str| view.pointer(pointer).cloned().unwrap_or_default();
        let block = of("/blocks/0/block_id");
        let field = of("/blocks/0/element/action_id");
        let text = if text.is_empty() { Value::Null } else { text.into() };
        let name = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let values = json!({ name(&block): { name(&field): { "type": "plain_text_input", "value": text } } });
        let payload = json!({
            "type": "view_submission",
            "team": { "id": Self::TEAM, "domain": "acme" },
            "user": { "id": user, "username": "ada", "name": "ada", "team_id": Self::TEAM },
            "api_app_id": Self::APP,
            "view": {
                "id": "V0EXAMPLE01", "type": "modal", "callback_id": of("/callback_id"),
                "private_metadata": of("/private_metadata"), "state": { "values": values },
            },
        });
        self.signed(&payload, now)
    }

    /// A request with this payload, signed as Slack does it.
    #[must_use]
    pub fn signed(&self, payload: &Value, now: u64) -> (String, [(&'static str, String); 3]) {
        let body = Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
        let key = hmac::Key::new(hmac::HMAC_SHA256, Self::SECRET.as_bytes());
        let mac = hmac::sign(&key, format!("v0:{now}:{body}").as_bytes());
        let digits: String = mac.as_ref().iter().map(|it| format!("{it:02x}")).collect();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("x-slack-request-timestamp", now.to_string()),
            ("x-slack-signature", format!("v0={digits}")),
        ];
        (body, headers)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The element of a message with this `action_id`.
fn element<'a>(message: &'a Value, action: &str) -> Option<&'a Value> {
    let blocks = message.get("blocks")?.as_array()?;
    let elements = blocks.iter().filter_map(|it| it.get("elements")?.as_array()).flatten();
    elements.into_iter().find(|it| it.get("action_id").and_then(Value::as_str) == Some(action))
}

impl State {
    fn answer(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.uri().path() == REPLIES {
            self.told.push(serde_json::from_slice(request.body()).unwrap_or_default());
            return plain(200, "ok");
        }
        let Some(method) = request.uri().path().strip_prefix("/api/") else { return plain(404, "not found") };
        if request.method() != Method::POST {
            return json(200, &failed("invalid_http_method"));
        }
        self.calls.push(method.to_owned());
        match self.refusals.pop_front() {
            Some(Refusal::Error(error)) => return json(200, &failed(&error)),
            Some(Refusal::Status(status, retry_after)) => {
                let mut answer = plain(status, "");
                answer.headers_mut().extend(retry_after.map(|it| (header::RETRY_AFTER, it.into())));
                return answer;
            }
            None => {}
        }
        let authorization = request.headers().get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        if authorization != Some(&format!("Bearer {}", self.token)) {
            return json(200, &failed("invalid_auth"));
        }
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let is_json = media_type.is_some_and(|it| it.starts_with("application/json"));
        let body: Value = match method {
            // It takes no JSON.
            "users.info" if !is_json => Value::Object(
                parse(request.body())
                    .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
                    .collect(),
            ),
            "users.info" => return json(200, &failed("invalid_arguments")),
            _ if is_json => serde_json::from_slice(request.body()).unwrap_or_default(),
            _ => return json(200, &failed("invalid_form_data")),
        };
        let answer = match method {
            "chat.postMessage" => self.post(body),
            "chat.update" => self.update(body),
            "views.open" => self.open(body),
            "users.info" => self.user(&body),
            _ => Err("unknown_method".to_owned()),
        };
        json(200, &answer.unwrap_or_else(|error| failed(&error)))
    }

    fn post(&mut self, body: Value) -> Result<Value, String> {
        let channel = text(&body, "channel").to_owned();
        if !self.channels.contains(&channel) {
            return Err("channel_not_found".to_owned());
        }
        judge(&body)?;
        let ts = format!("1796000000.{:06}", self.order.len() + 1);
        self.order.push((channel.clone(), ts.clone()));
        self.messages.insert((channel.clone(), ts.clone()), body);
        Ok(json!({ "ok": true, "channel": channel, "ts": ts }))
    }

    fn update(&mut self, body: Value) -> Result<Value, String> {
        let key = (text(&body, "channel").to_owned(), text(&body, "ts").to_owned());
        judge(&body)?;
        let message = self.messages.get_mut(&key).ok_or("message_not_found")?;
        *message = body;
        Ok(json!({ "ok": true, "channel": key.0, "ts": key.1 }))
    }

    fn open(&mut self, body: Value) -> Result<Value, String> {
        if text(&body, "trigger_id").is_empty() {
            return Err("invalid_trigger".to_owned());
        }
        let view = body.get("view").ok_or("invalid_arguments")?;
        let title = view.pointer("/title/text").and_then(Value::as_str).unwrap_or_default();
        let fits = (1..=24).contains(&title.chars().count()) && text(view, "private_metadata").len() <= 3000;
        if text(view, "type") != "modal" || !fits || view.get("submit").is_none() {
            return Err("invalid_arguments".to_owned());
        }
        self.views.push(body);
        Ok(json!({ "ok": true, "view": { "id": "V0EXAMPLE01" } }))
    }

    fn user(&self, body: &Value) -> Result<Value, String> {
        let id = text(body, "user");
        let user = self.users.iter().find(|it| it.id == id).ok_or("user_not_found")?;
        let mut fields = user.fields.as_object().cloned().unwrap_or_default();
        fields.insert("id".to_owned(), id.into());
        Ok(json!({ "ok": true, "user": fields }))
    }
}

fn failed(error: &str) -> Value {
    json!({ "ok": false, "error": error })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What Slack says is wrong with a message.
fn judge(message: &Value) -> Result<(), String> {
    let blocks = message.get("blocks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if text(message, "text").is_empty() {
        return Err("no_text".to_owned());
    }
    if blocks.len() > BLOCKS || characters(message) > BLOCKS_CHARACTERS {
        return Err("msg_blocks_too_long".to_owned());
    }
    if blocks.iter().all(block_is_fine) { Ok(()) } else { Err("invalid_blocks".to_owned()) }
}

/// Characters of everything in the blocks of a message that is text.
fn characters(message: &Value) -> usize {
    let mut left: Vec<&Value> = message.get("blocks").into_iter().collect();
    let mut count = 0;
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => count += text.chars().count(),
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => left.extend(fields.values()),
            _ => {}
        }
    }
    count
}

fn block_is_fine(block: &Value) -> bool {
    let list = |name: &str| block.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let part = |name: &str| block.get(name).unwrap_or(&Value::Null);
    match text(block, "type") {
        "header" => is_text(part("text"), 150, &["plain_text"]),
        "section" => {
            let either = ["plain_text", "mrkdwn"];
            let fields = list("fields");
            let has_text = block.get("text").is_none_or(|it| is_text(it, 3000, &either));
            has_text
                && fields.len() <= 10
                && fields.iter().all(|it| is_text(it, 2000, &either))
                && (block.get("text").is_some() || !fields.is_empty())
        }
        "context" => {
            (1..=10).contains(&list("elements").len())
                && list("elements").iter().all(|it| is_text(it, 3000, &["plain_text", "mrkdwn"]))
        }
        "actions" => (1..=25).contains(&list("elements").len()) && list("elements").iter().all(is_button),
        _ => false,
    }
}

fn is_button(element: &Value) -> bool {
    let part = |name: &str| element.get(name).unwrap_or(&Value::Null);
    let fits = |name: &str, most: usize| {
        element.get(name).is_none_or(|it| it.as_str().is_some_and(|it| it.len() <= most))
    };
    let style = element.get("style").is_none_or(|it| matches!(it.as_str(), Some("primary" | "danger")));
    let confirm = element.get("confirm").is_none_or(|it| {
        let of = |name: &str| it.get(name).unwrap_or(&Value::Null);
        is_text(of("title"), 100, &["plain_text"])
            && is_text(of("text"), 300, &["plain_text", "mrkdwn"])
            && is_text(of("confirm"), 30, &["plain_text"])
            && is_text(of("deny"), 30, &["plain_text"])
    });
    text(element, "type") == "button"
        && is_text(part("text"), 75, &["plain_text"])
        && fits("value", 2000)
        && fits("action_id", 255)
        && fits("url", 3000)
        && style
        && confirm
}

/// Whether it is a text of one of these kinds, not empty, and not longer than so many characters.
fn is_text(value: &Value, most: usize, kinds: &[&str]) -> bool {
    kinds.contains(&text(value, "type")) && (1..=most).contains(&text(value, "text").chars().count())
}
