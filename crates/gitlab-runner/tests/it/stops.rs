//! Jobs that are stopped.

use crate::fake::{COOPERATIVE, Fake, Place, job, with};
use gitlab_runner::{Failure, NoCloud, Outcome, PollSettings, Reserve, Stop, Stopped, Stopper, poll};
use gitlab_runner_protocol::job::Job;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const SLOW: &str =
    "bash -c 'trap : INT; trap \"echo terminated; exit 1\" TERM; echo ready; while :; do sleep 0.05; done'";
const DEAF: &str = "bash -c 'trap : INT TERM; echo ready; while :; do sleep 0.05; done'";

fn stopped(script: &str) -> Value {
    let job = job(&["touch file", script, "echo next"]);
    let after = json!({"name": "after_script", "script": ["echo after: $CI_JOB_STATUS"], "when": "always"});
    let artifacts = json!([{"name": "rest", "when": "on_failure", "paths": ["."]}, {"paths": ["."]}]);
    with(with(job, "/steps/-", after), "/artifacts", artifacts)
}

fn brief() -> Reserve {
    Reserve {
        interrupt: Duration::from_millis(1500),
        terminate: Duration::from_millis(500),
        kill: Duration::from_millis(500),
        after_script: Duration::from_secs(4),
        uploads: Duration::from_secs(2),
        finish: Duration::from_secs(2),
    }
}

/// G-51: each kind of program, in an invocation of a few seconds.
#[tokio::test]
async fn everything_is_over_before_the_deadline() {
    for (script, expected) in [(COOPERATIVE, "unlocked"), (SLOW, "terminated"), (DEAF, "ready")] {
        let mut place = Place::new();
        let begin = Instant::now();
        let deadline = begin + Duration::from_secs(14);
        place.budget.reserve = brief();
        place.budget.promised = Duration::from_millis(500);
        place.budget.deadline = Some(deadline);
        let fake = Fake::default();
        let (finished, log) = place.run(&fake, stopped(script)).await;
        assert_eq!(finished.outcome, Some(Outcome::Failed(Failure::TimeOut)), "{log}");
        assert!(finished.is_clean);
        assert!(Instant::now() < deadline, "{:?}", begin.elapsed());
        assert!(log.contains(&format!("\n{expected}\n")) && !log.contains("torn\n"), "{log}");
        assert!(!log.contains("echo next"), "nothing is started after the interrupt: {log}");
        assert!(log.contains("\nafter: timedout\n"), "{log}");
        assert_eq!(fake.uploads.lock().unwrap().len(), 1);
        let first = log.lines().nth(1).unwrap();
        assert!(first.starts_with("WARNING: this job may take "), "{first}");
        assert!(
            first.contains(" s, which is what this runner has left; GitLab allows 1 min. Set "),
            "{first}"
        );
    }
}

#[tokio::test]
async fn a_script_with_a_limit_of_its_own_is_stopped_at_it() {
    let mut place = Place::new();
    place.budget.reserve = brief();
    let job =
        with(stopped(COOPERATIVE), "/variables/-", json!({"key": "RUNNER_SCRIPT_TIMEOUT", "value": "1s"}));
    let (finished, log) = place.run(&Fake::default(), job).await;
    assert_eq!(finished.outcome, Some(Outcome::Failed(Failure::TimeOut)));
    assert!(log.contains("\nunlocked\n") && log.contains("\nafter: timedout\n"), "{log}");
}

#[tokio::test]
async fn an_after_script_that_hangs_is_stopped() {
    let place = Place::new();
    let base = with(job(&["true"]), "/steps/-", json!({"name": "after_script", "script": ["sleep 600"]}));
    let base = with(base, "/variables/-", json!({"key": "RUNNER_AFTER_SCRIPT_TIMEOUT", "value": "300ms"}));
    let (finished, log) = place.run(&Fake::default(), base).await;
    assert_eq!(finished.outcome, Some(Outcome::Success));
    assert!(log.contains("WARNING: after_script took too long"), "{log}");
}

/// G-48: asked to end, a job ends in order, and GitLab hears of it.
#[tokio::test]
async fn a_job_that_is_canceled_ends_in_order() {
    let fake = Fake { stops: vec![("\nready\n", Stop::Canceled)], ..Fake::default() };
    let (finished, log) = Place::new().run(&fake, stopped(COOPERATIVE)).await;
    assert_eq!(finished.outcome, Some(Outcome::Failed(Failure::Canceled)));
    assert!(log.contains("\nunlocked\n") && log.contains("\nafter: canceled\n"), "{log}");
    assert!(!log.contains("echo next") && log.ends_with("ERROR: Job canceled\n"), "{log}");
    assert_eq!(fake.uploads.lock().unwrap().len(), 1, "those of failed jobs");
}

