//! Tests faults at HCP Terraform's side: each ends in one final result, and no break of the protocol.

use futures_util::StreamExt;
use futures_util::stream;
use runtask_simulator::{Conduct, Fault, Record, RunSpec, Simulator};
use runtask_tests::lambda::Function;
use runtask_tests::pair::Pair;

use crate::run::{formatted, origins, pair, run, serve, simulator, spec};

const SETTINGS: &[(&str, &str)] = &[
    ("RUNTASK_CHECKS", "fmt,plan-summary"),
    // A bomb need not go off whole.
    ("RUNTASK_MAX_UNPACKED_BYTES", "16777216"),
];
/// Runs at the same time.
const TOGETHER: usize = 8;
const PASSED: &str = "Format check passed\nPlan: 0 to add, 0 to change, 0 to destroy";

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// `passed`.
    Passed,
    /// `failed`, with this sentence in the message.
    Failed(&'static str),
    /// Nothing but refused final results: the run was cancelled.
    Cancelled,
    /// What the simulator judges to be right for the fault.
    Right,
}
use Expected::{Cancelled, Failed, Passed, Right};

const NO_CONFIGURATION: Expected = Failed(
    "Check fmt could not run: HCP Terraform offers no configuration to download for this run (any more)\nPlan: 0 ",
);

/// What a run with each fault comes to.
const RESULTS: &[(Fault, Expected)] = &[
    (Fault::SignatureMissing, Passed),
    (Fault::SignatureEmpty, Passed),
    (Fault::SignatureWrong, Passed),
    (Fault::SignatureHeaderTitleCase, Passed),
    (Fault::SignaturePrefixed, Passed),
    (Fault::Probe2021, Passed),
    (Fault::ProbeStageNull, Passed),
    (Fault::ProbeMinimal, Passed),
    (Fault::ProbeUnsigned, Passed),
    (
        Fault::PlanUrlNull,
        Failed("Check plan-summary could not run: HCP Terraform offers no plan to download for this run"),
    ),
    (Fault::OldEnterprise, NO_CONFIGURATION),
    (Fault::NoOutcomes, Passed),
    (Fault::ProjectFields, Passed),
    (Fault::UnknownFields, Passed),
    (Fault::UnknownStage, Failed("This run task does not know the stage `pre_destroy`: update it")),
    (Fault::StageHyphenated, Passed),
    (Fault::Beta2021, Right),
    (Fault::TokenMissing, Right),
    (Fault::TokenTest, Right),
    (Fault::AnswerAsResult, Passed),
    (Fault::OriginNotListed, Right),
    (Fault::AnyTwoHundred, Passed),
    (Fault::DuplicateParallel, Passed),
    (Fault::DuplicateAfterFinal, Passed),
    (Fault::PlanNotReady, Passed),
    (Fault::PlanExpiredLink, Passed),
    (Fault::Plan404, Failed("the plan could not be downloaded: http://127.0.0.1:")),
    (Fault::Plan422, Failed(" answered 422 Unprocessable Entity to the download")),
    (Fault::Configuration404, Failed(" answered 404 Not Found to the download\nPlan: 0 ")),
    (Fault::ConfigurationNull, NO_CONFIGURATION),
    (Fault::ConfigurationSlow, Passed),
    (Fault::ConfigurationCut, Failed("the download of the configuration kept breaking off")),
    (Fault::DownloadProxyTrouble, Passed),
    (Fault::ArchiveDotSlash, Passed),
    (Fault::ArchiveWrapped, Passed),
    (
        Fault::ArchiveTraversal,
        Failed("entry `../runtask-simulator-escaped.tf` was refused: a name must not contain `..`"),
    ),
    (
        Fault::ArchiveAbsolute,
        Failed("entry `/tmp/runtask-simulator-escaped.tf` was refused: a name must be relative"),
    ),
    (
        Fault::ArchiveLink,
        Failed("entry `absolute.tf` was refused: a symbolic link's target must be relative"),
    ),
    (
        Fault::ArchiveWriteThroughLink,
        Failed("entry `outside` was refused: a symbolic link's target must be relative"),
    ),
    (Fault::ArchiveDevice, Failed("entry `null.tf` was refused: devices are not allowed")),
    (Fault::ArchiveBomb, Failed("the archive has more than 16777216 bytes once unpacked")),
    (Fault::ArchivePax, Passed),
    (Fault::ArchiveGnuLongName, Passed),
    (Fault::ArchiveAppleDouble, Passed),
    (Fault::ArchiveTruncated, Failed("the configuration archive was not accepted: the archive is cut off")),
    (Fault::ArchiveNotGzip, Failed("the archive is not in gzip format")),
    (Fault::RedirectLoop, Failed("the download was redirected more than 5 times")),
    (
        Fault::RedirectPrivate,
        Failed("a redirect of the download was refused: its origin http://169.254.169.254 is neither https"),
    ),
    (
        Fault::RedirectPlainHttp,
        Failed("a redirect of the download was refused: its origin http://127.0.0.1:"),
    ),
    (Fault::CallbackLenient, Passed),
    (Fault::AfterFinal422, Passed),
    (Fault::AfterFinal401, Passed),
    (Fault::Cancel, Cancelled),
    (Fault::Cancel404, Cancelled),
    (Fault::TokenNotExtended, Passed),
    (Fault::FixedDeadline, Passed),
    (Fault::CallbackUrlCode, Passed),
    (Fault::CallbackDocument, Passed),
    (Fault::Callback429, Passed),
    (Fault::Callback500, Passed),
    (Fault::CallbackProxyTrouble, Right),
    (Fault::CallbackRetryAfter0, Right),
    (Fault::Callback401First, Right),
    (Fault::Callback401Final, Right),
    (Fault::Callback401Always, Right),
    (Fault::Callback404First, Right),
    (Fault::Callback404Final, Right),
    (Fault::Callback404Always, Right),
    (Fault::Callback422Outcomes, Passed),
    (Fault::CallbackLost, Passed),
    (Fault::CallbackSlow, Passed),
];

