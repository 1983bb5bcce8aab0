//! People answer in Slack.

use crate::house::House;
use crate::surroundings::outbound;
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use runtask_approvals::channels::slack::{
    SigningSecret, SlackApi, SlackApp, SlackButtons, SlackChannel, SlackSettings, SlackToken,
};
use runtask_approvals::pages::SignIn;
use runtask_approvals::test_util::question;
use runtask_approvals::{Answer, Cause, Channel, Choice, Event, Message};
use runtask_simulator::stand_ins::{SlackUser, StandInSlack};
use serde_json::{Value, json};

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
