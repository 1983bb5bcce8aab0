//! Several processes with one Redis: any of them may die, and each run has exactly one verdict.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtask_log::event;
use runtask_simulator::Fault;
use runtask_tests::http::send;
use runtask_tests::secrets::assert_no_secrets;
use runtask_tests::terraform::StandIn;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::company::{
    CLIENT_SECRET, Company, KEY, PEOPLE, WEBHOOK_SECRET, WORKSPACE, answer, contents, ended,
};
use crate::run::{PATIENCE, formatted, result, spec};
use runtask_simulator::{Configuration, RunSpec, Timers};
use runtask_tests::redis::Server;

/// Tasks that ask one person: after a check, in a channel that answers, and in one that does not answer at first.
const TABLES: &str = r#"
[tasks.default.approval]
required = [{ group = "payments" }]
channels = ["teams:payments"]
[tasks.checked]
checks = ["fmt"]
[tasks.checked.approval]
required = [{ group = "payments" }]
channels = ["teams:payments"]
[tasks.slow.approval]
required = [{ group = "payments" }]
channels = ["teams:slow"]
[approval.teams.payments]
[approval.teams.slow]
url = "env:SLOW_WEBHOOK"
"#;

/// A channel that takes the first message and never answers, and passes everything else on.
async fn slow_channel(company: &Company) -> (String, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let webhook = company.teams.webhook();
    let far: SocketAddr = webhook["http://".len()..].split('/').next().unwrap().parse().unwrap();
    let path = webhook["http://".len()..].split_once('/').unwrap().1.to_owned();
    let taken = Arc::new(Notify::new());
    let tell = Arc::clone(&taken);
    tokio::spawn(async move {
        let (_held, _) = listener.accept().await.unwrap();
        tell.notify_one();
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(far).await.unwrap();
                let _whichever_ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (format!("http://{address}/{path}"), taken)
}

/// A run of a workspace, for which HCP Terraform waits until a message is taken up whose sender has died: that takes a minute.
fn of(workspace: &str, base: RunSpec) -> RunSpec {
    let timers = Timers { total: PATIENCE * 5, ..base.timers };
    RunSpec { workspace: workspace.to_owned(), timers, ..base }
}

/// T-34, T-50: one is killed while it checks, while it asks, while it reports, and while people think.
#[tokio::test]
async fn a_replica_that_is_killed_in_the_middle_of_anything_costs_no_run_its_verdict() {
    let company = Company::start().await;
    let redis = Server::with(&["--appendonly", "yes"]).await;
    let (slow, taken) = slow_channel(&company).await;
    let terraform = StandIn::new("gate");
    let file = company.file(&format!("{PEOPLE}{TABLES}"));
    let url = redis.url();
    let shared = [("REDIS_URL", &*url), ("SLOW_WEBHOOK", &*slow)];
    let doomed = [&shared[..], &[("RUNTASK_TERRAFORM", terraform.path())]].concat();
    let mut first = company.replica(&file, &doomed).await;
    let others = [company.replica(&file, &shared).await, company.replica(&file, &shared).await];
    company.front.lead_to(&[first.address()]);
    let deliver = async |task: &str, spec: RunSpec| {
        let run = company.simulator.prepare(spec).await.unwrap();
        crate::run::deliver(&run, &format!("{}/{task}", company.front.url())).await;
        run
    };

    let thought_about = deliver("", of("thought-about", spec(Configuration::None))).await;
    let asking = deliver("slow", of("asking", spec(Configuration::None))).await;
    let checking = deliver("checked", of("checking", spec(formatted()))).await;
    let slow_answers = RunSpec { faults: vec![Fault::CallbackSlow], ..spec(Configuration::None) };
    let reporting = deliver("", of("reporting", slow_answers)).await;
    let link = company.link("reporting").await;
    company.link("thought-about").await;
    terraform.started(1).await;
    taken.notified().await;
    // The verdict is kept, and on its way to somebody who is slow to answer, when the process dies.
    let voting = tokio::spawn(async move { answer(&link, "ada", "approve").await });
    first.wait_for_event(event::APPROVAL_DECIDED).await;
    first.kill();
    assert_eq!(first.ended().await.code(), None);
    let _cut_off = voting.await.unwrap();
    company.front.lead_to(&others.each_ref().map(|it| it.address()));

    for (workspace, name) in [("thought-about", "ada"), ("checking", "ada"), ("asking", "edsger")] {
        let link = company.link_within(workspace, PATIENCE * 2).await;
        answer(&link, name, "approve").await.unwrap();
    }
    for (run, name) in [(thought_about, "ada"), (asking, "edsger"), (checking, "ada"), (reporting, "ada")] {
        let record = ended(&run).await;
        let sentence = format!("Approved by {name}@example.com (1 of 1).");
        assert_eq!(record.result.message.as_deref(), Some(&*sentence), "{record:#?}");
        assert_eq!((record.result.status.as_str(), record.finals_accepted), ("passed", 1), "{record:#?}");
    }
    drop(others);
    let dump = contents(redis.directory.path());
    assert!(
        dump.contains("runtask:approvals") && dump.contains("runtask:jobs"),
        "the dump has what was kept"
    );
    assert_no_secrets(&dump, &[CLIENT_SECRET, KEY, WEBHOOK_SECRET, ".atlasv1."]);
}

/// The question is kept, and the claim of its job is not ended: whoever takes the job over finds the question, and asks
/// nobody a second time.
#[tokio::test]
async fn who_dies_between_the_question_and_the_end_of_the_claim_has_asked_once() {
    let company = Company::start().await;
    let redis = Server::start().await;
    let (slow, taken) = slow_channel(&company).await;
    let file = company.file(&format!("{PEOPLE}{TABLES}"));
    let url = redis.url();
    let shared = [("REDIS_URL", &*url), ("SLOW_WEBHOOK", &*slow)];
    let mut first = company.replica(&file, &shared).await;
    let other = company.replica(&file, &shared).await;
    company.front.lead_to(&[first.address()]);
    let run = company.simulator.prepare(of("asking", spec(Configuration::None))).await.unwrap();
    crate::run::deliver(&run, &format!("{}/slow", company.front.url())).await;
    // The channel has the question, whose record was kept before, and the job waits for what the channel says.
    taken.notified().await;
    assert!(!first.events().has(event::JOB_DONE), "its claim is not ended");
    first.kill();
    first.ended().await;
    company.front.lead_to(&[other.address()]);

    let again = other.wait_for_event_of(event::JOB_DONE, &run.record().task_result_id).await;
    assert_eq!(again["end"], "people are asked", "{again:#?}");
    let link = company.link_within("asking", PATIENCE * 2).await;
    answer(&link, "ada", "approve").await.unwrap();
    assert_eq!(result(&ended(&run).await), ("passed", "Approved by ada@example.com (1 of 1)."));
    let events = other.events();
    assert_eq!(events.named(event::APPROVAL_ASKED).count(), 0, "the question is that of the one who died");
    let questions = company.shown().iter().filter(|it| it.contains("Approval needed")).count();
    assert_eq!(questions, 1, "{:#?}", company.shown());
}

/// T-50: no second store in silence.
#[tokio::test]
async fn a_store_that_is_gone_is_a_503_and_one_that_never_was_stops_the_start() {
    let company = Company::start().await;
    let kept = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut redis = Server::with(&kept).await;
    let url = redis.url().replace("redis://", "redis://:hunter2-hunter2@");
    let file = company.file(&format!("{PEOPLE}{TABLES}"));
    let unprotected = redis.url();
    let more = [("REDIS_URL", &*unprotected), ("SLOW_WEBHOOK", "http://127.0.0.1:9/w")];
    let serve = company.replica(&file, &more).await;
    company.front.lead_to(&[serve.address()]);
    let run = company.run(of(WORKSPACE, spec(Configuration::None))).await;
    let link = company.link(WORKSPACE).await;
    redis.kill().await;
    let page = send("GET", link.as_str(), &[], "").await;
    assert_eq!(page.status, 503);
    let refused = company.simulator.prepare(of("refused", spec(Configuration::None))).await.unwrap();
    let target = crate::run::target(&format!("{}/", company.front.url()));
    assert_eq!(refused.deliver(&target).await.unwrap(), Some(503), "HCP Terraform sends it again");
    assert_eq!(run.record().finals_accepted, 0);
    redis.start_again(&kept).await;
    let since = Instant::now();
    while answer(&link, "ada", "approve").await.is_err() {
        assert!(since.elapsed() < PATIENCE, "it does not come back:\n{}", serve.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(result(&ended(&run).await), ("passed", "Approved by ada@example.com (1 of 1)."));
    redis.kill().await;
    let output = tokio::process::Command::new(runtask_tests::binaries::binary("runtask"))
        .args(["serve", "--listen", "127.0.0.1:0", "--config", &file])
        .env_clear()
        .envs([
            ("HMAC_KEY", "an-example-key-of-more-than-32-bytes"),
            ("REDIS_URL", &*url),
            ("RUNTASK_APPROVALS_KEY", KEY),
        ])
        .envs([("BASE_PUBLIC_URL", "https://approve.example.com"), ("OIDC_CLIENT_SECRET", CLIENT_SECRET)])
        .envs([("TEAMS_WEBHOOK_URL", &*company.teams.webhook()), ("SLOW_WEBHOOK", "http://127.0.0.1:9/w")])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("Redis at 127.0.0.1:{}", redis.port)), "{said}");
    assert_no_secrets(&said, &["hunter2-hunter2", CLIENT_SECRET, KEY]);
}

/// Of several processes that look at the same approval, one acts: the run hears each thing once.
#[tokio::test]
async fn three_replicas_send_what_one_would_send() {
    let company = Company::start().await;
    let redis = Server::start().await;
    let file = company.file(&format!("{PEOPLE}{TABLES}"));
    let url = redis.url();
    let more = [
        ("REDIS_URL", &*url),
        ("SLOW_WEBHOOK", "http://127.0.0.1:9/w"),
        ("RUNTASK_SWEEP_INTERVAL_MS", "100"),
    ];
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(company.replica(&file, &more).await);
    }
    company.front.lead_to(&replicas.iter().map(|it| it.address()).collect::<Vec<_>>());
    let mut runs = Vec::new();
    for number in 0..4 {
        runs.push(company.run(of(&format!("run-number-{number}"), spec(Configuration::None))).await);
    }
    for number in 0..4 {
        let link = company.link(&format!("run-number-{number}")).await;
        let (one, other) = tokio::join!(answer(&link, "ada", "approve"), answer(&link, "edsger", "reject"));
        assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    }
    for run in &runs {
        let record = ended(run).await;
        let (status, message) = result(&record);
        match status {
            "passed" => assert_eq!(message, "Approved by ada@example.com (1 of 1)."),
            _ => assert_eq!(message, "Rejected by edsger@example.com. “as agreed”"),
        }
    }
    let since = Instant::now();
    while company.shown().len() < 8 && since.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // A moment for whoever would say it once more.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(company.shown().len(), 8, "a question and an ending each");
}
