//! What `serve` tells a monitoring system: the numbers of a few runs, at an address of its own.

use crate::run::{deliver, formatted, result, run, serve, simulator, spec, unformatted};
use runtask_log::event;
use runtask_tests::http::send;
use runtask_tests::serve::Serve;
use std::collections::BTreeMap;

const LISTEN: [(&str, &str); 1] = [("RUNTASK_METRICS_LISTEN", "127.0.0.1:0")];

/// Every number by its name with labels, from a text that keeps to the format.
fn numbers(text: &str) -> BTreeMap<String, f64> {
    let mut numbers = BTreeMap::new();
    let mut family = "";
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split_once(' ').unwrap().0;
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, family);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(family), "{line}");
            assert_eq!(numbers.insert(name.to_owned(), value.parse().unwrap()), None, "{line}");
        }
    }
    numbers
}

async fn metrics(serve: &Serve) -> (String, String) {
    let address = serve.wait_for_event(event::SERVE_METRICS).await["address"].as_str().unwrap().to_owned();
    let answer = send("GET", &format!("http://{address}/metrics"), &[], "").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    (address, String::from_utf8(answer.body.to_vec()).unwrap())
}

/// T-53: requests, jobs, results by verdict, signs of life and durations.
#[tokio::test]
async fn numbers_of_runs_are_told() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &LISTEN).await;
    let (_, text) = metrics(&serve).await;
    let before = numbers(&text);
    assert_eq!(
        (before["runtask_jobs_open"], before["runtask_signatures_refused_total"]),
        (0.0, 0.0),
        "{text}"
    );
    assert_eq!(result(&run(&simulator, &serve.url(), spec(formatted())).await).0, "passed");
    assert_eq!(result(&run(&simulator, &serve.url(), spec(unformatted())).await).0, "failed");
    assert_eq!(send("POST", &serve.url(), &[("x-tfc-task-signature", "00")], "{}").await.status, 401);
    // HCP Terraform has the result a moment before the job is over.
    while numbers(&metrics(&serve).await.1)["runtask_jobs_open"] > 0.0 {}
    let (address, text) = metrics(&serve).await;
    let after = numbers(&text);
    for (name, expected) in [
        // Each run begins with a probe.
        ("runtask_requests_total{code=\"200\"}", 4.0),
        ("runtask_requests_total{code=\"401\"}", 1.0),
        ("runtask_requests_verified_total{key=\"current\"}", 4.0),
        ("runtask_signatures_refused_total", 1.0),
        ("runtask_results_total{status=\"passed\"}", 1.0),
        ("runtask_results_total{status=\"failed\"}", 1.0),
        ("runtask_results_missing_total", 0.0),
        ("runtask_reports_total{status=\"running\"}", 2.0),
        ("runtask_reports_total{status=\"passed\"}", 1.0),
        ("runtask_job_duration_seconds_count", 2.0),
        ("runtask_job_duration_seconds_bucket{le=\"+Inf\"}", 2.0),
        ("runtask_request_duration_seconds_count", 5.0),
    ] {
        assert_eq!(after.get(name), Some(&expected), "{name}:\n{text}");
    }
    assert!(after["runtask_job_duration_seconds_sum"] > 0.0, "{text}");
    // They are not for the Internet, and the run task's requests are not for this address.
    let there = |path: &str| format!("http://{address}{path}");
    assert_eq!(send("GET", &format!("{}metrics", serve.url()), &[], "").await.status, 404);
    assert_eq!(send("POST", &there("/"), &[], "{}").await.status, 404);
    let refused = send("POST", &there("/metrics"), &[], "").await;
    assert_eq!((refused.status, refused.header("allow")), (405, "GET, HEAD"));
    let head = send("HEAD", &there("/metrics"), &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

/// A job that waits is one that is open, also while the rest shuts down.
#[tokio::test]
async fn jobs_are_told_of_until_the_last_one_ends() {
    let simulator = simulator().await;
    let (mut serve, terraform) = crate::shutdown::waiting(&simulator, "gate", &LISTEN).await;
    let at_work = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&at_work, &serve.url()).await;
    terraform.started(1).await;
    assert_eq!(numbers(&metrics(&serve).await.1)["runtask_jobs_open"], 1.0);
    serve.terminate();
    serve.wait_for_event(event::SHUTDOWN_WAITING).await;
    assert_eq!(numbers(&metrics(&serve).await.1)["runtask_jobs_open"], 1.0);
    terraform.open();
    assert_eq!(serve.ended().await.code(), Some(0));
}
