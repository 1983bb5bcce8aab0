//! What `serve` tells a collector of traces: the spans of runs, and nothing that is secret; whatever the collector does.

use std::time::{Duration, Instant};

use runtask_log::event;
use runtask_simulator::{Fault, RunSpec};
use runtask_tests::collector::{Collector, Conduct, trees};
use runtask_tests::http::send;
use runtask_tests::secrets::assert_no_secrets;
use runtask_tests::serve::{KEY, Serve};
use serde_json::Value;

use crate::approvals::company::{Company, PEOPLE, TWO_APPROVE, destroying};
use crate::run::{PATIENCE, deliver, formatted, result, run, serve, simulator, spec, unformatted};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// What differs from run to run.
const HIDDEN: [&str; 2] = ["runtask.run_id", "server.port"];

/// The metric of spans that a collector does not have, once it is what it should be.
async fn wait_dropped(serve: &Serve, expected: usize) {
    let address = serve.wait_for_event(event::SERVE_METRICS).await["address"].as_str().unwrap().to_owned();
    let since = Instant::now();
    loop {
        let answer = send("GET", &format!("http://{address}/metrics"), &[], "").await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        if text.contains(&format!("\nruntask_spans_dropped_total {expected}\n")) {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "not {expected}: {text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_run_is_one_trace_from_its_request_to_its_result() {
    let (simulator, collector) = (simulator().await, Collector::start(Conduct::Take).await);
    let endpoint = collector.endpoint();
    let settings = [
        (ENDPOINT, &*endpoint),
        ("RUNTASK_CHECKS", "fmt,plan-summary"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=trial"),
    ];
    let mut serve = serve(&simulator, &settings).await;
    assert_eq!(serve.wait_for_event(event::SERVE_TRACES).await["origin"], *endpoint);
    let record = run(&simulator, &serve.url(), spec(unformatted())).await;
    assert_eq!(result(&record).0, "failed");
    // What is not sent yet is sent when it ends.
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0), "{}", serve.logs());
    let spans = collector.spans();
    assert_eq!(
        trees(&spans, &HIDDEN),
        "\
POST / [server] http.request.method=POST http.response.status_code=200 http.route=/ runtask.task=default url.path=/ url.scheme=http
POST / [server] http.request.method=POST http.response.status_code=200 http.route=/ runtask.task=default url.path=/ url.scheme=http
  job [internal] runtask.end=failed runtask.run_id=… runtask.stage=post_plan runtask.task=default runtask.verdict=failed
    claim [internal]
    report running [client] http.request.method=PATCH http.response.status_code=200 server.address=127.0.0.1 server.port=…
    fetch configuration [internal]
    fetch plan [internal]
    check fmt [internal] runtask.check=fmt runtask.findings=2
    check plan-summary [internal] runtask.check=plan-summary runtask.findings=1
    report failed [client] http.request.method=PATCH http.response.status_code=200 server.address=127.0.0.1 server.port=…
"
    );
    let job = spans.iter().find(|it| it.name == "job").unwrap();
    let handed_over = serve.events().one(event::JOB_HANDED_OVER).clone();
    assert_eq!(handed_over["run.id"], *job.attributes["runtask.run_id"]);
    for sent in collector.sent() {
        assert_eq!(sent.uri, "/v1/traces");
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        let resource = body["resourceSpans"][0]["resource"]["attributes"].to_string();
        assert!(
            resource.contains("deployment.environment") && resource.contains("\"runtask\""),
            "{resource}"
        );
    }
}

/// What failed, and how often it was tried.
#[tokio::test]
async fn what_goes_wrong_is_an_error_in_the_trace() {
    let (simulator, collector) = (simulator().await, Collector::start(Conduct::Take).await);
    let endpoint = collector.endpoint();
    let mut serve = serve(&simulator, &[(ENDPOINT, &*endpoint)]).await;
    let faults = [Fault::Callback500, Fault::Configuration404].into_iter().collect();
    let run = simulator.prepare(RunSpec { faults, ..spec(formatted()) }).await.unwrap();
    deliver(&run, &serve.url()).await;
    run.wait_final(PATIENCE).await;
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0), "{}", serve.logs());
    let shown = trees(&collector.spans(), &HIDDEN);
    let shown: Vec<&str> = shown.lines().skip(2).collect();
    let sent = "http.request.method=PATCH";
    let there = "server.address=127.0.0.1 server.port=…";
    assert_eq!(
        shown,
        [
            "    claim [internal]",
            &format!(
                "    report running [client] error.type=500 {sent} http.response.status_code=500 {there}"
            ),
            &format!(
                "    report running [client] error.type=500 {sent} http.request.resend_count=1 \
                 http.response.status_code=500 {there}"
            ),
            &format!(
                "    report running [client] {sent} http.request.resend_count=2 http.response.status_code=200 {there}"
            ),
            "    fetch configuration [internal] error.type=not_fetched",
            "    check fmt [internal] error.type=check_unavailable runtask.check=fmt runtask.findings=1",
            &format!("    report failed [client] {sent} http.response.status_code=200 {there}"),
        ]
    );
}

