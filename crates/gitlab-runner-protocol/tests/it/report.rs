//! A job's log and state, under every fault.

use crate::harness::{LONG, World, soon};
use gitlab_runner_protocol::client::Wish;
use gitlab_runner_protocol::{Delivery, DeliveryError, FailureReason, FinalState, ReportSettings};
use gitlab_simulator::{Fault, Injection, JobSpec, Status};
use std::time::Duration;

const FAILED: FinalState = FinalState::Failed { reason: FailureReason::ScriptFailure, exit_code: Some(3) };

fn plan() -> JobSpec {
    JobSpec::new("plan", &["terraform plan"]).masked("API_KEY", "k-0123456789abcdef")
}

/// Four lines, one after the other, and the whole log of it.
async fn run(faults: &[Injection], state: FinalState) {
    let world = World::new(faults).await;
    let reported = world.begin(&plan()).await;
    assert_eq!(reported.told, Ok(()), "{faults:?}");
    for line in ["one k-01234", "56789abcdef\n", "two\n", "three\n"] {
        reported.print_and_wait(line).await;
    }
    reported.print("the end\n");
    let (delivery, report) = reported.finish(state, LONG).await;
    let went_unanswered = |it: &Injection| {
        it.fault == Fault::FinalReset && report.finals_sent > usize::try_from(it.at).unwrap()
    };
    let is_answered = !faults.iter().any(went_unanswered);
    assert_eq!(
        delivery.unwrap(),
        if is_answered { Delivery::Accepted } else { Delivery::Over },
        "{faults:?}"
    );
    assert_eq!(report.log_text(), "one [MASKED]\ntwo\nthree\nthe end\n", "{faults:?}");
    let expected = if state == FinalState::Success { Status::Success } else { Status::Failed };
    assert_eq!(report.status, expected, "{faults:?}");
    world.judge();
}

#[tokio::test]
async fn a_job_is_reported_from_its_first_line_to_its_state() {
    tokio::join!(run(&[], FinalState::Success), run(&[], FAILED));
}

/// G-46: 416, 404, errors, resets, and another interval.
#[tokio::test]
async fn no_fault_of_the_log_costs_a_byte() {
    let faults = [
        Fault::Trace416Lower.at(2),
        Fault::Trace416Higher.at(2),
        Fault::Trace500Burst.at(2),
        Fault::Trace500Burst.at(1).times(7),
        Fault::TraceReset.at(2),
        Fault::TraceReset.at(1).times(1),
        Fault::Trace404.at(2),
        Fault::TraceSlow.at(2),
        Fault::IntervalChange.at(1),
    ];
    futures_util::future::join_all(faults.map(|it| async move { run(&[it], FinalState::Success).await }))
        .await;
}

/// G-47: 202, 412, 429, errors, resets, and silence.
#[tokio::test]
async fn no_fault_of_the_state_costs_the_state() {
    let faults = [
        Fault::Final202N.into(),
        Fault::Final412.into(),
        Fault::Final429.into(),
        Fault::Final500.at(1).times(2),
        Fault::FinalReset.into(),
        Fault::FinalHang.into(),
    ];
    futures_util::future::join_all(faults.map(|it| async move { run(&[it], FAILED).await })).await;
}

#[tokio::test]
async fn several_faults_at_once_cost_nothing_either() {
    let faults = [
        Fault::Trace416Lower.at(2),
        Fault::TraceReset.at(4),
        Fault::Trace500Burst.at(6),
        Fault::Final412.at(2),
        Fault::Final202N.at(3),
    ];
    run(&faults, FinalState::Success).await;
}

#[tokio::test]
async fn after_the_end_nothing_more_is_said() {
    for fault in [
        Fault::Trace403.at(2),
        Fault::CanceledOnPatch.at(2),
        Fault::ForbiddenMidJob.at(3),
        Fault::TokenExpired.at(3),
    ] {
        let world = World::new(&[fault]).await;
        let reported = world.begin(&plan()).await;
        let mut wish = reported.reporter.wish();
        reported.print_and_wait("one\n").await;
        reported.print("two\n");
        tokio::time::timeout(LONG, wish.wait_for(|it| *it == Wish::Over)).await.unwrap().unwrap();
        let calls = world.simulator.received().len();
        let (delivery, report) = reported.finish(FAILED, LONG).await;
        assert_eq!(delivery.unwrap(), Delivery::Over, "{fault:?}");
        assert_eq!((report.final_state, report.finals_sent), (None, 0), "{fault:?}");
        assert_eq!(world.simulator.received().len(), calls, "{fault:?}");
        world.judge();
    }
}

#[tokio::test]
async fn a_job_that_was_cancelled_before_its_start_is_over_at_once() {
    let world = World::new(&[Fault::CanceledBeforeStart.into()]).await;
    let reported = world.begin(&plan()).await;
    assert_eq!(reported.told, Ok(()));
    assert_eq!(*reported.reporter.wish().borrow(), Wish::Over);
    let (delivery, report) = reported.finish(FAILED, LONG).await;
    assert_eq!((delivery.unwrap(), report.finals_sent), (Delivery::Over, 0));
    world.judge();
}

