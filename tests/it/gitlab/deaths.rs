//! Functions that are killed in the middle of a job, in each of its stages.

use super::world::{Aws, FAILURE, LIFE, RUNNER, World};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use gitlab_simulator::{Injection, JobReport, JobSpec, Status};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(120);

/// Where a function dies.
struct Death {
    name: &'static str,
    fault: Option<&'static str>,
    /// Whether it is there.
    is_there: fn(&World, &JobReport) -> bool,
    /// How GitLab has the job in the end.
    status: Status,
    /// How often a final state has come in the end.
    finals: usize,
}

const SCRIPT: [&str; 1] = ["echo in-script; until [ -e go ]; do sleep 0.05; done"];

fn has_asked(world: &World, path: &str) -> bool {
    world.simulator.received().iter().any(|it| it.path.contains(path))
}

fn deaths() -> Vec<Death> {
    let usual = Death { name: "", fault: None, is_there: |_, _| false, status: Status::Failed, finals: 1 };
    vec![
        Death {
            name: "sources",
            fault: Some("git-hang"),
            is_there: |world, _| has_asked(world, ".git/"),
            ..usual
        },
        Death { name: "script", is_there: |_, job| job.log_text().contains("in-script"), ..usual },
        Death { name: "after", is_there: |_, job| job.log_text().contains("in-after"), ..usual },
        Death {
            name: "upload",
            fault: Some("upload-503-n*1000"),
            is_there: |world, _| has_asked(world, "/artifacts"),
            ..usual
        },
        // GitLab was told, has said "not yet", and hears the same from somebody else.
        Death {
            name: "finish",
            fault: Some("final-202-n*1"),
            is_there: |_, job| job.finals_sent > 0,
            status: Status::Success,
            finals: 2,
        },
    ]
}

fn spec(name: &str) -> JobSpec {
    let artifact = json!({"name": "a", "paths": ["a"], "when": "always", "artifact_type": "archive", "artifact_format": "zip"});
    let script: &[&str] = if name == "script" { &SCRIPT } else { &["echo x > a"] };
    let after: &[&str] = if name == "after" { &["echo in-after; sleep 600"] } else { &["true"] };
    JobSpec::new("apply", script).after_script(after).artifact(artifact).repository("infra/network")
}

/// G-54: exactly one final state, within a minute, whenever it dies; and never another one than was decided before.
#[tokio::test]
async fn a_job_whose_function_is_killed_fails_within_a_minute() {
    let aws = Aws::start().await;
    let aws = &aws;
    join_all(deaths().into_iter().map(async |death| {
        let name = death.name;
        let world = aws.world(&format!("death-{name}"), json!({}), |it| it).await;
        world.simulator.commit("infra/network", &[("main.tf", "")]).await.unwrap();
        if let Some(fault) = death.fault {
            world.simulator.inject(fault.parse::<Injection>().unwrap());
        }
        let id = world.simulator.enqueue(&spec(name));
        world.double.enqueue(RUNNER, json!({"action": "poll"}).to_string());
        let reached = world.simulator.until(id, |it| (death.is_there)(&world, it));
        timeout(LIFE, reached).await.unwrap_or_else(|_| panic!("{name} was not reached"));
        world.double.kill(RUNNER);
        world.simulator.abandon(id);
        let killed = Instant::now();
        let tickets = world.tickets().await;
        assert_eq!(tickets.len(), 1, "{name}");
        let kept = BASE64_STANDARD.decode(tickets[0]["content"]["B"].as_str().unwrap()).unwrap();
        assert!(String::from_utf8_lossy(&kept).contains(&format!("\"job\":{id}")), "{name}");
        assert_eq!(world.simulator.leaks_in(&kept), [""; 0], "{name}");
        let job = timeout(LIMIT, world.simulator.ended(id))
            .await
            .unwrap_or_else(|_| panic!("{name}: {}", world.double.logs(FAILURE)));
        assert!(killed.elapsed() < Duration::from_secs(60), "{name}: {:?}", killed.elapsed());
        world.double.wait_idle(LIMIT).await;
        assert_eq!((job.status, job.finals_sent), (death.status, death.finals), "{name}: {}", job.log_text());
        let reason = (death.status == Status::Failed).then_some("runner_system_failure");
        assert_eq!(job.final_state.as_ref().unwrap().failure_reason.as_deref(), reason, "{name}");
        assert!(job.log_text().contains("the runner has died"), "{name}: {}", job.log_text());
        world.is_innocent(name).await;
    }))
    .await;
}

/// The next poll does what a failure handler would: somebody who waited for the answer has no such handler.
#[tokio::test]
async fn the_next_poll_ends_the_job_of_a_function_that_was_waited_for() {
    let aws = Aws::start().await;
    // Long enough to watch a ticket that nobody renews.
    let world = aws.world("next", json!({}), |it| it.timeout(Duration::from_secs(60))).await;
    let id = world.simulator.enqueue(&JobSpec::new("apply", &SCRIPT));
    let (_, ()) = tokio::join!(world.poll(), async {
        world.simulator.until(id, |it| it.log_text().contains("in-script")).await;
        world.double.kill(RUNNER);
    });
    world.simulator.abandon(id);
    let second = world.simulator.enqueue(&JobSpec::new("plan", &["echo ran"]));
    let answer = world.poll().await.payload();
    assert_eq!(answer["abandoned"], json!([id]), "{answer}");
    assert_eq!(world.simulator.job(id).unwrap().finals_sent, 1);
    assert_eq!(world.simulator.job(second).unwrap().status, Status::Success, "nobody waits for the dead");
    world.is_innocent("the next poll").await;
}

/// Nothing more is said of a job that GitLab wants nothing of, also not by somebody who finds its ticket.
#[tokio::test]
async fn a_job_that_was_aborted_is_not_ended_by_anybody() {
    let aws = Aws::start().await;
    let world = aws.world("aborted", json!({}), |it| it).await;
    let id = world.simulator.enqueue(&JobSpec::new("apply", &SCRIPT));
    let (outcome, ()) = tokio::join!(world.poll(), async {
        world.simulator.until(id, |it| it.log_text().contains("in-script")).await;
        world.simulator.cancel_hard(id);
    });
    assert!(outcome.is_success(), "{outcome:?}");
    let job = world.simulator.job(id).unwrap();
    assert_eq!((job.status, job.finals_sent), (Status::Canceled, 0));
    world.is_innocent("aborted").await;
}