#[test]
fn every_fault_has_a_result() {
    let listed: Vec<Fault> = RESULTS.iter().map(|it| it.0).collect();
    assert_eq!(listed, Fault::all());
}

/// P-03, P-06, P-07, P-09, P-12, P-15, P-16, P-18, P-20, R-11, R-12, R-18: one process serves them all.
#[tokio::test]
async fn serve_ends_every_fault_in_one_result() {
    let simulator = simulator().await;
    let serve = serve(&simulator, SETTINGS).await;
    check(&simulator, &serve.url(), RESULTS).await;
    serve.wait_clean().await;
}

/// The same for the Lambda functions. Claims live in their processes, so that repeated requests meet in one.
#[tokio::test]
async fn the_lambda_functions_end_every_fault_in_one_result() {
    let simulator = simulator().await;
    let repeats = |it: &&(Fault, Expected)| it.0.as_str().starts_with("duplicate-");
    let (repeated, others): (Vec<_>, Vec<_>) = RESULTS.iter().partition(repeats);
    let many = pair(&simulator, SETTINGS).await;
    let origins = origins(&simulator);
    let settings = [&[("RUNTASK_ALLOWED_ORIGINS", &*origins)], SETTINGS].concat();
    let single = Pair::with(&settings, |it: Function| it.reserved_concurrency(1)).await;
    let (many_url, single_url) = (many.url(), single.url());
    tokio::join!(check(&simulator, &many_url, &others), check(&simulator, &single_url, &repeated));
}

async fn check(simulator: &Simulator, url: &str, expected: &[(Fault, Expected)]) {
    let runs = expected.iter().map(async |(fault, expected)| {
        let record = run_with(simulator, url, *fault).await;
        judge(*fault, *expected, &record);
    });
    stream::iter(runs).buffer_unordered(TOGETHER).collect::<Vec<()>>().await;
    assert_eq!(simulator.strays(), [""; 0]);
}

async fn run_with(simulator: &Simulator, url: &str, fault: Fault) -> Record {
    run(simulator, url, RunSpec { faults: vec![fault], ..spec(formatted()) }).await
}

fn judge(fault: Fault, expected: Expected, record: &Record) {
    assert_eq!(record.violations, [""; 0], "{fault}: {record:#?}");
    assert_ne!(record.faults[0].conduct, Conduct::Wrong, "{fault}: {record:#?}");
    let refusals = match fault {
        // It is refused once before it is taken.
        Fault::Callback422Outcomes => 1,
        // It may come once more, and may do so later than the simulator listens.
        Fault::CallbackLost => record.finals_refused.min(1),
        _ => 0,
    };
    let message = record.result.message.as_deref().unwrap_or_default();
    let (status, finals) = match expected {
        Right => {
            assert_eq!(record.faults[0].conduct, Conduct::Right, "{fault}: {record:#?}");
            return;
        }
        Passed => {
            assert_eq!(message, PASSED, "{fault}");
            ("passed", (1, refusals))
        }
        Failed(sentence) => {
            assert!(message.contains(sentence), "{fault}: {message}");
            ("failed", (1, refusals))
        }
        Cancelled => {
            let answers: Vec<_> = record.callbacks.iter().map(|it| it.answered).collect();
            if fault == Fault::Cancel404 {
                // It may be a proxy in trouble, and so it is asked again, for longer than the simulator listens.
                assert!(answers.len() >= 2 && answers[1..].iter().all(|it| *it == Some(404)), "{answers:?}");
            } else {
                assert_eq!(answers, [Some(200), Some(409)], "{fault}: nothing comes after the refusal");
            }
            ("canceled", (0, answers.len() - 1))
        }
    };
    assert_eq!(record.result.status.as_str(), status, "{fault}: {message}");
    assert_eq!((record.finals_accepted, record.finals_refused), finals, "{fault}: {record:#?}");
    assert_eq!(record.callbacks[0].status.as_deref(), Some("running"), "{fault}: the first word");
}