#[tokio::test]
async fn a_cancel_is_heard_once_and_the_job_still_says_how_it_ended() {
    for fault in [Fault::CancelingOnPatch.at(2), Fault::CancelingOnPut.at(1)] {
        let world = World::new(&[fault]).await;
        let reported = world.begin(&plan()).await;
        let mut wish = reported.reporter.wish();
        reported.print_and_wait("one\n").await;
        reported.print_and_wait("two\n").await;
        tokio::time::timeout(LONG, wish.wait_for(|it| *it == Wish::Cancel)).await.unwrap().unwrap();
        wish.mark_unchanged();
        reported.print_and_wait("after_script\n").await;
        assert!(!wish.has_changed().unwrap());
        let state = FinalState::Failed { reason: FailureReason::JobCanceled, exit_code: None };
        let (delivery, report) = reported.finish(state, LONG).await;
        assert_eq!((delivery.unwrap(), report.status), (Delivery::Accepted, Status::Canceled));
        assert_eq!(report.final_state.unwrap().failure_reason.unwrap(), "unknown_failure");
        world.judge();
    }
}

#[tokio::test]
async fn a_refused_state_is_over_and_one_without_time_is_late() {
    let world = World::new(&[Fault::Final403.into()]).await;
    let (delivery, _) = world.begin(&plan()).await.finish(FAILED, LONG).await;
    assert_eq!(delivery.unwrap(), Delivery::Over);
    world.judge();

    let world = World::new(&[Fault::Final500.at(1).times(1000)]).await;
    let (delivery, _) = world.begin(&plan()).await.finish(FAILED, Duration::from_secs(4)).await;
    let error = delivery.unwrap_err();
    assert!(matches!(error, DeliveryError::Late { attempts: 2.., .. }), "{error}");
    assert!(error.to_string().ends_with("the last: 500 Internal Server Error"), "{error}");
    world.judge();
}

#[tokio::test]
async fn a_log_that_does_not_get_through_does_not_cost_the_state() {
    let world = World::new(&[Fault::Trace404.at(1).times(1000)]).await;
    let reported = world.begin(&plan()).await;
    reported.print("lost\n");
    let (delivery, report) = reported.finish(FAILED, Duration::from_secs(6)).await;
    assert_eq!((delivery.unwrap(), report.status), (Delivery::Accepted, Status::Failed));
    let violations = world.simulator.violations();
    assert_eq!(violations.len(), 2, "{violations:?}");
    assert!(violations.iter().all(|it| it.contains("that of the log")), "{violations:?}");
}

/// G-46
#[tokio::test]
async fn a_large_log_comes_in_parts_of_a_mebibyte() {
    let world = World::new(&[]).await;
    let reported = world.begin(&plan()).await;
    let line = "x".repeat(999) + "\n";
    for _ in 0..3000 {
        reported.print(&line);
    }
    let (delivery, report) = reported.finish(FinalState::Success, LONG).await;
    assert_eq!(delivery.unwrap(), Delivery::Accepted);
    assert_eq!((report.log.len(), report.patches), (3_000_000, 3));
    world.judge();
}

/// G-47
#[tokio::test]
async fn a_quiet_job_gives_signs_of_life() {
    let world = World::new(&[]).await;
    let settings = ReportSettings { sign_of_life_after: Duration::from_secs(1), ..ReportSettings::default() };
    let reported = world.begin_with(&plan(), settings).await;
    let alive = world.simulator.until(reported.job.id, |it| it.signs_of_life == 3);
    tokio::time::timeout(LONG, alive).await.unwrap();
    reported.finish(FinalState::Success, LONG).await.0.unwrap();
    world.judge();
}

#[tokio::test]
async fn a_reporter_that_is_dropped_says_nothing_more() {
    let world = World::new(&[]).await;
    let reported = world.begin(&plan()).await;
    reported.print_and_wait("one\n").await;
    reported.print("two\n");
    drop(reported.reporter);
    let calls = world.simulator.received().len();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.simulator.received().len(), calls);
}

/// The log as GitLab has it is the log as it was written, whatever happens.
#[tokio::test]
async fn under_any_faults_the_stored_bytes_are_the_written_ones() {
    let faults_of_log = [
        Fault::Trace416Lower,
        Fault::Trace416Higher,
        Fault::Trace500Burst,
        Fault::TraceReset,
        Fault::Trace404,
        Fault::IntervalChange,
    ];
    let faults_of_state =
        [Fault::Final202N, Fault::Final412, Fault::Final429, Fault::Final500, Fault::FinalReset];
    let runs = (0..16).map(|seed| async move {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut faults: Vec<Injection> = Vec::new();
        for _ in 0..4 {
            let fault = random.choice(faults_of_log).unwrap();
            faults.push(fault.at(random.u32(1..12)).times(random.u32(1..4)));
        }
        faults.push(random.choice(faults_of_state).unwrap().at(random.u32(1..3)));
        run(&faults, if random.bool() { FinalState::Success } else { FAILED }).await;
    });
    futures_util::future::join_all(runs).await;
}

#[tokio::test]
async fn a_job_whose_runner_died_is_ended_by_somebody_else() {
    let world = World::new(&[Fault::Final500.into()]).await;
    let reported = world.begin(&plan()).await;
    reported.print_and_wait("what was said\n").await;
    let job = world.client.job(reported.job.id, reported.job.token.clone());
    let id = job.id();
    drop(reported);
    world.simulator.abandon(id);
    let lost = FinalState::Failed { reason: FailureReason::RunnerSystemFailure, exit_code: None };
    let delivery = job.end_abandoned("The runner died.\n", lost, &[], soon()).await;
    assert_eq!(delivery.unwrap(), Delivery::Accepted);
    let report = world.simulator.job(id).unwrap();
    assert_eq!(report.log_text(), "what was said\nThe runner died.\n");
    assert_eq!(report.final_state.unwrap().failure_reason.unwrap(), "runner_system_failure");
    world.judge();
}
