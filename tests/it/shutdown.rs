//! Tests the end of a process: in order, in time, and with a result for everybody. Tests crowds, too.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::routing::patch;
use futures_util::future::{join, join_all};
use runtask_log::event;
use runtask_simulator::{PreparedRun, Simulator};
use runtask_tests::serve::Serve;
use runtask_tests::terraform::StandIn;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::run::{PATIENCE, deliver, deliver_with, formatted, key, result, run, serve, simulator, spec};
use runtask_tests::http::send;

/// Waits until nobody listens any more.
async fn wait_closed(serve: &Serve) {
    let since = Instant::now();
    while TcpStream::connect(serve.address()).await.is_ok() {
        assert!(since.elapsed() < PATIENCE, "it still accepts connections:\n{}", serve.logs());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn waiting(simulator: &Simulator, act: &str, settings: &[(&str, &str)]) -> (Serve, StandIn) {
    let terraform = StandIn::new(act);
    let settings = [&[("RUNTASK_TERRAFORM", terraform.path())], settings].concat();
    (serve(simulator, &settings).await, terraform)
}

/// P-16: SIGTERM and Ctrl-C close the door; a job at work gets the time to finish.
#[tokio::test]
async fn a_job_at_work_finishes() {
    for end in [Serve::terminate, Serve::interrupt] {
        let simulator = simulator().await;
        let (mut serve, terraform) = waiting(&simulator, "gate", &[]).await;
        let run = simulator.prepare(spec(formatted())).await.unwrap();
        deliver(&run, &serve.url()).await;
        terraform.started(1).await;
        end(&serve);
        wait_closed(&serve).await;
        assert_eq!(serve.wait_for_event(event::SHUTDOWN_WAITING).await["jobs"], 1);
        assert_eq!(run.record().finals_accepted, 0);
        terraform.open();
        assert_eq!(serve.ended().await.code(), Some(0), "{}", serve.logs());
        assert_eq!(result(&run.record()), ("passed", "Format check passed"));
        serve.wait_for_event(event::SHUTDOWN_DONE).await;
        serve.wait_clean().await;
    }
}

/// S-06: what is killed cannot clean up. Neither terraform nor a copy of somebody's files is there afterwards.
#[tokio::test]
async fn what_is_killed_leaves_nothing_behind() {
    let simulator = simulator().await;
    let (mut serve, terraform) = waiting(&simulator, "hang", &[]).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&run, &serve.url()).await;
    terraform.started(2).await;
    serve.kill();
    assert_eq!(serve.ended().await.code(), None);
    terraform.wait_gone().await;
    serve.wait_clean().await;
}

/// HCP Terraform, slow to answer: it takes every callback at once, and answers a final result when it is told to.
#[derive(Clone, Default)]
struct Slow {
    statuses: Arc<Mutex<Vec<String>>>,
    answers: Arc<Notify>,
}

impl Slow {
    /// Starts to listen; the origin.
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().route("/callback", patch(Self::answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        origin
    }

    async fn answer(State(slow): State<Self>, Json(body): Json<Value>) -> StatusCode {
        let status = body["data"]["attributes"]["status"].as_str().unwrap().to_owned();
        let is_final = status != "running";
        let is_first = !slow.statuses.lock().unwrap().contains(&status);
        slow.statuses.lock().unwrap().push(status);
        if is_final && is_first {
            slow.answers.notified().await;
        }
        if is_final && !is_first { StatusCode::CONFLICT } else { StatusCode::OK }
    }

    fn statuses(&self) -> Vec<String> {
        self.statuses.lock().unwrap().clone()
    }
}

/// V-11: a final result that is on its way when the process is told to end is neither dropped nor sent again.
#[tokio::test]
async fn a_result_on_its_way_arrives() {
    let simulator = simulator().await;
    let slow = Slow::default();
    let origin = slow.start().await;
    let origins = format!("{},{origin}", crate::run::origins(&simulator));
    let mut serve = serve(&simulator, &[("RUNTASK_ALLOWED_ORIGINS", &origins)]).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    let changes = [("task_result_callback_url", format!("{origin}/callback").into())];
    assert_eq!(deliver_with(&run, &serve.url(), &changes).await.status, 200);
    let since = Instant::now();
    while !slow.statuses().contains(&"passed".to_owned()) {
        assert!(since.elapsed() < PATIENCE, "{:?}\n{}", slow.statuses(), serve.logs());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    serve.terminate();
    wait_closed(&serve).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    slow.answers.notify_one();
    assert_eq!(serve.ended().await.code(), Some(0), "{}", serve.logs());
    assert_eq!(slow.statuses(), ["running", "passed"]);
    assert_eq!(serve.events().one(event::JOB_DONE)["end"], "passed");
}

/// Who cannot wait presses Ctrl-C twice.
#[tokio::test]
async fn a_second_interrupt_ends_it_at_once() {
    let simulator = simulator().await;
    let (mut serve, terraform) = waiting(&simulator, "hang", &[]).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&run, &serve.url()).await;
    terraform.started(2).await;
    serve.interrupt();
    assert_eq!(serve.wait_for_event(event::SHUTDOWN_WAITING).await["jobs"], 1);
    serve.interrupt();
    assert_eq!(serve.ended().await.code(), Some(2), "{}", serve.logs());
    assert_eq!(run.record().finals_accepted, 0);
    terraform.wait_gone().await;
}

/// P-16: a job that cannot finish is told so, one that waits for its turn as well, and nothing is left running.
#[tokio::test]
async fn a_job_that_cannot_finish_is_reported() {
    let simulator = simulator().await;
    let settings = [("RUNTASK_SHUTDOWN_TIMEOUT_MS", "3000"), ("RUNTASK_CONCURRENCY", "1")];
    let (mut serve, terraform) = waiting(&simulator, "hang", &settings).await;
    let at_work = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&at_work, &serve.url()).await;
    terraform.started(2).await;
    let in_line = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&in_line, &serve.url()).await;
    assert!(in_line.wait_until(PATIENCE, |it| it.callbacks.len() == 1).await);
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0));
    terraform.wait_gone().await;
    let message = "Check fmt could not run: the run task was shut down before it was done";
    for run in [at_work, in_line] {
        assert_eq!(result(&run.record()), ("failed", message));
    }
    serve.wait_clean().await;
}

