//! Answers requests: one place that says which path and method does what.

use super::approval_page::{Refused, Shown, Viewer, approval_page};
use super::csrf::{CsrfError, Owner, mark};
use super::form::{FORM_BYTES, Fields, FormError, VerifiedForm, verified};
use super::notice::{not_found, notice, sign_out, unavailable};
use super::page::{STYLE, STYLE_PATH};
use super::reply::{answer, empty, html, not_allowed, see_other, text, with_cookie};
use super::slack_clicks::clicked;
use super::visitor::{SignIn, Stranger, Visitor, sign_in_address, unverified, visitor};
use crate::approval::Approval;
use crate::channels::slack::SlackApp;
use crate::directory::Directory;
use crate::event::Event;
use crate::identity::{CALLBACK_PATH, ReturnPath, Sessions, SignInError};
use crate::link::Link;
use crate::outside::Outside;
use crate::person::Person;
use crate::public_address::PublicAddress;
use crate::refusal::Refusal;
use crate::status::Status;
use crate::store::{ChangeError, change, load};
use crate::sweep::Sweeper;
use crate::time::UnixTime;
use crate::vote::{Ballot, Choice};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use runtask_state::DocumentStore;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// How long whoever has decided waits for HCP Terraform to hear of it. What is left, the sweep does.
const ATTENTION: Duration = Duration::from_secs(5);

/// Who has decided by following a link, as far as anybody knows.
const FOLLOWER: &str = "somebody with the link";

/// What came of following a link that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// It is decided, and HCP Terraform knows.
    Reported,
    /// It is decided, and HCP Terraform does not know yet: it is told again.
    Decided,
    /// It is decided, and HCP Terraform does not wait for it any more.
    InVain,
    /// The link leads to nothing that waits for an answer.
    Nowhere,
    /// It is not known; to be asked again.
    Unavailable,
}

/// The pages, over what keeps and sends approvals.
#[derive(Debug)]
pub struct Pages<S, O> {
    sweeper: Arc<Sweeper<S, O>>,
    address: PublicAddress,
    directory: Directory,
    sessions: Sessions,
    sign_in: SignIn,
    slack: Option<SlackApp>,
}

impl<S: DocumentStore, O: Outside> Pages<S, O> {
    /// Pages at `address`, for people of `directory` who say by `sign_in` who they are. With `slack`, the address for
    /// interactions is answered; clicks are votes where `sign_in` is [`SignIn::Slack`].
    #[must_use]
    pub fn new(
        sweeper: Arc<Sweeper<S, O>>,
        address: PublicAddress,
        directory: Directory,
        sign_in: SignIn,
        slack: Option<SlackApp>,
    ) -> Self {
        let sessions = Sessions::new(address.clone(), Arc::clone(&sweeper.keys), &directory);
        Self { sweeper, address, directory, sessions, sign_in, slack }
    }

    /// Answers one request, whose body was read within bounds.
    pub async fn answer(&self, request: Request<Bytes>, now: UnixTime) -> Response<Bytes> {
        let head = *request.method() == Method::HEAD;
        let answer = self.routed(&request, now).await;
        if head { answer.map(|_body| Bytes::new()) } else { answer }
    }

    async fn routed(&self, request: &Request<Bytes>, now: UnixTime) -> Response<Bytes> {
        if request.body().len() > FORM_BYTES {
            return text(StatusCode::PAYLOAD_TOO_LARGE, "too large");
        }
        let path = request.uri().path();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let posts = *request.method() == Method::POST;
        if let Some(token) = path.strip_prefix("/-/a/") {
            return match () {
                () if reads => self.look(request, token, now).await,
                () if posts => self.decide(request, token, now).await,
                () => not_allowed("GET, HEAD, POST"),
            };
        }
        match path {
            "/-/signin" if reads => self.depart(request, now).await,
            CALLBACK_PATH if reads => self.arrive(request, now).await,
            "/-/signout" if reads => sign_out(),
            "/-/signout" if posts => self.leave(request),
            "/-/slack/interactions" if posts => self.slack(request, now).await,
            "/healthz" if reads => text(StatusCode::OK, "ok"),
            STYLE_PATH if reads => answer(StatusCode::OK, "text/css; charset=utf-8", STYLE),
            "/-/signout" => not_allowed("GET, HEAD, POST"),
            "/-/slack/interactions" => not_allowed("POST"),
            "/-/signin" | CALLBACK_PATH | "/healthz" | STYLE_PATH => not_allowed("GET, HEAD"),
            _ => not_found(),
        }
    }

