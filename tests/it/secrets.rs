//! P-19: no key, no token and no temporary link is ever logged, however much is.
//!
//! Every flow looks through its logs when it ends. These log all there is to log, and take the ways on which things
//! go wrong.

use runtask_log::event;
use runtask_simulator::{Fault, PreparedRun, RunSpec, Simulator};
use serde_json::Value;

use crate::run::{PATIENCE, deliver, deliver_with, formatted, key, pair, serve, simulator, spec};
use runtask_tests::http::send;

const FAULTS: [Option<Fault>; 10] = [
    None,
    Some(Fault::Configuration404),
    Some(Fault::ConfigurationCut),
    Some(Fault::ArchiveTraversal),
    Some(Fault::RedirectLoop),
    Some(Fault::RedirectPlainHttp),
    Some(Fault::PlanExpiredLink),
    Some(Fault::Callback500),
    Some(Fault::CallbackLost),
    Some(Fault::CallbackUrlCode),
];

async fn prepare(simulator: &Simulator, fault: Option<Fault>) -> PreparedRun {
    let faults = fault.into_iter().collect();
    simulator.prepare(RunSpec { faults, ..spec(formatted()) }).await.unwrap()
}

/// What of a request nobody may learn.
fn secrets(run: &PreparedRun) -> [String; 2] {
    let payload: Value = serde_json::from_slice(&run.body()).unwrap();
    ["access_token", "task_result_callback_url"].map(|it| payload[it].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn serve_logs_no_secrets() {
    let simulator = simulator().await;
    let settings = [("RUNTASK_LOG", "trace"), ("RUNTASK_CHECKS", "fmt,plan-summary")];
    let serve = serve(&simulator, &settings).await;
    for fault in FAULTS {
        let run = prepare(&simulator, fault).await;
        secrets(&run).into_iter().for_each(|it| serve.keeps_secret(it));
        deliver(&run, &serve.url()).await;
        run.wait_final(PATIENCE).await;
    }
    let run = prepare(&simulator, None).await;
    secrets(&run).into_iter().for_each(|it| serve.keeps_secret(it));
    let forged = send("POST", &serve.url(), &[("x-tfc-task-signature", "ab")], run.body()).await;
    assert_eq!(forged.status, 401);
    let callback = "http://127.0.0.1:9/api/v2/task-results/example-callback-secret/callback";
    serve.keeps_secret("example-callback-secret");
    deliver_with(&run, &serve.url(), &[("task_result_callback_url", callback.into())]).await;
    serve.wait_for_event(event::REQUEST_FOREIGN).await;
    let broken = run.body().slice(..run.body().len() - 1);
    let signature = key().sign(&broken);
    let answer = send("POST", &serve.url(), &[("x-tfc-task-signature", &signature)], broken).await;
    assert_eq!(answer.status, 400);
    assert!(serve.logs().contains(r#""level":"DEBUG""#), "{}", serve.logs());
}

#[tokio::test]
async fn the_lambda_functions_log_no_secrets() {
    let simulator = simulator().await;
    let settings = [("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUNTASK_CHECKS", "fmt,plan-summary")];
    let pair = pair(&simulator, &settings).await;
    for fault in FAULTS {
        let run = prepare(&simulator, fault).await;
        secrets(&run).into_iter().for_each(|it| pair.keeps_secret(it));
        deliver(&run, &pair.url()).await;
        run.wait_final(PATIENCE).await;
    }
    pair.double.wait_idle(PATIENCE).await;
    assert!(pair.logs().contains(r#""level":"DEBUG""#), "{}", pair.logs());
}
