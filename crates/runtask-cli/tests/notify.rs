//! Tests who is told of results, by `runtask notify test` and by `runtask serve`.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]
#![expect(dead_code, reason = "other tests use more of a place")]

mod place;

use place::{Place, repository};
use runtask_protocol::{Key, Stage};
use runtask_simulator::{
    Configuration, Options, PlannedAnswer, Received, Receivers, Record, RunSpec, Simulator, Status, Target,
};
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, SystemTime};

const KEY: &str = "a key for the tests of notify, long";

/// Every kind of channel, each leading to `receivers`; and a task that tells all of them of everything.
fn file(receivers: &Receivers) -> String {
    let origin = receivers.origin();
    let always = "on = [\"passed\", \"failed\", \"unavailable\"]";
    format!(
        "[tasks.default]\nchecks = [\"plan-summary\"]\nnotify = [\"chat\", \"cards\", \"hook\", \"marks\", \"changes\", \"pager\"]\n\
         [tasks.trouble]\nchecks = [\"fmt\"]\nnotify = [\"trouble\", \"pager\"]\n\
         [tasks.quiet]\nchecks = [\"plan-summary\"]\n\
         [notify.chat]\nkind = \"slack\"\nurl = \"env:SLACK\"\n{always}\norigin = \"{origin}\"\n\
         [notify.trouble]\nkind = \"slack\"\nurl = \"env:SLACK\"\norigin = \"{origin}\"\n\
         [notify.cards]\nkind = \"teams\"\nurl = \"env:TEAMS\"\n{always}\norigin = \"{origin}\"\n\
         [notify.hook]\nkind = \"webhook\"\nurl = \"env:HOOK\"\nsecret = \"file:secret\"\n{always}\norigin = \"{origin}\"\n\
         [notify.marks]\nkind = \"datadog\"\nkey = \"env:DATADOG\"\norigin = \"{origin}\"\n\
         [notify.changes]\nkind = \"pagerduty\"\nkey = \"env:PAGERDUTY\"\norigin = \"{origin}\"\n\
         [notify.pager]\nkind = \"pagerduty\"\nkey = \"env:PAGERDUTY\"\nevent = \"alert\"\norigin = \"{origin}\"\n"
    )
}

fn place(receivers: &Receivers) -> Place {
    Place::with(&[("runtask.toml", &file(receivers)), ("secret", Receivers::WEBHOOK_SECRET)])
        .variable("SLACK", Receivers::SLACK_URL)
        .variable("TEAMS", Receivers::TEAMS_URL)
        .variable("HOOK", receivers.webhook_url())
        .variable("DATADOG", Receivers::DATADOG_KEY)
        .variable("PAGERDUTY", Receivers::PAGERDUTY_KEY)
        .variable("HMAC_KEY", KEY)
}

async fn receivers() -> Receivers {
    Receivers::start(SystemTime::now).await.unwrap()
}

/// Runs `runtask` without keeping the receivers from answering.
async fn run(place: Place, arguments: &'static [&'static str]) -> (Place, place::Said) {
    tokio::task::spawn_blocking(move || {
        let said = place.run(arguments);
        (place, said)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_can_be_tried() {
    let receivers = receivers().await;
    let mut place = place(&receivers);
    for (number, name) in
        ["chat", "trouble", "cards", "hook", "marks", "changes", "pager"].into_iter().enumerate()
    {
        let arguments: &'static [&'static str] = Box::leak(Box::new(["notify", "test", name]));
        let (back, said) = run(place, arguments).await;
        place = back;
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{name}");
        assert!(said.out.starts_with(&format!("Told {name} (")), "{}", said.out);
        let received = receivers.received();
        assert_eq!(received.len(), number + 1);
        assert_eq!(received[number].problems, Vec::<String>::new(), "{name}");
        assert!(received[number].body.to_string().contains("test"), "{name}");
    }
    let (place, said) = run(place, &["notify", "test", "nobody"]).await;
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("there is no channel nobody in runtask.toml; there are cards, changes, chat"),
        "{}",
        said.err
    );
    receivers.plan([PlannedAnswer::Status(404, None)]);
    let (_place, said) = run(place, &["notify", "test", "chat"]).await;
    assert_eq!(said.code, 2);
    assert_eq!(
        said.err,
        "error: the channel chat could not be told\n  because: 127.0.0.1 answered 404 Not Found: its URL is gone; make a \
         new one, or take the channel away\n"
    );
}

/// What a check on a laptop has no secrets for must not keep it from checking, nor a simulated run tell anybody.
#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_tells_needs_the_secrets() {
    let receivers = receivers().await;
    let place = Place::with(&[("runtask.toml", &file(&receivers)), ("a/main.tf", "a = 1\n")])
        .variable("HMAC_KEY", KEY);
    let plan = repository("tests/fixtures/plans/empty/plan.json").display().to_string();
    let arguments: &'static [&'static str] =
        Box::leak(Box::new(["check", Box::leak(plan.clone().into_boxed_str()) as &str, "--task", "quiet"]));
    let (place, said) = run(place, arguments).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let arguments: &'static [&'static str] =
        Box::leak(Box::new(["simulate", "a", "--plan", Box::leak(plan.into_boxed_str()) as &str]));
    let (place, said) = run(place, arguments).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(receivers.received().len(), 0);
    let (_place, said) = run(place, &["serve"]).await;
    assert_eq!(said.code, 2);
    for why in [
        "channel chat: `url`: SLACK is not set",
        "channel pager: `key`: PAGERDUTY is not set",
        "channel hook: `url`: HOOK is not set",
    ] {
        assert!(said.err.contains(why), "{}", said.err);
    }
}

