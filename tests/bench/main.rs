//! Measures what was promised about speed, memory and size, each figure beside its floor.
//!
//! A figure and its floor are measured in turn, in one run, and compared as a ratio of medians: a slow or busy machine
//! slows both. Progress goes to stderr, the table to stdout, the pages to `docs/performance.md` and `docs/cost.md`.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]

mod approvals;
mod archives;
mod callback_handler;
mod claims;
mod commands;
mod cost;
mod figures;
mod fmt;
mod function;
mod gitlab_job;
mod gitlab_log;
mod gitlab_runner;
mod http;
mod page;
mod policies;
mod processors;
mod programs;
mod report_handler;
mod request_handler;
mod scanners;
mod serve;
mod unpacking;

use anyhow::{Context, ensure};
use figures::{Row, Verdict, megabytes};
use programs::Programs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
Measures the handlers, the command and the archive library, each beside its floor.

Usage: bench [--quick | --only PART]

  --quick      few repetitions, and the pages stay as they are
  --only PART  one part, and the pages stay as they are: request-handler, report-handler, callback-handler, claims, unpacking,
                 fmt, policies, scanners, serve, approvals, gitlab-runner
  --help       this text

Needs terraform, cargo-lambda, moto and checkov below .tools/ (`make setup`), and git, zip and curl. `make bench` does all of
it.
Exit code 0: every figure is reached; 1: one is missed; 2: something could not be measured.
";

/// The largest zip of the request handler that is good enough.
const ZIP: u64 = 4_000_000;

/// How often each thing is measured.
#[derive(Debug)]
struct Counts {
    starts: usize,
    responses: usize,
    /// Files of a configuration, and jobs with it.
    configurations: [(usize, usize); 3],
    unpackings: usize,
    /// Checks of a plan.
    checks: usize,
    loads: usize,
    load: Duration,
}

const FULL: Counts = Counts {
    starts: 60,
    responses: 3000,
    configurations: [(10, 25), (1000, 15), (5000, 9)],
    unpackings: 11,
    checks: 15,
    loads: 7,
    load: Duration::from_secs(2),
};

const QUICK: Counts = Counts {
    starts: 10,
    responses: 300,
    configurations: [(10, 5), (1000, 3), (5000, 3)],
    unpackings: 3,
    checks: 3,
    loads: 3,
    load: Duration::from_millis(500),
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let end = match *arguments {
        [] => bench(&FULL, None, true),
        ["--quick"] => bench(&QUICK, None, false),
        ["--help" | "-h"] => write!(std::io::stdout(), "{HELP}").map(|()| true).map_err(Into::into),
        // They need none of the programs of the others, so none of those is built.
        ["--only", "approvals"] => only(approvals::measure()),
        ["--only", "gitlab-runner"] => only(gitlab_runner::measure(&FULL)),
        ["--only", part] => bench(&FULL, Some(part), false),
        [approvals::MEMORY, number] => approvals::keep_in_memory(number).map(|()| true),
        [serve::EMPTY_SERVER] => serve::serve_nothing().map(|()| true),
        _ => Err(anyhow::anyhow!("unknown arguments; see --help")),
    };
    match end {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            progress(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Whether every figure of one part is reached.
fn only(part: impl Future<Output = anyhow::Result<Vec<Row>>>) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows = runtime.block_on(part)?;
    write!(std::io::stdout(), "{}", figures::table(&rows))?;
    Ok(rows.iter().all(|it| it.verdict != Verdict::Missed))
}

/// Whether every figure is reached.
fn bench(counts: &Counts, part: Option<&str>, writes_page: bool) -> anyhow::Result<bool> {
    // One thread serves all that is measured, and leaves the other core to it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let programs = runtime.block_on(Programs::build())?;
    let rows = runtime.block_on(measure(&programs, counts, part))?;
    write!(std::io::stdout(), "{}", figures::table(&rows))?;
    if writes_page {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
        std::fs::write(&page, page::render(&rows, &programs)?).context("the page cannot be written")?;
        let cost = runtime.block_on(cost::page(&programs, counts))?;
        std::fs::write(page.with_file_name("cost.md"), cost).context("the page cannot be written")?;
        progress("wrote docs/performance.md and docs/cost.md");
    }
    Ok(rows.iter().all(|it| it.verdict != Verdict::Missed))
}

async fn measure(programs: &Programs, counts: &Counts, part: Option<&str>) -> anyhow::Result<Vec<Row>> {
    let wanted = |name: &str| part.is_none_or(|it| it == name);
    let mut rows = Vec::new();
    if wanted("request-handler") {
        rows.extend(request_handler::measure(programs, counts).await?);
    }
    if wanted("report-handler") {
        rows.extend(report_handler::measure(programs, counts).await?);
    }
    if wanted("callback-handler") {
        rows.extend(callback_handler::measure(programs, counts).await?);
    }
    if wanted("claims") {
        rows.extend(claims::measure(programs, counts).await?);
    }
    if wanted("unpacking") {
        rows.extend(unpacking::measure(programs, counts)?);
    }
    if wanted("fmt") {
        rows.extend(fmt::measure(programs, counts).await?);
    }
    if wanted("policies") {
        rows.extend(policies::measure(programs, counts)?);
    }
    if wanted("scanners") {
        rows.extend(scanners::measure(programs, counts)?);
    }
    if wanted("serve") {
        rows.extend(serve::measure(programs, counts).await?);
    }
    if wanted("approvals") {
        rows.extend(approvals::measure().await?);
    }
    if wanted("gitlab-runner") {
        rows.extend(gitlab_runner::measure(counts).await?);
    }
    ensure!(!rows.is_empty(), "there is no such part; see --help");
    for zip in &programs.zips {
        let name = zip.file_stem().and_then(|it| it.to_str()).context("a zip has a name")?;
        let size = zip.metadata().with_context(|| format!("{name} has no zip"))?.len();
        let is_bounded = name == "request-handler";
        rows.push(Row {
            what: format!("`{name}`: size of the zip"),
            ratio: "–".to_owned(),
            must: if is_bounded { format!("≤ {}", megabytes(ZIP)) } else { "–".to_owned() },
            verdict: if is_bounded { Verdict::of(size <= ZIP) } else { Verdict::Reported },
            ours: megabytes(size),
            floor: "–".to_owned(),
        });
    }
    Ok(rows)
}

/// Says on stderr what is going on.
fn progress(text: &str) {
    // Nobody may be reading, and the bench goes on.
    let _nobody = writeln!(std::io::stderr(), "bench: {text}");
}