/// Their answer may come days later, and is not waited for.
#[tokio::test]
async fn that_people_are_asked_is_in_the_trace() {
    let (company, collector) = (Company::start().await, Collector::start(Conduct::Take).await);
    let endpoint = collector.endpoint();
    let _serve = company.serve(&format!("{PEOPLE}{TWO_APPROVE}"), &[(ENDPOINT, &*endpoint)]).await;
    let run = company.run(destroying()).await;
    let shown = trees(&collector.wait_for_span("job").await, &HIDDEN);
    assert_eq!(run.record().finals_accepted, 0);
    assert_eq!(
        shown,
        "\
POST / [server] http.request.method=POST http.response.status_code=200 http.route=/ runtask.task=default url.path=/ url.scheme=http
  job [internal] runtask.end=asked runtask.run_id=… runtask.stage=post_plan runtask.task=default
    claim [internal]
    report running [client] http.request.method=PATCH http.response.status_code=200 server.address=127.0.0.1 server.port=…
    fetch plan [internal]
    ask people [internal]
      report running [client] http.request.method=PATCH http.response.status_code=200 server.address=127.0.0.1 server.port=…
"
    );
}

/// Who is not HCP Terraform learns of no trace, and puts nothing into one.
#[tokio::test]
async fn a_request_that_is_refused_is_a_trace_without_a_word_of_it() {
    let (simulator, collector) = (simulator().await, Collector::start(Conduct::Take).await);
    let endpoint = collector.endpoint();
    let mut serve = serve(&simulator, &[(ENDPOINT, &*endpoint)]).await;
    let forged = [
        ("x-tfc-task-signature", "stranger-signature"),
        ("traceparent", "00-5747a49e5747a49e5747a49e5747a49e-5747a49e5747a49e-01"),
    ];
    let body = r#"{"stage":"stranger-stage","run_id":"run-stranger"}"#;
    assert_eq!(send("POST", &format!("{}?stranger=1", serve.url()), &forged, body).await.status, 401);
    for path in ["stranger-path", "healthz", "-/a/stranger"] {
        send("POST", &format!("{}{path}", serve.url()), &forged, body).await;
    }
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0));
    assert_eq!(
        trees(&collector.spans(), &[]),
        "POST / [server] http.request.method=POST http.response.status_code=401 http.route=/ runtask.task=default \
         url.path=/ url.scheme=http\n"
    );
    for sent in collector.sent() {
        assert_no_secrets(str::from_utf8(&sent.body).unwrap(), &["stranger", "5747a49e5747a49e"]);
    }
}

/// The collector has its own secret and no other, and the log has none.
#[tokio::test]
async fn traces_hold_no_secret_and_the_collectors_own_is_sent_and_not_told() {
    let (simulator, collector) =
        (simulator().await, Collector::start(Conduct::Refuse(401, String::new())).await);
    let endpoint = collector.endpoint();
    let settings = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*format!("{endpoint}/there?key=example-key-of-the-url")),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=example-secret%20of-the-collector"),
        ("RUNTASK_LOG", "trace"),
        ("RUNTASK_METRICS_LISTEN", "127.0.0.1:0"),
    ];
    let mut serve = serve(&simulator, &settings).await;
    serve.keeps_secret("example-key-of-the-url");
    serve.keeps_secret("example-secret of-the-collector");
    let run = simulator
        .prepare(RunSpec { faults: [Fault::CallbackLost].into(), ..spec(formatted()) })
        .await
        .unwrap();
    let payload: Value = serde_json::from_slice(&run.body()).unwrap();
    let secrets =
        ["access_token", "task_result_callback_url"].map(|it| payload[it].as_str().unwrap().to_owned());
    deliver(&run, &serve.url()).await;
    run.wait_final(PATIENCE).await;
    assert!(serve.wait_for_event(event::TRACES_NOT_SENT).await["spans"].as_u64() > Some(0));
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0));
    let secrets: Vec<&str> = secrets
        .iter()
        .map(String::as_str)
        .chain([KEY, ".atlasv1.", "/v1/object/", "example-secret"])
        .collect();
    assert!(!collector.sent().is_empty());
    for sent in collector.sent() {
        assert_eq!(sent.uri, "/there?key=example-key-of-the-url");
        assert_eq!(sent.headers["x-key"], "example-secret of-the-collector");
        assert_no_secrets(str::from_utf8(&sent.body).unwrap(), &secrets);
    }
}

