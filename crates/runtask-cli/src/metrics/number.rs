//! Adds up what is counted under one name.

use super::families::Kind;
use runtask_log::metric::Measure;
use std::time::Duration;

/// Up to how long something took, in milliseconds: an answer takes less than the first, people less than the last.
pub(crate) const BUCKETS_MS: [u64; 11] =
    [5, 25, 100, 500, 1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000];

/// A number of a family, for one of its kinds.
#[derive(Debug, Clone)]
pub(crate) struct Number {
    /// The value of the family's dimension; empty where it has none.
    pub(crate) kind: String,
    pub(crate) value: Value,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Count(u64),
    Level(i64),
    Durations {
        /// How many took at most as long as each of [`BUCKETS_MS`], and longer than the one before.
        buckets: [u64; BUCKETS_MS.len()],
        count: u64,
        sum: Duration,
    },
}

impl Value {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Count(0),
            Kind::Gauge | Kind::Age => Self::Level(0),
            Kind::Duration => {
                Self::Durations { buckets: [0; BUCKETS_MS.len()], count: 0, sum: Duration::ZERO }
            }
        }
    }

    /// A measure of another kind than the number's changes nothing.
    pub(crate) fn take(&mut self, measure: Measure) {
        match (self, measure) {
            (Self::Count(count), Measure::Once) => *count += 1,
            (Self::Level(level), Measure::Change(by, _)) => *level += by,
            (Self::Level(level), Measure::Level(now)) => *level = i64::try_from(now).unwrap_or(i64::MAX),
            (Self::Durations { buckets, count, sum }, Measure::Took(duration)) => {
                let within = |limit: &u64| duration <= Duration::from_millis(*limit);
                let bucket = BUCKETS_MS.iter().position(within).and_then(|it| buckets.get_mut(it));
                if let Some(bucket) = bucket {
                    *bucket += 1;
                }
                *count += 1;
                *sum = sum.saturating_add(duration);
            }
            _ => {}
        }
    }
}
