//! From the question to the ending: what is due goes to HCP Terraform and to the channels, with the real senders.

use crate::surroundings::outbound;
use axum::Router;
use axum::extract::State;
use axum::routing::patch;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use ring::rand::SystemRandom;
use runtask_approvals::channels::LinkForm;
use runtask_approvals::channels::slack::{SlackApi, SlackButtons, SlackChannel, SlackToken};
use runtask_approvals::channels::teams::{CardForm, TeamsChannel};
use runtask_approvals::pages::{Pages, SignIn};
use runtask_approvals::test_util::{at, ballot, person, question, rules};
use runtask_approvals::{
    Approval, Channel, Choice, Directory, Event, Keys, PublicAddress, Reach, Room, Secret, Status, Sweeper,
    seal_token, store,
};
use runtask_client::{Client, ClientSettings};
use runtask_protocol::AccessToken;
use runtask_simulator::stand_ins::{Flow, StandInSlack, StandInTeams};
use runtask_state::MemoryDocuments;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ADDRESS: &str = "https://approve.example.com";
const TOKEN: &str = "the-run's-token";
const MINUTE: Duration = Duration::from_mins(1);

type Results = Arc<Mutex<Vec<(String, Value)>>>;

/// HCP Terraform: its origin, and each result with the `Authorization` that it came with.
async fn hcp_terraform() -> (String, Results) {
    let results = Results::default();
    let take = async |State(results): State<Results>, headers: HeaderMap, body: Bytes| {
        let authorization = headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
        results.lock().unwrap().push((authorization, serde_json::from_slice(&body).unwrap()));
    };
    let app = Router::new().route("/callback", patch(take)).with_state(Arc::clone(&results));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (origin, results)
}

/// Everything but people.
struct House {
    results: Results,
    teams: StandInTeams,
    slack: StandInSlack,
    sweeper: Arc<Sweeper<MemoryDocuments, Reach>>,
}

impl House {
    /// With one approval, to be asked for in both channels, which anybody with the link can answer.
    async fn new() -> Self {
        let (origin, results) = hcp_terraform().await;
        let teams = StandInTeams::start("127.0.0.1:0".parse().unwrap(), Flow::Template).await.unwrap();
        let slack = StandInSlack::start("127.0.0.1:0".parse().unwrap(), Vec::new()).await.unwrap();
        let outbound = outbound();
        let webhook = teams.webhook().parse().unwrap();
        let in_teams = TeamsChannel::new(
            "payments".to_owned(),
            webhook,
            CardForm::Envelope,
            Vec::new(),
            outbound.clone(),
        );
        let token = SlackToken::new(StandInSlack::TOKEN).unwrap();
        let api = SlackApi::at(slack.api().parse().unwrap(), token, outbound);
        let in_slack = SlackChannel::new(StandInSlack::CHANNEL.to_owned(), SlackButtons::Links, api);
        let names = ["teams:payments".to_owned(), format!("slack:{}", StandInSlack::CHANNEL)].map(Channel);
        let [for_teams, for_slack] = names.clone();
        let keys = Arc::new(Keys::new(&Secret::new([3; 32]), None));
        let settings = ClientSettings { origins: origin.parse().unwrap(), ..ClientSettings::default() };
        let reach = Reach {
            client: Client::new(settings).unwrap(),
            rooms: [
                (for_teams, Room::Teams(Box::new(in_teams))),
                (for_slack, Room::Slack(Box::new(in_slack))),
            ]
            .into(),
            keys: Arc::clone(&keys),
            address: PublicAddress::new(ADDRESS).unwrap(),
            links: LinkForm::Pages,
            now: || at(0),
        };
        let mut question = question();
        question.callback_url = format!("{origin}/callback");
        question.channels = names.to_vec();
        question.rules = rules(&[("payments", 1)]);
        question.rules.by_link = true;
        let token = AccessToken::new(TOKEN);
        question.sealed_token =
            seal_token(&keys, &token, &question.id, &question.callback_url, &SystemRandom::new()).unwrap();
        let sweeper = Sweeper { store: MemoryDocuments::new(10), outside: reach, keys, audit_kept: None };
        store::create(&sweeper.store, &Approval::ask(question, at(0)), at(0)).await.unwrap();
        Self { results, teams, slack, sweeper: Arc::new(sweeper) }
    }

