//! Measures how fast a job's log goes through the masks of the GitLab runner, on one processor.

use crate::commands;
use crate::figures::{Row, Verdict, times};
use crate::processors::Apart;
use crate::progress;
use anyhow::Context;
use std::path::Path;
use std::process::Command;

/// Bytes of log in a second with 20 masks, in MB.
const RATE: f64 = 200.0;
/// Masks of both figures: the usual, and many.
const USUAL: u32 = 20;
const MANY: u32 = 200;

/// `program` is the example `log_throughput` of gitlab-runner-protocol, which prints `20 masks: 300 MB/s` for each number.
pub(crate) fn measure(program: &Path) -> anyhow::Result<[Row; 2]> {
    progress("runner: logs through masks");
    let apart = Apart::new()?;
    let said = apart.there(|| commands::output(&mut Command::new(program)))??;
    let rate = |masks: u32| -> anyhow::Result<f64> {
        let line = said.lines().find_map(|it| it.strip_prefix(&format!("{masks} masks: ")));
        let rate = line.and_then(|it| it.strip_suffix(" MB/s")).context("no rate is told")?;
        Ok(rate.parse()?)
    };
    let (usual, many) = (rate(USUAL)?, rate(MANY)?);
    // How many times as long a byte takes, for as many times more masks.
    let slower = usual / many;
    let linear = f64::from(MANY / USUAL);
    Ok([
        Row {
            what: format!("runner, log: through {USUAL} masks, one processor"),
            ratio: "–".to_owned(),
            must: format!("≥ {RATE} MB/s"),
            verdict: Verdict::of(usual >= RATE),
            ours: format!("{usual:.0} MB/s"),
            floor: "–".to_owned(),
        },
        Row {
            what: format!("runner, log: through {MANY} masks, time for a byte"),
            ratio: times(slower),
            must: format!("≤ {linear} ×"),
            verdict: Verdict::of(slower <= linear),
            ours: format!("{many:.0} MB/s"),
            floor: format!("{USUAL} masks: {usual:.0} MB/s"),
        },
    ])
}
