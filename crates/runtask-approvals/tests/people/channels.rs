//! People are asked in stand-ins for Teams and Slack, which judge what they get as the real ones would.

use crate::surroundings::outbound;
use http::HeaderMap;
use runtask_approvals::channels::slack::{
    Interaction, Place, SLACK_REPLIES, SigningSecret, SlackApi, SlackApp, SlackButtons, SlackChannel,
    SlackPersonError, SlackRefusal, SlackSettings, SlackToken,
};
use runtask_approvals::channels::teams::{CardForm, Mention, TeamsChannel};
use runtask_approvals::channels::{LinkForm, Links};
use runtask_approvals::test_util::{approval, at, ballot, person, question};
use runtask_approvals::{
    Answer, Approval, Choice, Event, Keys, Link, Message, Offer, PlanFacts, Policy, PublicAddress, Secret,
    apply,
};
use runtask_simulator::stand_ins::{Flow, SlackUser, StandInSlack, StandInTeams};
use serde_json::{Value, json};

fn keys() -> Keys {
    Keys::new(&Secret::new([1; 32]), None)
}

fn links() -> Links {
    let address = PublicAddress::new("https://approve.example.com/").unwrap();
    Links::new(&approval(), &keys(), &address, LinkForm::Pages)
}

async fn teams(flow: Flow) -> StandInTeams {
    StandInTeams::start("127.0.0.1:0".parse().unwrap(), flow).await.unwrap()
}

fn channel(teams: &StandInTeams, form: CardForm) -> TeamsChannel {
    let ada = Mention { name: "Ada Lovelace".to_owned(), id: "ada@example.com".to_owned() };
    TeamsChannel::new("payments".to_owned(), teams.webhook().parse().unwrap(), form, vec![ada], outbound())
}

/// An approval with as much in it as there can be.
fn full() -> Approval {
    let mut question = question();
    let wide = |times| "ä<b>*_".repeat(times);
    question.run.workspace = wide(100);
    question.run.message = Some(wide(500));
    question.run.pull_request_url = Some(format!("https://git.example.com/{}", "x".repeat(900)));
    question.run.advisory = true;
    question.plan = Some(PlanFacts { destroy: 400, destroys: vec![wide(60); 400], ..question.plan.unwrap() });
    let policy = Policy { id: wide(50), passed: false, overridable: true, text: wide(300) };
    question.policies = vec![policy; 90];
    Approval::ask(question, at(0))
}

/// Approved by two people, and HCP Terraform has it.
fn approved() -> Approval {
    let mut approval = approval();
    for name in ["ada", "edsger"] {
        let event = Event::Vote(ballot(person(name, &["payments"]), Choice::Approve));
        approval = apply(&approval, event, at(3)).unwrap();
    }
    let taken = Answer::Taken { reference: None };
    apply(&approval, Event::Tried { message: Message::Verdict, answer: taken }, at(4)).unwrap()
}

const TAKEN: Answer = Answer::Taken { reference: None };

#[test]
fn the_buttons_lead_to_the_page_of_this_approval_until_a_day_after_it_closes() {
    let links = links();
    let token = links.reject.strip_prefix("https://approve.example.com/-/a/").unwrap();
    let link = Link::read(token, &keys(), at(50 + 24 * 60 - 1)).unwrap();
    assert_eq!((link.id.as_str(), link.offer), ("taskrs-abc123", Offer::Reject));
    assert_eq!(Link::read(token, &keys(), at(50 + 24 * 60)), None);
    assert_ne!(links.approve, links.reject);
}

/// T-16: both shapes of a card, and the text of the run task before.
#[tokio::test]
async fn teams_shows_questions_and_endings_of_every_form_and_size() {
    for (flow, form) in [
        (Flow::Template, CardForm::Envelope),
        (Flow::WholeBody, CardForm::Bare),
        (Flow::Text, CardForm::Text),
    ] {
        let teams = teams(flow).await;
        let channel = channel(&teams, form);
        assert_eq!(channel.ask(&approval(), &links(), at(0)).await, TAKEN);
        assert_eq!(channel.ask(&full(), &links(), at(0)).await, TAKEN);
        assert_eq!(channel.follow_up(&approved(), at(4)).await, TAKEN);
        assert_eq!(channel.hello(at(4)).await, TAKEN);
        let posted = teams.posted();
        for it in &posted {
            assert_eq!(it.complaints, Vec::<String>::new(), "{}", it.body);
            assert!(it.shown.is_some());
            assert!(it.body.to_string().len() <= 18 * 1024);
        }
        assert_eq!(posted.len(), 4);
        let ending = posted[2].body.to_string().replace('`', "");
        assert!(ending.contains("Approved by ada@example.com and edsger@example.com (2 of 2)."), "{ending}");
    }
}