#[tokio::test]
async fn before_its_script_a_canceled_job_just_ends() {
    let fake = Fake { stops: vec![("\nhook\n", Stop::Canceled)], ..Fake::default() };
    let mut job = stopped("echo ran");
    job["variables"] = json!([{"key": "FF_TIMESTAMPS", "value": "0"}]);
    let hooks = json!([{"name": "pre_get_sources_script", "script": ["echo hook; sleep 600"]}]);
    let (finished, log) = Place::new().run(&fake, with(job, "/hooks", hooks)).await;
    assert_eq!(finished.outcome, Some(Outcome::Failed(Failure::Canceled)));
    assert!(!log.contains("after:") && !log.contains("\nran\n"), "{log}");
}

/// A job that is cancelled while nothing of it runs does not begin, and so is safe to try again.
#[tokio::test]
async fn what_is_stopped_before_its_script_does_not_begin_it() {
    let mut place = Place::new();
    place.budget.reserve = brief();
    for (stop, failure) in [(Stop::Canceled, Failure::Canceled), (Stop::Shutdown, Failure::Interrupted)] {
        let fake = Fake { stops: vec![("This job may take", stop)], ..Fake::default() };
        let dependencies = json!([{"id": 8, "name": "slow", "artifacts_file": {"filename": "x.zip"}}]);
        let (finished, log) =
            place.run(&fake, with(stopped("echo ran"), "/dependencies", dependencies)).await;
        assert_eq!(finished.outcome, Some(Outcome::Failed(failure)), "{log}");
        assert!(!log.contains("\nran\n") && !log.contains("after:"), "{log}");
    }
}

/// G-48: GitLab hears nothing more, but terraform gets its time.
#[tokio::test]
async fn a_job_that_is_aborted_ends_in_order_and_in_silence() {
    let place = Place::new();
    let mark = place.directory.path().join("mark");
    let script = COOPERATIVE.replace("echo unlocked", &format!("echo unlocked > {}", mark.display()));
    let fake = Fake { stops: vec![("\nready\n", Stop::Aborted)], ..Fake::default() };
    let (finished, _) = place.run(&fake, stopped(&script)).await;
    assert_eq!((finished.outcome, finished.is_clean), (None, true));
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "unlocked\n");
    assert_eq!(fake.uploads.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_job_can_still_be_aborted_in_its_after_script() {
    let stops = vec![("\nready\n", Stop::Canceled), ("\nlate\n", Stop::Aborted)];
    let fake = Fake { stops, ..Fake::default() };
    let job = job(&[COOPERATIVE]);
    let after = json!({"name": "after_script", "script": ["echo late; sleep 600"], "when": "always"});
    let (finished, _) = Place::new().run(&fake, with(job, "/steps/-", after)).await;
    assert_eq!(finished.outcome, None);
}

#[tokio::test]
async fn a_job_that_nobody_wants_is_not_begun() {
    let fake = Fake { is_unwanted: true, ..Fake::default() };
    let place = Place::new();
    let (finished, _) = place.run(&fake, job(&["touch $HOME/ran"])).await;
    assert_eq!(finished.outcome, None);
    assert!(!place.directory.path().join("home/ran").exists());
}

/// What could have begun nothing may be tried again; what has begun must not look so.
#[tokio::test]
async fn a_runner_that_has_to_end_says_whether_the_script_had_begun() {
    let place = Place::new();
    for (script, expected) in [(COOPERATIVE, Failure::TimeOut), ("", Failure::Interrupted)] {
        let mut job = stopped(script);
        if script.is_empty() {
            job["variables"] = json!([{"key": "FF_TIMESTAMPS", "value": "0"}]);
            job["hooks"] = json!([{"name": "pre_get_sources_script", "script": ["echo ready; sleep 600"]}]);
        }
        let job = Job::parse(job.to_string().as_bytes()).unwrap();
        let fake =
            Fake { stops: vec![("\nready\n", Stop::Shutdown)], jobs: vec![job].into(), ..Fake::default() };
        let (_shutdown, told) = Stopper::new();
        let settings = PollSettings { idle: Some(Duration::ZERO), max_jobs: 5 };
        let polled = poll(&place.host, &fake, &NoCloud, &place.budget, &settings, &told).await;
        assert_eq!(polled.stopped, Stopped::Idle);
        assert_eq!(polled.jobs[0].outcome, Some(Outcome::Failed(expected)));
    }
}

#[tokio::test]
async fn no_job_is_asked_for_that_could_not_have_its_time() {
    let mut place = Place::new();
    place.budget.deadline = Some(Instant::now() + Duration::from_secs(100));
    let fake = Fake {
        jobs: vec![Job::parse(job(&["true"]).to_string().as_bytes()).unwrap()].into(),
        ..Fake::default()
    };
    let (_shutdown, told) = Stopper::new();
    let settings = PollSettings { idle: Some(Duration::ZERO), max_jobs: 5 };
    let polled = poll(&place.host, &fake, &NoCloud, &place.budget, &settings, &told).await;
    assert_eq!((polled.stopped, polled.polls), (Stopped::Budget, 0));
    assert_eq!(fake.jobs.lock().unwrap().len(), 1);
}
