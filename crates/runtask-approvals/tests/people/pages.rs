//! People look at the page of an approval, sign in, and answer.

use crate::surroundings::{now, outbound};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use runtask_approvals::channels::slack::{
    SigningSecret, SlackApi, SlackApp, SlackButtons, SlackChannel, SlackSettings, SlackToken,
};
use runtask_approvals::channels::{LinkForm, Links};
use runtask_approvals::identity::{
    IssuerUrl, OidcSettings, OidcSignIn, Provider, ProxySettings, ProxySignIn,
};
use runtask_approvals::pages::{Followed, Pages, SignIn};
use runtask_approvals::test_util::{at, question, rules};
use runtask_approvals::{
    Answer, Approval, Cause, Channel, Choice, Directory, Event, Group, Keys, Message, Outside, Post,
    PublicAddress, Question, Report, Secret, Sweeper, UnixTime, store,
};
use runtask_protocol::DetailsUrl;
use runtask_simulator::stand_ins::{Account, SlackUser, StandInIssuer, StandInSlack};
use runtask_state::MemoryDocuments;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const ADDRESS: &str = "https://approve.example.com";

type Store = Arc<MemoryDocuments>;

/// HCP Terraform and the channels, of which nothing is known here but that they take everything.
#[derive(Debug)]
struct Elsewhere;

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
struct House {
    pages: Pages<Store, Elsewhere>,
    store: Store,
    links: Links,
    opened: UnixTime,
}

