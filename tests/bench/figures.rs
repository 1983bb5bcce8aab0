//! Holds figures, and judges whether they are good enough.

use std::fmt::Write as _;
use std::time::Duration;

/// Durations of one thing, measured many times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// The one in the middle; what disturbs a few samples does not move it.
    pub(crate) fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

/// Two things that were measured in turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pair {
    pub(crate) ours: Samples,
    pub(crate) floor: Samples,
}

impl Pair {
    /// How many times the floor ours is.
    pub(crate) fn ratio(&self) -> f64 {
        ratio(self.ours.median(), self.floor.median())
    }
}

/// How many times `floor` is `ours`.
pub(crate) fn ratio(ours: Duration, floor: Duration) -> f64 {
    ours.as_secs_f64() / floor.as_secs_f64()
}

/// Whether a figure is what it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Reached,
    Missed,
    /// Nothing was promised.
    Reported,
}

impl Verdict {
    pub(crate) fn of(reached: bool) -> Self {
        if reached { Self::Reached } else { Self::Missed }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Missed => "**missed**",
            Self::Reported => "reported",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) what: String,
    /// Ours as a multiple of the floor; a dash where there is no floor.
    pub(crate) ratio: String,
    pub(crate) must: String,
    pub(crate) verdict: Verdict,
    pub(crate) ours: String,
    pub(crate) floor: String,
}

/// The rows as a table in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| what | ratio | must be | | measured | floor |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let Row { what, ratio, must, verdict, ours, floor } = row;
        let verdict = verdict.in_words();
        // Writing to a string does not fail.
        let _infallible = writeln!(table, "| {what} | {ratio} | {must} | {verdict} | {ours} | {floor} |");
    }
    table
}

/// A ratio as the table shows it.
pub(crate) fn times(ratio: f64) -> String {
    format!("{ratio:.2} ×")
}

/// A duration with three digits or so.
pub(crate) fn milliseconds(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    match ms {
        ..10.0 => format!("{ms:.2} ms"),
        ..100.0 => format!("{ms:.1} ms"),
        _ => format!("{ms:.0} ms"),
    }
}

/// Bytes in MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Bytes in MB, as Lambda's limits count.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}
