//! Writes numbers in the text format of Prometheus.
//!
//! Source: Prometheus documentation, "Exposition formats", version 0.0.4.

use super::families::{Family, Kind};
use super::number::{BUCKETS_MS, Number, Value};
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// All families that have numbers, and what is known of the process.
pub(crate) fn write<'a>(
    started_at: SystemTime,
    families: impl Iterator<Item = (&'a Family, &'a Vec<Number>)>,
) -> String {
    let mut text = String::new();
    head(&mut text, "runtask_build_info", "gauge", "The version of runtask.");
    line(&mut text, "runtask_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let since_epoch = started_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    head(&mut text, "process_start_time_seconds", "gauge", "When the process started, in Unix time.");
    line(&mut text, "process_start_time_seconds", &[], since_epoch.as_secs_f64());
    for (family, numbers) in families {
        if numbers.is_empty() {
            continue;
        }
        let name = family.told_as();
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge | Kind::Age => "gauge",
            Kind::Duration => "histogram",
        };
        head(&mut text, &name, kind, family.help);
        let label = family.dimension.map(str::to_lowercase);
        for number in numbers {
            let labels: Vec<_> = label.iter().map(|it| (it.as_str(), number.kind.as_str())).collect();
            match &number.value {
                Value::Count(count) => line(&mut text, &name, &labels, count),
                Value::Level(level) => line(&mut text, &name, &labels, level),
                Value::Durations { buckets, count, sum } => {
                    let mut so_far = 0;
                    for (limit, bucket) in BUCKETS_MS.iter().zip(buckets) {
                        so_far += bucket;
                        let limit = seconds(*limit);
                        line(&mut text, &format!("{name}_bucket"), &[("le", &limit)], so_far);
                    }
                    line(&mut text, &format!("{name}_bucket"), &[("le", "+Inf")], count);
                    line(&mut text, &format!("{name}_sum"), &[], sum.as_secs_f64());
                    line(&mut text, &format!("{name}_count"), &[], count);
                }
            }
        }
    }
    text
}

/// A family that has one number, of now.
pub(crate) fn gauge(text: &mut String, family: &Family, value: impl std::fmt::Display) {
    let name = family.told_as();
    head(text, &name, "gauge", family.help);
    line(text, &name, &[], value);
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _infallible = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    let labels: Vec<_> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _infallible = writeln!(text, "{name}{labels} {value}");
}

/// Milliseconds as seconds: `0.005`, `1`.
fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) {
        format!("{}", ms / 1000)
    } else {
        format!("0.{:03}", ms % 1000).trim_end_matches('0').to_owned()
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
