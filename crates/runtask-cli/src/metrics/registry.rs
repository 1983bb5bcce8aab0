//! Keeps the numbers of this process.

use super::families::{FAMILIES, Family};
use super::number::{Number, Value};
use super::text;
use runtask_log::metric::{Listener, Measure};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Every number that is told. Counting is a short search under a lock that is held for nothing else but telling.
#[derive(Debug)]
pub(crate) struct Registry {
    started_at: SystemTime,
    /// One for each of [`FAMILIES`].
    numbers: Mutex<Vec<Vec<Number>>>,
}

impl Registry {
    pub(crate) fn new(started_at: SystemTime) -> Self {
        // What has no kinds is told from the start: what is missing cannot be told from what is zero.
        let first = |family: &Family| match family.dimension {
            None => vec![Number { kind: String::new(), value: Value::new(family.kind) }],
            Some(_) => Vec::new(),
        };
        Self { started_at, numbers: Mutex::new(FAMILIES.iter().map(first).collect()) }
    }

    /// Everything, in the text format of Prometheus.
    pub(crate) fn text(&self) -> String {
        let numbers = self.lock().clone();
        text::write(self.started_at, FAMILIES.iter().zip(&numbers))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<Number>>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Registry {
    fn hear(&self, name: &'static str, kind: Option<(&'static str, &str)>, measure: Measure) {
        let mut numbers = self.lock();
        let found = FAMILIES.iter().zip(numbers.iter_mut()).find(|(family, _)| family.name == name);
        let Some((family, numbers)) = found else { return };
        let kind = kind.map_or("", |(_, kind)| kind);
        if let Some(number) = numbers.iter_mut().find(|it| it.kind == kind) {
            number.value.take(measure);
        } else {
            let mut value = Value::new(family.kind);
            value.take(measure);
            numbers.push(Number { kind: kind.to_owned(), value });
        }
    }

    fn wants_details(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn numbers_add_up_by_kind() {
        let registry = Registry::new(UNIX_EPOCH + Duration::from_millis(1_790_000_000_250));
        for status in ["passed", "failed", "passed"] {
            registry.hear("Results", Some(("Status", status)), Measure::Once);
        }
        registry.hear("Requests", Some(("Code", "odd\"\\\n")), Measure::Once);
        for by in [1, 1, -1] {
            registry.hear("JobsOpen", None, Measure::Change(by, UNIX_EPOCH));
        }
        for ms in [5, 6, 4_000_000] {
            registry.hear("JobDuration", None, Measure::Took(Duration::from_millis(ms)));
        }
        registry.hear("nobody knows it", None, Measure::Once);
        insta::assert_snapshot!(registry.text().replace(env!("CARGO_PKG_VERSION"), "[version]"));
    }

    /// A measure that does not fit, or a sum beyond all bounds, is no reason to stop.
    #[test]
    fn nothing_that_is_heard_is_too_much() {
        let registry = Registry::new(UNIX_EPOCH);
        registry.hear("JobsOpen", None, Measure::Once);
        for _ in 0..2 {
            registry.hear("JobDuration", None, Measure::Took(Duration::MAX));
        }
        let text = registry.text();
        assert!(text.contains("\nruntask_jobs_open 0\n"), "{text}");
        assert!(text.contains("\nruntask_job_duration_seconds_count 2\n"), "{text}");
    }
}
