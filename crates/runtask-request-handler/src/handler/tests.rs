use super::*;
use crate::keys::{FixedKey, KeysUnavailable};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http_body_util::{Full, StreamBody};
use runtask_protocol::{Key, KeyRing};
use serde_json::Value;
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

const KEY: &str = "example-hmac-key";

/// Keeps what is handed over, or answers with an error.
#[derive(Debug, Default)]
struct Jobs {
    taken: Mutex<Vec<Value>>,
    refuse: Option<fn() -> HandOverError>,
}

impl HandOver for &Jobs {
    async fn hand_over(&self, job: &ReceivedJob<'_>) -> Result<(), HandOverError> {
        if let Some(refuse) = self.refuse {
            return Err(refuse());
        }
        self.taken.lock().unwrap().push(serde_json::from_slice(&job.to_event().unwrap()).unwrap());
        Ok(())
    }
}

fn sample(stage: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/fixtures/payloads/request-{stage}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn sign(body: &[u8]) -> String {
    Key::new(KEY).unwrap().sign(body)
}

fn post(body: impl Into<Vec<u8>>, signatures: &[&str]) -> Request<Full<Bytes>> {
    let mut request = Request::post("/");
    for signature in signatures {
        request = request.header("X-TFC-Task-Signature", *signature);
    }
    request.body(Full::new(Bytes::from(body.into()))).unwrap()
}

async fn ask_with(
    trust: Trust<FixedKey>,
    jobs: &Jobs,
    request: Request<Full<Bytes>>,
) -> (StatusCode, String) {
    let tasks = "default,format".parse().unwrap();
    let handler = RequestHandler::new(trust, jobs, tasks, AllowedOrigins::default(), || UNIX_EPOCH);
    let response = handler.handle(request).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status(), response.into_body())
}

async fn ask(jobs: &Jobs, request: Request<Full<Bytes>>) -> (StatusCode, String) {
    ask_with(Trust::Keys(FixedKey::new(Key::new(KEY).unwrap())), jobs, request).await
}

fn taken(jobs: &Jobs) -> usize {
    jobs.taken.lock().unwrap().len()
}

