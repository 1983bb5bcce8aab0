//! Tests each stage, with and without configuration and plan, in each working directory.

use axum::Router;
use axum::http::StatusCode;
use runtask_protocol::Stage;
use runtask_simulator::{Configuration, Fault, RunSpec};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::run::{
    PATIENCE, configuration, deliver_with, formatted, origins, result, run, serve, simulator, spec,
};

/// P-20: at every stage the configuration is checked; before the plan there is none to summarize.
#[tokio::test]
async fn every_stage_is_served() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[("RUNTASK_CHECKS", "fmt,plan-summary")]).await;
    let summary = "Plan: 0 to add, 0 to change, 0 to destroy";
    for (stage, second) in [
        (Stage::PrePlan, "No plan to summarize: at stage pre_plan there is none yet"),
        (Stage::PostPlan, summary),
        (Stage::PreApply, summary),
        (Stage::PostApply, summary),
    ] {
        let record =
            run(&simulator, &serve.url(), RunSpec { stage: stage.clone(), ..spec(formatted()) }).await;
        assert_eq!(result(&record), ("passed", &*format!("Format check passed\n{second}")), "{stage}");
    }
}

/// P-20: what the request does not offer is said, for each check that needs it.
#[tokio::test]
async fn what_is_not_offered_is_said() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[("RUNTASK_CHECKS", "fmt,plan-summary")]).await;
    let neither =
        RunSpec { faults: vec![Fault::PlanUrlNull], stage: Stage::PreApply, ..spec(Configuration::None) };
    let record = run(&simulator, &serve.url(), neither).await;
    let message = "Check fmt could not run: HCP Terraform offers no configuration to download for this run (any more)\n\
                   Check plan-summary could not run: HCP Terraform offers no plan to download for this run";
    assert_eq!(result(&record), ("failed", message));
    let outcomes: Vec<_> = record.result.outcomes.iter().map(|it| &*it.id).collect();
    assert_eq!(outcomes, ["check-unavailable", "check-unavailable-2"]);
}

/// R-13, P-20: the workspace's working directory is what is checked, however it was typed.
#[tokio::test]
async fn the_working_directory_is_checked() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[]).await;
    let files = configuration(&[("main.tf", "locals {\na = 1\n}\n"), ("live/prod/main.tf", "locals {}\n")]);
    let broken = "1 of 2 files needs formatting: main.tf";
    for (directory, expected) in [
        (None, ("failed", broken)),
        (Some(""), ("failed", broken)),
        (Some("live/prod"), ("passed", "Format check passed")),
        (Some("/live//prod/"), ("passed", "Format check passed")),
        (
            Some("live/test"),
            (
                "failed",
                "Check fmt could not run: the workspace's working directory `live/test` is not in the configuration",
            ),
        ),
        (
            Some("../prod"),
            (
                "failed",
                "Check fmt could not run: the workspace's working directory leads out of the configuration",
            ),
        ),
    ] {
        let working_directory = directory.map(str::to_owned);
        let spec = RunSpec { working_directory, ..spec(files.clone()) };
        let record = run(&simulator, &serve.url(), spec).await;
        assert_eq!(result(&record), expected, "{directory:?}");
    }
}

/// V-16, V-19: a run is a run, however its sender writes the stage, or if it writes none, as in the beta of run tasks.
#[tokio::test]
async fn a_stage_is_understood_as_senders_write_it() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[("RUNTASK_CHECKS", "fmt,plan-summary")]).await;
    let summary = "Plan: 0 to add, 0 to change, 0 to destroy";
    for stage in [Value::Null, "post-plan".into(), "pre-apply".into()] {
        let run = simulator.prepare(spec(formatted())).await.unwrap();
        assert_eq!(deliver_with(&run, &serve.url(), &[("stage", stage.clone())]).await.status, 200);
        let record = run.wait_final(PATIENCE).await;
        assert_eq!(result(&record), ("passed", &*format!("Format check passed\n{summary}")), "{stage}");
    }
}

/// V-17: before the plan there may be a place for it, which has nothing yet. After it, that is a failure.
#[tokio::test]
async fn a_plan_that_is_not_there_yet_is_none() {
    let simulator = simulator().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(async || StatusCode::NO_CONTENT);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let origins = format!("{},{origin}", origins(&simulator));
    let settings = [("RUNTASK_CHECKS", "fmt,plan-summary"), ("RUNTASK_ALLOWED_ORIGINS", &*origins)];
    let serve = serve(&simulator, &settings).await;
    let missing = format!(
        "Check plan-summary could not run: the plan could not be downloaded: {origin} had nothing to download yet"
    );
    for (stage, status, says) in [
        ("pre_plan", "passed", "No plan to summarize: at stage pre_plan there is none yet"),
        ("post_plan", "failed", &*missing),
    ] {
        let run = simulator.prepare(spec(formatted())).await.unwrap();
        let changes = [("stage", stage.into()), ("plan_json_api_url", format!("{origin}/plan").into())];
        assert_eq!(deliver_with(&run, &serve.url(), &changes).await.status, 200);
        let record = run.wait_final(PATIENCE).await;
        let (answered, message) = result(&record);
        assert_eq!(answered, status);
        assert!(message.contains(says), "{message}");
    }
}
