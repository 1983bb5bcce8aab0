//! Tests that a result is told although the function that was to tell it has died: at least once to those who know a message
//! that they have had, at most once to everybody else.

use std::path::PathBuf;
use std::time::SystemTime;

use runtask_log::event;
use runtask_simulator::{Fault, PlannedAnswer, PreparedRun, Received, Receivers, RunSpec, Simulator};
use runtask_tests::aws;
use runtask_tests::lambda::Function;
use runtask_tests::moto::Moto;
use runtask_tests::pair::{CALLBACK_HANDLER, Pair};
use tempfile::TempDir;

use crate::run::{PATIENCE, deliver, formatted, origins, simulator, spec, unformatted};

const TABLE: &str = "example-claims";

/// The functions, with claims that outlive them, and those whom they tell.
struct World {
    simulator: Simulator,
    receivers: Receivers,
    pair: Pair,
    _claims: Moto,
    _tasks: TempDir,
}

impl World {
    /// With channels whose receiver forgets, and others whose receiver does not.
    async fn start() -> Self {
        let simulator = simulator().await;
        let receivers = Receivers::start(SystemTime::now).await.unwrap();
        let claims = Moto::start().await;
        aws::create_table(claims.endpoint(), TABLE).await;
        let (tasks, path) = tasks(receivers.origin());
        let origins = origins(&simulator);
        let pair = Pair::with(&[("RUNTASK_ALLOWED_ORIGINS", &*origins)], |it: Function| {
            it.env("RUNTASK_CONFIG", path.to_str().unwrap())
                .env("RUNTASK_FMT_ENGINE", "native")
                .env("RUNTASK_TABLE", TABLE)
                .env("AWS_ENDPOINT_URL_DYNAMODB", claims.endpoint())
                .env("SLACK", Receivers::SLACK_URL)
                .env("WEBHOOK", receivers.webhook_url())
                .env("WEBHOOK_SECRET", Receivers::WEBHOOK_SECRET)
                .env("PAGERDUTY", Receivers::PAGERDUTY_KEY)
        })
        .await;
        Self { simulator, receivers, pair, _claims: claims, _tasks: tasks }
    }

    async fn deliver(&self, spec: RunSpec) -> PreparedRun {
        let run = self.simulator.prepare(spec).await.unwrap();
        self.pair.keeps_secret(run.token());
        deliver(&run, &self.pair.url()).await;
        run
    }

    /// Lambda's second attempt has ended too; what it and the first have said to whom.
    async fn settled(&self) -> Vec<Received> {
        self.pair.double.wait_idle(PATIENCE * 2).await;
        let attempts = self.pair.double.invocations(CALLBACK_HANDLER);
        let attempts: Vec<bool> = attempts.iter().map(|it| it.outcome.is_success()).collect();
        assert_eq!(attempts, [false, true], "{}", self.pair.logs());
        self.receivers.received()
    }
}

/// A tasks' file, in a directory that lives as long as it is wanted.
fn tasks(origin: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runtask.toml");
    let channels = format!(
        r#"
[tasks.default]
checks = ["fmt"]
notify = ["forgets", "hook", "alert"]

[notify.forgets]
kind = "slack"
url = "env:SLACK"
on = ["passed", "failed"]
origin = "{origin}"

[notify.hook]
kind = "webhook"
url = "env:WEBHOOK"
secret = "env:WEBHOOK_SECRET"
on = ["passed", "failed"]
origin = "{origin}"

[notify.alert]
kind = "pagerduty"
key = "env:PAGERDUTY"
event = "alert"
origin = "{origin}"
"#
    );
    std::fs::write(&path, channels).unwrap();
    (directory, path)
}

/// What a receiver got: how it knows each message.
fn got(received: &[Received], receiver: &str) -> Vec<String> {
    for it in received {
        assert_eq!(it.problems, [""; 0], "{}: {:#}", it.receiver, it.body);
    }
    received.iter().filter(|it| it.receiver == receiver).map(|it| it.known_by.clone()).collect()
}

/// It is killed while it tells: everybody has heard it, and nobody has answered.
#[tokio::test]
async fn who_may_have_been_told_is_told_again_under_the_same_name() {
    let world = World::start().await;
    world.receivers.plan([PlannedAnswer::Silence; 3]);
    let run = world.deliver(spec(formatted())).await;
    world.receivers.wait_for(3).await;
    assert_eq!(world.pair.double.kill(CALLBACK_HANDLER), 1);

    let received = world.settled().await;
    let name = format!("msg_{}-passed", run.record().task_result_id);
    assert_eq!(got(&received, "webhook"), [name.clone(), name]);
    let alerts = got(&received, "pagerduty");
    assert!(alerts.len() == 2 && alerts[0] == alerts[1] && !alerts[0].is_empty(), "{alerts:?}");
    assert_eq!(got(&received, "slack").len(), 1, "nothing says to it that it was told before");
    let bodies: Vec<_> = received.iter().filter(|it| it.receiver == "webhook").map(|it| &it.body).collect();
    assert_eq!(bodies[0], bodies[1], "both attempts say the same");
    let record = run.record();
    assert_eq!((record.result.status.as_str(), record.finals_accepted), ("passed", 1), "{record:#?}");
    assert_eq!(world.pair.events().named(event::RESULT_TOLD_AGAIN).count(), 1);

    // Once it was told, nobody tells it any more.
    deliver(&run, &world.pair.url()).await;
    world.pair.double.wait_idle(PATIENCE).await;
    assert_eq!(world.receivers.received().len(), received.len());
}

/// It is killed when HCP Terraform has the result and nothing else knows it: neither it itself nor the table of claims.
#[tokio::test]
async fn a_result_that_is_out_is_told_by_whoever_takes_over() {
    let world = World::start().await;
    let slow = RunSpec { faults: vec![Fault::CallbackSlow], ..spec(unformatted()) };
    let run = world.deliver(slow).await;
    assert!(run.wait_until(PATIENCE, |record| record.result.status.is_final()).await);
    assert_eq!(world.pair.double.kill(CALLBACK_HANDLER), 1);
    assert!(world.receivers.received().is_empty(), "nobody is told before HCP Terraform has the result");

    let received = world.settled().await;
    assert_eq!(got(&received, "webhook"), [format!("msg_{}-failed", run.record().task_result_id)]);
    assert_eq!((got(&received, "pagerduty").len(), got(&received, "slack").len()), (1, 0));
    let hook = received.iter().find(|it| it.receiver == "webhook").unwrap();
    assert_eq!(hook.body["data"]["outcome"], "failed");
    assert_eq!(hook.body["data"]["counts"], "2 errors");
    let record = run.record();
    assert_eq!((record.result.status.as_str(), record.finals_accepted), ("failed", 1), "{record:#?}");
}

/// A run that was cancelled is told to nobody, also by whoever gets the job once more.
#[tokio::test]
async fn a_result_that_nobody_took_is_told_to_nobody() {
    let world = World::start().await;
    let cancelled = RunSpec { faults: vec![Fault::Cancel], ..spec(formatted()) };
    let run = world.deliver(cancelled).await;
    world.pair.double.wait_idle(PATIENCE).await;
    deliver(&run, &world.pair.url()).await;
    world.pair.double.wait_idle(PATIENCE).await;
    assert!(world.receivers.received().is_empty(), "{:#?}", world.receivers.received());
}
