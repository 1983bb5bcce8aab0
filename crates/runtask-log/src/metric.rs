//! Counts what happens, for whoever listens: log lines for CloudWatch, or a registry of the process's own.
//!
//! Any crate may count. Without a listener, counting has no effect.

use crate::duration::milliseconds;
use serde_json::{Map, Value, json};
use std::fmt::Debug;
use std::io::Write;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Who is told, once [`listen`] was called.
static LISTENER: OnceLock<Box<dyn Listener>> = OnceLock::new();

/// What happened, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Something happened once.
    Once,
    /// There are so many more of something, or fewer. What comes at different times of one period is added up, so the
    /// time is the one at which it began to be there.
    Change(i64, SystemTime),
    /// There are so many of something at the moment.
    Level(usize),
    /// Something took so long.
    Took(Duration),
}

/// Is told of every number; it must not wait.
pub trait Listener: Debug + Send + Sync {
    /// `kind` is a dimension and its value, of which there are few.
    fn hear(&self, name: &'static str, kind: Option<(&'static str, &str)>, measure: Measure);

    /// Whether each name costs nothing, so that it wants to hear of what only details a log line.
    fn wants_details(&self) -> bool;
}

impl<L: Listener> Listener for Arc<L> {
    fn hear(&self, name: &'static str, kind: Option<(&'static str, &str)>, measure: Measure) {
        L::hear(self, name, kind, measure);
    }

    fn wants_details(&self) -> bool {
        L::wants_details(self)
    }
}

/// Starts telling a listener. A second call has no effect.
pub fn listen(listener: impl Listener + 'static) {
    let _started_before = LISTENER.set(Box::new(listener));
}

/// Counts one event.
pub fn count(name: &'static str) {
    tell(name, None, Measure::Once);
}

/// Counts up or down, as of `at`: what comes at different times is added up in one period.
pub fn change(name: &'static str, by: i64, at: SystemTime) {
    tell(name, None, Measure::Change(by, at));
}

/// Counts one event of a kind; `kind` must be one of few, since a listener keeps a number for each.
pub fn count_by(name: &'static str, dimension: &'static str, kind: &str) {
    tell(name, Some((dimension, kind)), Measure::Once);
}

/// Records how many there are at the moment.
pub fn level(name: &'static str, level: usize) {
    tell(name, None, Measure::Level(level));
}

/// Records how long something took.
pub fn duration(name: &'static str, duration: Duration) {
    tell(name, None, Measure::Took(duration));
}

/// As [`count_by`], where a registry of the process's own listens. CloudWatch would charge for what its logs tell anyway.
pub fn detail(name: &'static str, dimension: &'static str, kind: &str) {
    if LISTENER.get().is_some_and(|it| it.wants_details()) {
        count_by(name, dimension, kind);
    }
}

fn tell(name: &'static str, kind: Option<(&'static str, &str)>, measure: Measure) {
    if let Some(listener) = LISTENER.get() {
        listener.hear(name, kind, measure);
    }
}

/// Writes metrics to stdout, as log lines that CloudWatch reads: its embedded metric format.
///
/// Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) namespace: String,
    pub(crate) now: fn() -> SystemTime,
}

impl Listener for Lines {
    fn hear(&self, name: &'static str, kind: Option<(&'static str, &str)>, measure: Measure) {
        let (unit, value, at) = match measure {
            Measure::Once => ("Count", 1.into(), (self.now)()),
            Measure::Change(by, at) => ("Count", by.into(), at),
            Measure::Level(level) => ("Count", level.into(), (self.now)()),
            Measure::Took(duration) => ("Milliseconds", milliseconds(duration).into(), (self.now)()),
        };
        let line = format!("{}\n", line(&self.namespace, at, name, unit, value, kind));
        // A metric that nobody takes is no reason to stop.
        let _lost = std::io::stdout().lock().write_all(line.as_bytes());
    }

    fn wants_details(&self) -> bool {
        false
    }
}

fn line(
    namespace: &str,
    at: SystemTime,
    name: &str,
    unit: &str,
    value: Value,
    dimension: Option<(&str, &str)>,
) -> Value {
    let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let dimensions: Vec<&str> = dimension.iter().map(|(name, _)| *name).collect();
    let mut fields = Map::new();
    let metrics = json!([{
        "Namespace": namespace,
        "Dimensions": [dimensions],
        "Metrics": [{ "Name": name, "Unit": unit }],
    }]);
    fields.insert(
        "_aws".to_owned(),
        json!({ "Timestamp": milliseconds(since_epoch), "CloudWatchMetrics": metrics }),
    );
    if let Some((name, kind)) = dimension {
        fields.insert(name.to_owned(), kind.into());
    }
    fields.insert(name.to_owned(), value);
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_790_000_000_123)
    }

    #[test]
    fn a_metric_is_a_line_in_the_embedded_metric_format() {
        let line = line("example", at(), "Results", "Count", 1.into(), Some(("Status", "failed")));
        let expected = json!({
            "_aws": {
                "Timestamp": 1_790_000_000_123_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "example",
                    "Dimensions": [["Status"]],
                    "Metrics": [{ "Name": "Results", "Unit": "Count" }],
                }],
            },
            "Status": "failed",
            "Results": 1,
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn a_metric_without_a_dimension_has_an_empty_set_of_them() {
        let line = line("example", at(), "JobDuration", "Milliseconds", 250.into(), None);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
        assert_eq!(line["JobDuration"], 250);
    }
}
