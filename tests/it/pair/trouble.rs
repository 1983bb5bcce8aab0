//! Tests failures on our side: each ends in one final result that says so.
//!
//! A check that panics is not among them: no input makes one.

use futures_util::StreamExt;
use futures_util::stream;
use runtask_log::event;
use runtask_simulator::{Fault, RunSpec, Simulator};
use runtask_tests::serve::Serve;
use runtask_tests::terraform::StandIn;

use crate::run::{formatted, origins, result, run, simulator, spec};

/// Processes at the same time.
const TOGETHER: usize = 4;

/// Something that breaks, and what the run hears of it.
#[derive(Debug, Clone, Copy, Default)]
struct Trouble {
    fault: Option<Fault>,
    stand_in: Option<&'static str>,
    prelude: Option<&'static str>,
    settings: &'static [(&'static str, &'static str)],
    says: &'static str,
}

const NONE: Trouble = Trouble { fault: None, stand_in: None, prelude: None, settings: &[], says: "" };

const TROUBLES: &[Trouble] = &[
    Trouble { fault: Some(Fault::Configuration404), says: "answered 404 Not Found to the download", ..NONE },
    Trouble {
        fault: Some(Fault::ConfigurationCut),
        says: "the download of the configuration kept breaking off",
        ..NONE
    },
    Trouble {
        fault: Some(Fault::ArchiveTraversal),
        says: "the configuration archive was not accepted: ",
        ..NONE
    },
    Trouble {
        settings: &[("RUNTASK_MAX_COMPRESSED_BYTES", "100")],
        says: "the configuration archive was not accepted: the archive has more than 100 compressed bytes",
        ..NONE
    },
    Trouble {
        settings: &[("RUNTASK_MAX_ENTRIES", "1")],
        says: "the configuration archive was not accepted: the archive has more than 1 entries",
        ..NONE
    },
    Trouble {
        settings: &[("RUNTASK_CHECKS", "fmt,plan-summary"), ("RUNTASK_MAX_PLAN_BYTES", "100")],
        says: "Check plan-summary could not run: the plan is larger than 100 bytes",
        ..NONE
    },
    // Not a full disk, but as near as a process gets without rights: no file may grow.
    Trouble {
        prelude: Some("trap '' XFSZ; ulimit -f 0"),
        says: "there is no space left on disk for the configuration",
        ..NONE
    },
    Trouble {
        prelude: Some("trap '' XFSZ; ulimit -f 0"),
        settings: &[("RUNTASK_CHECKS", "plan-summary")],
        says: "there is no space left on disk for the plan",
        ..NONE
    },
    Trouble {
        settings: &[("TMPDIR", "/nonexistent")],
        says: "a temporary directory could not be made",
        ..NONE
    },
    Trouble {
        settings: &[("RUNTASK_TERRAFORM", "/nonexistent/terraform")],
        says: "RUNTASK_TERRAFORM names no executable file",
        ..NONE
    },
    Trouble {
        stand_in: Some("hang"),
        settings: &[("RUNTASK_TERRAFORM_TIMEOUT_MS", "1000")],
        says: "terraform did not finish within 1 s",
        ..NONE
    },
    // The watchdog.
    Trouble {
        stand_in: Some("hang"),
        settings: &[("RUNTASK_DEADLINE_MS", "4000")],
        says: "it was not done in the time that it has",
        ..NONE
    },
    Trouble { stand_in: Some("crash"), says: "terraform was ended by signal 11", ..NONE },
    Trouble { stand_in: Some("flood"), says: "terraform printed more than 8 MiB", ..NONE },
    Trouble { stand_in: Some("odd"), says: "terraform ended with exit code 42", ..NONE },
];

/// P-16, R-18: by default the run fails.
#[tokio::test]
async fn trouble_fails_the_run() {
    check_all("failed").await;
}

/// P-16, F-13: or passes, where it was set so; the reason is told all the same.
#[tokio::test]
async fn trouble_passes_the_run_where_that_is_wanted() {
    check_all("passed").await;
}

async fn check_all(on_error: &str) {
    let simulator = simulator().await;
    let checks = TROUBLES.iter().map(|it| check(&simulator, *it, on_error));
    stream::iter(checks).buffer_unordered(TOGETHER).collect::<Vec<()>>().await;
}

async fn check(simulator: &Simulator, trouble: Trouble, on_error: &str) {
    let terraform = trouble.stand_in.map(StandIn::new);
    let origins = origins(simulator);
    let mut settings = vec![("RUNTASK_ALLOWED_ORIGINS", &*origins), ("RUNTASK_ON_ERROR", on_error)];
    settings.extend(terraform.as_ref().map(|it| ("RUNTASK_TERRAFORM", it.path())));
    settings.extend(trouble.settings);
    let serve = Serve::start_after(trouble.prelude.unwrap_or(":"), &settings).await;
    let faults = trouble.fault.into_iter().collect();
    let record = run(simulator, &serve.url(), RunSpec { faults, ..spec(formatted()) }).await;

    let (status, message) = result(&record);
    assert_eq!(status, on_error, "{trouble:?}: {message}");
    assert!(message.contains(trouble.says) && message.contains(" could not run: "), "{trouble:?}: {message}");
    assert_eq!(record.result.outcomes[0].id, "check-unavailable", "{trouble:?}");
    assert_eq!(record.result.outcomes[0].labels("Status")[0].label, "Not checked", "{trouble:?}");
    if let Some(terraform) = terraform {
        assert!(terraform.was_run(), "{trouble:?}");
        terraform.wait_gone().await;
    }
    serve.wait_for_event(event::JOB_DONE).await;
    serve.wait_clean().await;
}