/// R-03, R-05: a good signature is answered 200 `{"status":"ok"}`, and the job is the payload with one more key.
#[tokio::test]
async fn a_signed_request_is_handed_over() {
    for stage in ["pre_plan", "post_plan", "pre_apply", "post_apply"] {
        let jobs = Jobs::default();
        let body = sample(stage);
        let (status, text) = ask(&jobs, post(body.clone(), &[&sign(&body)])).await;
        assert_eq!((status, text.as_str()), (StatusCode::OK, r#"{"status":"ok"}"#));
        let mut job = jobs.taken.lock().unwrap().remove(0);
        assert_eq!(job["runtask"]["task"], "default");
        job.as_object_mut().unwrap().remove("runtask");
        assert_eq!(job, serde_json::from_slice::<Value>(&body).unwrap());
    }
}

/// A request says by its path which task it is for. Other paths are 404, whatever else is right or wrong about them.
#[tokio::test]
async fn the_path_is_the_task() {
    let body = sample("post_plan");
    let ask_at = async |jobs: &Jobs, path: &str| {
        let mut request = post(body.clone(), &[&sign(&body)]);
        *request.uri_mut() = path.parse().unwrap();
        ask(jobs, request).await.0
    };
    let jobs = Jobs::default();
    for (path, task) in [("/", "default"), ("/format", "format"), ("/format?a=b", "format")] {
        assert_eq!(ask_at(&jobs, path).await, StatusCode::OK, "{path}");
        assert_eq!(jobs.taken.lock().unwrap().remove(0)["runtask"]["task"], task);
    }
    for path in [
        "/default",
        "/other",
        "/format/",
        "//format",
        "/Format",
        "/format%20",
        "/a/format",
        "/default,format",
    ] {
        assert_eq!(ask_at(&jobs, path).await, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(taken(&jobs), 0);
}

/// P-02: the bytes count, not the document: pretty printing, non-ASCII and a trailing newline all verify.
#[tokio::test]
async fn the_signature_is_over_the_bytes_as_received() {
    let compact: Value = serde_json::from_slice(&sample("post_plan")).unwrap();
    let mut odd = compact.clone();
    odd["run_message"] = "größe 🦀\n".into();
    for body in [compact.to_string(), serde_json::to_string_pretty(&odd).unwrap(), format!("{odd}\n")] {
        let jobs = Jobs::default();
        assert_eq!(ask(&jobs, post(body.clone(), &[&sign(body.as_bytes())])).await.0, StatusCode::OK);
        assert_eq!(taken(&jobs), 1);
    }
}

/// P-03, Q-04, Q-13: every bad signature is answered alike and starts nothing.
#[tokio::test]
async fn a_bad_signature_is_refused_and_starts_nothing() {
    let body = sample("post_plan");
    let good = sign(&body);
    let other = Key::new("other").unwrap().sign(&body);
    let jobs = Jobs::default();
    for signatures in [
        &[][..],
        &[""],
        &["nonsense"],
        &[&good[..127]],
        &[&other],
        &[&good, &good],
        &[&format!("{good},{good}")],
    ] {
        let (status, text) = ask(&jobs, post(body.clone(), signatures)).await;
        assert_eq!((status, text.as_str()), (StatusCode::UNAUTHORIZED, r#"{"message":"Invalid signature"}"#));
    }
    let mut changed = body.clone();
    changed[40] ^= 1;
    assert_eq!(ask(&jobs, post(changed, &[&good])).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(taken(&jobs), 0);
}

/// P-04: without a key, requests are taken only when that was asked for.
#[tokio::test]
async fn unsigned_requests_are_taken_only_when_allowed() {
    let jobs = Jobs::default();
    let body = sample("post_plan");
    assert_eq!(ask_with(Trust::<FixedKey>::Anybody, &jobs, post(body, &[""])).await.0, StatusCode::OK);
    assert_eq!(taken(&jobs), 1);
}

/// P-06, Q-05: a signed probe is answered and starts nothing; an unsigned one is refused.
#[tokio::test]
async fn a_probe_is_answered_and_starts_nothing() {
    const PASSED: &str = r#"{"data":{"type":"task-results","attributes":{"status":"passed","message":"Configuration successful"}}}"#;
    const ANSWERS: &str = r#"{"message":"The run task answers"}"#;
    let jobs = Jobs::default();
    for (body, says) in [
        (sample("test"), PASSED),
        (br#"{"access_token":"test-token"}"#.to_vec(), ANSWERS),
        (br#"{"payload_version":1,"stage":null,"access_token":"test-token"}"#.to_vec(), ANSWERS),
        (br#"{"payload_version":1,"stage":"test","access_token":null}"#.to_vec(), ANSWERS),
    ] {
        let (status, text) = ask(&jobs, post(body.clone(), &[&sign(&body)])).await;
        assert_eq!((status, text.as_str()), (StatusCode::OK, says));
        assert_eq!(ask(&jobs, post(body, &[""])).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(taken(&jobs), 0);
}

/// V-16: a run is worked on, or refused with what it lacks; it is never answered as a probe.
#[tokio::test]
async fn a_run_is_not_answered_as_a_probe() {
    let with = |field: &str, value: Value| {
        let mut body: Value = serde_json::from_slice(&sample("post_plan")).unwrap();
        body[field] = value;
        body.to_string()
    };
    for (body, expected) in [
        (
            with("access_token", Value::Null),
            (StatusCode::BAD_REQUEST, r#"{"message":"The request lacks access_token"}"#, 0),
        ),
        (with("access_token", "test-token".into()), (StatusCode::OK, r#"{"status":"ok"}"#, 1)),
        (with("stage", Value::Null), (StatusCode::OK, r#"{"status":"ok"}"#, 1)),
    ] {
        let jobs = Jobs::default();
        let (status, text) = ask(&jobs, post(body.clone(), &[&sign(body.as_bytes())])).await;
        assert_eq!((status, text.as_str(), taken(&jobs)), expected, "{body}");
    }
}

/// P-07: too large is 413, unreadable is 400; both are only said to who signed, or at least looks like it.
#[tokio::test]
async fn sizes_and_shapes_are_judged() {
    let jobs = Jobs::default();
    let large = vec![b' '; REQUEST_BYTES + 1];
    assert_eq!(ask(&jobs, post(large.clone(), &[&sign(&large)])).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    for body in [&b"nonsense"[..], b"", b"[]", br#"{"access_token":5}"#] {
        let (status, text) = ask(&jobs, post(body, &[&sign(body)])).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(text, r#"{"message":"The body is not a run task request"}"#);
    }
    for (body, lacks) in [
        (&b"{}"[..], "access_token, task_result_callback_url, task_result_id"),
        (br#"{"access_token":"x","stage":"pre_plan"}"#, "task_result_callback_url, task_result_id"),
    ] {
        let (status, text) = ask(&jobs, post(body, &[&sign(body)])).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(text, format!(r#"{{"message":"The request lacks {lacks}"}}"#));
    }
    let mut fits: Value = serde_json::from_slice(&sample("post_plan")).unwrap();
    fits["run_message"] = "x".repeat(REQUEST_BYTES - 4000).into();
    fits["stage"] = "mid_plan".into();
    fits["payload_version"] = 2.into();
    let body = fits.to_string();
    assert_eq!(ask(&jobs, post(body.clone(), &[&sign(body.as_bytes())])).await.0, StatusCode::OK);
    assert_eq!(taken(&jobs), 1);
}

/// V-04: a run whose result could not be sent is refused at once, and the answer says which setting decides.
#[tokio::test]
async fn a_run_whose_callback_is_not_of_a_listed_origin_is_refused() {
    let jobs = Jobs::default();
    let mut payload: Value = serde_json::from_slice(&sample("post_plan")).unwrap();
    for url in
        ["https://tfe.example.com/api/v2/task-results/1/callback", "https://a@app.terraform.io/", "callback"]
    {
        payload["task_result_callback_url"] = url.into();
        let body = payload.to_string();
        let (status, text) = ask(&jobs, post(body.clone(), &[&sign(body.as_bytes())])).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{url}");
        assert_eq!(text, r#"{"message":"The callback URL is not of an origin in RUNTASK_ALLOWED_ORIGINS"}"#);
    }
    assert_eq!(taken(&jobs), 0);
    // A probe's callback is a dummy, whoever sends it.
    let mut probe: Value = serde_json::from_slice(&sample("test")).unwrap();
    probe["task_result_callback_url"] = "https://tfe.example.com/x".into();
    let body = probe.to_string();
    assert_eq!(ask(&jobs, post(body.clone(), &[&sign(body.as_bytes())])).await.0, StatusCode::OK);
}

/// A source of keys that must not be asked.
struct NoKeys;

impl KeySource for NoKeys {
    async fn ring(&self) -> Result<KeyRing, KeysUnavailable> {
        panic!("the key was asked for")
    }

    async fn newer_ring(&self) -> Option<KeyRing> {
        None
    }
}

/// A body that must not be read, of a length that is declared.
struct Unread(u64);

impl Body for Unread {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        panic!("the body was read")
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.0)
    }
}

/// S-05: what cannot be signed is refused by its head alone: no key is fetched for it, and nothing of its body is read.
#[tokio::test]
async fn what_cannot_be_signed_is_refused_by_its_head() {
    let jobs = Jobs::default();
    let (tasks, origins) = (TaskNames::default(), AllowedOrigins::default());
    let handler = RequestHandler::new(Trust::Keys(NoKeys), &jobs, tasks, origins, || UNIX_EPOCH);
    let good = sign(b"{}");
    for (signatures, length, expected) in [
        (&[][..], 2, 401),
        (&[""], 2, 401),
        (&[&good[1..]], 2, 401),
        (&[&good, &good], 2, 401),
        (&[""], u64::MAX, 401),
        (&[&good], REQUEST_BYTES as u64 + 1, 413),
    ] {
        let request = signatures
            .iter()
            .fold(Request::post("/"), |it, signature| it.header("X-TFC-Task-Signature", *signature));
        let response = handler.handle(request.body(Unread(length)).unwrap()).await;
        assert_eq!(response.status().as_u16(), expected, "{signatures:?}, {length} bytes");
    }
}

/// S-05: strangers together hold so much and no more; a request of a usual size is read all the same.
#[tokio::test]
async fn large_bodies_are_bounded_together() {
    let jobs = Jobs::default();
    let (tasks, origins) = (TaskNames::default(), AllowedOrigins::default());
    let trust = Trust::Keys(FixedKey::new(Key::new(KEY).unwrap()));
    let handler = RequestHandler::new(trust, &jobs, tasks, origins, || UNIX_EPOCH);
    let chunk =
        || Ok::<_, std::convert::Infallible>(http_body::Frame::data(Bytes::from(vec![b' '; SMALL_BYTES])));
    let stalled = || StreamBody::new(stream::iter([chunk(), chunk()]).chain(stream::pending()));
    let post = || Request::post("/").header("X-TFC-Task-Signature", sign(b""));
    let strangers = join_all((0..LARGE_BODIES).map(|_| handler.handle(post().body(stalled()).unwrap())));
    let mut strangers = pin!(strangers);
    let read_on = tokio::time::timeout(std::time::Duration::from_millis(50), &mut strangers).await;
    assert!(read_on.is_err(), "they stall");
    let refused = handler.handle(post().body(stalled()).unwrap()).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = sample("post_plan");
    let request = Request::post("/").header("X-TFC-Task-Signature", sign(&body));
    let answer = handler.handle(request.body(Full::new(Bytes::from(body))).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

/// P-08: other methods and paths.
#[tokio::test]
async fn other_methods_and_paths_are_told_so() {
    let jobs = Jobs::default();
    let (tasks, origins) = (TaskNames::default(), AllowedOrigins::default());
    let handler = RequestHandler::new(Trust::<FixedKey>::Anybody, &jobs, tasks, origins, || UNIX_EPOCH);
    let ask = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Full::new(Bytes::new())).unwrap();
        let response = handler.handle(request).await;
        let allow = response.headers().get("allow").map(|it| it.to_str().unwrap().to_owned());
        (response.status().as_u16(), allow, response.into_body())
    };
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        let (status, allow, body) = ask(method, "/").await;
        assert_eq!(
            (status, allow.as_deref(), body.as_str()),
            (405, Some("POST"), r#"{"message":"Method not allowed"}"#)
        );
    }
    // Whatever tasks there are, what is below `/-/` is none.
    for path in ["/x", "//", "/healthz/", "/..", "/%2e", "/-", "/-/", "/-/default", "/-/slack/events"] {
        assert_eq!(ask("POST", path).await.0, 404, "{path}");
    }
    let (status, _, body) = ask("GET", "/healthz").await;
    assert_eq!(
        (status, body),
        (200, format!(r#"{{"status":"ok","version":"{}"}}"#, env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(ask("POST", "/healthz").await.0, 405);
    assert_eq!(taken(&jobs), 0);
}

/// R-06: a job that nobody takes is answered so that HCP Terraform sends it again, unless that cannot help.
#[tokio::test]
async fn a_job_that_nobody_takes_is_not_answered_200() {
    let body = sample("post_plan");
    let cases: [(fn() -> HandOverError, StatusCode); 2] = [
        (|| HandOverError::Unavailable("throttled".into()), StatusCode::SERVICE_UNAVAILABLE),
        (|| HandOverError::TooLarge, StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (refuse, expected) in cases {
        let jobs = Jobs { refuse: Some(refuse), ..Jobs::default() };
        assert_eq!(ask(&jobs, post(body.clone(), &[&sign(&body)])).await.0, expected);
    }
}

#[test]
fn tasks_have_names_that_paths_can_have_and_ours_do_not() {
    for names in ["default", "default,net-policy", "a, b2"] {
        assert!(names.parse::<TaskNames>().is_ok(), "{names}");
    }
    for names in ["", "a,", "A", "a/b", "-", "-a", "a-", "healthz", "a b"] {
        assert!(names.parse::<TaskNames>().is_err(), "{names}");
    }
}
