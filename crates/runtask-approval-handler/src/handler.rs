//! Joins the store, the channels and the pages to what a program calls.

use crate::settings::{HandlerSettings, RoomSettings, SignInSettings, SlackApiSettings};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use runtask_approvals::channels::slack::{SlackApi, SlackApp, SlackChannel};
use runtask_approvals::channels::teams::TeamsChannel;
use runtask_approvals::identity::{OidcSignIn, ProxySignIn};
use runtask_approvals::pages::{FORM_BYTES, Followed, Pages, SignIn};
use runtask_approvals::store::{self, ChangeError};
use runtask_approvals::{
    Answer, AskError, AskPeople, Channel, Choice, Gauges, Outbound, Reach, Room, Sweeper, Swept, UnixTime,
    Waiting,
};
use runtask_client::{Client, ClientError, ClientSettings, service_client};
use runtask_log::{Chain, event};
use runtask_state::{DocumentError, DocumentStore};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tracing::warn;

/// How long whoever has kept a question waits for channels to have it. What is left, the sweep does.
const ATTENTION: Duration = Duration::from_secs(10);

/// Approvals over a store of documents.
#[derive(Debug)]
pub struct ApprovalHandler<S> {
    sweeper: Arc<Sweeper<S, Reach>>,
    pages: Pages<S, Reach>,
    now: fn() -> UnixTime,
}

impl<S: DocumentStore> ApprovalHandler<S> {
    /// Makes it; calls nobody. `audit_kept` is for how long the store has the lines of the audit log; without, they are in
    /// the log alone. `now` is the clock.
    ///
    /// # Errors
    ///
    /// When no HTTP client can be made from the settings.
    pub fn new(
        settings: HandlerSettings,
        client: &ClientSettings,
        store: S,
        audit_kept: Option<Duration>,
        now: fn() -> UnixTime,
    ) -> Result<Self, ClientError> {
        let HandlerSettings { address, keys, directory, sign_in, rooms, slack, links } = settings;
        let outbound = outbound(client)?;
        let rooms = rooms.into_iter().map(|(channel, it)| {
            let room = room(&channel.0, it, &outbound);
            (channel, room)
        });
        let reach = Reach {
            client: Client::new(client.clone())?,
            rooms: rooms.collect(),
            keys: Arc::clone(&keys),
            address: address.clone(),
            links,
            now,
        };
        let sign_in = match sign_in {
            SignInSettings::Oidc(oidc) => SignIn::Oidc(Box::new(OidcSignIn::new(
                oidc,
                address.clone(),
                Arc::clone(&keys),
                outbound.clone(),
            ))),
            SignInSettings::Proxy(proxy) => {
                SignIn::Proxy(Box::new(ProxySignIn::new(proxy, outbound.clone())))
            }
            SignInSettings::EasyAuth { tenant } => SignIn::EasyAuth { tenant },
            SignInSettings::Slack => SignIn::Slack,
            SignInSettings::Link => SignIn::Link,
        };
        let slack = slack.map(|it| SlackApp::new(it.app, slack_api(it.api, &outbound)));
        let sweeper = Arc::new(Sweeper { store, outside: reach, keys, audit_kept });
        let pages = Pages::new(Arc::clone(&sweeper), address, directory, sign_in, slack);
        Ok(Self { sweeper, pages, now })
    }

    /// Answers a request for one of the pages, or from Slack. The body is read within bounds.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Bytes>
    where
        B: Body<Data: Send> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        // One byte more, so that what is too long is seen to be.
        let body = match Limited::new(body, FORM_BYTES + 1).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                return plain(StatusCode::PAYLOAD_TOO_LARGE, "too large");
            }
            Err(_broken_off) => return plain(StatusCode::BAD_REQUEST, "the request broke off"),
        };
        self.pages.answer(Request::from_parts(head, body), (self.now)()).await
    }

    /// Decides by a link of the form [`LinkForm::OneClick`](runtask_approvals::channels::LinkForm): [`Pages::follow`].
    pub async fn follow(&self, token: &str, run_id: &str, choice: Choice) -> Followed {
        self.pages.follow(token, run_id, choice, (self.now)()).await
    }

    /// Attends to every approval that is due, for at most `time` and a little.
    ///
    /// # Errors
    ///
    /// When the store does not say which are due. Trouble with one approval is logged, and the others are attended to.
    pub async fn sweep(&self, time: Duration) -> Result<Swept, DocumentError> {
        self.sweeper.sweep((self.now)(), time).await
    }

    /// Attends to one approval. `false` when nothing of it is due, or somebody else is at it.
    ///
    /// # Errors
    ///
    /// When it cannot be read or written. What is left, a sweep does.
    pub async fn attend(&self, id: &str) -> Result<bool, ChangeError> {
        self.sweeper.attend(id, (self.now)()).await
    }

    /// Ends every open approval, because the store is about to be lost, and sends the verdicts.
    ///
    /// # Errors
    ///
    /// When the store does not say which there are.
    pub async fn stop(&self, time: Duration) -> Result<Swept, DocumentError> {
        self.sweeper.stop((self.now)(), time).await
    }

    /// How all approvals stand that are not over; reads each of them.
    ///
    /// # Errors
    ///
    /// When the store does not say which there are.
    pub async fn gauges(&self) -> Result<Gauges, DocumentError> {
        self.sweeper.gauges((self.now)()).await
    }

    /// Posts a greeting to a channel, for somebody who looks whether it arrives; `None` where there is no such channel.
    pub async fn greet(&self, channel: &Channel) -> Option<Answer> {
        match self.sweeper.outside.rooms.get(channel)? {
            Room::Teams(room) => Some(room.hello((self.now)()).await),
            Room::Slack(room) => Some(room.hello().await),
        }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.sweeper.store
    }
}

impl<S: DocumentStore> AskPeople for ApprovalHandler<S> {
    /// Keeps the question, and tells channels at once, as far as that goes.
    async fn ask(&self, waiting: Waiting) -> Result<(), AskError> {
        let now = (self.now)();
        let approval = waiting.into_approval(&self.sweeper.keys, now)?;
        store::create(&self.sweeper.store, &approval, now).await?;
        match tokio::time::timeout(ATTENTION, self.sweeper.attend(&approval.id, now)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                warn!(event = event::APPROVAL_FAILED, "a question is left to the sweep: {}", Chain(&error));
            }
            Err(_elapsed) => {
                warn!(event = event::APPROVAL_NOT_SENT, "a question takes longer, and is left to the sweep")
            }
        }
        Ok(())
    }
}

/// The client for identity providers and chats.
fn outbound(client: &ClientSettings) -> Result<Outbound, ClientError> {
    let is_proxied = !client.proxy_hosts.is_empty();
    service_client(client.timeout, client.ca_bundle.as_deref(), is_proxied).map(Outbound::new)
}

fn slack_api(settings: SlackApiSettings, outbound: &Outbound) -> SlackApi {
    match settings.base {
        Some(base) => SlackApi::at(base, settings.token, outbound.clone()),
        None => SlackApi::new(settings.token, outbound.clone()),
    }
}

fn room(name: &str, settings: RoomSettings, outbound: &Outbound) -> Room {
    match settings {
        RoomSettings::Teams { webhook, card, mentions } => {
            let channel = TeamsChannel::new(name.to_owned(), webhook, card, mentions, outbound.clone());
            Room::Teams(Box::new(channel))
        }
        RoomSettings::Slack { id, buttons, api } => {
            Room::Slack(Box::new(SlackChannel::new(id, buttons, slack_api(api, outbound))))
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    response
}
