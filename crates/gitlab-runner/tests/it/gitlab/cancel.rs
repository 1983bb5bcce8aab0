//! Jobs that somebody cancels, in every way.

use super::runner::Runner;
use futures_util::future::join_all;
use gitlab_simulator::{Injection, JobSpec, Status};
use std::time::Duration;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(60);

/// What terraform does when it is interrupted once; what it says then goes into a file, too. Until then it says something,
/// because a silent job hears that it is cancelled with its next sign of life, after half a minute.
fn cooperative(file: &str) -> String {
    format!(
        "bash -c 'trap \"echo unlocked | tee {file}; exit 1\" INT; trap \"echo torn; exit 1\" TERM
        echo ready; while :; do echo .; sleep 0.2; done' || true"
    )
}

#[tokio::test]
async fn a_canceled_job_is_interrupted_and_its_end_is_told() {
    let runner = Runner::start().await;
    let spec = JobSpec::new("apply", &[&cooperative("file"), "echo next"])
        .after_script(&["echo after: $CI_JOB_STATUS"]);
    let id = runner.simulator.enqueue(&spec);
    let cancel = async {
        runner.simulator.until(id, |it| it.log_text().contains("ready\n")).await;
        runner.simulator.cancel(id);
    };
    let (polled, ()) = timeout(LIMIT, async { tokio::join!(runner.poll(), cancel) }).await.unwrap();
    let job = runner.simulator.job(id).unwrap();
    let log = job.log_text();
    assert!(
        log.contains("unlocked\n") && log.contains("after: canceled\n") && !log.contains("torn\n"),
        "{log}"
    );
    assert!(!log.contains("echo next"), "{log}");
    assert_eq!((job.status, job.finals_sent, polled.jobs[0].is_delivered), (Status::Canceled, 1, true));
    runner.is_innocent();
}

#[tokio::test]
async fn a_job_that_is_canceled_for_good_ends_in_silence_and_in_order() {
    let runner = Runner::start().await;
    let file = runner.place.directory.path().join("said");
    let spec = JobSpec::new("apply", &[&cooperative(file.to_str().unwrap()), "echo next"]);
    let id = runner.simulator.enqueue(&spec);
    let cancel = async {
        runner.simulator.until(id, |it| it.log_text().contains("ready\n")).await;
        runner.simulator.cancel_hard(id);
    };
    let (polled, ()) = timeout(LIMIT, async { tokio::join!(runner.poll(), cancel) }).await.unwrap();
    assert_eq!(polled.jobs[0].outcome, None);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "unlocked\n");
    let job = runner.simulator.job(id).unwrap();
    assert_eq!((job.status, job.finals_sent), (Status::Canceled, 0));
    runner.is_innocent();
}

#[tokio::test]
async fn every_way_of_hearing_of_it_counts() {
    let ways = [
        ("canceling-on-patch", 1),
        ("canceled-on-patch", 0),
        ("forbidden-mid-job", 0),
        ("canceled-before-start", 0),
    ];
    // Most of it is waiting, so they wait together.
    join_all(ways.map(|(fault, finals)| ends(fault, finals))).await;
}

async fn ends(fault: &str, finals: usize) {
    let runner = Runner::start().await;
    runner.simulator.inject(fault.parse::<Injection>().unwrap());
    let id = runner.simulator.enqueue(&JobSpec::new("apply", &["echo ready; sleep 600", "echo next"]));
    let polled = timeout(LIMIT, runner.poll()).await.unwrap();
    let job = runner.simulator.job(id).unwrap();
    assert_eq!(job.finals_sent, finals, "{fault} {}", job.log_text());
    assert!(!job.log_text().contains("echo next"), "{fault} {}", job.log_text());
    assert_eq!(polled.jobs[0].outcome.is_some(), finals > 0, "{fault}");
    assert_eq!(runner.simulator.violations(), [""; 0], "{fault}");
}
