//! Tests how results reach HCP Terraform: signs of life, and results that are not taken.

use std::time::Duration;

use runtask_log::event;
use runtask_simulator::{Fault, Record, RunSpec, Timers};
use runtask_tests::pair::CALLBACK_HANDLER;
use runtask_tests::terraform::StandIn;

use crate::run::{PATIENCE, deliver, formatted, pair, result, serve, simulator, spec, unformatted};

fn statuses(record: &Record) -> Vec<(&str, Option<u16>)> {
    record.callbacks.iter().map(|it| (it.status.as_deref().unwrap_or_default(), it.answered)).collect()
}

/// P-14: `running` at once and again and again, until HCP Terraform wants no more; then the work ends, too.
#[tokio::test]
async fn a_long_check_shows_that_it_lives() {
    let simulator = simulator().await;
    let terraform = StandIn::new("hang");
    let settings = [("RUNTASK_TERRAFORM", terraform.path()), ("RUNTASK_PROGRESS_INTERVAL_MS", "1000")];
    let serve = serve(&simulator, &settings).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&run, &serve.url()).await;
    assert!(run.wait_until(PATIENCE, |it| it.callbacks.len() >= 3).await);
    terraform.started(2).await;
    run.cancel();
    assert_eq!(serve.wait_for_event(event::WORK_NOT_WANTED).await["http.status"], 409);
    assert_eq!(serve.wait_for_event(event::JOB_DONE).await["end"], "not wanted");
    terraform.wait_gone().await;

    let record = run.record();
    let (last, before) = record.callbacks.split_last().unwrap();
    assert!(before.iter().all(|it| it.status.as_deref() == Some("running") && it.answered == Some(200)));
    assert_eq!((last.status.as_deref(), last.answered), (Some("running"), Some(409)));
    assert_eq!((record.violations.len(), record.finals_accepted), (0, 0));
}

/// P-15: what passes is tried again, as late as it asks for; a bare verdict goes where outcomes are not taken.
#[tokio::test]
async fn a_result_that_is_not_taken_is_sent_again() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[]).await;
    let failed = "2 of 3 files need formatting: main.tf, modules/net/main.tf";
    for (fault, expected) in [
        (Fault::Callback429, &[("running", Some(429)), ("running", Some(200)), ("failed", Some(200))][..]),
        (
            Fault::Callback500,
            &[("running", Some(500)), ("running", Some(500)), ("running", Some(200)), ("failed", Some(200))],
        ),
        (Fault::Callback422Outcomes, &[("running", Some(200)), ("failed", Some(422)), ("failed", Some(200))]),
        // It cannot know that it was taken; the repetition tells it.
        (Fault::CallbackLost, &[("running", Some(200)), ("failed", None), ("failed", Some(409))]),
    ] {
        let spec = RunSpec { faults: vec![fault], ..spec(unformatted()) };
        let run = simulator.prepare(spec).await.unwrap();
        deliver(&run, &serve.url()).await;
        let done = serve.wait_for_event_of(event::JOB_DONE, run.task_result_id()).await;
        assert_eq!(done["end"], "failed", "{fault}");
        let record = run.record();
        assert_eq!(statuses(&record), expected, "{fault}");
        assert_eq!((record.violations.len(), record.finals_accepted), (0, 1), "{fault}: {record:#?}");
        assert_eq!(record.result.message.as_deref(), Some(failed), "{fault}");
        let bare = fault == Fault::Callback422Outcomes;
        assert_eq!(record.result.outcomes.is_empty(), bare, "{fault}");
        if fault == Fault::Callback429 {
            assert!(record.callbacks[1].at_ms >= record.callbacks[0].at_ms + 1000, "{record:#?}");
        }
    }
}

/// P-15, V-03: a token that is not good is not tried again; without one nothing is done, and that is an error.
#[tokio::test]
async fn a_dead_token_ends_it() {
    let simulator = simulator().await;
    let terraform = StandIn::new("gate");
    let serve = serve(&simulator, &[("RUNTASK_TERRAFORM", terraform.path())]).await;
    let dead = Timers { token: Duration::ZERO, ..Timers::HCP_TERRAFORM };
    let run = simulator.prepare(RunSpec { timers: dead, ..spec(formatted()) }).await.unwrap();
    deliver(&run, &serve.url()).await;
    let expired = serve.wait_for_event(event::TOKEN_EXPIRED).await;
    assert!(expired.error().contains("answered 401"), "{expired:?}");
    let record = run.record();
    assert_eq!(statuses(&record), [("running", Some(401))]);
    assert!(!terraform.was_run() && record.violations.is_empty(), "{record:#?}");
    assert!(!serve.events().has(event::JOB_DONE), "{}", serve.logs());
}

/// P-15, V-03: a token that dies during the check leaves one final result that was refused, nothing after it, and no
/// claim: who comes next may try.
#[tokio::test]
async fn a_token_that_dies_is_not_tried_again() {
    let simulator = simulator().await;
    let terraform = StandIn::new("gate");
    let serve = serve(&simulator, &[("RUNTASK_TERRAFORM", terraform.path())]).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&run, &serve.url()).await;
    terraform.started(1).await;
    run.expire_token();
    terraform.open();
    serve.wait_for_event(event::TOKEN_EXPIRED).await;
    assert_eq!(statuses(&run.record()), [("running", Some(200)), ("passed", Some(401))]);
    deliver(&run, &serve.url()).await;
    assert!(run.wait_until(PATIENCE, |it| it.callbacks.len() == 3).await);
    assert_eq!(statuses(&run.record())[2], ("running", Some(401)));
}

/// V-03: results that a proxy in trouble answers 404 are sent a few times more, and then they are missing, loudly; Lambda
/// tries again.
#[tokio::test]
async fn a_result_that_is_not_found_is_an_error_in_the_end() {
    let simulator = simulator().await;
    let pair = pair(&simulator, &[]).await;
    let run =
        simulator.prepare(RunSpec { faults: vec![Fault::Cancel404], ..spec(formatted()) }).await.unwrap();
    deliver(&run, &pair.url()).await;
    let first = async {
        while pair.double.invocations(CALLBACK_HANDLER).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, first).await.unwrap();
    let attempts = pair.double.invocations(CALLBACK_HANDLER);
    assert_eq!(attempts[0].outcome.error_message(), Some("the final result could not be reported"));
    let record = run.record();
    let mut expected = vec![("running", Some(200))];
    expected.resize(7, ("passed", Some(404)));
    assert_eq!(statuses(&record)[..7], expected);
    let events = pair.events();
    assert!(events.named(event::JOB_NOT_REPORTED).next().unwrap().error().contains("answered 404"));
}

/// P-14: who has to wait for a turn says so.
#[tokio::test]
async fn the_first_word_comes_before_the_work() {
    let simulator = simulator().await;
    let terraform = StandIn::new("gate");
    let settings = [("RUNTASK_TERRAFORM", terraform.path()), ("RUNTASK_CONCURRENCY", "1")];
    let serve = serve(&simulator, &settings).await;
    // The second waits for its turn, and says `running` all the same.
    let first = simulator.prepare(spec(formatted())).await.unwrap();
    let second = simulator.prepare(spec(formatted())).await.unwrap();
    for run in [&first, &second] {
        deliver(run, &serve.url()).await;
        assert!(run.wait_until(PATIENCE, |it| statuses(it) == [("running", Some(200))]).await);
    }
    terraform.open();
    for run in [&first, &second] {
        assert_eq!(result(&run.wait_final(PATIENCE).await).0, "passed");
    }
}
