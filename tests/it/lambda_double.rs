//! Tests the Lambda double itself: what a function and its callers can rely on.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use runtask_tests::binaries::binary;
use runtask_tests::lambda::{Asynchronous, Destination, Function, Kind, LambdaDouble};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use runtask_tests::http::{Answer, send};

/// Long enough for a busy machine; no test waits this long to pass.
const PATIENCE: Duration = Duration::from_secs(30);

fn misbehave() -> Function {
    Function::new("f", binary("lambda-misbehave")).timeout(PATIENCE)
}

async fn double_with(function: Function) -> LambdaDouble {
    let double = LambdaDouble::start().await;
    double.add(function).await;
    double
}

async fn invoke(double: &LambdaDouble, invocation_type: &str, payload: impl Into<Vec<u8>>) -> Answer {
    invoke_named(double, "f", invocation_type, payload).await
}

async fn invoke_named(
    double: &LambdaDouble,
    name: &str,
    invocation_type: &str,
    payload: impl Into<Vec<u8>>,
) -> Answer {
    let url = format!("{}/2015-03-31/functions/{name}/invocations", double.invoke_endpoint());
    let headers =
        [("authorization", "AWS4-HMAC-SHA256 Credential=A"), ("x-amz-invocation-type", invocation_type)];
    send("POST", &url, &headers, payload.into()).await
}

/// Where functions with `"act": "meet"` stop until the test lets them go.
struct Meeting(TcpListener);

impl Meeting {
    async fn new() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).await.unwrap())
    }

    fn event(&self) -> Value {
        json!({"act": "meet", "address": self.0.local_addr().unwrap().to_string()})
    }

    async fn arrival(&self) -> TcpStream {
        tokio::time::timeout(PATIENCE, self.0.accept()).await.unwrap().unwrap().0
    }
}

/// A child of a function. It holds the other end of the connection.
struct Grandchild(TcpStream);

impl Grandchild {
    async fn start(double: &LambdaDouble, extra: Value) -> Self {
        let meeting = Meeting::new().await;
        let mut event = meeting.event();
        event["act"] = "grandchild".into();
        event.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        double.enqueue("f", event.to_string());
        let mut connection = meeting.arrival().await;
        connection.read_exact(&mut [0; 2]).await.unwrap();
        Self(connection)
    }

    async fn is_gone(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut Vec::new())).await;
        read.is_ok_and(|it| it.is_ok_and(|bytes| bytes == 0))
    }
}

#[tokio::test]
async fn an_echo_returns_its_event() {
    let double = double_with(Function::new("f", binary("lambda-echo"))).await;
    let answer = invoke(&double, "RequestResponse", r#"{"a":1}"#).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"a": 1})));
    assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
    assert_eq!(answer.header("x-amz-function-error"), "");
    let invocations = double.invocations("f");
    assert_eq!(invocations[0].kind, Kind::RequestResponse);
    assert_eq!(invocations[0].request_id, answer.header("x-amzn-requestid"));
    assert_eq!(invocations[0].event(), json!({"a": 1}));
}

#[tokio::test]
async fn an_event_is_accepted_before_it_is_run() {
    let double = double_with(misbehave()).await;
    let meeting = Meeting::new().await;
    let answer = invoke(&double, "Event", meeting.event().to_string()).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let function = meeting.arrival().await;
    assert!(double.invocations("f").is_empty());
    drop(function);
    double.wait_idle(PATIENCE).await;
    let invocations = double.invocations("f");
    assert_eq!((invocations.len(), invocations[0].kind), (1, Kind::Event));
    assert_eq!(invocations[0].outcome.payload(), "met");
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let double = double_with(misbehave()).await;
    assert_eq!(invoke(&double, "DryRun", "{}").await.status, 204);
    assert_eq!(double.cold_starts("f"), 0);
}

#[tokio::test]
async fn a_function_is_found_by_arn_and_qualifier() {
    let double = double_with(misbehave()).await;
    let arn = format!("{}:live", double.function_arn("f"));
    let answer =
        invoke_named(&double, &arn.replace(':', "%3A"), "RequestResponse", r#"{"act":"report"}"#).await;
    assert_eq!(answer.json()["arn"], arn);
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let double = double_with(misbehave()).await;
    let check = |answer: Answer, status: u16, kind: &str| {
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, kind));
    };
    let url = format!("{}/2015-03-31/functions/f/invocations", double.invoke_endpoint());
    check(send("POST", &url, &[], "{}").await, 403, "MissingAuthenticationTokenException");
    check(invoke_named(&double, "g", "Event", "{}").await, 404, "ResourceNotFoundException");
    check(invoke(&double, "Event", "{").await, 400, "InvalidRequestContentException");
    check(invoke(&double, "Whatever", "{}").await, 400, "InvalidParameterValueException");
    assert_eq!(double.cold_starts("f"), 0);
}

