//! What is wrong with settings, secret, token or event is said in words, to whoever invokes the function.

use super::world::{Aws, RUNNER};
use gitlab_simulator::Injection;
use serde_json::{Value, json};

/// A name, settings, a fault of GitLab's and an event; and the error's type, with words of its message.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<&'a str>, &'a Value, &'a str, &'a str);

#[tokio::test]
async fn what_is_wrong_is_said_in_words() {
    let aws = Aws::start().await;
    aws.put_secret("no-token", &json!({"OTHER": "hunter2-hunter2"})).await;
    aws.put_secret("registration", &json!({"GITLAB_RUNNER_TOKEN": "GR1348941hunter2"})).await;
    let poll = json!({"action": "poll"});
    let cases: [Case<'_>; 8] = [
        (
            "settings",
            &[("RUNNER_DIRECTORY", ""), ("RUNNER_MAX_JOBS", "hunter2")],
            None,
            &poll,
            "Runner.Settings",
            "RUNNER_MAX_JOBS: write a whole number",
        ),
        (
            "absent",
            &[("RUNNER_SECRET_ID", "nowhere")],
            None,
            &poll,
            "Runner.Secret",
            "the secret does not exist",
        ),
        (
            "no-token",
            &[("RUNNER_SECRET_ID", "no-token")],
            None,
            &poll,
            "Runner.Secret",
            "has no GITLAB_RUNNER_TOKEN",
        ),
        (
            "registration",
            &[("RUNNER_SECRET_ID", "registration")],
            None,
            &poll,
            "Runner.Secret",
            "registration token",
        ),
        (
            "refused",
            &[],
            Some("request-403"),
            &poll,
            "Runner.Refused",
            "authentication token (glrt-…) is needed",
        ),
        (
            "unreachable",
            &[("GITLAB_URL", "http://127.0.0.1:9")],
            None,
            &poll,
            "Runner.Unreachable",
            "GitLab cannot be reached",
        ),
        ("event", &[], None, &json!({"action": "stop"}), "Runner.Event", "\"action\": \"poll\""),
        (
            "platform",
            &[],
            None,
            &json!({"TARGET_CLOUD_PLATFORM": "azure"}),
            "Runner.Event",
            "`aws` or `scaleway`",
        ),
    ];
    for (name, settings, fault, event, kind, words) in cases {
        let world = aws
            .world(&format!("error-{name}"), json!({}), |function| {
                settings.iter().fold(function, |it, (name, value)| it.env(*name, *value))
            })
            .await;
        if let Some(fault) = fault {
            world.simulator.inject(fault.parse::<Injection>().unwrap());
        }
        let outcome = world.double.invoke(RUNNER, event).await;
        assert_eq!(outcome.error_type(), Some(kind), "{name}: {outcome:?}");
        let message = outcome.error_message().unwrap();
        assert!(message.contains(words) && !message.contains("hunter2"), "{name}: {message}");
        world.keeps_secrets(name);
    }
}

/// A function that could not end a job in time takes none.
#[tokio::test]
async fn without_time_for_a_job_none_is_asked_for() {
    let aws = Aws::start().await;
    let world = aws.world("budget", json!({}), |it| it.env("RUNNER_PROMISED_SECONDS", "600")).await;
    let id = world.simulator.enqueue(&gitlab_simulator::JobSpec::new("plan", &["echo ran"]));
    let answer = world.poll().await.payload();
    assert_eq!((&answer["stopped"], &answer["polls"]), (&json!("budget"), &json!(0)), "{answer}");
    assert_eq!(world.simulator.job(id).unwrap().status, gitlab_simulator::Status::Pending);
    assert!(world.double.logs(RUNNER).contains("\"BudgetRefusals\":1"));
}
