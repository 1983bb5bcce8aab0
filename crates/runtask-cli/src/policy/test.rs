//! `runtask policy test`: runs the tests of rules.

use super::seen;
use super::sources::{SourceArguments, all_reasons};
use anyhow::Context;
use clap::{Args, ValueEnum};
use runtask_findings::{CheckReport, Code, Finding, Level, Rule, Source, Verdict, counted, printable};
use runtask_policy::{TestResult, TestResults};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::fmt::Write as _;

#[derive(Debug, Args)]
#[command(after_long_help = TEST_HELP)]
pub(crate) struct TestArguments {
    #[command(flatten)]
    pub(crate) sources: SourceArguments,

    /// Show what policies print
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Say which lines of the policies the tests come to
    #[arg(long)]
    pub(crate) coverage: bool,

    /// List the expressions that did not hold, with what they looked at
    #[arg(long)]
    pub(crate) trace: bool,

    /// List the expressions that took the most steps
    #[arg(long)]
    pub(crate) profile: bool,

    /// How to print the results; --json is the same as --format json
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: TestFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    #[default]
    Text,
    Json,
    Junit,
}

const TEST_HELP: &str = "\
Exit codes: 0 all tests passed, 1 one failed, 2 there is none, or they could not be run.
";

pub(crate) async fn test(arguments: &TestArguments, output: &Output) -> anyhow::Result<Exit> {
    let observe = arguments.coverage || arguments.trace || arguments.profile;
    let mut report = TestResults { tests: Vec::new(), warnings: Vec::new(), seen: Vec::new() };
    for policy in arguments.sources.policies(output).await? {
        let results = policy.test(observe).await;
        let results = results.map_err(|error| all_reasons(&error)).context("the tests cannot run")?;
        report.warnings.extend(results.warnings);
        report.seen.extend(results.seen);
        for test in results.tests {
            if !report.tests.iter().any(|it| (&it.name, &it.file) == (&test.name, &test.file)) {
                report.tests.push(test);
            }
        }
    }
    let failed = report.tests.iter().filter(|it| it.failure.is_some()).count();
    match arguments.format {
        _ if output.json => print_json(arguments, &report, output)?,
        TestFormat::Json => print_json(arguments, &report, output)?,
        TestFormat::Junit => output.result(&junit(&report, failed))?,
        TestFormat::Text => {
            for warning in &report.warnings {
                output.note(&format!("warning: {}\n", printable(warning)));
            }
            let mut printed = text(&report, failed, output.color, arguments.verbose);
            for (is_wanted, part) in [
                (arguments.coverage, seen::coverage as fn(&[_]) -> String),
                (arguments.profile, seen::profile),
                (arguments.trace, seen::trace),
            ] {
                if is_wanted {
                    printed.push_str(&part(&report.seen));
                }
            }
            output.result(&printed)?;
        }
    }
    // No test is no proof.
    Ok(match (report.tests.len(), failed) {
        (0, _) => Exit::Unable,
        (_, 0) => Exit::Passed,
        _ => Exit::Failed,
    })
}

fn print_json(arguments: &TestArguments, report: &TestResults, output: &Output) -> anyhow::Result<()> {
    let mut json = json!(report);
    let mut add = |name: &str, value| {
        if let Some(object) = json.as_object_mut() {
            object.insert(name.to_owned(), value);
        }
    };
    if arguments.coverage {
        add("coverage", seen::coverage_json(&report.seen));
    }
    if arguments.trace || arguments.profile {
        add("expressions", json!(report.seen));
    }
    output.json(&json)
}

/// A test case for each test.
fn junit(report: &TestResults, failed: usize) -> String {
    let code = |test: &TestResult| Code::of_rule(&test.name);
    let finding = |test: &TestResult| {
        let trouble = test.failure.as_ref()?;
        let summary = format!("{}: {}", test.name, trouble.summary);
        let finding = Finding::new(code(test), Level::Error, printable(&summary));
        Some(Finding { source: Some(Source { file: test.file.clone(), line: test.line }), ..finding })
    };
    let all = report.tests.len();
    let headline = format!("{}: {} passed, {failed} failed", counted(all, "test"), all - failed);
    let findings = report.tests.iter().filter_map(finding).collect();
    let mut of_tests = CheckReport::new("policy-test", headline, findings);
    let rule = |test: &TestResult| Rule {
        code: code(test),
        title: printable(&test.name),
        source: Source { file: test.file.clone(), line: test.line },
    };
    of_tests.rules = report.tests.iter().map(rule).collect();
    let verdict = if failed == 0 && all > 0 { Verdict::Passed } else { Verdict::Failed };
    runtask_report::junit(&[of_tests], verdict)
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
