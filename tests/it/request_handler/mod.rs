//! The Lambda function `request-handler`, as it is deployed: a process under the Lambda double that hands jobs to a
//! function which keeps them.

mod extension;
mod hand_over;
mod logs;
mod parameter;
mod shapes;
mod ssm;
mod start_up;
mod url;

use std::time::{Duration, Instant};

use runtask_protocol::Key;
use runtask_tests::binaries::binary;
use runtask_tests::events::{self, BodyForm, HttpRequest};
use runtask_tests::lambda::{Function, InvocationRecord, LambdaDouble, Outcome};
use runtask_tests::log_events::LogEvents;
use runtask_tests::secrets::assert_no_secrets;
use serde_json::Value;

/// Long enough for a busy machine; no test waits this long to pass.
const PATIENCE: Duration = Duration::from_secs(30);

const KEY: &str = "example-hmac-key-in-force";
const NEWER_KEY: &str = "example-hmac-key-after-rotation";
const STRANGE_KEY: &str = "example-hmac-key-of-a-stranger";

/// What [`runtask_tests::lambda`] gives a function to identify itself by.
const SESSION_TOKEN: &str = "example-session-token";
const SECRET_ACCESS_KEY: &str = "example-secret-access-key";

const OK: &str = r#"{"status":"ok"}"#;
const INVALID_SIGNATURE: &str = r#"{"message":"Invalid signature"}"#;

const STAGES: [&str; 4] = ["pre_plan", "post_plan", "pre_apply", "post_apply"];

/// The function and its platform. When it is dropped, everything the function logged must be free of secrets.
struct App {
    double: LambdaDouble,
}

/// What a client would see.
#[derive(Debug, PartialEq, Eq)]
struct Reply {
    status: u64,
    body: String,
}

impl App {
    /// The function with its key in `HMAC_KEY`.
    async fn start() -> Self {
        Self::with(&[("HMAC_KEY", KEY)]).await
    }

    /// The function with these settings, and the name of the function to call.
    async fn with(settings: &[(&str, &str)]) -> Self {
        let double = LambdaDouble::start().await;
        let mut function = Function::new("request-handler", binary("request-handler"))
            .env("RUNTASK_CALLBACK_FUNCTION", "callback-handler")
            .timeout(PATIENCE)
            .with_url();
        for (name, value) in settings {
            function = function.env(*name, *value);
        }
        double.add(function).await;
        double.add(Function::new("callback-handler", binary("lambda-echo")).timeout(PATIENCE)).await;
        Self { double }
    }

    /// Sends a request through the function URL's event.
    async fn ask(&self, request: &HttpRequest) -> Reply {
        self.ask_event(&events::function_url(request, BodyForm::Plain)).await
    }

    /// Sends a request as this event.
    async fn ask_event(&self, event: &Value) -> Reply {
        let answer = answer_of(&self.double.invoke("request-handler", event).await);
        Reply {
            status: answer["statusCode"].as_u64().unwrap(),
            body: answer["body"].as_str().unwrap().to_owned(),
        }
    }

    /// The jobs that were handed over, in the order in which they were done.
    async fn jobs(&self) -> Vec<InvocationRecord> {
        self.double.wait_idle(PATIENCE).await;
        self.double.invocations("callback-handler")
    }

    /// What the Lambda service answered to the function.
    fn hand_overs(&self) -> Vec<u16> {
        self.double.invoke_statuses("callback-handler")
    }

    fn logs(&self) -> String {
        self.double.logs("request-handler")
    }

    /// The events that the function logged.
    fn events(&self) -> LogEvents {
        LogEvents::read(&self.logs())
    }

    /// Does something, and returns what it came to with the events that were logged meanwhile.
    async fn events_of<T>(&self, what: impl Future<Output = T>) -> (T, LogEvents) {
        let logged = self.logs().len();
        let done = what.await;
        (done, LogEvents::read(&self.logs()[logged..]))
    }

    /// Waits until the function has logged an event of this name.
    async fn wait_for_event(&self, name: &str) {
        let waiting_since = Instant::now();
        while !self.events().has(name) {
            assert!(waiting_since.elapsed() < PATIENCE, "never logged `{name}`:\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // A test that fails has something else to say.
        if !std::thread::panicking() {
            let secrets = secrets();
            assert_no_secrets(&self.logs(), &secrets.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

/// What no log may hold: keys, credentials, and the tokens and callback URLs of all payloads.
fn secrets() -> Vec<String> {
    let fixed = [KEY, NEWER_KEY, STRANGE_KEY, SESSION_TOKEN, SECRET_ACCESS_KEY].map(str::to_owned);
    let of_payloads = STAGES.into_iter().flat_map(|stage| {
        let payload = payload(stage);
        ["access_token", "task_result_callback_url"].map(|it| payload[it].as_str().unwrap().to_owned())
    });
    fixed.into_iter().chain(of_payloads).collect()
}

fn answer_of(outcome: &Outcome) -> Value {
    assert!(outcome.is_success(), "{outcome:?}");
    outcome.payload()
}

/// The recorded request of a stage.
fn payload(stage: &str) -> Value {
    let path = format!("{}/fixtures/payloads/request-{stage}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A request's body as awkward as HCP Terraform may make it: spaced out, with text beyond ASCII, and a newline after
/// the end.
fn awkward_body() -> String {
    let mut payload = payload("post_plan");
    payload["run_message"] = "größe ändern 🦀\n\t\"zitiert\" \u{7f}\u{2028}".into();
    format!("{}\n", serde_json::to_string_pretty(&payload).unwrap())
}

/// What HCP Terraform sends, but for the signature.
fn unsigned(body: &str) -> HttpRequest {
    HttpRequest::new("POST", "/")
        .header("Content-Type", "application/json")
        .header("User-Agent", "TFC/1.0 (+https://app.terraform.io; TFC)")
        .body(body.to_owned())
}

/// What HCP Terraform sends when the run task there has `key`.
fn signed(key: &str, body: &str) -> HttpRequest {
    unsigned(body).header("X-TFC-Task-Signature", sign(key, body))
}

fn sign(key: &str, body: &str) -> String {
    Key::new(key).unwrap().sign(body.as_bytes())
}