/// What the stand-in is good for: it notices.
#[tokio::test]
async fn a_form_that_the_flow_does_not_expect_is_taken_and_not_shown() {
    for (flow, form) in [
        (Flow::Template, CardForm::Bare),
        (Flow::Template, CardForm::Text),
        (Flow::WholeBody, CardForm::Envelope),
        (Flow::WholeBody, CardForm::Text),
    ] {
        let teams = teams(flow).await;
        assert_eq!(channel(&teams, form).ask(&approval(), &links(), at(0)).await, TAKEN);
        let posted = teams.posted();
        assert!(posted[0].shown.is_none() && !posted[0].complaints.is_empty(), "{flow:?} {form:?}");
    }
}

/// T-15, T-16: the lines in their order.
#[tokio::test]
async fn a_question_in_text_has_the_lines_of_the_run_task_before() {
    let teams = teams(Flow::Text).await;
    let links = Links { approve: "https://a.example/1".to_owned(), reject: "https://a.example/2".to_owned() };
    let mut approval = approval();
    approval.run.message = Some("resize *ledger*".to_owned());
    approval.run.pull_request_url = Some("https://git.example.com/42".to_owned());
    channel(&teams, CardForm::Text).ask(&approval, &links, at(0)).await;
    insta::assert_snapshot!(teams.posted()[0].body["text"].as_str().unwrap(), @r"
    Workspace **payments-prod** has requested approval.

    Run ID: **run-6XpqB3aTk1ExampleId**

    Stage: **post_plan**

    Speculative: **No**

    Triggered by: **grace**

    Run Message: resize \*ledger\*

    [Open Run](https://app.terraform.io/app/acme/payments-prod/runs/run-6XpqB3aTk1ExampleId)

    [View Pull Request](https://git.example.com/42)

    [Approve](https://a.example/1) | [Reject](https://a.example/2)
    ");
}

#[tokio::test]
async fn what_teams_refuses_is_tried_again_where_that_helps() {
    let teams = teams(Flow::Template).await;
    let channel = channel(&teams, CardForm::Envelope);
    let again = |after_s, maybe_taken| Answer::Again { after_s, maybe_taken };
    for (status, retry_after, expected) in [
        (429, Some(17), again(Some(17), false)),
        (429, None, again(None, false)),
        (502, None, again(None, true)),
        (401, None, Answer::Refused),
        (404, None, Answer::Refused),
        (302, None, Answer::Refused),
    ] {
        teams.refuse_next(status, retry_after);
        assert_eq!(channel.ask(&approval(), &links(), at(0)).await, expected, "{status}");
    }
    assert_eq!(channel.ask(&approval(), &links(), at(0)).await, TAKEN);
}

#[tokio::test]
async fn a_webhook_that_nobody_listens_at_is_tried_again_and_told_to_nobody() {
    let gone = teams(Flow::Template).await;
    let channel = channel(&gone, CardForm::Envelope);
    let address: std::net::SocketAddr = gone.webhook()[7..].split('/').next().unwrap().parse().unwrap();
    drop(gone);
    // The port is free once the stand-in's task has ended.
    while std::net::TcpListener::bind(address).is_err() {
        tokio::task::yield_now().await;
    }
    let answer = channel.ask(&approval(), &links(), at(0)).await;
    assert_eq!(answer, Answer::Again { after_s: None, maybe_taken: false });
    assert!(!format!("{channel:?}").contains("stand-in-signature"));
}

#[tokio::test]
async fn a_channel_gets_twenty_messages_in_five_minutes_and_the_rest_waits() {
    let teams = teams(Flow::Template).await;
    let channel = channel(&teams, CardForm::Envelope);
    for _ in 0..20 {
        assert_eq!(channel.ask(&approval(), &links(), at(0)).await, TAKEN);
    }
    let waits = Answer::Again { after_s: Some(120), maybe_taken: false };
    assert_eq!(channel.ask(&approval(), &links(), at(3)).await, waits);
    assert_eq!(teams.posted().len(), 20);
    assert_eq!(channel.ask(&approval(), &links(), at(5)).await, TAKEN);
}

fn ada() -> SlackUser {
    SlackUser {
        id: "U0EXAMPLE01".to_owned(),
        fields: json!({ "team_id": StandInSlack::TEAM, "is_email_confirmed": true,
            "profile": { "email": "ada@example.com", "real_name": "Ada Lovelace" } }),
    }
}

async fn slack() -> (StandInSlack, SlackApi) {
    let guest = json!({ "team_id": StandInSlack::TEAM, "is_restricted": true });
    let users = vec![ada(), SlackUser { id: "U0GUEST".to_owned(), fields: guest }];
    let slack = StandInSlack::start("127.0.0.1:0".parse().unwrap(), users).await.unwrap();
    let token = SlackToken::new(StandInSlack::TOKEN).unwrap();
    let api = SlackApi::at(slack.api().parse().unwrap(), token, outbound());
    (slack, api)
}

fn slack_channel(api: &SlackApi, buttons: SlackButtons) -> SlackChannel {
    SlackChannel::new(StandInSlack::CHANNEL.to_owned(), buttons, api.clone())
}

#[tokio::test]
async fn slack_takes_questions_of_every_size_and_changes_them_when_decided() {
    let (slack, api) = slack().await;
    for buttons in [SlackButtons::Links, SlackButtons::Votes] {
        let channel = slack_channel(&api, buttons);
        let Answer::Taken { reference: Some(ts) } = channel.ask(&approval(), &links()).await else {
            panic!("Slack did not take it")
        };
        assert!(matches!(channel.ask(&full(), &links()).await, Answer::Taken { reference: Some(_) }));
        assert_eq!(channel.follow_up(&approved(), Some(&ts)).await, TAKEN);
        let messages = slack.messages();
        let (_, changed) = messages.iter().find(|it| it.0 == ts).unwrap();
        assert_eq!(changed["text"], "Approved: payments-prod");
        assert!(!changed.to_string().contains("\"actions\""), "its buttons are gone");
    }
    assert_eq!(slack.messages().len(), 4);
    let without = slack_channel(&api, SlackButtons::Links).follow_up(&approved(), None).await;
    assert!(matches!(without, Answer::Taken { reference: Some(_) }), "nobody knows which message it was");
    assert_eq!(slack.messages().len(), 5);
}

#[tokio::test]
async fn ok_false_is_a_refusal_although_it_is_200() {
    let (slack, api) = slack().await;
    let channel = slack_channel(&api, SlackButtons::Links);
    let elsewhere = SlackChannel::new("C0OTHER".to_owned(), SlackButtons::Links, api.clone());
    assert_eq!(elsewhere.ask(&approval(), &links()).await, Answer::Refused);
    slack.fail_next("ratelimited");
    let again = Answer::Again { after_s: None, maybe_taken: false };
    assert_eq!(channel.ask(&approval(), &links()).await, again);
    slack.refuse_next(429, Some(30));
    let again = Answer::Again { after_s: Some(30), maybe_taken: false };
    assert_eq!(channel.ask(&approval(), &links()).await, again);
    let token = SlackToken::new("xoxb-revoked").unwrap();
    let stranger = SlackApi::at(slack.api().parse().unwrap(), token, outbound());
    assert_eq!(
        slack_channel(&stranger, SlackButtons::Links).ask(&approval(), &links()).await,
        Answer::Refused
    );
    assert_eq!(channel.follow_up(&approved(), Some("1.2")).await, Answer::Refused, "no such message");
}

fn settings(slack: &StandInSlack) -> SlackSettings {
    SlackSettings {
        app: StandInSlack::APP.to_owned(),
        team: StandInSlack::TEAM.to_owned(),
        signing_secrets: vec![SigningSecret::new(StandInSlack::SECRET).unwrap()],
        replies: slack.replies(),
    }
}

fn app(slack: &StandInSlack, api: &SlackApi) -> SlackApp {
    SlackApp::new(settings(slack), api.clone())
}

fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

#[tokio::test]
async fn a_click_says_who_and_what_and_a_link_says_nothing() {
    let (slack, api) = slack().await;
    let app = app(&slack, &api);
    let channel = slack_channel(&api, SlackButtons::Votes);
    let Answer::Taken { reference: Some(ts) } = channel.ask(&approval(), &links()).await else { panic!() };
    let read = |action| {
        let (body, pairs) = slack.click(&ts, action, "U0EXAMPLE01", at(1).0);
        app.interaction(&headers(&pairs), body.as_bytes(), at(1)).unwrap()
    };
    let Interaction::Click(click) = read("approve") else { panic!("no click") };
    assert_eq!(
        (click.id.as_str(), click.choice, click.user.as_str()),
        ("taskrs-abc123", Choice::Approve, "U0EXAMPLE01")
    );
    assert_eq!(click.place, Place { channel: StandInSlack::CHANNEL.to_owned(), ts: ts.clone() });
    let Interaction::Click(click) = read("reject") else { panic!("no click") };
    assert_eq!(click.choice, Choice::Reject);
    assert_eq!(read("open"), Interaction::Nothing);

    app.ask_for_reason(&click.trigger, &click.id).await;
    app.tell(click.reply_to.as_deref().unwrap(), "You may not: <@U1> & others.").await;
    assert_eq!(slack.told()[0]["text"], "You may not: &lt;@U1&gt; &amp; others.");
    assert_eq!(slack.told()[0]["response_type"], "ephemeral");

    let dialog = &slack.dialogs()[0];
    let (body, pairs) = slack.submit(dialog, "too late today", "U0EXAMPLE01", at(2).0);
    let Interaction::Reason(reason) = app.interaction(&headers(&pairs), body.as_bytes(), at(2)).unwrap()
    else {
        panic!("no reason")
    };
    assert_eq!((reason.id.as_str(), reason.text.as_str()), ("taskrs-abc123", "too late today"));
}

#[tokio::test]
async fn an_address_for_replies_that_is_not_slacks_is_not_called() {
    let (slack, api) = slack().await;
    let settings = SlackSettings { replies: SLACK_REPLIES.to_owned(), ..settings(&slack) };
    let Answer::Taken { reference: Some(ts) } =
        slack_channel(&api, SlackButtons::Votes).ask(&approval(), &links()).await
    else {
        panic!()
    };
    let (body, pairs) = slack.click(&ts, "approve", "U0EXAMPLE01", at(1).0);
    let read = SlackApp::new(settings, api).interaction(&headers(&pairs), body.as_bytes(), at(1)).unwrap();
    let Interaction::Click(click) = read else { panic!("no click") };
    assert_eq!(click.reply_to, None, "the stand-in's is another");
}

#[tokio::test]
async fn what_is_not_signed_for_this_app_from_this_workspace_is_refused() {
    let (slack, api) = slack().await;
    let app = app(&slack, &api);
    let check = |payload: Value, change: fn(&mut String)| {
        let (mut body, pairs) = slack.signed(&payload, at(1).0);
        change(&mut body);
        app.interaction(&headers(&pairs), body.as_bytes(), at(1)).err()
    };
    let payload = |app: &str, team: &str, home: &str| {
        json!({ "type": "block_actions", "api_app_id": app, "team": { "id": team },
            "user": { "id": "U0EXAMPLE01", "team_id": home }, "actions": [] })
    };
    let (ours, us) = (StandInSlack::APP, StandInSlack::TEAM);
    assert_eq!(check(payload(ours, us, us), |_| {}), None);
    assert_eq!(check(payload("A0OTHER", us, us), |_| {}), Some(SlackRefusal::Foreign));
    assert_eq!(check(payload(ours, "T0OTHER", us), |_| {}), Some(SlackRefusal::Foreign));
    assert_eq!(check(payload(ours, us, "T0OTHER"), |_| {}), Some(SlackRefusal::Foreign));
    assert_eq!(check(payload(ours, us, us), |it| it.push('x')), Some(SlackRefusal::Unsigned));
    assert_eq!(check(json!({ "type": "block_actions" }), |_| {}), Some(SlackRefusal::Malformed));
    let (body, pairs) = slack.signed(&payload(ours, us, us), at(1).0);
    assert_eq!(app.interaction(&headers(&pairs), body.as_bytes(), at(7)).err(), Some(SlackRefusal::Stale));
}

#[tokio::test]
async fn slack_is_asked_once_who_somebody_is_and_guests_are_nobody() {
    let (slack, api) = slack().await;
    let app = app(&slack, &api);
    for minutes in [0, 4] {
        let ada = app.identity("U0EXAMPLE01", at(minutes)).await.unwrap();
        assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
    }
    assert_eq!(slack.calls(), ["users.info"]);
    app.identity("U0EXAMPLE01", at(5)).await.unwrap();
    assert_eq!(slack.calls().len(), 2, "after five minutes");
    assert_eq!(app.identity("U0GUEST", at(0)).await, Err(SlackPersonError::NoMember));
    assert_eq!(app.identity("U0NOBODY", at(0)).await, Err(SlackPersonError::Unavailable));
}
