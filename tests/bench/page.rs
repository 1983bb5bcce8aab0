//! Writes the page with the results and the machine.

use crate::commands::output;
use crate::figures::{Row, table};
use crate::programs::Programs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// What stays the same from one measurement to the next.
const PAGE: &str = include_str!("page.md");

/// `docs/performance.md`.
pub(crate) fn render(rows: &[Row], programs: &Programs) -> anyhow::Result<String> {
    Ok(PAGE
        .replace("{date}", &today())
        .replace("{machine}", &machine(programs)?)
        .replace("{table}", table(rows).trim_end()))
}

/// Processor, kernel and tools; no names.
fn machine(programs: &Programs) -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let cpus = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|it| it.strip_prefix("model name")).unwrap_or(": unknown processor");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    // What a distribution adds is its own affair.
    let kernel = kernel.split('-').next().unwrap_or_default().trim().to_owned();
    let terraform = output(Command::new(&programs.terraform).arg("version").env("CHECKPOINT_DISABLE", "1"))?;
    let tar = output(Command::new("tar").arg("--version"))?;
    let rustc = output(Command::new("rustc").arg("--version"))?;
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let rustc: Vec<&str> = rustc.split_whitespace().take(2).collect();
    Ok(format!(
        "{cores} cores of {model}; Linux {kernel}; {}; {}; {}",
        first(&terraform),
        first(&tar),
        rustc.join(" ")
    ))
}

#[expect(clippy::disallowed_methods, reason = "a page says of which day it is")]
fn today() -> String {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 86_400;
    let (mut year, mut day) = (1970, days);
    loop {
        let length = days_of(year).iter().sum();
        if day < length {
            break;
        }
        day -= length;
        year += 1;
    }
    let mut month = 1;
    for length in days_of(year) {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", day + 1)
}

fn days_of(year: u64) -> [u64; 12] {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}