/// `runtask serve`, and the simulator that it trusts.
struct Serving {
    simulator: Simulator,
    process: Child,
    base: String,
}

impl Serving {
    async fn start(place: Place) -> (Self, Place) {
        let simulator = Simulator::start(Options::default()).await.unwrap();
        let origins = format!("{},{}", simulator.origin(), simulator.archivist_origin());
        let place = place
            .variable("RUNTASK_ALLOWED_ORIGINS", origins)
            .variable("RUNTASK_TERRAFORM", "/nowhere/terraform");
        tokio::task::spawn_blocking(move || {
            let mut process = place.start(&["serve", "--listen", "127.0.0.1:0"]);
            let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
            let line = lines.find(|it| it.as_ref().unwrap().contains("listening on")).unwrap().unwrap();
            let address = line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
            // What it says must not fill its pipe.
            std::thread::spawn(move || lines.for_each(drop));
            (Self { simulator, process, base: address }, place)
        })
        .await
        .unwrap()
    }

    /// A run that asks the task of this name.
    async fn run(&self, task: &str, stage: Stage, faults: &[&str]) -> Record {
        let url = format!("{}/{task}", self.base).parse().unwrap();
        let spec = RunSpec {
            stage,
            configuration: Configuration::Directory(repository("examples/formatted")),
            faults: faults.iter().map(|it| it.parse().unwrap()).collect(),
            ..RunSpec::default()
        };
        let target = Target { url, key: Some(Key::new(KEY).unwrap()) };
        self.simulator.run(&target, spec, |_event| {}).await.unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn names(received: &[Received]) -> Vec<&str> {
    let mut names: Vec<_> = received.iter().map(|it| it.receiver).collect();
    names.sort_unstable();
    names
}

/// R-16, F-09: after the result is accepted, each channel is told once, whatever HCP Terraform sends twice.
#[tokio::test(flavor = "multi_thread")]
async fn channels_are_told_of_each_result_once() {
    let receivers = receivers().await;
    let (serving, _place) = Serving::start(place(&receivers)).await;
    let everybody = ["datadog", "pagerduty", "pagerduty", "slack", "teams", "webhook"];

    let record = serving.run("", Stage::PostPlan, &["duplicate-parallel"]).await;
    assert!(record.result.status == Status::Passed);
    let received = receivers.wait_for(everybody.len()).await;
    assert_eq!(names(&received), everybody);
    for it in &received {
        assert_eq!(it.problems, Vec::<String>::new(), "{}: {:#}", it.receiver, it.body);
        let body = it.body.to_string();
        assert!(it.body["event_action"] == "resolve" || body.contains("0 to add"), "{body}");
    }

    // The check cannot run: the pager wakes somebody up, and who wants to hear of trouble hears of it.
    serving.run("trouble", Stage::PrePlan, &[]).await;
    let received = receivers.wait_for(everybody.len() + 2).await;
    let of_trouble = &received[everybody.len()..];
    assert_eq!(names(of_trouble), ["pagerduty", "slack"]);
    assert!(of_trouble.iter().any(|it| it.body["event_action"] == "trigger"));
    assert!(
        of_trouble.iter().all(|it| it.problems.is_empty() && it.body.to_string().contains("Not checked: "))
    );

    // Nobody is told where the task tells nobody.
    serving.run("quiet", Stage::PostPlan, &[]).await;
    serving.run("", Stage::PostApply, &[]).await;
    let received = receivers.wait_for(2 * everybody.len() + 2).await;
    assert_eq!(received.len(), 2 * everybody.len() + 2);
    assert!(
        received.iter().any(|it| it.body["title"].as_str().is_some_and(|it| it.starts_with("Applied: ")))
    );
}

/// A notification is never in the way of a result.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_delays_no_result() {
    let receivers = receivers().await;
    let (serving, _place) = Serving::start(place(&receivers)).await;
    receivers.plan([PlannedAnswer::Silence; 18]);
    let started = std::time::Instant::now();
    let record = serving.run("", Stage::PostPlan, &[]).await;
    assert!(record.result.status == Status::Passed);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}
