//! Measures policies on plans of many sizes: the command against checkov, its memory, and how time grows.

use crate::commands::{peak_memory, timed};
use crate::figures::{Row, Samples, Verdict, mebibytes, milliseconds, ratio};
use crate::processors::Apart;
use crate::programs::Programs;
use crate::{Counts, progress};
use anyhow::Context;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Resources of the plan that everything is compared on: about 10 MB.
const RESOURCES: usize = 5_000;
/// Resources of the plans by which growth is judged.
const GROWTH: [usize; 4] = [100, 1_000, 10_000, 50_000];
/// How many times as fast as checkov.
const FASTER: f64 = 50.0;
/// How many times a plan's bytes may be in memory.
const MEMORY: f64 = 4.0;
/// What an empty plan may take more than a start.
const EMPTY: Duration = Duration::from_millis(4);
/// Time for each resource may grow by so much from one size to the next; a table has noise.
const LINEAR: f64 = 1.25;

/// How many resources are held against each other, and how many times as long as one pass that may take.
const PAIRED: usize = 2_000;
const PAIRS: f64 = 3.0;
/// How many rules are compiled and asked about a small plan, and how long that may take.
const RULES: usize = 200;
const RULES_TAKE: Duration = Duration::from_millis(10);

/// Every rule that is shipped.
const TASKS: &str = "\
[tasks.default]
checks = [\"policy\"]
[tasks.default.policy]
paths = [\"builtin:all\", \"builtin:timestamp-parity\"]
[tasks.default.policy.params.required-tags]
tags = [\"owner\"]
";

pub(crate) fn measure(programs: &Programs, counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let directory = tempfile::tempdir()?;
    std::fs::write(directory.path().join("runtask.toml"), TASKS)?;
    let mut rows = Vec::new();
    rows.extend(against_checkov(programs, counts, &directory)?);
    rows.extend(growth(programs, counts, &directory)?);
    rows.push(empty(programs, counts, &directory)?);
    rows.push(pairs(programs, counts)?);
    rows.push(many_rules(programs, counts)?);
    Ok(rows)
}

fn against_checkov(programs: &Programs, counts: &Counts, directory: &TempDir) -> anyhow::Result<[Row; 2]> {
    progress(&format!("policies: {} times, and checkov once", counts.checks));
    let (plan, bytes) = write_plan(directory, RESOURCES)?;
    let mut ours = Samples::default();
    for round in 0..=counts.checks {
        let took = timed_check(programs, directory, &plan)?;
        if round > 0 {
            ours.push(took);
        }
    }
    // The check of one rule of it, and nothing else; it takes half a minute, which noise does not change.
    let mut checkov = Command::new(&programs.checkov);
    checkov.args(["--framework", "terraform_plan", "--check", "CKV_AWS_20", "--soft-fail", "--quiet"]);
    checkov.args(["--compact", "--skip-download", "--file"]).arg(&plan);
    let theirs = timed(&mut checkov)?;
    let faster = ratio(theirs, ours.median());

    let peak = peak_memory(&mut check(programs, directory, &plan))?;
    let theirs_peak = peak_memory(&mut checkov)?;
    let of_plan = peak as f64 / bytes as f64;
    let size = format!("a plan of {RESOURCES} resources, {:.1} MB", bytes as f64 / 1e6);
    Ok([
        Row {
            what: format!("policies, speed: all shipped rules on {size}"),
            ratio: format!("{faster:.0} × as fast"),
            must: format!("≥ {FASTER:.0} ×"),
            verdict: Verdict::of(faster >= FASTER),
            ours: milliseconds(ours.median()),
            floor: format!("checkov, one check: {:.1} s", theirs.as_secs_f64()),
        },
        Row {
            what: format!("policies, memory: all shipped rules on {size}"),
            ratio: format!("{of_plan:.1} × the plan"),
            must: format!("≤ {MEMORY:.0} ×"),
            verdict: Verdict::of(of_plan <= MEMORY),
            ours: mebibytes(peak),
            floor: format!("checkov, one check: {}", mebibytes(theirs_peak)),
        },
    ])
}

/// Time for each resource beyond the size before, on one processor: on two, a small plan is read while policies are
/// compiled, and takes no time of its own.
fn growth(programs: &Programs, counts: &Counts, directory: &TempDir) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut before: Option<(usize, Duration)> = None;
    let mut each_before: Option<f64> = None;
    let apart = Apart::new()?;
    for resources in GROWTH {
        progress(&format!("policies: {resources} resources"));
        let (plan, bytes) = write_plan(directory, resources)?;
        let took = apart.there(|| median_check(programs, counts, directory, &plan))??;
        let each =
            before.map(|(fewer, less)| took.saturating_sub(less).as_secs_f64() / (resources - fewer) as f64);
        let grown = each.zip(each_before).map(|(each, before)| each / before);
        (before, each_before) = (Some((resources, took)), each);
        rows.push(Row {
            what: format!("policies, growth: {resources} resources, {:.1} MB", bytes as f64 / 1e6),
            ratio: grown.map_or("–".to_owned(), |it| format!("{it:.2} × per resource")),
            must: if grown.is_some() { format!("≤ {LINEAR} ×") } else { "–".to_owned() },
            verdict: grown.map_or(Verdict::Reported, |it| Verdict::of(it <= LINEAR)),
            ours: each.map_or_else(
                || milliseconds(took),
                |it| format!("{}, {:.1} µs for each more", milliseconds(took), it * 1e6),
            ),
            floor: "the size before".to_owned(),
        });
        std::fs::remove_file(plan)?;
    }
    Ok(rows)
}

fn empty(programs: &Programs, counts: &Counts, directory: &TempDir) -> anyhow::Result<Row> {
    let (plan, _bytes) = write_plan(directory, 0)?;
    let (mut start, mut ours) = (Samples::default(), Samples::default());
    for _round in 0..counts.starts {
        start.push(timed(Command::new(&programs.runtask).arg("--version"))?);
        ours.push(timed_check(programs, directory, &plan)?);
    }
    let (start, ours) = (start.median(), ours.median());
    let more = ours.saturating_sub(start);
    Ok(Row {
        what: "policies, an empty plan: all shipped rules".to_owned(),
        ratio: format!("+ {}", milliseconds(more)),
        must: format!("≤ + {}", milliseconds(EMPTY)),
        verdict: Verdict::of(more <= EMPTY),
        ours: milliseconds(ours),
        floor: format!("`runtask --version`: {}", milliseconds(start)),
    })
}

/// A directory with a policy of its own.
fn with_policies(policies: &[String]) -> anyhow::Result<TempDir> {
    let directory = tempfile::tempdir()?;
    let tasks = "[tasks.default]\nchecks = [\"policy\"]\npolicy.paths = [\"policies\"]\n";
    std::fs::write(directory.path().join("runtask.toml"), tasks)?;
    std::fs::create_dir(directory.path().join("policies"))?;
    for (number, policy) in policies.iter().enumerate() {
        std::fs::write(directory.path().join(format!("policies/{number}.rego")), policy)?;
    }
    Ok(directory)
}

/// Every pair of resources, with one equality between them, against one pass over them.
fn pairs(programs: &Programs, counts: &Counts) -> anyhow::Result<Row> {
    progress("policies: pairs of resources");
    let policy = |more: &str| {
        format!(
            "package p\n\nimport rego.v1\n\ndeny contains a.address if {{\n\tsome a in input.resource_changes\n\t\
             a.change.after.bucket == \"none\"\n}}\n\n{more}"
        )
    };
    let joined = "deny contains a.address if {\n\tsome a in input.resource_changes\n\tsome b in input.resource_changes\n\t\
                  a.change.after.bucket == b.change.after.bucket\n\ta.address != b.address\n}\n";
    let mut took = Vec::new();
    for more in ["", joined] {
        let directory = with_policies(&[policy(more)])?;
        let (plan, _bytes) = write_plan(&directory, PAIRED)?;
        took.push(median_check(programs, counts, &directory, &plan)?);
    }
    let [single, pairs] = took.as_slice() else { anyhow::bail!("two were measured") };
    let times = ratio(*pairs, *single);
    Ok(Row {
        what: format!("policies, all pairs of {PAIRED} resources with one equality between them"),
        ratio: format!("{times:.2} ×"),
        must: format!("≤ {PAIRS:.0} ×"),
        verdict: Verdict::of(times <= PAIRS),
        ours: milliseconds(*pairs),
        floor: format!("one pass: {}", milliseconds(*single)),
    })
}

fn many_rules(programs: &Programs, counts: &Counts) -> anyhow::Result<Row> {
    progress(&format!("policies: {RULES} rules"));
    let rule = |number: usize| {
        format!(
            "package p{number}\n\nimport rego.v1\n\ndeny contains msg if {{\n\tsome r in input.resource_changes\n\t\
             r.change.after.bucket == \"none-{number}\"\n\tmsg := sprintf(\"%s is none of ours\", [r.address])\n}}\n"
        )
    };
    let mut took = Vec::new();
    for rules in [1, RULES] {
        let directory = with_policies(&(0..rules).map(rule).collect::<Vec<_>>())?;
        let (plan, _bytes) = write_plan(&directory, 10)?;
        took.push(median_check(programs, counts, &directory, &plan)?);
    }
    let [one, all] = took.as_slice() else { anyhow::bail!("two were measured") };
    let more = all.saturating_sub(*one);
    Ok(Row {
        what: format!("policies, {RULES} rules of 5 lines in as many files, a plan of 10 resources"),
        ratio: format!("+ {}", milliseconds(more)),
        must: format!("≤ + {}", milliseconds(RULES_TAKE)),
        verdict: Verdict::of(more <= RULES_TAKE),
        ours: milliseconds(*all),
        floor: format!("one rule: {}", milliseconds(*one)),
    })
}

fn median_check(
    programs: &Programs,
    counts: &Counts,
    directory: &TempDir,
    plan: &Path,
) -> anyhow::Result<Duration> {
    let mut took = Samples::default();
    for _round in 0..counts.checks.min(5) {
        took.push(timed_check(programs, directory, plan)?);
    }
    Ok(took.median())
}

fn check(programs: &Programs, directory: &TempDir, plan: &Path) -> Command {
    let mut command = Command::new(&programs.runtask);
    command.args(["check", "--format", "json"]).arg(plan).current_dir(directory);
    command
}

/// How long one check takes; a verdict of either kind will do.
fn timed_check(programs: &Programs, directory: &TempDir, plan: &Path) -> anyhow::Result<Duration> {
    let mut command = check(programs, directory, plan);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    let started = std::time::Instant::now();
    let status = command.status().context("runtask cannot be run")?;
    let took = started.elapsed();
    anyhow::ensure!(matches!(status.code(), Some(0 | 1)), "{command:?} ended with {status}");
    Ok(took)
}

/// Writes a plan of so many resources; returns its path and size.
fn write_plan(directory: &TempDir, resources: usize) -> anyhow::Result<(std::path::PathBuf, u64)> {
    let path = directory.path().join(format!("plan-{resources}.json"));
    let plan = plan(resources).to_string();
    std::fs::write(&path, &plan)?;
    Ok((path, plan.len() as u64))
}

/// A plan that creates resources of the types that rules look at. One in a hundred buckets is public, one in fifty
/// security groups is open, and no bucket says how it is encrypted.
fn plan(resources: usize) -> Value {
    let made: Vec<(Value, Value)> = (0..resources).map(resource).collect();
    let (changes, planned): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "timestamp": "2026-01-01T00:00:00Z",
        "planned_values": { "root_module": { "resources": planned } },
        "resource_changes": changes,
        "configuration": {},
    })
}

