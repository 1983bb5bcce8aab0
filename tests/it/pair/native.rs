//! Tests who judges formatting: terraform, the formatter that is built in, or both.

use runtask_log::event;
use runtask_simulator::{Configuration, Fault, RunSpec};
use runtask_tests::terraform::StandIn;

use crate::run::{configuration, formatted, pair, result, run, serve, simulator, spec, unformatted};

const NATIVE: (&str, &str) = ("RUNTASK_FMT_ENGINE", "native");
/// Where no file can be made.
const NO_DISK: (&str, &str) = ("TMPDIR", "/nonexistent");

/// Files that can be formatted, cannot be parsed, and are formatted, in the directory `live` and elsewhere.
fn everything() -> Configuration {
    configuration(&[
        ("live/main.tf", "locals {\n  a = 1\n  bcd = 2\n}\n"),
        ("live/broken.tf", "locals {\n  a = \n}\n"),
        ("live/prod.tfvars", "password   = \"hunter2\"\n"),
        ("live/net/main.tf", "locals {\n  a = 1\n}\n"),
        ("elsewhere/main.tf", "a   = 1\n"),
    ])
}

/// The function judges without a disk and without a program, and says what it says with terraform.
#[tokio::test]
async fn every_engine_says_the_same_and_the_native_one_needs_neither_disk_nor_program() {
    let simulator = simulator().await;
    let crash = StandIn::new("crash");
    let native = pair(&simulator, &[NATIVE, NO_DISK, ("RUNTASK_TERRAFORM", crash.path())]).await;
    let terraform = pair(&simulator, &[("RUNTASK_FMT_ENGINE", "terraform")]).await;
    let both = pair(&simulator, &[("RUNTASK_FMT_ENGINE", "both")]).await;
    let runs =
        [(formatted(), None), (unformatted(), None), (everything(), None), (everything(), Some("live"))];
    for (configuration, directory) in runs {
        let mut said = Vec::new();
        for pair in [&terraform, &native, &both] {
            let spec =
                RunSpec { working_directory: directory.map(str::to_owned), ..spec(configuration.clone()) };
            let record = run(&simulator, &pair.url(), spec).await;
            let body = record.callbacks.last().and_then(|it| it.body.clone()).unwrap();
            said.push((result(&record).0.to_owned(), body));
        }
        assert_eq!(said[0], said[1]);
        assert_eq!(said[0], said[2]);
    }
    assert!(!crash.was_run());
    let events = native.events();
    assert!(events.iter().any(|it| it.name() == event::CONFIGURATION_UNPACKED));
    assert!(!events.iter().any(|it| it.name() == event::TERRAFORM_STARTED));
    assert!(!both.events().iter().any(|it| it.name() == event::FMT_DIFFERENT));
}

/// What is wrong with an archive is told in the same words.
#[tokio::test]
async fn a_bad_download_is_told_as_ever() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[NATIVE, NO_DISK]).await;
    for (fault, says) in [
        (Fault::Configuration404, "answered 404 Not Found to the download"),
        (Fault::ConfigurationCut, "the download of the configuration kept breaking off"),
        (Fault::ArchiveTraversal, "the configuration archive was not accepted: "),
    ] {
        let spec = RunSpec { faults: vec![fault], ..spec(formatted()) };
        let record = run(&simulator, &serve.url(), spec).await;
        let (status, message) = result(&record);
        assert!(status == "failed" && message.contains(says), "{fault:?}: {message}");
    }
    let spec = RunSpec { working_directory: Some("nowhere".to_owned()), ..spec(formatted()) };
    let record = run(&simulator, &serve.url(), spec).await;
    let (status, message) = result(&record);
    assert!(status == "failed" && message.contains("`nowhere` is not in the configuration"), "{message}");
}

/// Where the formatter is not sure and there is no terraform, nothing has passed.
#[tokio::test]
async fn a_file_in_doubt_has_not_passed() {
    let simulator = simulator().await;
    let doubtful = configuration(&[("main.tf", "resource \"\u{378}\" \"b\" {}\n")]);
    let crash = StandIn::new("crash");
    let pair = pair(&simulator, &[NATIVE, ("RUNTASK_TERRAFORM", crash.path())]).await;
    let record = run(&simulator, &pair.url(), spec(doubtful)).await;
    let message = "Check fmt could not run: 1 of 1 file cannot be judged without terraform: main.tf";
    assert_eq!(result(&record), ("failed", message));
    assert_eq!(record.result.outcomes[0].id, "check-unavailable");
    assert!(crash.was_run());
    let told = pair.events();
    let told = told.iter().find(|it| it.name() == event::CHECK_UNAVAILABLE).unwrap();
    assert_eq!(told["check"], "fmt");
}
