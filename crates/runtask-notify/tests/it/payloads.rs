//! Tests what each receiver gets.

use super::{everybody, message, notifier, now, tell};
use proptest::prelude::*;
use runtask_notify::{Message, Outcome};
use runtask_simulator::{Received, Receivers};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);

/// Who got what, in the order of the channels' names.
async fn told(message: &Message) -> Vec<Received> {
    let receivers = Receivers::start(now).await.unwrap();
    for told in tell(&notifier(everybody(&receivers)), message, LIMIT).await {
        told.result.unwrap();
    }
    let mut received = receivers.received();
    received.sort_by_key(|it| (it.receiver, it.body.to_string()));
    for it in &received {
        assert_eq!(it.problems, Vec::<String>::new(), "{}: {:#}", it.receiver, it.body);
    }
    received
}

#[tokio::test]
async fn each_receiver_takes_what_it_gets() {
    let received = told(&message(Outcome::Failed)).await;
    let shown: Vec<String> = received.iter().map(|it| format!("{} {:#}", it.receiver, it.body)).collect();
    insta::assert_snapshot!("failed", shown.join("\n"));
}

#[tokio::test]
async fn an_apply_is_a_change_and_resolves_the_alert() {
    let applied = Message { stage: Some("post_apply".into()), ..message(Outcome::Passed) };
    let received = told(&applied).await;
    let names: Vec<_> = received.iter().map(|it| it.receiver).collect();
    // The others are told of what did not pass, unless their settings say more.
    assert_eq!(names, ["datadog", "eventbridge", "pagerduty", "pagerduty"]);
    assert_eq!(received[0].body["title"], "Applied: net-prod");
    assert_eq!(received[0].body["alert_type"], "success");
    let resolve = received.iter().find(|it| it.body.get("event_action").is_some()).unwrap();
    assert_eq!(resolve.body["event_action"], "resolve");
    let triggered = told(&message(Outcome::Failed)).await;
    let trigger = triggered.iter().find(|it| it.body.get("event_action").is_some()).unwrap();
    assert_eq!(trigger.body["dedup_key"], resolve.body["dedup_key"]);
}

/// What a stranger can write into a name or a rule.
#[tokio::test]
async fn texts_of_strangers_do_nothing() {
    let hostile =
        "<!channel> <https://evil.example|a> & *b* [c](https://evil.example) %%% \u{202e}\u{1b}[31m\n@here";
    let text = || Some(hostile.to_owned());
    let message = Message {
        id: hostile.into(),
        task: hostile.into(),
        stage: text(),
        organization: text(),
        workspace: text(),
        project: text(),
        run: text(),
        run_url: Some("javascript:alert(1)".into()),
        counts: hostile.into(),
        headlines: vec![hostile.into(); 30],
        findings: vec![hostile.into(); 30],
        ..message(Outcome::Failed)
    };
    for received in told(&message).await {
        let body = received.body.to_string();
        assert!(!body.contains("javascript:") && !body.contains('\u{202e}'), "{body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_a_limit(text in "(<|&|\"|\\PC|a{1,200}|\n){0,40}", many in 0..40_usize) {
        let message = Message {
            id: text.clone(),
            task: text.clone(),
            stage: Some(text.clone()),
            organization: Some(text.repeat(20)),
            workspace: Some(text.repeat(20)),
            project: Some(text.repeat(20)),
            run: Some(text.clone()),
            run_url: Some(format!("https://app.terraform.io/{text}")),
            counts: text.repeat(20),
            headlines: vec![text.repeat(20); many],
            findings: vec![text.repeat(20); many],
            ..message(Outcome::Unavailable)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        prop_assert_eq!(runtime.block_on(told(&message)).len(), 7);
    }
}