    /// Decides by a link that somebody has followed, or a program that looks at links: there is no page and no form. Only where
    /// nobody says who they are ([`SignIn::Link`]), and only for links to the run `run_id`.
    pub async fn follow(&self, token: &str, run_id: &str, choice: Choice, now: UnixTime) -> Followed {
        let link = match self.sign_in {
            SignIn::Link => Link::read(token, &self.sweeper.keys, now),
            _ => None,
        };
        let (Some(link), Some(identity)) = (link, unverified(FOLLOWER)) else { return Followed::Nowhere };
        match load(&self.sweeper.store, &link.id, now).await {
            Ok(Some(kept)) if kept.approval.run.run_id == run_id => {}
            Ok(_) => return Followed::Nowhere,
            Err(error) => {
                warn!("an approval could not be read: {error}");
                return Followed::Unavailable;
            }
        }
        let person = self.directory.person(&identity);
        let ballot = Ballot { person, choice, reason: String::new(), typed_name: None };
        match change(&self.sweeper.store, &link.id, &Event::Vote(ballot), now).await {
            Ok(_) => {}
            Err(ChangeError::Refused(_) | ChangeError::NotFound) => return Followed::Nowhere,
            Err(error) => {
                warn!("an answer could not be kept: {error}");
                return Followed::Unavailable;
            }
        }
        self.attend(&link.id, now).await;
        match load(&self.sweeper.store, &link.id, now).await {
            Ok(Some(kept)) => match kept.approval.status {
                Status::Reported { .. } => Followed::Reported,
                Status::Lost { .. } | Status::Cancelled { .. } => Followed::InVain,
                Status::Open | Status::Decided { .. } => Followed::Decided,
            },
            _ => Followed::Decided,
        }
    }

