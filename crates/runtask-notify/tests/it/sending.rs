//! Tests how often, how long and to whom messages are sent.

use super::{everybody, load, message, notifier, now, tell};
use runtask_log::Chain;
use runtask_notify::{Notifier, Outcome};
use runtask_simulator::{PlannedAnswer, Received, Receivers};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(10);

/// One channel with a secret in its address, and its receiver.
async fn slack() -> (Notifier, Receivers) {
    let receivers = Receivers::start(now).await.unwrap();
    let slack = everybody(&receivers).into_iter().filter(|it| it.kind() == "slack").collect();
    (notifier(slack), receivers)
}

/// The error, if any, after these answers, and what was received.
async fn after(answers: &[PlannedAnswer], limit: Duration) -> (Option<String>, Vec<Received>) {
    let (notifier, receivers) = slack().await;
    receivers.plan(answers.iter().copied());
    let told = tell(&notifier, &message(Outcome::Failed), limit).await;
    let errors: Vec<_> =
        told.into_iter().map(|it| it.result.err().map(|it| Chain(&it).to_string())).collect();
    assert_eq!(errors.len(), 1);
    (errors.into_iter().next().flatten(), receivers.received())
}

#[tokio::test]
async fn what_may_mend_itself_is_tried_three_times() {
    use PlannedAnswer::{Close, Status};
    let cases: [(&[PlannedAnswer], usize, Option<&str>); 7] = [
        (&[], 1, None),
        (&[Status(500, None)], 2, None),
        (&[Close, Status(429, Some(0))], 3, None),
        (&[Status(503, None); 3], 3, Some("127.0.0.1 answered 503 Service Unavailable")),
        (
            &[Status(404, None)],
            1,
            Some(
                "127.0.0.1 answered 404 Not Found: its URL is gone; make a new one, or take the channel away",
            ),
        ),
        (
            &[Status(403, None)],
            1,
            Some("127.0.0.1 answered 403 Forbidden: its URL or key is not valid (any more)"),
        ),
        (
            &[Status(302, None)],
            1,
            Some("127.0.0.1 answered 302 Found: it has moved, and redirects are not followed"),
        ),
    ];
    for (answers, attempts, error) in cases {
        let (said, received) = after(answers, LIMIT).await;
        assert_eq!(said.as_deref(), error, "{answers:?}");
        assert_eq!(received.len(), attempts, "{answers:?}");
    }
}

#[tokio::test]
async fn who_asks_for_more_time_than_there_is_is_not_waited_for() {
    let started = Instant::now();
    let (said, received) = after(&[PlannedAnswer::Status(429, Some(3600))], LIMIT).await;
    assert_eq!(said.as_deref(), Some("127.0.0.1 answered 429 Too Many Requests"));
    assert_eq!(received.len(), 1);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

/// A notification is never in the way of a result.
#[tokio::test]
async fn who_does_not_answer_takes_no_more_than_the_time_there_is() {
    let limit = Duration::from_millis(700);
    let started = Instant::now();
    let (said, _) = after(&[PlannedAnswer::Silence; 3], limit).await;
    assert_eq!(said.as_deref(), Some("127.0.0.1 did not answer in time"));
    assert!(started.elapsed() < limit + Duration::from_millis(500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn one_that_hangs_does_not_keep_the_others() {
    let receivers = Receivers::start(now).await.unwrap();
    let notifier = notifier(everybody(&receivers));
    receivers.plan([PlannedAnswer::Silence]);
    let told = tell(&notifier, &message(Outcome::Failed), Duration::from_secs(2)).await;
    assert_eq!(told.iter().filter(|it| it.result.is_ok()).count(), 6);
}

#[tokio::test]
async fn a_webhook_that_is_sent_again_has_the_same_id_and_body() {
    let receivers = Receivers::start(now).await.unwrap();
    let webhook = everybody(&receivers).into_iter().filter(|it| it.kind() == "webhook").collect();
    receivers.plan([PlannedAnswer::Status(500, None)]);
    tell(&notifier(webhook), &message(Outcome::Failed), LIMIT).await;
    let received = receivers.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert!(received.iter().all(|it| it.problems.is_empty()), "{received:?}");
}

/// URLs and keys are secrets: HTTP libraries love to print them.
#[tokio::test]
async fn no_secret_is_in_what_is_printed() {
    let receivers = Receivers::start(now).await.unwrap();
    let notifier = notifier(everybody(&receivers));
    let mut printed = format!("{notifier:?}");
    receivers.plan([PlannedAnswer::Close; 21]);
    for told in tell(&notifier, &message(Outcome::Failed), LIMIT).await {
        let error = told.result.unwrap_err();
        printed += &format!("{error:?} {}", Chain(&error));
    }
    let gone = super::notifier(
        load("[notify.x]\nkind = \"slack\"\nurl = \"env:SLACK\"\norigin = \"http://127.0.0.1:1\"\n").unwrap(),
    );
    for told in tell(&gone, &message(Outcome::Failed), LIMIT).await {
        printed += &format!("{told:?}");
    }
    for secret in
        ["standin", "T00000000", "c3RhbmRpbi", Receivers::DATADOG_KEY, Receivers::PAGERDUTY_KEY, "sig="]
    {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

#[tokio::test]
async fn channels_are_told_what_they_want_to_be_told() {
    let settings = "[notify.all]\nkind = \"slack\"\nurl = \"env:SLACK\"\non = [\"passed\", \"failed\", \"unavailable\"]\n\
                    [notify.trouble]\nkind = \"slack\"\nurl = \"env:SLACK\"\n\
                    [notify.unclear]\nkind = \"slack\"\nurl = \"env:SLACK\"\non = [\"unavailable\"]\n";
    let notifier = notifier(load(settings).unwrap());
    let wanting = |outcome| {
        let wants = notifier.channels().iter().filter(|it| it.wants(outcome));
        wants.map(|it| it.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(wanting(Outcome::Passed), ["all"]);
    assert_eq!(wanting(Outcome::Failed), ["all", "trouble"]);
    assert_eq!(wanting(Outcome::Unavailable), ["all", "trouble", "unclear"]);
}

/// P-12: an inner address that nobody has named is not reached, whatever a name resolves to.
#[tokio::test]
async fn a_name_with_an_inner_address_is_not_reached() {
    let settings =
        "[notify.x]\nkind = \"webhook\"\nurl = \"env:IS_https://localhost/x\"\nsecret = \"env:SECRET\"\n";
    let error = load(settings).unwrap_err();
    assert!(error.contains("does not belong into this file"), "{error}");
    let lookup =
        |name: &str| if name == "URL" { Some("https://localhost/x".into()) } else { super::lookup(name) };
    let channels = super::load_with(
        "[notify.x]\nkind = \"webhook\"\nurl = \"env:URL\"\nsecret = \"env:SECRET\"\n",
        &lookup,
    );
    let told = tell(&notifier(channels.unwrap()), &message(Outcome::Failed), LIMIT).await;
    let error = Chain(told[0].result.as_ref().unwrap_err()).to_string();
    assert!(error.contains("the host has no public address"), "{error}");
}