impl House {
    async fn new(question: Question, sign_in: SignIn, slack: Option<SlackApp>) -> Self {
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

    fn at(&self, minutes: u64) -> UnixTime {
        self.opened.plus(Duration::from_mins(minutes))
    }

    async fn approval(&self) -> Approval {
        store::load(&self.store, "taskrs-abc123", self.opened).await.unwrap().unwrap().approval
    }

    async fn apply(&self, event: Event) {
        store::change(&self.store, "taskrs-abc123", &event, self.at(1)).await.unwrap();
    }

    fn path(&self) -> &str {
        self.links.approve.strip_prefix(ADDRESS).unwrap()
    }

    async fn send(
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

    async fn get(&self, path: &str, headers: &HeaderMap) -> Response<Bytes> {
        self.send(Method::GET, path, headers, "", 1).await
    }

    /// Hands in the page's form for `decision`, as a browser with these headers would.
    async fn hand_in(&self, headers: &HeaderMap, decision: &str, more: &[(&str, &str)]) -> Response<Bytes> {
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

fn keys() -> Arc<Keys> {
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

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn pair(cookie: &str) -> &str {
    cookie.split(';').next().unwrap()
}

fn location(response: &Response<Bytes>) -> &str {
    response.headers()[header::LOCATION].to_str().unwrap()
}

/// The hidden field of the page's first form.
fn mark(page: &str) -> String {
    page.split("name=\"csrf\" value=\"")
        .nth(1)
        .and_then(|it| it.split('"').next())
        .unwrap_or_default()
        .to_owned()
}

fn form(mark: &str, decision: &str, more: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("csrf", mark).append_pair("decision", decision).extend_pairs(more);
    form.finish()
}

/// What a browser adds when the page's own form is handed in.
fn from_page(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
    headers.insert(header::ORIGIN, ADDRESS.parse().unwrap());
    headers.insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    headers
}

/// A house in which nobody signs in, with rules that link possession can keep.
async fn by_link() -> House {
    let mut question = question();
    question.rules = rules(&[("payments", 1)]);
    question.rules.by_link = true;
    question.rules.break_glass = None;
    House::new(question, SignIn::Link, None).await
}

const CONFIRMED: [(&str, &str); 2] = [("confirm", "payments-prod"), ("reason", "")];

/// Somebody who has signed in by a proxy, as a stand-in for all ways: the header's name and value.
async fn proxied() -> (StandInIssuer, House) {
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
fn behind_proxy(issuer: &StandInIssuer, name: &str) -> HeaderMap {
    use runtask_simulator::stand_ins::{Forgery, Signing};
    let claims = json!({ "iat": at(0).0, "exp": at(60).0 }).as_object().unwrap().clone();
    issuer.forge(Forgery { signing: Signing::Rs256, claims, ..Forgery::default() });
    let mut headers = HeaderMap::new();
    headers.insert("cf-access-jwt-assertion", issuer.token(name, "tag").unwrap().parse().unwrap());
    headers
}

#[tokio::test]
async fn every_answer_keeps_the_page_to_itself() {
    let house = by_link().await;
    for (method, path) in [
        (Method::GET, house.path()),
        (Method::GET, "/"),
        (Method::GET, "/healthz"),
        (Method::GET, "/-/style.css"),
        (Method::OPTIONS, house.path()),
        (Method::POST, house.path()),
        (Method::DELETE, "/-/signout"),
    ] {
        let answer = house.send(method.clone(), path, &HeaderMap::new(), "", 1).await;
        let headers =
            answer.headers().iter().filter(|it| it.0 != header::SET_COOKIE && it.0 != header::ALLOW);
        let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let mut headers: Vec<_> = headers.filter(|it| !it.starts_with("content-type")).collect();
        headers.sort();
        assert_eq!(
            headers,
            [
                "cache-control: no-store",
                "content-security-policy: default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                "cross-origin-opener-policy: same-origin",
                "cross-origin-resource-policy: same-origin",
                "referrer-policy: same-origin",
                "strict-transport-security: max-age=31536000",
                "x-content-type-options: nosniff",
                "x-frame-options: DENY",
                "x-robots-tag: noindex, nofollow",
            ],
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn routes_answer_their_methods_and_no_other() {
    let house = by_link().await;
    let status = async |method: Method, path: &str| {
        house.send(method, path, &HeaderMap::new(), "", 1).await.status().as_u16()
    };
    assert_eq!(status(Method::GET, "/healthz").await, 200);
    assert_eq!(status(Method::POST, "/healthz").await, 405);
    assert_eq!(status(Method::GET, "/-/slack/interactions").await, 405);
    assert_eq!(status(Method::POST, "/-/slack/interactions").await, 404, "there is no app");
    assert_eq!(status(Method::OPTIONS, house.path()).await, 405);
    assert_eq!(status(Method::PUT, house.path()).await, 405);
    assert_eq!(status(Method::GET, "/-/signin?then=/-/a/x").await, 404, "nobody signs in");
    assert_eq!(status(Method::GET, "/approve?run_id=run-1").await, 404);
    let long = "x".repeat(16 * 1024 + 1);
    assert_eq!(house.send(Method::POST, house.path(), &HeaderMap::new(), &long, 1).await.status(), 413);
}

#[tokio::test]
async fn looking_changes_nothing_however_often_and_by_whomever() {
    let house = by_link().await;
    let before = store::load(&house.store, "taskrs-abc123", house.opened).await.unwrap().unwrap();
    let reject = house.links.reject.strip_prefix(ADDRESS).unwrap();
    for path in [house.path(), reject, &format!("{}?decision=approve&reason=x", house.path())] {
        for method in [Method::GET, Method::HEAD] {
            let answer = house.send(method.clone(), path, &HeaderMap::new(), "decision=approve", 1).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.body().is_empty(), method == Method::HEAD);
        }
    }
    let after = store::load(&house.store, "taskrs-abc123", house.opened).await.unwrap().unwrap();
    assert_eq!(after.version, before.version, "not even written again");
}

#[tokio::test]
async fn links_that_lead_nowhere_have_one_answer() {
    let house = by_link().await;
    let get = async |path: &str, minutes| house.send(Method::GET, path, &HeaderMap::new(), "", minutes).await;
    let forged = format!("{}x", house.path());
    let nobodys = Approval { id: "taskrs-other".to_owned(), ..house.approval().await };
    let others =
        Links::new(&nobodys, &keys(), &PublicAddress::new(ADDRESS).unwrap(), LinkForm::Pages).approve;
    let expired = get(house.path(), 50 + 24 * 60).await;
    assert_eq!(expired.status(), StatusCode::NOT_FOUND);
    for path in ["/-/a/", "/-/a/x.y", "/-/a/x/y", &forged, others.strip_prefix(ADDRESS).unwrap()] {
        let answer = get(path, 1).await;
        assert_eq!((answer.status(), answer.body()), (StatusCode::NOT_FOUND, expired.body()), "{path}");
    }
}

#[tokio::test]
async fn what_others_wrote_is_shown_and_does_nothing() {
    let mut question = question();
    let hostile = "<script>alert(1)</script>\"'><img src=x>";
    question.run.workspace = hostile.to_owned();
    question.run.message = Some(hostile.to_owned());
    question.run.created_by = Some(hostile.to_owned());
    question.plan.as_mut().unwrap().destroys = vec![hostile.to_owned()];
    question.policies[0].text = hostile.to_owned();
    question.run.run_url = Some("javascript:alert(1)".to_owned());
    let house = House::new(question, SignIn::Slack, None).await;
    let page = text(&house.get(house.path(), &HeaderMap::new()).await);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("javascript:"), "{page}");
    assert!(!page.contains("<form"), "here one answers in Slack");
}

#[tokio::test]
async fn somebody_with_the_link_answers_under_a_name_that_nobody_checked() {
    let house = by_link().await;
    let answer = house.hand_in(&HeaderMap::new(), "approve", &[("name", "Ada"), CONFIRMED[0]]).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, house.path()));
    let page = text(&house.get(house.path(), &HeaderMap::new()).await);
    assert!(page.contains("Approved by Ada (unverified) (1 of 1)."), "{page}");
    assert!(!page.contains("<form"), "there is nothing left to answer");
}

#[tokio::test]
async fn a_form_from_elsewhere_or_of_somebody_else_counts_for_nothing() {
    let house = by_link().await;
    let page = house.get(house.path(), &HeaderMap::new()).await;
    let cookie = page.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        cookie.starts_with("__Host-rt=") && cookie.contains("HttpOnly; SameSite=Strict; Secure"),
        "{cookie}"
    );
    let mut browser = HeaderMap::new();
    browser.insert(header::COOKIE, pair(&cookie).parse().unwrap());
    let mark = mark(&text(&page));
    let fields = [("name", "Ada"), CONFIRMED[0]];
    let body = form(&mark, "approve", &fields);
    let own = from_page(&browser);
    let check = async |headers: &HeaderMap, body: &str, minutes| {
        house.send(Method::POST, house.path(), headers, body, minutes).await.status().as_u16()
    };

    let mut cross = own.clone();
    cross.insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(check(&cross, &body, 1).await, 403);
    let mut sandboxed = own.clone();
    sandboxed.remove("sec-fetch-site");
    sandboxed.insert(header::ORIGIN, "null".parse().unwrap());
    assert_eq!(check(&sandboxed, &body, 1).await, 403);
    let mut silent = sandboxed.clone();
    silent.remove(header::ORIGIN);
    assert_eq!(check(&silent, &body, 1).await, 403, "a scanner that posts what it has fetched");
    assert_eq!(check(&from_page(&HeaderMap::new()), &body, 1).await, 403, "without the cookie");
    let mut others = HeaderMap::new();
    others.insert(header::COOKIE, format!("__Host-rt={}", "A".repeat(43)).parse().unwrap());
    assert_eq!(check(&from_page(&others), &body, 1).await, 403, "with another's cookie");
    assert_eq!(check(&own, &form("", "approve", &fields), 1).await, 403);
    assert_eq!(check(&own, &form(&mark, "approve", &[("decision", "reject")]), 1).await, 400, "twice");
    assert_eq!(check(&own, &form(&mark, "pass", &fields), 1).await, 400);
    assert_eq!(check(&own, &form(&mark, "approve", &[CONFIRMED[0]]), 1).await, 400, "without a name");
    let mut json = own.clone();
    json.insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
    assert_eq!(check(&json, &body, 1).await, 400);
    assert_eq!(check(&own, &body, 11).await, 403, "too late");
    assert_eq!(house.approval().await.votes, []);
    assert_eq!(check(&own, &body, 10).await, 303, "and this one counts");
}

#[tokio::test]
async fn two_people_approve_and_the_page_says_so() {
    let (issuer, house) = proxied().await;
    let ada = behind_proxy(&issuer, "ada");
    let page = text(&house.get(house.path(), &ada).await);
    assert!(page.contains("You are <strong>ada@example.com</strong>"), "{page}");
    assert!(page.contains("0 of 2 approvals so far: it needs 2 of payments."), "{page}");
    assert_eq!(house.hand_in(&ada, "approve", &CONFIRMED).await.status(), StatusCode::SEE_OTHER);
    let page = text(&house.get(house.path(), &ada).await);
    assert!(page.contains("You approved at 00:54 UTC.") && page.contains("Take it back"), "{page}");
    assert!(!page.contains("value=\"approve\""), "nobody approves twice");

    let edsger = behind_proxy(&issuer, "edsger");
    assert_eq!(house.hand_in(&edsger, "approve", &CONFIRMED).await.status(), StatusCode::SEE_OTHER);
    let page = text(&house.get(house.path(), &edsger).await);
    assert!(page.contains("Approved by ada@example.com and edsger@example.com (2 of 2)."), "{page}");
}

#[tokio::test]
async fn an_answer_is_taken_back_and_given_anew() {
    let (issuer, house) = proxied().await;
    let ada = behind_proxy(&issuer, "ada");
    house.hand_in(&ada, "approve", &CONFIRMED).await;
    assert_eq!(house.hand_in(&ada, "withdraw", &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.approval().await.counted().count(), 0);
    assert_eq!(
        house.hand_in(&ada, "reject", &[("reason", "not today")]).await.status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(house.approval().await.status.decision().map(|it| it.cause), Some(Cause::Rejected));
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_what_is_too_late_is_told() {
    let (issuer, house) = proxied().await;
    let ada = behind_proxy(&issuer, "ada");
    for (decision, fields, sentence) in [
        ("approve", [("confirm", "payments"), ("reason", "seen <it>")], "Type the workspace's name exactly"),
        ("reject", [("confirm", ""), ("reason", "  ")], "A reason is needed."),
    ] {
        let answer = house.hand_in(&ada, decision, &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let page = text(&answer);
        assert!(page.contains("role=\"alert\"") && page.contains(sentence), "{page}");
        assert_eq!(
            page.contains("seen &lt;it&gt;</textarea>"),
            decision == "approve",
            "nobody types it twice"
        );
    }
    let mark = mark(&text(&house.get(house.path(), &ada).await));
    let edsger = runtask_approvals::test_util::person("edsger", &["payments"]);
    house.apply(Event::Vote(runtask_approvals::test_util::ballot(edsger, Choice::Reject))).await;
    let body = form(&mark, "approve", &CONFIRMED);
    let late = house.send(Method::POST, house.path(), &from_page(&ada), &body, 2).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    assert!(
        text(&late).contains("This was already decided by edsger@example.com at 00:54 UTC."),
        "{}",
        text(&late)
    );
}

#[tokio::test]
async fn whoever_may_not_answer_is_told_why_and_sees_no_form_for_it() {
    let (issuer, house) = proxied().await;
    let mallory = behind_proxy(&issuer, "mallory");
    let page = text(&house.get(house.path(), &mallory).await);
    assert!(page.contains("You are in none of the groups that are asked."), "{page}");
    assert!(!page.contains("<form"), "{page}");
    let grace = behind_proxy(&issuer, "grace");
    let page = text(&house.get(house.path(), &grace).await);
    assert!(page.contains("You started this run, so somebody else has to approve it."), "{page}");
    assert!(!page.contains("value=\"approve\"") && page.contains("value=\"reject\""), "{page}");
    let adas = mark(&text(&house.get(house.path(), &behind_proxy(&issuer, "ada")).await));
    let body = form(&adas, "approve", &CONFIRMED);
    let swapped = house.send(Method::POST, house.path(), &from_page(&grace), &body, 1).await;
    assert_eq!(swapped.status(), StatusCode::FORBIDDEN, "another's form");
    let nobody = house.get(house.path(), &HeaderMap::new()).await;
    assert_eq!(nobody.status(), StatusCode::FORBIDDEN, "around the proxy");
    assert_eq!(house.approval().await.votes, []);
}

#[tokio::test]
async fn the_glass_is_offered_to_whoever_may_break_it() {
    let (issuer, house) = proxied().await;
    let page = text(&house.get(house.path(), &behind_proxy(&issuer, "ada")).await);
    assert!(!page.contains("break-glass"));
    let edsger = behind_proxy(&issuer, "edsger");
    let fields = [("confirm", "payments-prod"), ("reason", "the ledger is down")];
    assert_eq!(house.hand_in(&edsger, "break-glass", &fields).await.status(), StatusCode::SEE_OTHER);
    let page = text(&house.get(house.path(), &edsger).await);
    assert!(
        page.contains("Emergency, passed without the required approvals by edsger@example.com."),
        "{page}"
    );
}

#[tokio::test]
async fn the_link_to_reject_offers_that_first_and_decides_nothing() {
    let (issuer, house) = proxied().await;
    let ada = behind_proxy(&issuer, "ada");
    let first = |page: &str| {
        page.split("name=\"decision\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    assert_eq!(first(&text(&house.get(house.path(), &ada).await)), "approve");
    let reject = house.links.reject.strip_prefix(ADDRESS).unwrap().to_owned();
    assert_eq!(first(&text(&house.get(&reject, &ada).await)), "reject");
}

/// A house in which people sign in, and a browser's cookies.
async fn with_issuer() -> (StandInIssuer, House) {
    let callback = format!("{ADDRESS}/-/signin/callback");
    let ada = json!({ "sub": "1", "email": "ada@example.com", "email_verified": true });
    let accounts = vec![Account { name: "ada".to_owned(), claims: ada.as_object().unwrap().clone() }];
    let address = "127.0.0.1:0".parse().unwrap();
    let issuer = StandInIssuer::start(address, "runtask", "secret", vec![callback], accounts).await.unwrap();
    let settings = OidcSettings {
        issuer: IssuerUrl::new(issuer.issuer()).unwrap(),
        client_id: "runtask".to_owned(),
        client_secret: "secret".to_owned().into(),
        provider: Provider::Other { groups_claim: None },
    };
    let oidc = OidcSignIn::new(settings, PublicAddress::new(ADDRESS).unwrap(), keys(), outbound());
    let house = House::new(question(), SignIn::Oidc(Box::new(oidc)), None).await;
    (issuer, house)
}

#[tokio::test]
async fn somebody_follows_a_link_signs_in_and_approves() {
    let (issuer, house) = with_issuer().await;
    let first = house.get(house.path(), &HeaderMap::new()).await;
    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    let away = house.get(location(&first), &HeaderMap::new()).await;
    assert_eq!(away.status(), StatusCode::SEE_OTHER);
    let mut browser = HeaderMap::new();
    browser
        .append(header::COOKIE, pair(away.headers()[header::SET_COOKIE].to_str().unwrap()).parse().unwrap());
    let back = issuer.pick(&location(&away).parse().unwrap(), "ada").unwrap();
    let arrived = house.get(back.strip_prefix(ADDRESS).unwrap(), &browser).await;
    assert_eq!((arrived.status(), location(&arrived)), (StatusCode::SEE_OTHER, house.path()));
    let cookies: Vec<_> =
        arrived.headers().get_all(header::SET_COOKIE).iter().map(|it| it.to_str().unwrap()).collect();
    assert!(cookies[0].starts_with("__Host-rt-session=") && cookies[1].contains("Max-Age=0"), "{cookies:?}");
    let mut browser = HeaderMap::new();
    browser.append(header::COOKIE, pair(cookies[0]).parse().unwrap());

    assert_eq!(house.hand_in(&browser, "approve", &CONFIRMED).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.approval().await.votes[0].who.email.as_deref(), Some("ada@example.com"));

    let out = house.send(Method::POST, "/-/signout", &browser, "", 1).await;
    assert_eq!(out.status(), StatusCode::FORBIDDEN, "no other site signs anybody out");
    let out = house.send(Method::POST, "/-/signout", &from_page(&browser), "", 1).await;
    assert!(
        out.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .starts_with("__Host-rt-session=; Path=/; Max-Age=0")
    );

    let mark = mark(&text(&house.get(house.path(), &browser).await));
    let body = form(&mark, "withdraw", &[]);
    let late = house.send(Method::POST, house.path(), &from_page(&browser), &body, 16).await;
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);
    assert!(text(&late).contains("/-/signin?then=%2F-%2Fa%2F"), "a link, and no redirect of a form");
    assert_eq!(house.approval().await.counted().count(), 1);
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_and_a_provider_that_is_down_decides_nothing() {
    let (issuer, house) = with_issuer().await;
    for then in ["", "?then=", "?then=https://evil.example/-/a/x", "?then=//evil.example", "?then=/-/a/../x"]
    {
        let answer = house.get(&format!("/-/signin{then}"), &HeaderMap::new()).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{then}");
    }
    let stale = house.get("/-/signin/callback?code=x&state=AAAAAAAAAAAA", &HeaderMap::new()).await;
    assert_eq!(stale.status(), StatusCode::FORBIDDEN);
    let hostile = house
        .get("/-/signin/callback?error=%3Cscript%3E&error_description=%3Cscript%3E", &HeaderMap::new())
        .await;
    assert_eq!(hostile.status(), StatusCode::BAD_REQUEST);
    assert!(!text(&hostile).contains("script"), "nothing that came is repeated");
    issuer.set_down(true);
    let down = house.get("/-/signin?then=/-/a/x", &HeaderMap::new()).await;
    assert_eq!(down.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// A house in which people answer in Slack, with the question posted there.
async fn in_slack() -> (StandInSlack, House, String) {
    let user = |id: &str, email: &str| {
        let fields = json!({ "team_id": StandInSlack::TEAM, "profile": { "email": email } });
        SlackUser { id: id.to_owned(), fields }
    };
    let users = vec![
        user("U0ADA", "ada@example.com"),
        user("U0EDSGER", "edsger@example.com"),
        user("U0MALLORY", "m@example.com"),
    ];
    let slack = StandInSlack::start("127.0.0.1:0".parse().unwrap(), users).await.unwrap();
    let token = SlackToken::new(StandInSlack::TOKEN).unwrap();
    let api = SlackApi::at(slack.api().parse().unwrap(), token, outbound());
    let settings = SlackSettings {
        app: StandInSlack::APP.to_owned(),
        team: StandInSlack::TEAM.to_owned(),
        signing_secrets: vec![SigningSecret::new(StandInSlack::SECRET).unwrap()],
        replies: slack.replies(),
    };
    let channel = Channel(format!("slack:{}", StandInSlack::CHANNEL));
    let mut question = question();
    question.channels = vec![channel.clone()];
    let house = House::new(question, SignIn::Slack, Some(SlackApp::new(settings, api.clone()))).await;
    let posts = SlackChannel::new(StandInSlack::CHANNEL.to_owned(), SlackButtons::Votes, api);
    let answer = posts.ask(&house.approval().await, &house.links).await;
    let Answer::Taken { reference: Some(ts) } = answer.clone() else { panic!("Slack did not take it") };
    house.apply(Event::Tried { message: Message::Card(channel), answer }).await;
    (slack, house, ts)
}

impl House {
    /// Sends what Slack has signed.
    async fn slack(&self, (body, pairs): (String, [(&'static str, String); 3])) -> Response<Bytes> {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        self.send(Method::POST, "/-/slack/interactions", &headers.collect(), &body, 1).await
    }
}

#[tokio::test]
async fn clicks_in_slack_are_votes_one_for_each_person_however_often_they_click() {
    let (slack, house, ts) = in_slack().await;
    let told = |number: usize| slack.told()[number]["text"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        let answer = house.slack(slack.click(&ts, "approve", "U0ADA", house.at(1).0)).await;
        assert_eq!((answer.status(), answer.body().len()), (StatusCode::OK, 0));
    }
    assert_eq!(house.approval().await.counted().count(), 1);
    assert_eq!(told(0), "Your answer counts (1 of 2).");
    assert!(told(1).contains("You have answered already."), "{}", told(1));
    house.slack(slack.click(&ts, "approve", "U0MALLORY", house.at(1).0)).await;
    assert!(told(3).contains("You are in none of the groups that are asked."), "{}", told(3));
    house.slack(slack.click(&ts, "approve", "U0EDSGER", house.at(1).0)).await;
    assert_eq!(told(4), "Your answer counts (2 of 2).");
    assert_eq!(house.approval().await.status.decision().map(|it| it.cause), Some(Cause::Approved));
}

#[tokio::test]
async fn a_rejection_in_slack_wants_a_reason_in_a_dialog() {
    let (slack, house, ts) = in_slack().await;
    house.slack(slack.click(&ts, "reject", "U0ADA", house.at(1).0)).await;
    assert_eq!(house.approval().await.votes, [], "the click decides nothing");
    let dialog = slack.dialogs()[0].clone();
    let answer = house.slack(slack.submit(&dialog, "", "U0ADA", house.at(1).0)).await;
    let errors: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(errors["response_action"], "errors");
    assert!(errors["errors"]["reason"].as_str().unwrap().contains("A reason is needed."), "{errors}");
    let answer = house.slack(slack.submit(&dialog, "too late today", "U0ADA", house.at(1).0)).await;
    assert!(answer.body().is_empty());
    let approval = house.approval().await;
    assert_eq!(
        (approval.votes[0].decision, approval.votes[0].reason.as_str()),
        (Choice::Reject, "too late today")
    );
}

#[tokio::test]
async fn a_click_elsewhere_or_unsigned_is_no_vote() {
    let (slack, house, ts) = in_slack().await;
    let (body, mut pairs) = slack.click(&ts, "approve", "U0ADA", house.at(1).0);
    pairs[2].1.replace_range(3..4, "x");
    assert_eq!(house.slack((body, pairs)).await.status(), StatusCode::UNAUTHORIZED);
    let (body, _) = slack.click(&ts, "approve", "U0ADA", house.at(1).0);
    let payload = url::form_urlencoded::parse(body.as_bytes()).next().unwrap().1.into_owned();
    let mut payload: Value = serde_json::from_str(&payload).unwrap();
    payload["container"]["message_ts"] = "1.2".into();
    assert_eq!(house.slack(slack.signed(&payload, house.at(1).0)).await.status(), StatusCode::OK);
    assert_eq!(slack.told()[0]["text"], "This message is not the one that asks for this run.");
    assert_eq!(house.approval().await.votes, []);
}

/// T-37: a link that decides when it is followed, for those who ask for that by name: each decides once, and only its own run.
#[tokio::test]
async fn a_link_that_decides_is_good_once_and_for_its_run() {
    let mut question = question();
    question.rules = rules(&[("payments", 1)]);
    question.rules.by_link = true;
    question.rules.confirm_name = false;
    let house = House::new(question, SignIn::Link, None).await;
    let run_id = house.approval().await.run.run_id;
    let address = PublicAddress::new(ADDRESS).unwrap();
    let links = Links::new(&house.approval().await, &keys(), &address, LinkForm::OneClick);
    let (path, token) = links.approve.strip_prefix(ADDRESS).unwrap().split_once("&token=").unwrap();
    assert_eq!(path, format!("/approve?run_id={run_id}"));
    assert!(links.reject.starts_with(&format!("{ADDRESS}/reject?run_id={run_id}&token=")));
    let follow = async |token: &str, run_id: &str, choice| {
        house.pages.follow(token, run_id, choice, house.at(1)).await
    };
    for (token, run_id) in [("", run_id.as_str()), ("x.y", &run_id), (token, "run-another"), (token, "")] {
        assert_eq!(follow(token, run_id, Choice::Approve).await, Followed::Nowhere, "{token} {run_id}");
    }
    assert!(house.approval().await.status.decision().is_none());
    // The token of this run cannot be opened, so nobody can be told.
    assert_eq!(follow(token, &run_id, Choice::Approve).await, Followed::InVain);
    assert_eq!(follow(token, &run_id, Choice::Reject).await, Followed::Nowhere);
    let decision = house.approval().await.status.decision().unwrap();
    assert_eq!(decision.cause, Cause::Approved);
}

/// T-37: where people sign in, no link decides.
#[tokio::test]
async fn no_link_decides_where_people_sign_in() {
    let (_issuer, house) = proxied().await;
    let address = PublicAddress::new(ADDRESS).unwrap();
    let approval = house.approval().await;
    let links = Links::new(&approval, &keys(), &address, LinkForm::OneClick);
    let token = links.approve.split_once("&token=").unwrap().1;
    let followed = house.pages.follow(token, &approval.run.run_id, Choice::Approve, house.opened).await;
    assert_eq!(followed, Followed::Nowhere);
    assert!(house.approval().await.status.decision().is_none());
}