const TYPES: [&str; 5] =
    ["aws_s3_bucket", "aws_instance", "aws_security_group", "aws_iam_policy", "aws_db_instance"];

/// One resource as `resource_changes` has it, and as `planned_values` has it.
fn resource(number: usize) -> (Value, Value) {
    let kind = TYPES.get(number % TYPES.len()).copied().unwrap_or_default();
    let module = if number.is_multiple_of(3) { Some(format!("module.m{}", number % 7)) } else { None };
    let address = match &module {
        Some(module) => format!("{module}.{kind}.this[{number}]"),
        None => format!("{kind}.this[{number}]"),
    };
    let tags = json!({ "Name": format!("name-{number}"), "environment": "prod", "owner": "platform" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::example/*" },
    ] });
    let is_open = number % 250 == 2;
    let values = json!({
        "acl": if number.is_multiple_of(500) { "public-read" } else { "private" },
        "bucket": format!("bucket-{number}"),
        "tags": tags,
        "tags_all": tags,
        "ingress": [{
            "from_port": if is_open { 22 } else { 443 }, "to_port": if is_open { 22 } else { 443 },
            "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": [],
            "description": "the services of this application, from anywhere",
        }],
        "policy": policy.to_string(),
        "storage_encrypted": true,
        "publicly_accessible": false,
        "user_data": "#!/bin/sh\nset -eu\n".repeat(7),
    });
    let marks = json!({ "tags": {}, "tags_all": {}, "ingress": [{ "cidr_blocks": [false], "ipv6_cidr_blocks": [] }] });
    let provider = "registry.terraform.io/hashicorp/aws";
    let change = json!({
        "address": address, "module_address": module, "mode": "managed", "type": kind, "name": "this",
        "index": number, "provider_name": provider,
        "change": {
            "actions": ["create"], "before": null, "after": values,
            "after_unknown": { "id": true, "arn": true, "tags": {}, "ingress": [{ "cidr_blocks": [false] }] },
            "before_sensitive": false, "after_sensitive": marks,
        },
    });
    let planned = json!({
        "address": address, "mode": "managed", "type": kind, "name": "this", "index": number,
        "provider_name": provider, "schema_version": 0, "values": values, "sensitive_values": marks,
    });
    (change, planned)
}
