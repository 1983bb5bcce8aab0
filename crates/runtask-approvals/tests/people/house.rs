//! The house of an approval: its pages over a store, and what a browser does with them.

use crate::surroundings::{now, outbound};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use runtask_approvals::channels::slack::SlackApp;
use runtask_approvals::channels::{LinkForm, Links};
use runtask_approvals::identity::{ProxySettings, ProxySignIn};
use runtask_approvals::pages::{Pages, SignIn};
use runtask_approvals::test_util::{at, question, rules};
use runtask_approvals::{
    Answer, Approval, Channel, Directory, Event, Group, Keys, Outside, Post, PublicAddress, Question, Report,
    Secret, Sweeper, UnixTime, store,
};
use runtask_protocol::DetailsUrl;
use runtask_simulator::stand_ins::{Account, StandInIssuer};
use runtask_state::MemoryDocuments;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const ADDRESS: &str = "https://approve.example.com";

pub(crate) type Store = Arc<MemoryDocuments>;

/// HCP Terraform and the channels, of which nothing is known here but that they take everything.
#[derive(Debug)]
pub(crate) struct Elsewhere;

impl Outside for Elsewhere {
    fn page(&self, _approval: &Approval) -> Option<DetailsUrl> {
        None
    }

    async fn report(&self, _report: Report<'_>) -> Answer {
        Answer::Taken { reference: None }
    }

    async fn post(&self, _approval: &Approval, _channel: &Channel, _post: Post<'_>) -> Answer {
        Answer::Taken { reference: None }
    }
}

/// The pages, over a store with one approval.
pub(crate) struct House {
    pub(crate) pages: Pages<Store, Elsewhere>,
    pub(crate) store: Store,
    pub(crate) links: Links,
    pub(crate) opened: UnixTime,
}

impl House {
    pub(crate) async fn new(question: Question, sign_in: SignIn, slack: Option<SlackApp>) -> Self {
        let opened = match sign_in {
            // Tokens are made with the real clock, so all of this is.
            SignIn::Oidc(_) => now(),
            _ => at(0),
        };
        let mut question = question;
        question.closes_at = opened.plus(Duration::from_mins(50));
        let store = Arc::new(MemoryDocuments::new(10));
        let approval = Approval::ask(question, opened);
        assert!(store::create(&store, &approval, opened).await.unwrap());
        let address = PublicAddress::new(ADDRESS).unwrap();
        let links = Links::new(&approval, &keys(), &address, LinkForm::Pages);
        let sweeper =
            Sweeper { store: Arc::clone(&store), outside: Elsewhere, keys: keys(), audit_kept: None };
        let pages = Pages::new(Arc::new(sweeper), address, directory(), sign_in, slack);
        Self { pages, store, links, opened }
    }

    pub(crate) fn at(&self, minutes: u64) -> UnixTime {
        self.opened.plus(Duration::from_mins(minutes))
    }

    pub(crate) async fn approval(&self) -> Approval {
        store::load(&self.store, "taskrs-abc123", self.opened).await.unwrap().unwrap().approval
    }

    pub(crate) async fn apply(&self, event: Event) {
        store::change(&self.store, "taskrs-abc123", &event, self.at(1)).await.unwrap();
    }

    pub(crate) fn path(&self) -> &str {
        self.links.approve.strip_prefix(ADDRESS).unwrap()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: &str,
        minutes: u64,
    ) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(path);
        request.headers_mut().unwrap().extend(headers.clone());
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        for_any_thread(self.pages.answer(request, self.at(minutes))).await
    }

    pub(crate) async fn get(&self, path: &str, headers: &HeaderMap) -> Response<Bytes> {
        self.send(Method::GET, path, headers, "", 1).await
    }

    /// Hands in the page's form for `decision`, as a browser with these headers would.
    pub(crate) async fn hand_in(
        &self,
        headers: &HeaderMap,
        decision: &str,
        more: &[(&str, &str)],
    ) -> Response<Bytes> {
        let page = self.get(self.path(), headers).await;
        let mut headers = headers.clone();
        if let Some(cookie) = page.headers().get(header::SET_COOKIE) {
            headers.append(header::COOKIE, pair(cookie.to_str().unwrap()).parse().unwrap());
        }
        let body = form(&mark(&text(&page)), decision, more);
        self.send(Method::POST, self.path(), &from_page(&headers), &body, 1).await
    }
}

