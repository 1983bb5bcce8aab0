//! `make demo-runner` ends well, and shows what it promises.

use runtask_tests::binaries::binary;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(300);

/// G-01, G-26: a pipeline from push to apply, with real terraform.
#[tokio::test]
async fn the_demo_of_the_runner_applies_a_pipeline() {
    let mut demo = Command::new(binary("demo-runner"));
    demo.stdin(Stdio::null()).kill_on_drop(true);
    let said = timeout(LIMIT, demo.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}\n{}", String::from_utf8_lossy(&said.stderr));
    for words in [
        "pipeline: validate pending, plan created, apply created",
        "Success! The configuration is valid.",
        "The job plan generated a report. Reported Resource Changes: 2 to add, 0 to change, 0 to delete",
        "artifact: plan.zip (archive, ",
        "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.",
        "aws_dynamodb_table.orders = orders",
        "pipeline success; the function ran 3 times",
    ] {
        assert!(text.contains(words), "{words} is not in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "a pipe gets no colours");
}
