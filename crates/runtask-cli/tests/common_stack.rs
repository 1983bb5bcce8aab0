//! Tests that `make demo-stack` shows what it says: the program that it runs, with the real checkov.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// F-08, F-09: four stages, four results, three who are told, and a link that opens its page.
#[test]
fn the_common_stack_is_played_from_the_first_stage_to_the_page() {
    let runtask = Path::new(env!("CARGO_BIN_EXE_runtask"));
    let demonstration = runtask.with_file_name("examples/common-stack");
    let mut places: Vec<PathBuf> = std::env::var_os("RUNTASK_TOOLS").map(PathBuf::from).into_iter().collect();
    places.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let output = Command::new(demonstration)
        .arg(runtask)
        .env("PATH", std::env::join_paths(places).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for part in [
        "infracost  a stand-in",
        "checkov    the real one",
        "(pre_plan, task lint)\n✓ Passed\n",
        "(post_plan, task plan)\n",
        "Monthly cost: +$8.42",
        "(pre_apply, task security)\n",
        "checkov: ",
        "(post_apply, task applied)\n✓ Passed\n",
        "slack was told, and finds nothing wrong with it",
        "datadog was told, and finds nothing wrong with it",
        "pagerduty was told, and finds nothing wrong with it",
        "The page behind the link of the third result: http://127.0.0.1:",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}
