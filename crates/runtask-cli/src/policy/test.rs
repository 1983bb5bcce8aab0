//! `runtask policy test`: runs the tests of rules.

use super::rules::policies;
use crate::environment::lookup;
use crate::exit::Exit;
use crate::output::Output;
use crate::tasks_arguments::TasksArguments;
use anyhow::Context;
use clap::Args;
use runtask_findings::printable;
use runtask_policy::{Evaluator, Policy, PolicyPath, PolicySettings, TestResults, UnavailableError, Unknown};
use runtask_settings::SettingsReader;
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// Files and directories with rules and their tests; those of the task unless given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Files and directories with data for them
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Vec<PathBuf>,

    /// Show what policies print
    #[arg(long, short)]
    pub(crate) verbose: bool,

    #[command(flatten)]
    pub(crate) tasks: TasksArguments,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
}

pub(crate) async fn test(arguments: &TestArguments, output: &Output) -> anyhow::Result<Exit> {
    let policies = if arguments.paths.is_empty() {
        policies(&arguments.tasks, arguments.task.as_deref(), output)?
    } else {
        vec![(String::new(), named(arguments)?)]
    };
    let mut report = TestResults { tests: Vec::new(), warnings: Vec::new() };
    for (_task, policy) in &policies {
        let results =
            policy.test().await.map_err(|error| all_reasons(&error)).context("the tests cannot run")?;
        report.warnings.extend(results.warnings);
        for test in results.tests {
            if !report.tests.iter().any(|it| (&it.name, &it.file) == (&test.name, &test.file)) {
                report.tests.push(test);
            }
        }
    }
    let failed = report.tests.iter().filter(|it| it.failure.is_some()).count();
    if output.json {
        output.json(&json!(report))?;
    } else {
        for warning in &report.warnings {
            output.note(&format!("warning: {}\n", printable(warning)));
        }
        output.result(&text(&report, failed, output.color, arguments.verbose))?;
    }
    // No test is no proof.
    Ok(match (report.tests.len(), failed) {
        (0, _) => Exit::Unable,
        (_, 0) => Exit::Passed,
        _ => Exit::Failed,
    })
}

/// Every reason, a line each.
fn all_reasons(error: &UnavailableError) -> anyhow::Error {
    let reasons: Vec<_> = error.troubles().into_iter().map(|it| printable(&it.summary)).collect();
    anyhow::Error::msg(reasons.join("\n"))
}

/// The policies that the command line names.
fn named(arguments: &TestArguments) -> anyhow::Result<Policy> {
    let settings = PolicySettings {
        paths: arguments.paths.iter().cloned().map(PolicyPath::Path).collect(),
        data: arguments.data.clone(),
        namespaces: None,
        unknown: Unknown::default(),
        params: json!({}),
        exceptions: Vec::new(),
        time_limit: PolicySettings::TIME_LIMIT,
    };
    let mut environment = SettingsReader::new(&lookup);
    let evaluator = Evaluator::from_settings(&mut environment);
    environment.finish().context("settings are wrong")?;
    let evaluator = evaluator.map_err(anyhow::Error::msg)?;
    Ok(Policy::load("", &settings, Path::new(""), evaluator)?)
}

fn text(report: &TestResults, failed: usize, color: bool, verbose: bool) -> String {
    let paint = |style: &str, text: &str| {
        if color { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let mut text = String::new();
    let mut file = None;
    for test in &report.tests {
        if file != Some(&test.file) {
            file = Some(&test.file);
            let _infallible = writeln!(text, "{}", printable(&test.file));
        }
        let name = printable(&test.name);
        let _infallible = match &test.failure {
            None => writeln!(text, "  {} {name}", paint("32", "✓")),
            Some(trouble) => {
                let why = printable(&trouble.summary);
                writeln!(text, "  {} {name} (line {}): {why}", paint("31", "✗"), test.line)
            }
        };
        for line in test.printed.iter().filter(|_| verbose) {
            let _infallible = writeln!(text, "      {}", printable(line));
        }
    }
    let all = report.tests.len();
    let tests = if all == 1 { "test" } else { "tests" };
    let _infallible = match all {
        0 => writeln!(text, "no tests: rules whose names begin with test_ are tests"),
        _ => writeln!(text, "\n{all} {tests}: {} passed, {failed} failed", all - failed),
    };
    text
}