    fn result(&self, number: usize) -> Value {
        let results = self.results.lock().unwrap();
        let (authorization, result) = &results[number];
        assert_eq!(*authorization, format!("Bearer {TOKEN}"));
        result["data"]["attributes"].clone()
    }
}

#[tokio::test]
async fn a_question_goes_to_both_channels_and_the_verdict_before_the_ending() {
    let house = House::new().await;
    let sweeper = Arc::clone(&house.sweeper);
    // As a server does it: beside everything else, on whatever thread.
    let sweep = tokio::spawn(async move { sweeper.sweep(at(0), MINUTE).await });
    assert_eq!(sweep.await.unwrap().unwrap().attended, 1);
    let asked = house.teams.posted()[0].shown.clone().unwrap();
    let link = asked["actions"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(house.slack.messages()[0].1["blocks"].to_string().matches(&link).count(), 1, "the same page");
    house.sweeper.sweep(at(4), MINUTE).await.unwrap();
    assert_eq!(house.result(0)["status"], "running");

    // Somebody follows the link, and answers.
    let address = PublicAddress::new(ADDRESS).unwrap();
    let pages = Pages::new(Arc::clone(&house.sweeper), address, Directory::default(), SignIn::Link, None);
    let path = link.strip_prefix(ADDRESS).unwrap();
    let look = Request::get(path).body(Bytes::new()).unwrap();
    let page = pages.answer(look, at(5)).await;
    let text = String::from_utf8(page.body().to_vec()).unwrap();
    let mark = text.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = [("csrf", mark), ("decision", "approve"), ("name", "Ada"), ("confirm", "payments-prod")];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let cookie = page.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
    let post = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.into())
        .unwrap();
    assert_eq!(pages.answer(post, at(5)).await.status(), StatusCode::SEE_OTHER);

    let verdict = house.result(1);
    assert_eq!(verdict["status"], "passed");
    assert_eq!(verdict["message"], "Approved by Ada (unverified) (1 of 1).");
    assert!(verdict["url"].as_str().unwrap().starts_with(ADDRESS), "{verdict}");
    house.sweeper.sweep(at(6), MINUTE).await.unwrap();
    let posted = house.teams.posted();
    assert_eq!(posted.len(), 2, "one question and one ending");
    assert!(posted.iter().all(|it| it.complaints.is_empty()), "{posted:?}");
    assert_eq!(house.slack.messages().len(), 1, "changed, not posted again");
    assert_eq!(house.slack.messages()[0].1["text"], "Approved: payments-prod");
}

#[tokio::test]
async fn a_channel_that_refuses_keeps_nobody_from_being_asked_elsewhere() {
    let house = House::new().await;
    house.slack.fail_next("channel_not_found");
    house.teams.refuse_next(503, None);
    house.sweeper.sweep(at(0), MINUTE).await.unwrap();
    assert_eq!((house.teams.posted().len(), house.slack.messages().len()), (0, 0));
    house.sweeper.sweep(at(1), MINUTE).await.unwrap();
    assert_eq!((house.teams.posted().len(), house.slack.messages().len()), (1, 0), "Teams is tried again");
    let vote = Event::Vote(ballot(person("ada", &["payments"]), Choice::Reject));
    store::change(&house.sweeper.store, "taskrs-abc123", &vote, at(2)).await.unwrap();
    house.sweeper.sweep(at(2), MINUTE).await.unwrap();
    let kept = store::load(&house.sweeper.store, "taskrs-abc123", at(2)).await.unwrap().unwrap();
    assert!(
        matches!(kept.approval.status, Status::Reported { confirmed: true, .. }),
        "{:?}",
        kept.approval.status
    );
    let kept = format!("{:?}{}", house.sweeper, String::from_utf8_lossy(&kept.approval.to_json()));
    for secret in [TOKEN, StandInSlack::TOKEN, "stand-in-signature"] {
        assert!(!kept.contains(secret), "{secret}");
    }
}