#[tokio::test]
async fn a_collector_that_hangs_delays_neither_a_result_nor_the_end() {
    let (simulator, collector) = (simulator().await, Collector::start(Conduct::Hang).await);
    let endpoint = collector.endpoint();
    let mut serve = serve(&simulator, &[(ENDPOINT, &*endpoint)]).await;
    for _ in 0..2 {
        assert_eq!(result(&run(&simulator, &serve.url(), spec(formatted())).await).0, "passed");
        collector.wait_for_requests(1).await;
    }
    let since = Instant::now();
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0));
    // It waits ten seconds for an answer otherwise.
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    // Two probes, two requests, and two jobs with five parts each.
    let dropped = serve.events().one(event::TRACES_NOT_SENT).clone();
    assert_eq!((dropped["spans"].as_u64(), &dropped["error"]), (Some(16), &"there was no time left".into()));
    assert_eq!(collector.sent().len(), 1, "nobody hurries it");
}

#[tokio::test]
async fn a_collector_that_is_in_trouble_for_a_while_gets_the_same_again() {
    let (simulator, collector) = (simulator().await, Collector::start(Conduct::TakeAfter(1)).await);
    let endpoint = collector.endpoint();
    let mut serve = serve(&simulator, &[(ENDPOINT, &*endpoint)]).await;
    assert_eq!(send("POST", &serve.url(), &[], "{}").await.status, 401);
    collector.wait_for_requests(2).await;
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0));
    let sent = collector.sent();
    assert_eq!((sent.len(), &sent[0].body), (2, &sent[1].body));
    assert_eq!(serve.events().named(event::TRACES_NOT_SENT).count(), 0, "{}", serve.logs());
}

/// Each would be sent again for ever, or to somebody whom nobody has named.
#[tokio::test]
async fn what_a_collector_does_not_take_is_dropped_and_counted() {
    let elsewhere = Collector::start(Conduct::Take).await;
    for (conduct, why) in [
        (Conduct::Refuse(400, String::new()), "it answered 400 Bad Request"),
        (Conduct::Refuse(307, elsewhere.endpoint()), "it answered 307 Temporary Redirect"),
        (Conduct::Reject(1), "it has rejected them"),
    ] {
        let (simulator, collector) = (simulator().await, Collector::start(conduct).await);
        let endpoint = collector.endpoint();
        let settings = [(ENDPOINT, &*endpoint), ("RUNTASK_METRICS_LISTEN", "127.0.0.1:0")];
        let serve = serve(&simulator, &settings).await;
        wait_dropped(&serve, 0).await;
        send("POST", &serve.url(), &[], "{}").await;
        wait_dropped(&serve, 1).await;
        let told = serve.wait_for_event(event::TRACES_NOT_SENT).await;
        assert_eq!((told["spans"].as_u64(), &told["error"]), (Some(1), &why.into()));
        send("POST", &serve.url(), &[], "{}").await;
        wait_dropped(&serve, 2).await;
        assert_eq!(collector.sent().len(), 2);
        assert_eq!(serve.events().named(event::TRACES_NOT_SENT).count(), 1, "a line a minute");
    }
    assert_eq!(elsewhere.sent().len(), 0);
}

/// Nobody is asked, whatever else is set.
#[tokio::test]
async fn without_an_endpoint_or_switched_off_nothing_is_sent() {
    let collector = Collector::start(Conduct::Take).await;
    let endpoint = collector.endpoint();
    for settings in [
        &[("OTEL_SERVICE_NAME", "nobody"), ("OTEL_TRACES_SAMPLER", "no such sampler")][..],
        &[(ENDPOINT, &*endpoint), ("OTEL_SDK_DISABLED", "true")],
        &[(ENDPOINT, &*endpoint), ("OTEL_TRACES_EXPORTER", "none")],
        &[(ENDPOINT, &*endpoint), ("OTEL_TRACES_SAMPLER", "always_off")],
    ] {
        let simulator = simulator().await;
        let mut serve = serve(&simulator, settings).await;
        assert_eq!(result(&run(&simulator, &serve.url(), spec(formatted())).await).0, "passed");
        serve.terminate();
        assert_eq!(serve.ended().await.code(), Some(0));
        let is_on = serve.events().named(event::SERVE_TRACES).count() == 1;
        assert_eq!(is_on, settings.iter().any(|it| it.1 == "always_off"), "{settings:?}");
    }
    assert_eq!(collector.sent().len(), 0);
}