/// Without work there is nothing to wait for.
#[tokio::test]
async fn an_idle_process_ends_at_once() {
    let simulator = simulator().await;
    let mut serve = serve(&simulator, &[]).await;
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0));
    serve.wait_for_event(event::SHUTDOWN_DONE).await;
    let events = serve.events();
    assert!(!events.has(event::SHUTDOWN_WAITING) && !events.has(event::CONNECTIONS_CLOSED), "{events:#?}");
}

/// Clients that never finish their requests keep nobody waiting, and do not keep the process.
#[tokio::test]
async fn slow_clients_are_not_waited_for() {
    let simulator = simulator().await;
    let mut serve = serve(&simulator, &[]).await;
    let mut slow = Vec::new();
    for start in [
        "",
        "POST / HT",
        "POST / HTTP/1.1\r\nHost: h\r\nX-TFC-Task-Sig",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{\"acc",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"acc\r\n",
    ] {
        for _ in 0..20 {
            let mut connection = TcpStream::connect(serve.address()).await.unwrap();
            connection.write_all(start.as_bytes()).await.unwrap();
            slow.push(connection);
        }
    }
    let record = run(&simulator, &serve.url(), spec(formatted())).await;
    assert_eq!(result(&record).0, "passed");
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0));
    for connection in &mut slow {
        // The end, or a reset: nobody holds them any more.
        let _gone = connection.read_to_end(&mut Vec::new()).await;
    }
}

/// Sends a request's head, and returns when its body is being waited for.
async fn begin(run: &PreparedRun, serve: &Serve) -> TcpStream {
    let (signature, length) = (key().sign(&run.body()), run.body().len());
    let head = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nX-TFC-Task-Signature: {signature}\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    let mut connection = TcpStream::connect(serve.address()).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    connection.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection
}

/// Sends a request's body; what is answered.
async fn finish(run: &PreparedRun, mut connection: TcpStream) -> String {
    // Whether a closed connection is an error depends on who is faster.
    let _reset = connection.write_all(&run.body()).await;
    let mut answer = Vec::new();
    let _reset = connection.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// P-16: what is complete only after the door was closed is not accepted: nobody would be there for its result.
#[tokio::test]
async fn a_request_that_is_late_is_not_accepted() {
    let simulator = simulator().await;
    let (mut serve, terraform) = waiting(&simulator, "gate", &[]).await;
    let at_work = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&at_work, &serve.url()).await;
    terraform.started(1).await;
    let (late, too_late) =
        join(simulator.prepare(spec(formatted())), simulator.prepare(spec(formatted()))).await;
    let (late, too_late) = (late.unwrap(), too_late.unwrap());
    let (first, second) = join(begin(&late, &serve), begin(&too_late, &serve)).await;
    serve.terminate();
    wait_closed(&serve).await;
    let answer = finish(&late, first).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    serve.wait_for_event(event::CONNECTIONS_CLOSED).await;
    assert_eq!(finish(&too_late, second).await, "");
    terraform.open();
    assert_eq!(serve.ended().await.code(), Some(0));
    assert_eq!(result(&at_work.record()).0, "passed");
    assert_eq!((late.events(), too_late.events()), (Vec::new(), Vec::new()));
}

/// P-08: what a load balancer asks.
#[tokio::test]
async fn health_names_the_version() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[]).await;
    let answer = send("GET", &format!("{}healthz", serve.url()), &[], "").await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
    );
}

/// P-01, P-16: a crowd is accepted at once, worked on two at a time, and everybody gets one result.
#[tokio::test]
async fn a_crowd_is_served() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[("RUNTASK_CONCURRENCY", "2")]).await;
    let url = serve.url();
    let runs = join_all((0..50).map(|_| simulator.prepare(spec(formatted())))).await;
    let runs: Vec<_> = runs.into_iter().map(Result::unwrap).collect();
    join_all(runs.iter().map(|it| deliver(it, &url))).await;
    for run in &runs {
        let record = run.wait_final(PATIENCE).await;
        assert_eq!(result(&record), ("passed", "Format check passed"));
    }
    serve.wait_clean().await;
}

/// More than is wanted is refused with 503, so that HCP Terraform sends it again; then it is taken.
#[tokio::test]
async fn a_full_house_asks_to_come_again() {
    let simulator = simulator().await;
    let (serve, terraform) = waiting(&simulator, "gate", &[("RUNTASK_MAX_JOBS", "1")]).await;
    let first = simulator.prepare(spec(formatted())).await.unwrap();
    let second = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&first, &serve.url()).await;
    assert_eq!(second.deliver(&crate::run::target(&serve.url())).await.unwrap(), Some(503));
    terraform.open();
    serve.wait_for_event(event::JOB_DONE).await;
    assert_eq!(result(&first.wait_final(PATIENCE).await).0, "passed");
    // The place is free a moment after the job has said that it is done.
    while second.deliver(&crate::run::target(&serve.url())).await.unwrap() != Some(200) {}
    assert_eq!(result(&second.wait_final(PATIENCE).await).0, "passed");
}