#[tokio::test]
async fn an_event_has_at_most_a_mebibyte() {
    let double = double_with(Function::new("f", binary("lambda-echo"))).await;
    let sized = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert_eq!(invoke(&double, "Event", sized(1024 * 1024)).await.status, 202);
    let refused = invoke(&double, "Event", sized(1024 * 1024 + 1)).await;
    assert_eq!((refused.status, refused.header("x-amzn-errortype")), (413, "RequestTooLargeException"));
    assert_eq!(invoke(&double, "RequestResponse", sized(1024 * 1024 + 1)).await.status, 200);
    assert_eq!(invoke(&double, "RequestResponse", sized(6 * 1024 * 1024 + 1)).await.status, 413);
    assert_eq!(double.invoke_statuses("f"), [202, 413, 200, 413]);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_an_error() {
    let double = double_with(misbehave()).await;
    let outcome = double.invoke("f", &json!({"act": "large", "bytes": 6 * 1024 * 1024})).await;
    assert_eq!(outcome.error_type(), Some("Function.ResponseSizeTooLarge"));
}

#[tokio::test]
async fn the_error_of_a_function_reaches_its_caller() {
    let double = double_with(misbehave()).await;
    let answer = invoke(&double, "RequestResponse", r#"{"act":"error"}"#).await;
    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, "Unhandled"));
    assert_eq!(answer.json()["errorMessage"], "refused on demand");
    let outcome = double.invoke("f", &json!({"act": "panic"})).await;
    assert!(!outcome.is_success());
    assert_eq!(double.cold_starts("f"), 1, "an error of the function does not cost its process");
}

#[tokio::test]
async fn a_hanging_function_is_killed_at_its_deadline() {
    let double = double_with(misbehave().timeout(Duration::from_secs(1))).await;
    let outcome = double.invoke("f", &json!({"act": "hang"})).await;
    assert_eq!(outcome.error_type(), Some("Sandbox.Timedout"));
    let invocation = double.invocations("f").remove(0);
    let message = format!("RequestId: {} Error: Task timed out after 1.00 seconds", invocation.request_id);
    assert_eq!(outcome.error_message(), Some(&*message));
    assert!(invocation.duration >= Duration::from_secs(1));
    assert_eq!(double.invoke("f", &json!(1)).await.payload(), 1);
    assert_eq!(double.cold_starts("f"), 2);
}

#[tokio::test]
async fn the_way_a_process_ended_is_told() {
    let double = double_with(misbehave()).await;
    let how = async |event: Value| {
        let outcome = double.invoke("f", &event).await;
        assert_eq!(outcome.error_type(), Some("Runtime.ExitError"));
        outcome.error_message().unwrap().split_once(" Error: ").unwrap().1.to_owned()
    };
    let exit = json!({"act": "exit", "code": 3});
    assert_eq!(how(exit).await, "Runtime exited with error: exit status 3");
    let exit = json!({"act": "exit", "code": 0});
    assert_eq!(how(exit).await, "Runtime exited without providing a reason");
    assert_eq!(how(json!({"act": "abort"})).await, "Runtime exited with error: signal: aborted");
}

#[tokio::test]
async fn a_process_that_does_not_start_fails_the_invocation() {
    let double = double_with(misbehave().env("MISBEHAVE_INIT", "exit")).await;
    let outcome = double.invoke("f", &json!({})).await;
    assert_eq!(outcome.error_type(), Some("Runtime.ExitError"));
    assert!(outcome.error_message().unwrap().ends_with("Runtime exited with error: exit status 2"));
}

