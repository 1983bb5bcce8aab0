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
    write(name, "Count", 1, None);
}

/// Counts one event of a kind; `kind` must be one of few, since CloudWatch keeps a metric for each.
pub fn count_by(name: &str, dimension: &str, kind: &str) {
    write(name, "Count", 1, Some((dimension, kind)));
}

/// Records how long something took.
pub fn duration(name: &str, duration: Duration) {
    write(name, "Milliseconds", milliseconds(duration), None);
}

fn write(name: &str, unit: &str, value: u64, dimension: Option<(&str, &str)>) {
    let Some(sink) = SINK.get() else { return };
    let line = format!("{}\n", line(sink, name, unit, value, dimension));
    // A metric that nobody takes is no reason to stop.
    let _lost = std::io::stdout().lock().write_all(line.as_bytes());
}

fn line(sink: &Sink, name: &str, unit: &str, value: u64, dimension: Option<(&str, &str)>) -> Value {
    let since_epoch = (sink.now)().duration_since(UNIX_EPOCH).unwrap_or_default();
    let dimensions: Vec<&str> = dimension.iter().map(|(name, _)| *name).collect();
    let mut fields = Map::new();
    let metrics = json!([{
        "Namespace": sink.namespace,
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
    fields.insert(name.to_owned(), value.into());
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink() -> Sink {
        Sink {
            namespace: "example".to_owned(),
            now: || UNIX_EPOCH + Duration::from_millis(1_790_000_000_123),
        }
    }

    #[test]
    fn a_metric_is_a_line_in_the_embedded_metric_format() {
        let line = line(&sink(), "Results", "Count", 1, Some(("Status", "failed")));
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
        let line = line(&sink(), "JobDuration", "Milliseconds", 250, None);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
        assert_eq!(line["JobDuration"], 250);
    }
}
