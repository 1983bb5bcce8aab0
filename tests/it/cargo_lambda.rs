//! Tests the functions under `cargo lambda watch`, invoked by `cargo lambda invoke`, as the README shows it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use runtask_simulator::RunSpec;
use runtask_tests::cargo::forget_package;
use runtask_tests::events::{BodyForm, HttpRequest, function_url};
use runtask_tests::terraform::terraform;
use runtask_tests::tools::tool;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout_at};

use crate::run::{configuration, key, origins, simulator};

/// The emulator compiles a function when it is first invoked; by then it is compiled, but checking that takes time.
const PATIENCE: Duration = Duration::from_secs(300);

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A running `cargo lambda watch`.
struct Watch {
    process: Child,
    address: SocketAddr,
}

impl Watch {
    async fn start(settings: &str) -> Self {
        // The emulator does not say which port it got, so it is given one that was free a moment ago.
        let address = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let env_file = directory.path().join("lambda.env");
        std::fs::write(&env_file, format!("{settings}AWS_ENDPOINT_URL=http://{address}\n")).unwrap();
        let mut command = Command::new(tool("cargo-lambda"));
        forget_package(command.as_std_mut());
        command.args(["lambda", "watch", "--ignore-changes", "--invoke-address", "127.0.0.1"]);
        command.args(["--invoke-port", &address.port().to_string(), "--env-file"]).arg(&env_file);
        command.current_dir(ROOT).stdin(Stdio::null()).process_group(0).kill_on_drop(true);
        let process = command.spawn().unwrap();
        let watch = Self { process, address };
        let deadline = Instant::now() + PATIENCE;
        while timeout_at(deadline, TcpStream::connect(address)).await.unwrap().is_err() {
            assert!(Instant::now() < deadline, "the emulator does not listen");
            sleep(Duration::from_millis(50)).await;
        }
        watch
    }

    /// `cargo lambda invoke FUNCTION --data-file FILE`
    async fn invoke(&self, function: &str, file: &Path) -> Output {
        let mut command = Command::new(tool("cargo-lambda"));
        command.args(["lambda", "invoke", "--invoke-address", "127.0.0.1"]);
        command.args(["--invoke-port", &self.address.port().to_string(), function, "--data-file"]).arg(file);
        command.current_dir(ROOT).stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout_at(Instant::now() + PATIENCE, command.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The functions it started are its children.
        let id = self.process.id().and_then(|id| Pid::from_raw(i32::try_from(id).unwrap()));
        if let Some(id) = id {
            let _gone = kill_process_group(id, Signal::KILL);
        }
    }
}

/// Compiles a function by itself, as the emulator does, with the features that it then has: before the emulator's clock runs.
async fn compile(function: &str) {
    let mut command = Command::new(env!("CARGO"));
    forget_package(command.as_std_mut());
    command.args(["build", "--quiet", "--locked", "--bin", function]).current_dir(ROOT).stdin(Stdio::null());
    let status = command.kill_on_drop(true).status().await.unwrap();
    assert!(status.success(), "{function} does not build: {status}");
}

/// R-03, R-04: a bare payload for the callback handler, and a signed function URL event for the request handler,
/// which hands over to the callback handler.
#[tokio::test]
async fn both_functions_work_under_cargo_lambda() {
    for function in ["callback-handler", "request-handler"] {
        compile(function).await;
    }
    let simulator = simulator().await;
    let settings = include_str!("../../examples/lambda.env");
    let kept = settings
        .lines()
        .filter(|it| !it.starts_with("RUNTASK_ALLOWED_ORIGINS") && !it.starts_with("AWS_ENDPOINT"));
    let kept = kept.filter(|it| !it.starts_with("HMAC_KEY")).collect::<Vec<_>>().join("\n");
    let key_text = runtask_tests::serve::KEY;
    let (origins, terraform) = (origins(&simulator), terraform());
    let watch = Watch::start(&format!(
        "{kept}\nHMAC_KEY={key_text}\nRUNTASK_ALLOWED_ORIGINS={origins}\nRUNTASK_TERRAFORM={terraform}\n"
    ))
    .await;
    let files = tempfile::tempdir().unwrap();

    let spec = || RunSpec { configuration: configuration(&[("main.tf", "a   = 1\n")]), ..RunSpec::default() };
    let by_payload = simulator.prepare(spec()).await.unwrap();
    let payload = files.path().join("payload.json");
    std::fs::write(&payload, by_payload.body()).unwrap();
    let output = watch.invoke("callback-handler", &payload).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), r#""failed""#);
    let record = by_payload.wait_final(PATIENCE).await;
    assert_eq!(record.result.message.as_deref(), Some("1 of 1 file needs formatting: main.tf"));
    assert_eq!((record.violations, record.finals_accepted), (vec![], 1));

    let by_event = simulator.prepare(spec()).await.unwrap();
    let body = by_event.body();
    let mut request = HttpRequest::new("POST", "/").body(body.clone());
    for (name, value) in &by_event.headers(Some(&key()), &body) {
        request = request.header(name.as_str(), value.to_str().unwrap());
    }
    let event = files.path().join("event.json");
    std::fs::write(&event, function_url(&request, BodyForm::Plain).to_string()).unwrap();
    let output = watch.invoke("request-handler", &event).await;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["statusCode"], &answer["body"]), (&200.into(), &r#"{"status":"ok"}"#.into()));
    let record = by_event.wait_final(PATIENCE).await;
    assert_eq!((record.violations, record.finals_accepted), (vec![], 1));
}
