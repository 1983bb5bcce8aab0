//! Lets run tasks do what is wrong for a fault.

use super::run_task::{RunTask, location, quick, result, run, simulator};
use crate::{Conduct, Fault, Protocol, Record, RunSpec, Target, Timers};
use futures_util::future::join_all;
use http::header;
use std::time::Duration;

/// U-03, V-03, V-16, S-02: what is wrong for a fault is said to be wrong.
#[tokio::test]
async fn what_is_wrong_for_a_fault_is_said() {
    let careless = |work: RunTask| RunTask { careful: false, ..work };
    let silent = || careless(RunTask::new(|_job| async {}));
    let says = |says| RunTask { says, ..silent() };
    let passes = || {
        RunTask::new(|job| async move {
            let field = |name: &str| job.payload[name].as_str().map(str::to_owned);
            for url in
                ["configuration_version_download_url", "plan_json_api_url"].map(field).into_iter().flatten()
            {
                let response = job.client.get(url).bearer_auth(job.token()).send().await.unwrap();
                if response.headers().contains_key(header::LOCATION) {
                    let _archive = job.client.get(location(&response)).send().await;
                }
            }
            job.report(result("passed", "x")).await;
        })
    };
    let faint = || RunTask::new(|job| async move { drop(job.patch(&result("passed", "x")).await) });
    let hammers = || {
        RunTask::new(|job| async move {
            for _ in 0..100 {
                if job.hurry(&result("passed", "x")).await == 200 {
                    return;
                }
            }
        })
    };
    let table: Vec<(RunTask, Fault, &str)> = vec![
        (
            says(r#"{"data":{"type":"task-results","attributes":{"status":"passed"}}}"#),
            Fault::TokenMissing,
            "the answer to a run's request holds a result, which a sender may take for the run's",
        ),
        (
            says(r#"{"status":"passed"}"#),
            Fault::Beta2021,
            "the answer to a run's request holds a result, which a sender may take for the run's",
        ),
        (
            says("passed"),
            Fault::AnswerAsResult,
            "the answer to a run's request holds a result, which a sender may take for the run's",
        ),
        (
            silent(),
            Fault::TokenTest,
            "no result was delivered: HCP Terraform gave up waiting: no final result within 1s",
        ),
        (
            RunTask { answer: 404, ..silent() },
            Fault::TokenMissing,
            "the request was answered 404, and not 400 with the field's name",
        ),
        (
            careless(RunTask::good()),
            Fault::OriginNotListed,
            "a callback went to an origin that is not allowed; the token went to an origin that is not allowed; ",
        ),
        (passes(), Fault::Plan404, "it passed the run, although it never got the plan that it asked for"),
        (
            passes(),
            Fault::Configuration404,
            "it passed the run, although it never got the configuration that it asked for",
        ),
        (passes(), Fault::ArchiveTruncated, "it passed an archive that is to be refused"),
        (
            faint(),
            Fault::Callback404Final,
            "no result was delivered; a callback was answered 404 once, and then none came",
        ),
        (
            faint(),
            Fault::Callback404Always,
            "no result was delivered; a callback was answered 404 once, and then none came",
        ),
        (
            hammers(),
            Fault::CallbackRetryAfter0,
            "more than 20 callbacks were refused within 2 seconds: the run task sends them again without a pause",
        ),
        (
            hammers(),
            Fault::Callback404Always,
            "more than 20 callbacks were refused within 2 seconds: the run task sends them again without a pause",
        ),
    ];
    let runs = table.into_iter().map(async |(run_task, fault, sentence)| {
        let timers = Timers { total: Duration::from_secs(1), ..Timers::default() };
        (run(run_task, RunSpec { timers, ..quick(&[fault]) }).await, fault, sentence)
    });
    for (record, fault, sentence) in join_all(runs).await {
        let [judgement] = &record.faults[..] else { panic!("one fault, one judgement") };
        assert_eq!((judgement.fault, judgement.conduct), (fault, Conduct::Wrong), "{record:#?}");
        assert!(judgement.happened.starts_with(sentence), "{fault}: {}", judgement.happened);
        assert_eq!(record.protocol(), Protocol::Broken);
    }
}

/// U-03: where one fault keeps the result away, another that did not come up is not blamed for it.
#[tokio::test]
async fn a_fault_that_never_came_up_is_not_blamed_for_another() {
    let faint = RunTask::new(|job| async move { drop(job.patch(&result("passed", "x")).await) });
    let record = run(faint, quick(&[Fault::Callback404Always, Fault::AnyTwoHundred])).await;
    let conducts: Vec<_> = record.faults.iter().map(|it| it.conduct).collect();
    assert_eq!(conducts, [Conduct::Wrong, Conduct::Unseen], "{record:#?}");
    assert_eq!(record.protocol(), Protocol::Broken);
}

/// U-03: a run task that cannot be reached has kept nothing.
#[tokio::test]
async fn who_cannot_be_reached_was_not_tried() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let target = Target { url: format!("http://{gone}/").parse().unwrap(), key: None };
    let record = simulator().await.run(&target, quick(&[Fault::Cancel]), |_event| {}).await.unwrap();
    assert_eq!((record.protocol(), record.faults[0].conduct), (Protocol::NotTried, Conduct::Wrong));
}

/// V-19: a fault that should make no difference, and makes one, is told by the same run without it.
#[tokio::test]
async fn a_fault_that_makes_a_difference_is_wrong() {
    let strict = RunTask::new(|job| async move {
        let known = job.payload["stage"] == "post_plan";
        job.report(result(if known { "passed" } else { "failed" }, "x")).await;
    });
    let (simulator, target) = (simulator().await, strict.start().await);
    let control = simulator.run(&target, quick(&[]), |_event| {}).await.unwrap();
    let runs = [Fault::StageHyphenated, Fault::UnknownStage].map(|it| quick(&[it])).to_vec();
    let mut said = Vec::new();
    let each = |record: Record| said.extend(record.faults.into_iter().map(|it| (it.conduct, it.happened)));
    simulator.run_each(&target, runs, &control, 2, each).await.unwrap();
    let wrong = "it failed the run, which it does not without the fault".to_owned();
    assert_eq!(said, [(Conduct::Wrong, wrong), (Conduct::Right, "it failed the run".to_owned())]);
}