    /// Shows the page. Nothing is changed.
    async fn look(&self, request: &Request<Bytes>, token: &str, now: UnixTime) -> Response<Bytes> {
        let (link, approval) = match self.found(token, now).await {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        match self.visitor(request, now).await {
            Ok(visitor) => self.page(StatusCode::OK, &approval, &link, token, &visitor, None, now),
            Err(Stranger::SignedOut) => match ReturnPath::new(request.uri().path()) {
                Some(here) => see_other(&sign_in_address(&here)),
                None => not_found(),
            },
            Err(stranger) => refused(stranger),
        }
    }

    /// Takes an answer. Whatever comes of it, the page says so.
    async fn decide(&self, request: &Request<Bytes>, token: &str, now: UnixTime) -> Response<Bytes> {
        let (link, approval) = match self.found(token, now).await {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let visitor = match self.visitor(request, now).await {
            Ok(visitor) => visitor,
            // A form is never sent on to the identity provider: browsers would hold that against `form-action`.
            Err(Stranger::SignedOut) => return signed_out(request.uri().path()),
            Err(stranger) => return refused(stranger),
        };
        let session = match &visitor {
            Visitor::Known { session, .. } | Visitor::Anybody { session, cookie: None } => session,
            Visitor::Anybody { cookie: Some(_), .. } => return stale(request.uri().path()),
            Visitor::Reader => return not_allowed("GET, HEAD"),
        };
        let owner = Owner { session, link: token };
        let form = verified(request.headers(), request.body(), &self.address, &self.sweeper.keys, owner, now);
        let VerifiedForm(fields) = match form {
            Ok(form) => form,
            Err(error) => {
                info!(?error, "a form was refused");
                return match error {
                    FormError::Csrf(CsrfError::Expired) => stale(request.uri().path()),
                    FormError::Csrf(CsrfError::CrossSite | CsrfError::Forged) => notice(
                        StatusCode::FORBIDDEN,
                        "This did not come from the page",
                        "Nothing was decided. Answers are taken from the approval's own page only.",
                        Some((request.uri().path(), "Open the page")),
                    ),
                    FormError::Malformed => text(StatusCode::BAD_REQUEST, "this is not the page's form"),
                };
            }
        };
        let Some(event) = self.event(&visitor, &fields) else {
            return text(StatusCode::BAD_REQUEST, "this is not the page's form");
        };
        match change(&self.sweeper.store, &link.id, &event, now).await {
            Ok(kept) => {
                if matches!(kept.approval.status, Status::Decided { .. }) {
                    self.attend(&link.id, now).await;
                }
                see_other(request.uri().path())
            }
            Err(ChangeError::Refused(refusal)) => {
                // What is shown must be what it was refused by.
                let approval = match load(&self.sweeper.store, &link.id, now).await {
                    Ok(Some(kept)) => kept.approval,
                    _ => approval,
                };
                let refused =
                    Refused { refusal: &refusal, decision: &fields.decision, reason: &fields.reason };
                self.page(status_of(&refusal), &approval, &link, token, &visitor, Some(refused), now)
            }
            Err(ChangeError::NotFound) => not_found(),
            Err(error) => {
                warn!("an answer could not be kept: {error}");
                unavailable()
            }
        }
    }

    /// Sends the verdict at once. Whatever comes of it, the answer counts.
    async fn attend(&self, id: &str, now: UnixTime) {
        match tokio::time::timeout(ATTENTION, self.sweeper.attend(id, now)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!("a verdict is left to the sweep: {error}"),
            Err(_elapsed) => info!("a verdict takes longer, and is left to the sweep"),
        }
    }

    /// What a form asks for; `None` when it is none of ours.
    fn event(&self, visitor: &Visitor, fields: &Fields) -> Option<Event> {
        let identity = match visitor {
            Visitor::Known { identity, .. } => identity.as_ref().clone(),
            Visitor::Anybody { .. } => unverified(&fields.name)?,
            Visitor::Reader => return None,
        };
        let person = self.directory.person(&identity);
        let choice = match fields.decision.as_str() {
            "approve" => Choice::Approve,
            "reject" => Choice::Reject,
            "break-glass" => Choice::BreakGlass,
            "withdraw" => return Some(Event::Withdraw(person)),
            _ => return None,
        };
        let typed_name = Some(fields.confirm.clone()).filter(|it| !it.is_empty());
        Some(Event::Vote(Ballot { person, choice, reason: fields.reason.clone(), typed_name }))
    }

    /// The approval that a token leads to. One answer for all that lead nowhere.
    async fn found(&self, token: &str, now: UnixTime) -> Result<(Link, Approval), Response<Bytes>> {
        let link = Link::read(token, &self.sweeper.keys, now).ok_or_else(not_found)?;
        match load(&self.sweeper.store, &link.id, now).await {
            Ok(Some(kept)) => Ok((link, kept.approval)),
            Ok(None) => Err(not_found()),
            Err(error) => {
                warn!("an approval could not be read: {error}");
                Err(unavailable())
            }
        }
    }

    async fn visitor(&self, request: &Request<Bytes>, now: UnixTime) -> Result<Visitor, Stranger> {
        visitor(&self.sign_in, &self.sessions, &self.address, request.headers(), now).await
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is another part of what is shown, and it is called twice"
    )]
    fn page(
        &self,
        status: StatusCode,
        approval: &Approval,
        link: &Link,
        token: &str,
        visitor: &Visitor,
        refused: Option<Refused<'_>>,
        now: UnixTime,
    ) -> Response<Bytes> {
        let (viewer, session, cookie) = match visitor {
            Visitor::Known { identity, session } => {
                let person: Person = self.directory.person(identity);
                let can_leave = matches!(self.sign_in, SignIn::Oidc(_));
                (Viewer::Person { person: Box::new(person), can_leave }, session.as_str(), None)
            }
            Visitor::Anybody { session, cookie } => (Viewer::Anybody, session.as_str(), cookie.as_ref()),
            Visitor::Reader => (Viewer::Reader, "", None),
        };
        let csrf = mark(&self.sweeper.keys, Owner { session, link: token }, now);
        let shown = Shown { approval, offer: link.offer, viewer: &viewer, csrf: &csrf, refused, now };
        let answer = html(status, approval_page(&shown));
        match cookie {
            Some(cookie) => with_cookie(answer, cookie),
            None => answer,
        }
    }

    async fn depart(&self, request: &Request<Bytes>, now: UnixTime) -> Response<Bytes> {
        let SignIn::Oidc(oidc) = &self.sign_in else { return not_found() };
        let query = request.uri().query().unwrap_or_default();
        let mut then = url::form_urlencoded::parse(query.as_bytes()).filter(|it| it.0 == "then");
        let then = then.next().and_then(|(_, path)| ReturnPath::new(&path));
        let Some(then) = then else {
            return notice(
                StatusCode::BAD_REQUEST,
                "Where do you want to go?",
                "Start from the link in the message that asks for an approval.",
                None,
            );
        };
        match oidc.depart(&then, now).await {
            Ok(departure) => with_cookie(see_other(departure.url.as_str()), &departure.cookie),
            Err(error) => not_signed_in(error),
        }
    }

    async fn arrive(&self, request: &Request<Bytes>, now: UnixTime) -> Response<Bytes> {
        let SignIn::Oidc(oidc) = &self.sign_in else { return not_found() };
        let query = request.uri().query().unwrap_or_default();
        let arrival = match oidc.arrive(query, request.headers(), now).await {
            Ok(arrival) => arrival,
            Err(error) => return not_signed_in(error),
        };
        match self.sessions.begin(arrival.identity, now) {
            Ok(session) => {
                let answer = see_other(arrival.then.as_str());
                with_cookie(with_cookie(answer, &session), &arrival.cookie)
            }
            Err(error) => {
                warn!("somebody could not be signed in: {error}");
                not_signed_in(SignInError::Unavailable)
            }
        }
    }

    fn leave(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if super::csrf::from_here(request.headers(), &self.address).is_err() {
            return text(StatusCode::FORBIDDEN, "this did not come from the page");
        }
        let page = notice(StatusCode::OK, "You are signed out", "These pages have forgotten you.", None);
        with_cookie(page, &self.sessions.end())
    }

    async fn slack(&self, request: &Request<Bytes>, now: UnixTime) -> Response<Bytes> {
        let Some(app) = &self.slack else { return not_found() };
        if matches!(self.sign_in, SignIn::Slack) {
            return clicked(
                &self.sweeper.store,
                app,
                &self.directory,
                request.headers(),
                request.body(),
                now,
            )
            .await;
        }
        // Buttons that are links are told too, and want nothing.
        match app.interaction(request.headers(), request.body(), now) {
            Ok(_) => empty(StatusCode::OK),
            Err(_) => text(StatusCode::UNAUTHORIZED, "unauthorized"),
        }
    }
}

/// 422 for what somebody can mend in the form, 403 for what they may not do, 409 for what is too late.
fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::ReasonNeeded | Refusal::NameMismatch => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::AlreadyDecided { .. }
        | Refusal::Over
        | Refusal::Expired { .. }
        | Refusal::AlreadyVoted
        | Refusal::NothingToWithdraw
        | Refusal::TooManyVotes => StatusCode::CONFLICT,
        Refusal::OwnRun
        | Refusal::CreatorUnknown
        | Refusal::NotAnApprover
        | Refusal::GroupsUnknown
        | Refusal::Unverified => StatusCode::FORBIDDEN,
    }
}

fn refused(stranger: Stranger) -> Response<Bytes> {
    match stranger {
        Stranger::Unavailable => unavailable(),
        Stranger::Refused(why) => notice(StatusCode::FORBIDDEN, "You cannot answer here", &why, None),
        Stranger::SignedOut => not_found(),
    }
}

fn signed_out(path: &str) -> Response<Bytes> {
    let again = ReturnPath::new(path).map(|it| sign_in_address(&it));
    notice(
        StatusCode::UNAUTHORIZED,
        "You were signed out",
        "Nothing was decided: a sign-in lasts for a quarter of an hour. Sign in again, and answer again.",
        again.as_deref().map(|it| (it, "Sign in again")),
    )
}

fn stale(path: &str) -> Response<Bytes> {
    notice(
        StatusCode::FORBIDDEN,
        "This page was open for too long",
        "Nothing was decided. Open it again, see whether anything has changed, and answer then.",
        Some((path, "Open the page again")),
    )
}

fn not_signed_in(error: SignInError) -> Response<Bytes> {
    let status = match error {
        SignInError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        SignInError::Malformed => StatusCode::BAD_REQUEST,
        _ => StatusCode::FORBIDDEN,
    };
    notice(status, "You are not signed in", &error.to_string(), None)
}
