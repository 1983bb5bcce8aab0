//! Makes runs for flows: the requests of HCP Terraform, and their delivery.

use std::time::Duration;

use bytes::Bytes;
use runtask_protocol::Key;
use runtask_simulator::{Configuration, Options, PreparedRun, Record, RunSpec, Simulator, Target, Timers};
use runtask_tests::pair::Pair;
use runtask_tests::serve::{KEY, Serve};
use serde_json::Value;

use runtask_tests::http::{Answer, send};

/// Long enough for a busy machine; no test waits this long to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// HCP Terraform.
pub(crate) async fn simulator() -> Simulator {
    Simulator::start(Options::default()).await.unwrap()
}

/// The value of `RUNTASK_ALLOWED_ORIGINS` for a simulator.
pub(crate) fn origins(simulator: &Simulator) -> String {
    format!("{},{}", simulator.origin(), simulator.archivist_origin())
}

/// A process that serves this simulator.
pub(crate) async fn serve(simulator: &Simulator, settings: &[(&str, &str)]) -> Serve {
    let origins = origins(simulator);
    let allowed = [("RUNTASK_ALLOWED_ORIGINS", &*origins)];
    Serve::start(&[&allowed, settings].concat()).await
}

/// The Lambda functions for this simulator.
pub(crate) async fn pair(simulator: &Simulator, settings: &[(&str, &str)]) -> Pair {
    let origins = origins(simulator);
    let allowed = [("RUNTASK_ALLOWED_ORIGINS", &*origins)];
    Pair::start(&[&allowed, settings].concat()).await
}

/// A run task as HCP Terraform knows it.
pub(crate) fn target(url: &str) -> Target {
    Target { url: url.parse().unwrap(), key: Some(key()) }
}

/// The key of every run task here.
pub(crate) fn key() -> Key {
    Key::new(KEY).unwrap()
}

/// A configuration of these files.
pub(crate) fn configuration(files: &[(&str, &str)]) -> Configuration {
    let directory = tempfile::tempdir().unwrap();
    for (path, contents) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }
    Configuration::Archive(runtask_simulator::pack(directory.path()).unwrap().into())
}

/// A configuration that `terraform fmt` leaves alone.
pub(crate) fn formatted() -> Configuration {
    configuration(&[
        ("main.tf", "module \"net\" {\n  source = \"./modules/net\"\n}\n"),
        ("modules/net/main.tf", "locals {\n  a   = 1\n  bcd = 2\n}\n"),
    ])
}

/// A configuration of which `terraform fmt` would change two files of three.
pub(crate) fn unformatted() -> Configuration {
    configuration(&[
        ("main.tf", "locals {\n  a = 1\n  bcd = 2\n}\n"),
        ("modules/net/main.tf", "locals {\na = 1\n}\n"),
        ("outputs.tf", "output \"a\" {\n  value = 1\n}\n"),
    ])
}

/// A run after its plan, on a time scale for tests.
pub(crate) fn spec(configuration: Configuration) -> RunSpec {
    RunSpec {
        configuration,
        timers: Timers { total: PATIENCE, ..Timers::HCP_TERRAFORM },
        post_timeout: PATIENCE,
        attempt_pause: Duration::from_millis(5),
        linger: Duration::from_millis(250),
        trickle: Duration::from_millis(5),
        ..RunSpec::default()
    }
}

/// One run, from the probe to the result.
pub(crate) async fn run(simulator: &Simulator, url: &str, spec: RunSpec) -> Record {
    simulator.run(&target(url), spec, |_event| {}).await.unwrap()
}

/// Sends the request of a run, as it is; it must be accepted.
pub(crate) async fn deliver(run: &PreparedRun, url: &str) {
    assert_eq!(run.deliver(&target(url)).await.unwrap(), Some(200));
}

/// Sends the request of a run with other values in it, signed all the same.
pub(crate) async fn deliver_with(run: &PreparedRun, url: &str, changes: &[(&str, Value)]) -> Answer {
    let mut payload: Value = serde_json::from_slice(&run.body()).unwrap();
    for (name, value) in changes {
        assert!(!payload[*name].is_null(), "a payload has no `{name}`");
        payload[*name] = value.clone();
    }
    let body = Bytes::from(payload.to_string());
    let headers = run.headers(Some(&key()), &body);
    let headers: Vec<_> = headers.iter().map(|(name, it)| (name.as_str(), it.to_str().unwrap())).collect();
    send("POST", url, &headers, body.clone()).await
}

/// The result of a run that keeps to the protocol: its one final status, and its message.
pub(crate) fn result(record: &Record) -> (&'static str, &str) {
    assert_eq!(record.violations, [""; 0], "{record:#?}");
    assert_eq!((record.finals_accepted, record.finals_refused), (1, 0), "{record:#?}");
    (record.result.status.as_str(), record.result.message.as_deref().unwrap_or_default())
}
