//! Measures unpacking alone.

use crate::figures::{Pair, Row, Verdict};
use crate::programs::Programs;
use crate::{Counts, archives, commands, progress};
use std::fs::File;
use std::process::Command;
use std::time::Duration;

pub(crate) fn measure(programs: &Programs, counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (what, files, size) in [("10 000 files of 4 KB", 10_000, 4096), ("4 files of 64 MiB", 4, 64 << 20)] {
        progress(&format!("unpacking: {} times {what}", counts.unpackings));
        let archive = tempfile::NamedTempFile::new()?;
        archives::filler(File::create(archive.path())?, files, size)?;
        let mut pair = Pair::default();
        // The first round is to warm up.
        for round in 0..=counts.unpackings {
            let directory = tempfile::tempdir()?;
            let floor = commands::timed(&mut commands::tar(archive.path(), directory.path()))?;
            drop(directory);
            let directory = tempfile::tempdir()?;
            let mut unpack = Command::new(&programs.unpack);
            let ours = commands::timed(unpack.arg(archive.path()).arg(directory.path()))?;
            if round > 0 {
                pair.floor.push(floor);
                pair.ours.push(ours);
            }
        }
        let bytes = files as u64 * size;
        let speed = |took: Duration| format!("{:.0} MB/s", bytes as f64 / 1e6 / took.as_secs_f64());
        let ratio = pair.ratio().recip();
        rows.push(Row {
            what: format!("unpacking, speed: {what}"),
            ratio: format!("{ratio:.2} ×"),
            must: "≥ 1 ×".to_owned(),
            verdict: Verdict::of(ratio >= 1.0),
            ours: speed(pair.ours.median()),
            floor: format!("tar xzf: {}", speed(pair.floor.median())),
        });
    }
    Ok(rows)
}
