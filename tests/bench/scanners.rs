//! Measures the reading of SARIF, and what a task with scanners takes beside the scanners themselves.

use crate::commands::{peak_memory, timed};
use crate::figures::{Pair, Row, Verdict, mebibytes, milliseconds, ratio};
use crate::programs::Programs;
use crate::{Counts, progress};
use runtask_scanners::{Reading, Thresholds, Tree, judge_files};
use serde_json::{Value, json};
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Results of the file that is read: about 20 MB.
const RESULTS: usize = 25_000;
/// How many times as long as parsing the file into values.
const SPEED: f64 = 1.5;
/// How many times a file's bytes may be in memory.
const MEMORY: f64 = 3.0;
/// How many times as long as the scanner a task with it may take, and how much besides.
const TASK: f64 = 1.05;
const TASK_BESIDES: Duration = Duration::from_millis(50);
/// How long the scanner works that stands in for real ones.
const SCANNER: &str = "#!/bin/sh\nsleep 0.5\necho '{\"version\":\"2.1.0\",\"runs\":[{\"results\":[]}]}'\n";

pub(crate) fn measure(programs: &Programs, counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let directory = tempfile::tempdir()?;
    let mut rows = Vec::from(reading(programs, counts, &directory)?);
    for scanners in [1, 2] {
        rows.push(task(programs, counts, &directory, scanners)?);
    }
    Ok(rows)
}

fn reading(programs: &Programs, counts: &Counts, directory: &TempDir) -> anyhow::Result<[Row; 2]> {
    progress(&format!("scanners: {RESULTS} results, {} times", counts.checks));
    let text = report(RESULTS).to_string();
    let file = directory.path().join("report.sarif");
    std::fs::write(&file, &text)?;
    let tree = Tree::new(directory.path(), directory.path());
    let reading = Reading { thresholds: Thresholds::default(), tree: &tree, honor_suppressions: true };
    let files = [("report.sarif".to_owned(), text.into_bytes())];
    let [(_, bytes)] = &files;
    let mut pair = Pair::default();
    for _round in 0..counts.checks {
        let started = Instant::now();
        black_box(judge_files(&files, reading));
        pair.ours.push(started.elapsed());
        let started = Instant::now();
        black_box(serde_json::from_slice::<Value>(bytes)?);
        pair.floor.push(started.elapsed());
    }
    // Nothing fails, or the command would.
    let mut check = Command::new(&programs.runtask);
    check.args(["check", "--fail-on", "never", "--sarif"]).arg(&file).current_dir(directory.path());
    let peak = peak_memory(&mut check)?;
    let of_file = peak as f64 / bytes.len() as f64;
    let size = format!("{RESULTS} results of SARIF, {:.1} MB", bytes.len() as f64 / 1e6);
    Ok([
        Row {
            what: format!("scanners, speed: {size}, to findings"),
            ratio: format!("{:.2} ×", pair.ratio()),
            must: format!("≤ {SPEED} ×"),
            verdict: Verdict::of(pair.ratio() <= SPEED),
            ours: milliseconds(pair.ours.median()),
            floor: format!("serde_json, to values: {}", milliseconds(pair.floor.median())),
        },
        Row {
            what: format!("scanners, memory: {size}"),
            ratio: format!("{of_file:.1} × the file"),
            must: format!("≤ {MEMORY:.0} ×"),
            verdict: Verdict::of(of_file <= MEMORY),
            ours: mebibytes(peak),
            floor: "–".to_owned(),
        },
    ])
}

/// A task with so many scanners beside one of them alone: where there are processors, it takes as long.
fn task(programs: &Programs, counts: &Counts, directory: &TempDir, scanners: usize) -> anyhow::Result<Row> {
    progress(&format!("scanners: a task with {scanners}, {} times", counts.checks));
    let place = directory.path().join(format!("task-{scanners}"));
    std::fs::create_dir_all(place.join("configuration"))?;
    std::fs::write(place.join("configuration/main.tf"), "locals {}\n")?;
    let scanner = place.join("scanner");
    std::fs::write(&scanner, SCANNER)?;
    timed(Command::new("chmod").arg("+x").arg(&scanner))?;
    let mut tasks = "[tasks.default]\nchecks = [\"scanner\"]\n".to_owned();
    for number in 0..scanners {
        tasks.push_str(&format!(
            "[[tasks.default.scanner]]\nname = \"{number}\"\nprofile = \"sarif\"\nprogram = \"./scanner\"\narguments = [\"{{input}}\"]\n"
        ));
    }
    std::fs::write(place.join("runtask.toml"), tasks)?;
    let mut pair = Pair::default();
    for _round in 0..counts.checks {
        pair.floor.push(timed(&mut Command::new(&scanner))?);
        let mut check = Command::new(&programs.runtask);
        pair.ours.push(timed(check.args(["check", "configuration"]).current_dir(&place))?);
    }
    let (ours, floor) = (pair.ours.median(), pair.floor.median());
    let most = floor.mul_f64(TASK) + TASK_BESIDES;
    Ok(Row {
        what: format!("scanners, a task with {scanners}: beside one scanner alone"),
        ratio: format!("{:.2} ×", ratio(ours, floor)),
        must: format!("≤ {TASK} × + {}", milliseconds(TASK_BESIDES)),
        verdict: Verdict::of(ours <= most),
        ours: milliseconds(ours),
        floor: milliseconds(floor),
    })
}

/// A report as trivy writes it, with snippets as checkov has them.
fn report(results: usize) -> Value {
    let rules: Vec<Value> = (0..100)
        .map(|it| {
            let severity = ["9.5", "8.0", "5.5", "2.0"].get(it % 4);
            json!({
                "id": format!("AVD-AWS-{it:04}"), "name": "Misconfiguration",
                "shortDescription": { "text": format!("Rule {it} wants something else.") },
                "help": { "text": "Change it.\n".repeat(20) },
                "helpUri": format!("https://example.com/rules/{it}"),
                "properties": { "security-severity": severity },
            })
        })
        .collect();
    let result = |it: usize| {
        json!({
            "ruleId": format!("AVD-AWS-{:04}", it % 100), "ruleIndex": it % 100, "level": "error",
            "message": { "text": format!("Artifact: main.tf\nType: terraform\nMessage: Resource {it} is open.\nLink: -") },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": format!("modules/m{}/main.tf", it % 500), "uriBaseId": "ROOTPATH" },
                "region": { "startLine": it + 1, "endLine": it + 9, "snippet": { "text": "  name = \"value\"\n".repeat(20) } },
            } }],
        })
    };
    let results: Vec<Value> = (0..results).map(result).collect();
    json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "example", "rules": rules } }, "results": results }] })
}