#[tokio::test]
async fn a_running_function_can_be_killed() {
    let double = double_with(misbehave().asynchronous(never_retried())).await;
    double.enqueue("f", r#"{"act":"hang"}"#);
    double.wait_started("f", 1, PATIENCE).await;
    assert_eq!(double.kill("f"), 1);
    let failures = double.failures("f").await;
    assert_eq!(failures[0]["responsePayload"]["errorType"], "Runtime.ExitError");
    let message = failures[0]["responsePayload"]["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("signal: killed"), "{message}");
}

#[tokio::test]
async fn children_of_a_function_die_with_it() {
    let double = double_with(misbehave().asynchronous(never_retried())).await;
    for extra in [json!({}), json!({"own_group": true})] {
        let mut grandchild = Grandchild::start(&double, extra).await;
        assert_eq!(double.kill("f"), 1);
        assert!(grandchild.is_gone().await);
    }
}

#[tokio::test]
async fn processes_die_with_the_double() {
    for extra in [json!({}), json!({"own_group": true})] {
        let double = double_with(misbehave()).await;
        let mut grandchild = Grandchild::start(&double, extra).await;
        drop(double);
        assert!(grandchild.is_gone().await);
    }
}

#[tokio::test]
async fn a_failed_event_is_retried_under_the_same_id() {
    let directory = tempfile::tempdir().unwrap();
    let double = double_with(misbehave()).await;
    let event = json!({"act": "fail_once", "marker": directory.path().join("marker")});
    let request_id = double.enqueue("f", event.to_string());
    assert!(double.failures("f").await.is_empty());
    let invocations = double.invocations("f");
    assert_eq!(invocations.iter().map(|it| it.attempt).collect::<Vec<_>>(), [1, 2]);
    assert!(invocations.iter().all(|it| it.request_id == request_id));
    assert_eq!(invocations[1].outcome.payload(), "the second time");
}

#[tokio::test]
async fn an_event_that_keeps_failing_ends_at_the_destination() {
    let asynchronous =
        Asynchronous { on_failure: Some(Destination::Function("g".to_owned())), ..Asynchronous::default() };
    let double = double_with(misbehave().asynchronous(asynchronous)).await;
    double.add(Function::new("g", binary("lambda-echo"))).await;
    let request_id = double.enqueue("f", r#"{"act":"error"}"#);
    double.wait_idle(PATIENCE).await;
    assert_eq!(double.invocations("f").len(), 3);
    let received = double.invocations("g");
    assert_eq!((received.len(), received[0].kind), (1, Kind::Event));
    let mut record = received[0].event();
    assert!(record["timestamp"].take().as_str().unwrap().ends_with('Z'));
    assert_eq!(
        record,
        json!({
            "version": "1.0",
            "timestamp": null,
            "requestContext": {
                "requestId": request_id,
                "functionArn": format!("{}:$LATEST", double.function_arn("f")),
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": {"act": "error"},
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "responsePayload": record["responsePayload"],
        })
    );
    assert_eq!(record["responsePayload"]["errorMessage"], "refused on demand");
}

#[tokio::test]
async fn a_record_larger_than_an_event_is_lost() {
    let asynchronous =
        Asynchronous { on_failure: Some(Destination::Function("f".to_owned())), ..never_retried() };
    let double = double_with(misbehave().asynchronous(asynchronous)).await;
    let event = json!({"act": "error", "padding": "x".repeat(1024 * 1024 - 40)}).to_string();
    assert_eq!(invoke(&double, "Event", event).await.status, 202);
    double.wait_idle(PATIENCE).await;
    assert_eq!((double.destination_delivery_failures("f"), double.invocations("f").len()), (1, 1));
}

#[tokio::test]
async fn an_event_that_waits_too_long_is_given_up() {
    let asynchronous = Asynchronous {
        maximum_event_age: Duration::from_millis(100),
        on_failure: Some(Destination::Capture),
        ..Asynchronous::default()
    };
    let double = double_with(misbehave().reserved_concurrency(0).asynchronous(asynchronous)).await;
    double.enqueue("f", "{}");
    let failures = double.failures("f").await;
    assert_eq!(failures[0]["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(failures[0]["requestContext"]["approximateInvokeCount"], 0);
    assert_eq!(double.cold_starts("f"), 0);
}

#[tokio::test]
async fn an_event_may_come_twice() {
    let double = double_with(misbehave()).await;
    let meeting = Meeting::new().await;
    double.deliver_twice("f");
    let request_id = double.enqueue("f", meeting.event().to_string());
    let both = (meeting.arrival().await, meeting.arrival().await);
    drop(both);
    double.wait_idle(PATIENCE).await;
    double.deliver_again("f");
    double.enqueue("f", "1");
    double.enqueue("f", "2");
    double.wait_idle(PATIENCE).await;
    let invocations = double.invocations("f");
    assert_eq!(invocations.iter().filter(|it| it.request_id == request_id).count(), 2);
    assert_eq!(invocations.iter().filter(|it| it.event() == json!(1)).count(), 2);
    assert_eq!(invocations.iter().filter(|it| it.event() == json!(2)).count(), 1);
}

#[tokio::test]
async fn calls_fail_on_demand() {
    let double = double_with(misbehave()).await;
    double.throttle("f", 1);
    double.fail_invokes("f", 1, 503);
    let throttled = invoke(&double, "Event", "{}").await;
    assert_eq!(throttled.header("x-amzn-errortype"), "TooManyRequestsException");
    assert_eq!(throttled.json()["message"], "Rate Exceeded.");
    let failed = invoke(&double, "Event", "{}").await;
    assert_eq!(failed.header("x-amzn-errortype"), "ServiceException");
    assert_eq!(invoke(&double, "Event", "{}").await.status, 202);
    assert_eq!(double.invoke_statuses("f"), [429, 503, 202]);
}

#[tokio::test]
async fn a_hanging_call_queues_nothing() {
    let double = double_with(misbehave()).await;
    double.hang_invokes("f", 1);
    let answer = tokio::time::timeout(Duration::from_millis(100), invoke(&double, "Event", "{}")).await;
    assert!(answer.is_err());
    double.wait_idle(PATIENCE).await;
    assert_eq!(double.cold_starts("f"), 0);
}

#[tokio::test]
async fn concurrent_invocations_have_processes_of_their_own() {
    let double = double_with(misbehave().reserved_concurrency(2)).await;
    let meeting = Meeting::new().await;
    for _ in 0..3 {
        double.enqueue("f", meeting.event().to_string());
    }
    let (first, second) = (meeting.arrival().await, meeting.arrival().await);
    let refused = invoke(&double, "RequestResponse", "{}").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded");
    drop(first);
    let third = meeting.arrival().await;
    drop((second, third));
    double.wait_idle(PATIENCE).await;
    assert_eq!((double.invocations("f").len(), double.cold_starts("f")), (3, 2));
}

#[tokio::test]
async fn a_warm_process_is_used_again() {
    let double = double_with(misbehave()).await;
    let mut pids = BTreeSet::new();
    for _ in 0..3 {
        let report = double.invoke("f", &json!({"act": "report"})).await.payload();
        pids.insert(report["pid"].as_u64().unwrap());
    }
    assert_eq!((pids.len(), double.cold_starts("f")), (1, 1));
    assert_eq!(double.invocations("f").iter().filter(|it| it.cold_start).count(), 1);
    assert_eq!(double.kill("f"), 1);
    double.invoke("f", &json!({"act": "report"})).await;
    assert_eq!(double.cold_starts("f"), 2);
}

#[tokio::test]
async fn a_process_is_frozen_between_invocations() {
    let double = double_with(misbehave()).await;
    let report = double.invoke("f", &json!({"act": "report"})).await.payload();
    let stat = format!("/proc/{}/stat", report["pid"]);
    let waiting_since = Instant::now();
    // The signal is sent; the kernel stops the threads when it gets to it.
    while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
        assert!(waiting_since.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    assert_eq!(double.invoke("f", &json!(1)).await.payload(), 1);
}

#[tokio::test]
async fn a_process_sees_the_environment_of_lambda_only() {
    let function = misbehave().memory_mb(512).env("RUNTASK_X", "y").env("AWS_REGION", "eu-west-1");
    let double = double_with(function.file("conf/runtask.toml", "x = 1\n")).await;
    let report = double.invoke("f", &json!({"act": "report"})).await.payload();
    let environment = report["environment"].as_object().unwrap();
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "f");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "512");
    assert_eq!(environment["AWS_ENDPOINT_URL"], double.invoke_endpoint());
    assert_eq!((&environment["RUNTASK_X"], &environment["AWS_REGION"]), (&json!("y"), &json!("eu-west-1")));
    let strangers = ["HOME", "USER", "CARGO", "RUST_LOG"];
    assert!(strangers.iter().all(|it| !environment.contains_key(*it)), "{environment:#?}");
    let task_root = environment["LAMBDA_TASK_ROOT"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(format!("{task_root}/conf/runtask.toml")).unwrap(), "x = 1\n");
    assert!(std::fs::metadata(environment["TMPDIR"].as_str().unwrap()).unwrap().is_dir());
    let deadline = u128::from(report["deadline_ms"].as_u64().unwrap());
    assert!(deadline > PATIENCE.as_millis());
    assert!(report["trace_id"].as_str().unwrap().starts_with("Root=1-"));
}

#[tokio::test]
async fn what_a_function_prints_is_kept() {
    let double = double_with(misbehave()).await;
    double.invoke("f", &json!({"act": "print", "text": "hello"})).await;
    assert_eq!(double.logs("f"), "out: hello\nerr: hello\n");
}

#[tokio::test]
async fn a_function_url_carries_binary_bodies_both_ways() {
    let double = double_with(misbehave().with_url()).await;
    let body = [0, 159, 146, 150, 255];
    let url = format!("{}/a/b?x=1", double.function_url("f"));
    let answer = send("PUT", &url, &[("content-type", "application/gzip")], body.to_vec()).await;
    assert_eq!((answer.status, &answer.body[..]), (201, &body[..]));
    assert_eq!(answer.header("content-type"), "application/gzip");
    assert_eq!(answer.header("x-path"), "/a/b");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2; Secure"]);
    let invocation = double.invocations("f").remove(0);
    let event = invocation.event();
    assert_eq!((invocation.kind, &event["version"]), (Kind::Url, &json!("2.0")));
    assert_eq!(event["requestContext"]["http"]["method"], "PUT");
    assert_eq!(event["rawQueryString"], "x=1");
    assert_eq!(
        (&event["isBase64Encoded"], &event["body"]),
        (&json!(true), &json!(BASE64_STANDARD.encode(body)))
    );
}

#[tokio::test]
async fn a_function_url_hands_json_over_as_text() {
    let double = double_with(misbehave().with_url()).await;
    let headers = [("content-type", "application/json; charset=utf-8")];
    let answer = send("POST", &double.function_url("f"), &headers, r#"{"ü":1}"#).await;
    assert_eq!((answer.status, answer.json()), (201, json!({"ü": 1})));
    let event = double.invocations("f").remove(0).event();
    assert_eq!((&event["isBase64Encoded"], &event["body"]), (&json!(false), &json!(r#"{"ü":1}"#)));
}

#[tokio::test]
async fn a_function_url_answers_502_for_a_function_that_failed() {
    let double = double_with(misbehave().with_url()).await;
    let url = double.function_url("f");
    assert_eq!(send("GET", &format!("{url}/?act=error"), &[], "").await.status, 502);
    assert_eq!(send("GET", &format!("{url}/?act=abort"), &[], "").await.status, 502);
    let answer = send("GET", &format!("{url}/?act=report"), &[], "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert!(answer.json()["pid"].is_u64(), "an answer without a status is a body");
}

#[tokio::test]
async fn a_function_url_refuses_what_lambda_cannot_take() {
    let double = double_with(misbehave().with_url().reserved_concurrency(1)).await;
    let url = double.function_url("f");
    assert_eq!(send("POST", &url, &[], vec![b'x'; 6 * 1024 * 1024 + 1]).await.status, 413);
    assert_eq!(double.cold_starts("f"), 0);
    let meeting = Meeting::new().await;
    double.enqueue("f", meeting.event().to_string());
    let mut function = meeting.arrival().await;
    assert_eq!(send("GET", &url, &[], "").await.status, 429);
    function.shutdown().await.unwrap();
    double.wait_idle(PATIENCE).await;
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_stop_the_function() {
    let double = double_with(misbehave()).await;
    let meeting = Meeting::new().await;
    let event = meeting.event().to_string();
    let function = tokio::select! {
        _ = invoke(&double, "RequestResponse", event) => None,
        function = meeting.arrival() => Some(function),
    };
    drop(function.unwrap());
    double.wait_idle(PATIENCE).await;
    assert!(double.invocations("f")[0].outcome.is_success());
}

fn never_retried() -> Asynchronous {
    Asynchronous {
        maximum_retry_attempts: 0,
        on_failure: Some(Destination::Capture),
        ..Asynchronous::default()
    }
}
