//! Tests scanners that need a secret, by what is deployed: it is in Parameter Store, and reaches the scanner alone.

use std::os::unix::fs::PermissionsExt;

use runtask_log::event;
use runtask_tests::aws;
use runtask_tests::log_events::LogEvents;
use runtask_tests::secrets::assert_no_secrets;
use runtask_tests::stack::Stack;

use super::{assert_keeps_secrets, deployment, key, target};
use crate::run::{PATIENCE, formatted, result, simulator, spec};

const SECRET: &str = "an-example-token-of-a-scanner";

/// A scanner that scans for whoever has the token, and finds nothing; it must not see any other token.
const SCANNER: &str = r#"#!/bin/sh
[ -z "$OTHER_TOKEN$AWS_SECRET_ACCESS_KEY" ] || exit 4
[ "$SCANNER_TOKEN" = "an-example-token-of-a-scanner" ] || exit 3
echo '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"keyed"}},"results":[]}]}'
"#;

/// A parameter that infra does not name is not read, and costs its scanner the check and nobody else anything.
#[tokio::test]
async fn a_scanner_gets_the_secret_that_infra_names() {
    let variables = [
        ("fmt_engine", "native"),
        ("tasks_file", "ssm:///acme/runtask.toml"),
        ("tasks", "[\"default\"]"),
        ("scanner_secrets", "{ SCANNER_TOKEN = \"/acme/scanner\", OTHER_TOKEN = \"/acme/other\" }"),
    ];
    let stack = Stack::apply(&variables).await;
    let directory = tempfile::tempdir().unwrap();
    let scanner = directory.path().join("keyed");
    std::fs::write(&scanner, SCANNER).unwrap();
    std::fs::set_permissions(&scanner, std::fs::Permissions::from_mode(0o755)).unwrap();
    let tasks = format!(
        r#"
[tasks.default]
checks = ["scanner"]

[[tasks.default.scanner]]
profile = "sarif"
name = "keyed"
program = "{}"
arguments = ["{{input}}"]
environment = ["SCANNER_TOKEN"]
"#,
        scanner.display()
    );
    let endpoint = stack.moto.endpoint();
    aws::put_parameter(endpoint, "/acme/runtask.toml", &tasks).await;
    // As an editor saves it.
    aws::put_secret(endpoint, "/acme/scanner", &format!("{SECRET}\n")).await;
    // The other one is not there.

    let simulator = simulator().await;
    let deployment = deployment(&stack, &simulator, |_, function| function).await;
    let key = key(&stack, None).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    assert_eq!(run.deliver(&target(&deployment, &key)).await.unwrap(), Some(200));
    let record = run.wait_final(PATIENCE).await;
    deployment.double.wait_idle(PATIENCE).await;
    let (status, message) = result(&record);
    assert_eq!(status, "passed", "{message}\n{}", deployment.logs());

    let callback_handler = &deployment.functions[1];
    let read = |name: &str| {
        let parameter = format!("arn:aws:ssm:eu-central-1:123456789012:parameter/acme/{name}");
        ("ssm:GetParameter".to_owned(), parameter)
    };
    let used = deployment.gate.used(&callback_handler.role);
    assert!(used.contains(&read("scanner")) && used.contains(&read("other")), "{used:?}");
    assert_eq!(deployment.gate.refused(), [""; 0]);
    let events = LogEvents::read(&deployment.double.logs(&callback_handler.name));
    assert!(events.one(event::SCANNER_SECRET_NOT_READ)["message"].as_str().unwrap().contains("/acme/other"));
    assert_keeps_secrets(&deployment, &key, &run);
    assert_no_secrets(&deployment.logs(), &[SECRET]);
    let state = std::fs::read_to_string(stack.directory().join("terraform.tfstate")).unwrap();
    assert!(state.contains("/acme/scanner"));
    assert_no_secrets(&state, &[SECRET]);
}