/// A server's threads take turns with it.
fn for_any_thread<F: Future + Send>(answer: F) -> F {
    answer
}

pub(crate) fn keys() -> Arc<Keys> {
    Arc::new(Keys::new(&Secret::new([5; 32]), None))
}

fn directory() -> Directory {
    let set = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
    let payments = Group {
        people: set(&["ada@example.com", "edsger@example.com", "grace@example.com"]),
        ..Group::default()
    };
    let security = Group { people: set(&["edsger@example.com"]), ..Group::default() };
    Directory {
        people: [("grace".to_owned(), set(&["grace@example.com"]))].into(),
        groups: [("payments".to_owned(), payments), ("security".to_owned(), security)].into(),
    }
}

pub(crate) fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

pub(crate) fn pair(cookie: &str) -> &str {
    cookie.split(';').next().unwrap()
}

pub(crate) fn location(response: &Response<Bytes>) -> &str {
    response.headers()[header::LOCATION].to_str().unwrap()
}

/// The hidden field of the page's first form.
pub(crate) fn mark(page: &str) -> String {
    page.split("name=\"csrf\" value=\"")
        .nth(1)
        .and_then(|it| it.split('"').next())
        .unwrap_or_default()
        .to_owned()
}

pub(crate) fn form(mark: &str, decision: &str, more: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("csrf", mark).append_pair("decision", decision).extend_pairs(more);
    form.finish()
}

/// What a browser adds when the page's own form is handed in.
pub(crate) fn from_page(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
    headers.insert(header::ORIGIN, ADDRESS.parse().unwrap());
    headers.insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    headers
}

/// A house in which nobody signs in, with rules that link possession can keep.
pub(crate) async fn by_link() -> House {
    let mut question = question();
    question.rules = rules(&[("payments", 1)]);
    question.rules.by_link = true;
    question.rules.break_glass = None;
    House::new(question, SignIn::Link, None).await
}

pub(crate) const CONFIRMED: [(&str, &str); 2] = [("confirm", "payments-prod"), ("reason", "")];

/// Somebody who has signed in by a proxy, as a stand-in for all ways: the header's name and value.
pub(crate) async fn proxied() -> (StandInIssuer, House) {
    let account = |name: &str| Account {
        name: name.to_owned(),
        claims: json!({ "sub": name, "email": format!("{name}@example.com") }).as_object().unwrap().clone(),
    };
    let accounts = ["ada", "edsger", "grace", "mallory"].map(account).to_vec();
    let issuer =
        StandInIssuer::start("127.0.0.1:0".parse().unwrap(), "tag", "", Vec::new(), accounts).await.unwrap();
    issuer.use_rsa_key(include_bytes!("fixtures/issuer-rs256.pk8")).unwrap();
    let team = issuer.issuer().parse().unwrap();
    let settings = ProxySettings::Cloudflare { team, audience: "tag".to_owned() };
    let sign_in = SignIn::Proxy(Box::new(ProxySignIn::new(settings, outbound())));
    let house = House::new(question(), sign_in, None).await;
    (issuer, house)
}

/// The headers of somebody behind the proxy, at the time of the house.
pub(crate) fn behind_proxy(issuer: &StandInIssuer, name: &str) -> HeaderMap {
    use runtask_simulator::stand_ins::{Forgery, Signing};
    let claims = json!({ "iat": at(0).0, "exp": at(60).0 }).as_object().unwrap().clone();
    issuer.forge(Forgery { signing: Signing::Rs256, claims, ..Forgery::default() });
    let mut headers = HeaderMap::new();
    headers.insert("cf-access-jwt-assertion", issuer.token(name, "tag").unwrap().parse().unwrap());
    headers
}
