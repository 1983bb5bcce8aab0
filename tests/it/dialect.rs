//! T-54: the 27 tests of ms-teams-approval-run-task, over HTTP, against `RUNTASK_DIALECT=teams-approval`. Numbers are those of
//! its `tests/test_app.py`, from above; those that look inside (1, 16, 19, 20, 26) are held by what can be seen from outside.
//! Where this run task means to differ, the test says how; docs/migrating.md says why.

use crate::run::PATIENCE;
use axum::Router;
use axum::extract::{Json, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::patch;
use runtask_log::event;
use runtask_protocol::Key;
use runtask_simulator::stand_ins::{Flow, StandInTeams};
use runtask_tests::binaries::binary;
use runtask_tests::http::send;
use runtask_tests::redis::Server;
use runtask_tests::serve::{KEY, Serve};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::sleep;

const ADDRESS: &str = "https://approve.example.com";
const TOKEN: &str = "a-token-of-a-run.atlasv1.example";

/// What HCP Terraform was told, and how it answers final results.
#[derive(Debug, Default)]
struct Told {
    /// Task result, token, status and message of each.
    results: Vec<(String, String, String, String)>,
    refuses: bool,
}

type Shared = Arc<Mutex<Told>>;

async fn take(
    State(told): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> StatusCode {
    let text = |name: &str| body["data"]["attributes"][name].as_str().unwrap_or_default().to_owned();
    let token = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let mut told = told.lock().unwrap();
    if told.refuses && text("status") != "running" {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    told.results.push((id, token, text("status"), text("message")));
    StatusCode::OK
}

/// HCP Terraform, a channel in Teams, and the run task between them.
struct Stage {
    told: Shared,
    origin: String,
    teams: StandInTeams,
    serve: Serve,
    has_key: bool,
}

impl Stage {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let told = Shared::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/api/v2/task-results/{id}/callback", patch(take));
        let router = router.with_state(Arc::clone(&told));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let teams = StandInTeams::start("127.0.0.1:0".parse().unwrap(), Flow::Text).await.unwrap();
        let serve = serve(&origin, &teams, settings).await;
        let has_key = !settings.contains(&("HMAC_KEY", ""));
        Self { told, origin, teams, serve, has_key }
    }

    /// A request's body, as HCP Terraform would send it for this task result.
    fn body(&self, id: &str) -> Value {
        json!({
            "payload_version": 1,
            "access_token": TOKEN,
            "task_result_id": id,
            "task_result_callback_url": format!("{}/api/v2/task-results/{id}/callback", self.origin),
            "task_result_enforcement_level": "mandatory",
            "run_id": "run-6XpqB3aTk1ExampleId",
            "stage": "pre_plan",
            "is_speculative": false,
            "workspace_name": "payments-prod",
            "organization_name": "acme",
        })
    }

    async fn send(&self, body: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let url = format!("{}teams-approval", self.serve.url());
        let answer = send("POST", &url, headers, body.to_owned()).await;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
    }

    /// Sends a body as HCP Terraform does: signed where there is a key.
    async fn post(&self, body: &Value) -> (u16, String) {
        let body = body.to_string();
        let signature = Key::new(KEY).unwrap().sign(body.as_bytes());
        let mut headers = vec![("content-type", "application/json")];
        if self.has_key {
            headers.push(("x-tfc-task-signature", &signature));
        }
        self.send(&body, &headers).await
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = send("GET", &format!("{}{path}", self.serve.url().trim_end_matches('/')), &[], "").await;
        (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
    }

    /// The texts that were posted to Teams.
    fn posted(&self) -> Vec<String> {
        self.teams.posted().iter().map(|it| it.body["text"].as_str().unwrap().to_owned()).collect()
    }

    /// The number-th text that is posted.
    async fn message(&self, number: usize) -> String {
        eventually(|| self.posted().get(number).cloned()).await
    }

    /// Statuses and messages that HCP Terraform has of a task result.
    fn told(&self, id: &str) -> Vec<(String, String)> {
        let told = self.told.lock().unwrap();
        told.results.iter().filter(|it| it.0 == id).map(|it| (it.2.clone(), it.3.clone())).collect()
    }

    /// The final status and message that HCP Terraform hears of.
    async fn verdict(&self, id: &str) -> (String, String) {
        eventually(|| self.told(id).into_iter().find(|it| it.0 != "running")).await
    }

    /// The path of a link in a message.
    fn link(text: &str, name: &str) -> String {
        let (_, link) = text.split_once(&format!("[{name}](")).unwrap();
        link.split_once(')').unwrap().0.strip_prefix(ADDRESS).unwrap().to_owned()
    }
}

/// One replica, with these settings besides those of all.
async fn serve(origin: &str, teams: &StandInTeams, settings: &[(&str, &str)]) -> Serve {
    let webhook = teams.webhook();
    let usual = [
        ("RUNTASK_DIALECT", "teams-approval"),
        ("BASE_PUBLIC_URL", ADDRESS),
        ("TEAMS_WEBHOOK_URL", webhook.as_str()),
        ("RUNTASK_ALLOWED_ORIGINS", origin),
        ("RUNTASK_SWEEP_INTERVAL_MS", "1000"),
    ];
    let serve = Serve::start(&[&usual, settings].concat()).await;
    serve.keeps_secret(TOKEN);
    serve.keeps_secret("stand-in-signature");
    serve
}

async fn eventually<T>(find: impl Fn() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "it never came");
        sleep(Duration::from_millis(10)).await;
    }
}

const ONE_CLICK: (&str, &str) = ("RUNTASK_INSECURE_ONE_CLICK", "true");
/// What HCP Terraform hears: the words are those of all approvals, and no longer the original's.
const PASSED: (&str, &str) = ("passed", "Approved by somebody with the link (unverified) (1 of 1).");
const FAILED: (&str, &str) = ("failed", "Rejected by somebody with the link (unverified).");
const UNSIGNED: [(&str, &str); 2] = [("HMAC_KEY", ""), ("RUNTASK_ALLOW_UNSIGNED", "true")];
const APPROVALS_KEY: (&str, &str) = ("RUNTASK_APPROVALS_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
const RECEIVED: &str = "Run task received. Posted message to Teams.";

/// What it says when it does not start with these settings.
async fn refusal(settings: &[(&str, &str)]) -> String {
    let mut command = Command::new(binary("runtask"));
    command.args(["serve", "--listen", "127.0.0.1:0"]).env_clear().envs(settings.iter().copied());
    let said = command.stdin(Stdio::null()).output().await.unwrap();
    assert_eq!(said.status.code(), Some(2), "{said:?}");
    String::from_utf8(said.stderr).unwrap()
}

/// 1, 2, 26 and T-01: what is missing, or cannot be reached, stops the start with its name, instead of failing every run.
#[tokio::test]
async fn what_is_missing_stops_the_start() {
    let dialect = ("RUNTASK_DIALECT", "teams-approval");
    let said = refusal(&[dialect]).await;
    for name in ["TEAMS_WEBHOOK_URL", "BASE_PUBLIC_URL", "HMAC_KEY"] {
        assert!(said.contains(&format!("{name} is not set")), "{name}: {said}");
    }
    let all = [
        dialect,
        ("HMAC_KEY", KEY),
        ("BASE_PUBLIC_URL", ADDRESS),
        ("TEAMS_WEBHOOK_URL", "https://prod-01.westeurope.logic.azure.com/x?sig=stand-in-signature"),
        APPROVALS_KEY,
    ];
    let said = refusal(&[&all[..], &[("REDIS_URL", "redis://:a-password@127.0.0.1:1")]].concat()).await;
    assert!(said.contains("127.0.0.1:1") && !said.contains("a-password"), "{said}");
    let said = refusal(&[&all[..3], &[("TEAMS_WEBHOOK_URL", "nonsense")]].concat()).await;
    assert!(said.contains("url") && !said.contains("nonsense"), "{said}");
}

/// 4, 5, 13 and T-10: who has the key is heard, and nobody else. T-02: where there is no key, every start says so.
#[tokio::test]
async fn signatures_are_judged_in_the_words_of_the_original() {
    let stage = Stage::start(&[]).await;
    let body = stage.body("taskrs-signed").to_string();
    let good = Key::new(KEY).unwrap().sign(body.as_bytes());
    let json = ("content-type", "application/json");
    let signed = |signature: &str| ("x-tfc-task-signature", signature.to_owned());
    let refused = [
        (body.clone(), signed(""), "No HMAC signature was provided, but we require one."),
        (body.replace("payments", "ledgers"), signed(&good), "Invalid HMAC signature"),
        (body.clone(), signed(&"0".repeat(128)), "Invalid HMAC signature"),
        (body.clone(), signed("bogus"), "Invalid HMAC signature"),
    ];
    for (body, (name, value), text) in refused {
        assert_eq!(stage.send(&body, &[json, (name, &value)]).await, (403, text.to_owned()));
    }
    assert_eq!(stage.send(&body, &[json]).await.0, 403);
    for signature in [format!("  {good} "), good.to_uppercase()] {
        let answer = stage.send(&body, &[json, ("x-tfc-task-signature", &signature)]).await;
        assert_eq!(answer, (200, RECEIVED.to_owned()));
    }
    let unsigned = Stage::start(&UNSIGNED).await;
    let body = unsigned.body("taskrs-unsigned").to_string();
    let text = "Inbound signature provided, but local key is not configured.";
    let answer = unsigned.send(&body, &[json, ("x-tfc-task-signature", &good)]).await;
    assert_eq!(answer, (403, text.to_owned()));
    assert_eq!(unsigned.send(&body, &[json]).await, (200, RECEIVED.to_owned()));
    unsigned.serve.wait_for_event(event::SERVE_UNVERIFIED).await;
}

/// 3, 6, 12, 14, 15 and T-11, T-12: what is no run is answered without a post.
#[tokio::test]
async fn what_is_no_run_is_answered_and_posted_nowhere() {
    let stage = Stage::start(&UNSIGNED).await;
    let json = [("content-type", "application/json")];
    let missing = (400, "Missing 'access_token' or 'task_result_callback_url'".to_owned());
    assert_eq!(stage.send("{}", &json).await, missing);
    assert_eq!(stage.send(r#"{"access_token":"a","stage":"pre_plan"}"#, &json).await, missing);
    let broken = (400, "Error in teams_approval: 400 Bad Request".to_owned());
    for body in ["{\"broken", "[]", "null", ""] {
        assert_eq!(stage.send(body, &json).await, broken, "{body}");
    }
    let text = [("content-type", "text/plain")];
    let (status, said) = stage.send(&stage.body("taskrs-text").to_string(), &text).await;
    assert!(status == 500 && said.starts_with("Error in teams_approval: 415"), "{status} {said}");
    let api = [("content-type", "application/vnd.api+json")];
    let mut probe = stage.body("taskrs-probe");
    (probe["access_token"], probe["stage"]) = (json!("test-token"), json!("test"));
    let answered = (200, "Test token received. No action taken.".to_owned());
    assert_eq!(stage.send(&probe.to_string(), &api).await, answered);
    let mut without_id = stage.body("");
    without_id.as_object_mut().unwrap().remove("task_result_id");
    assert_eq!(stage.post(&without_id).await, (400, "Missing 'task_result_id'".to_owned()));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(stage.send(&large, &json).await.0, 413);
    assert_eq!(stage.get("/teams-approval").await.0, 405);
    assert!(stage.posted().is_empty() && stage.told.lock().unwrap().results.is_empty());
    // Quirks: health is there, and nothing else.
    assert_eq!((stage.get("/healthz").await.0, stage.get("/").await.0), (200, 404));
}

/// 2, 7, 11, 16, 25 and T-15, T-16: one message of text, its lines in order, with what others wrote as text. T-19: and none
/// when the same request comes again.
#[tokio::test]
async fn a_run_is_posted_once_with_every_line() {
    let stage = Stage::start(&[]).await;
    let mut body = stage.body("taskrs-full");
    for (name, value) in [
        ("workspace_name", "zahlungen-prüfung-支払い"),
        ("run_created_by", "grace"),
        ("run_message", "resize *ledger* [click](https://evil.example)"),
        ("run_app_url", "https://app.terraform.io/app/acme/payments-prod/runs/run-6XpqB3aTk1ExampleId"),
        ("vcs_pull_request_url", "https://git.example.com/acme/payments/pull/42"),
        ("vcs_commit_url", "https://git.example.com/acme/payments/commit/1"),
    ] {
        body[name] = json!(value);
    }
    body["is_speculative"] = json!(true);
    assert_eq!(stage.post(&body).await, (200, RECEIVED.to_owned()));
    let text = stage.message(0).await;
    let lines: Vec<&str> = text.split("\n\n").collect();
    let starts = [
        "Workspace **zahlungen",
        "Run ID: **run",
        "Stage: **pre",
        "Speculative: **Yes**",
        "Triggered by: **grace**",
        "Run Message: resize ",
        "[Open Run](https://app.terraform.io/app/acme/payments-prod/runs/run-6XpqB3aTk1ExampleId)",
        "[View Pull Request](https://git.example.com/acme/payments/pull/42)",
        "[Approve](https://approve.example.com/",
    ];
    assert_eq!(lines.len(), starts.len(), "{text}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{start}: {text}");
    }
    assert!(text.contains("支払い") && text.contains(" | [Reject]("), "{text}");
    // What others wrote is no emphasis and no link.
    assert!(text.contains(r"resize \*ledger\* `[click](https://evil.example)`"), "{text}");
    // What HCP Terraform hears at once, with the run's own token: T-18.
    let told = eventually(|| stage.told.lock().unwrap().results.first().cloned()).await;
    assert_eq!((told.1.as_str(), told.2.as_str()), (TOKEN, "running"));
    assert_eq!(stage.post(&body).await.0, 200);
    let mut nameless = stage.body("taskrs-nameless");
    nameless["workspace_name"] = json!("");
    assert_eq!(stage.post(&nameless).await.0, 200);
    assert!(stage.message(1).await.starts_with("Workspace **unknown"), "{:?}", stage.posted());
    assert_eq!(stage.posted().len(), 2);
}

/// 21 and T-17: what Teams does not take is sent again; HCP Terraform is answered 200, and nobody sees the webhook's address.
#[tokio::test]
async fn a_message_that_teams_refuses_is_sent_again() {
    let stage = Stage::start(&[]).await;
    stage.teams.refuse_next(500, None);
    stage.teams.refuse_next(429, Some(1));
    assert_eq!(stage.post(&stage.body("taskrs-refused")).await, (200, RECEIVED.to_owned()));
    stage.serve.wait_for_event(event::APPROVAL_NOT_SENT).await;
    assert!(stage.posted().is_empty());
}

/// 9, 16, 17, 18, 20 and T-31, T-37: a link decides once, in one-click mode; then both find nothing. 8: whatever the run's id.
#[tokio::test]
async fn one_click_links_decide_as_ever() {
    let stage = Stage::start(&[ONE_CLICK]).await;
    stage.serve.wait_for_event(event::SERVE_ONE_CLICK).await;
    let expired = (404, "No pending run task for this run_id or it has expired.".to_owned());
    for (number, (name, other, noun, verdict)) in
        [("Approve", "Reject", "APPROVED", PASSED), ("Reject", "Approve", "REJECTED", FAILED)]
            .into_iter()
            .enumerate()
    {
        let id = format!("taskrs-{number}");
        assert_eq!(stage.post(&stage.body(&id)).await.0, 200);
        // A follow-up stands between two questions.
        let text = stage.message(number * 2).await;
        let link = Stage::link(&text, name);
        assert!(link.contains("?run_id=run-6XpqB3aTk1ExampleId&token="), "{link}");
        // T-33: a program that looks ahead decides nothing, nor does who knows the run alone.
        let url = stage.serve.url();
        assert_eq!(send("HEAD", &format!("{}{link}", url.trim_end_matches('/')), &[], "").await.status, 405);
        assert_eq!(stage.get(link.split_once('&').unwrap().0).await, expired);
        let said = format!("Run run-6XpqB3aTk1ExampleId {noun}. You can close this page.");
        assert_eq!(stage.get(&link).await, (200, said));
        assert_eq!(stage.verdict(&id).await, (verdict.0.to_owned(), verdict.1.to_owned()));
        assert_eq!(stage.get(&Stage::link(&text, other)).await, expired);
        assert_eq!(stage.get(&link).await, expired);
        stage.message(number * 2 + 1).await;
        assert_eq!(stage.told(&id).iter().filter(|it| it.0 != "running").count(), 1);
    }
    let mut long = stage.body("taskrs-long");
    long["run_id"] = json!(format!("run-{}", "x".repeat(996)));
    assert_eq!(stage.post(&long).await, (200, RECEIVED.to_owned()));
    assert_eq!(stage.get(&Stage::link(&stage.message(4).await, "Approve")).await.0, 200);
    assert_eq!(stage.verdict("taskrs-long").await.0, "passed");
}

/// 19: with Redis, what waits is kept there: another replica takes the decision, and then it is gone for both.
#[tokio::test]
async fn what_waits_in_redis_waits_for_every_replica() {
    let redis = Server::start().await;
    let url = redis.url();
    let shared = [ONE_CLICK, APPROVALS_KEY, ("REDIS_URL", &*url)];
    let mut stage = Stage::start(&shared).await;
    assert_eq!(stage.post(&stage.body("taskrs-shared")).await, (200, RECEIVED.to_owned()));
    let link = Stage::link(&stage.message(0).await, "Approve");
    let other = serve(&stage.origin, &stage.teams, &shared).await;
    let first = std::mem::replace(&mut stage.serve, other);
    assert_eq!(stage.get(&link).await.0, 200);
    assert_eq!(stage.verdict("taskrs-shared").await.0, "passed");
    assert_eq!(stage.get(&link).await.0, 404);
    stage.serve = first;
    assert_eq!(stage.get(&link).await.0, 404);
}

/// 22 and T-32: what HCP Terraform does not take is said, stays decided, and is sent again.
#[tokio::test]
async fn a_decision_that_is_not_taken_stands_and_is_sent_again() {
    let stage = Stage::start(&[ONE_CLICK]).await;
    assert_eq!(stage.post(&stage.body("taskrs-late")).await.0, 200);
    let text = stage.message(0).await;
    stage.told.lock().unwrap().refuses = true;
    let (status, said) = stage.get(&Stage::link(&text, "Approve")).await;
    assert!(status == 500 && said.starts_with("Error approving run"), "{status} {said}");
    assert_eq!(stage.get(&Stage::link(&text, "Reject")).await.0, 404);
    stage.told.lock().unwrap().refuses = false;
    assert_eq!(stage.verdict("taskrs-late").await.0, "passed");
}

/// 23, 24 and T-30, T-33: without the insecure setting a link leads to a page, and the page's form decides.
#[tokio::test]
async fn without_one_click_a_link_shows_a_page() {
    let stage = Stage::start(&[]).await;
    let missing = (400, "Missing 'run_id' parameter".to_owned());
    let expired = (404, "No pending run task for this run_id or it has expired.".to_owned());
    for path in ["/approve", "/reject"] {
        assert_eq!(stage.get(path).await, missing);
        assert_eq!(stage.get(&format!("{path}?run_id=unknown")).await, expired);
    }
    assert_eq!(stage.post(&stage.body("taskrs-page")).await.0, 200);
    let text = stage.message(0).await;
    let link = Stage::link(&text, "Approve");
    assert!(link.starts_with("/-/a/"), "{link}");
    let page_url = format!("{}{link}", stage.serve.url().trim_end_matches('/'));
    let shown = send("GET", &page_url, &[], "").await;
    let page = String::from_utf8(shown.body.to_vec()).unwrap();
    assert!(shown.status == 200 && page.contains("<form") && page.contains("payments-prod"), "{page}");
    // A link from when links decided leads there, too.
    let token = link.strip_prefix("/-/a/").unwrap();
    let old = stage.get(&format!("/approve?run_id=run-6XpqB3aTk1ExampleId&token={token}")).await;
    assert_eq!(old.0, 303);
    assert!(stage.told("taskrs-page").iter().all(|it| it.0 == "running"));
    // Somebody hands in the form, as a browser does.
    let mark = page.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let cookie = shown.header("set-cookie").split(';').next().unwrap();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", cookie),
        ("origin", ADDRESS),
        ("sec-fetch-site", "same-origin"),
    ];
    let form = format!("csrf={mark}&decision=approve&name=Ada");
    assert_eq!(send("POST", &page_url, &headers, form).await.status, 303);
    let message = "Approved by Ada (unverified) (1 of 1).".to_owned();
    assert_eq!(stage.verdict("taskrs-page").await, ("passed".to_owned(), message));
}

/// 10, 27 and T-13: with the filter, only speculative runs are asked about. T-02: every start says so.
#[tokio::test]
async fn the_filter_lets_other_runs_pass_as_ever() {
    let stage = Stage::start(&[("FILTER_SPECULATIVE_PLANS_ONLY", "Yes")]).await;
    stage.serve.wait_for_event(event::SERVE_SPECULATIVE_ONLY).await;
    let passed = (200, "Auto-approved non-speculative run".to_owned());
    assert_eq!(stage.post(&stage.body("taskrs-apply")).await, passed);
    let message = "Run run-6XpqB3aTk1ExampleId auto-approved (non-speculative).".to_owned();
    assert_eq!(stage.told("taskrs-apply"), [("passed".to_owned(), message)]);
    let mut unknown = stage.body("taskrs-unknown");
    unknown.as_object_mut().unwrap().remove("is_speculative");
    assert_eq!(stage.post(&unknown).await, passed);
    assert!(stage.posted().is_empty());
    let mut speculative = stage.body("taskrs-plan");
    speculative["is_speculative"] = json!(true);
    assert_eq!(stage.post(&speculative).await, (200, RECEIVED.to_owned()));
    stage.message(0).await;
    assert!(stage.told("taskrs-plan").iter().all(|it| it.0 == "running"));
    stage.told.lock().unwrap().refuses = true;
    let (status, said) = stage.post(&stage.body("taskrs-refused")).await;
    assert!(status == 500 && said.starts_with("Error auto-approving run: "), "{status} {said}");
}
