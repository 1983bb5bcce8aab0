//! Writes metrics as log lines that CloudWatch reads: its embedded metric format.
//!
//! Any crate may count. Only a Lambda function that was given a namespace writes; elsewhere, counting has no effect.
//!
//! Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".

use crate::duration::milliseconds;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where metrics go, once [`start`] was called.
static SINK: OnceLock<Sink> = OnceLock::new();

#[derive(Debug)]
struct Sink {
    namespace: String,
    now: fn() -> SystemTime,
}

/// Starts writing metrics to stdout, one line each. A second call has no effect.
pub(crate) fn start(namespace: String, now: fn() -> SystemTime) {
    let _started_before = SINK.set(Sink { namespace, now });
}

/// Counts one event.
pub fn count(name: &str) {
    write(name, "Count", 1.into(), None, None);
}

/// Counts up or down, as of `at`: what comes at different times is added up in one period.
pub fn change(name: &str, by: i64, at: SystemTime) {
    write(name, "Count", by.into(), None, Some(at));
}

/// Counts one event of a kind; `kind` must be one of few, since CloudWatch keeps a metric for each.
pub fn count_by(name: &str, dimension: &str, kind: &str) {
    write(name, "Count", 1.into(), Some((dimension, kind)), None);
}

/// Records how long something took.
pub fn duration(name: &str, duration: Duration) {
    write(name, "Milliseconds", milliseconds(duration).into(), None, None);
}

fn write(name: &str, unit: &str, value: Value, dimension: Option<(&str, &str)>, at: Option<SystemTime>) {
    let Some(sink) = SINK.get() else { return };
    let at = at.unwrap_or_else(sink.now);
    let line = format!("{}\n", line(&sink.namespace, at, name, unit, value, dimension));
    // A metric that nobody takes is no reason to stop.
    let _lost = std::io::stdout().lock().write_all(line.as_bytes());
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
