//! Names spans, decides which traces are recorded, and puts what has ended into the queue.

use super::settings::Sampler;
use ring::rand::{SecureRandom, SystemRandom};
use runtask_log::metric;
use runtask_log::trace::{Listener, SpanContext, SpanRecord};
use runtask_terminal::environment::now;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;
use tokio::sync::mpsc::Sender;

/// What every span goes through; it never waits.
#[derive(Debug)]
pub(crate) struct Tracer {
    sampler: Sampler,
    random: SystemRandom,
    queue: Sender<SpanRecord>,
    /// Spans for which the queue had no place, until they are told of.
    without_place: AtomicUsize,
}

impl Tracer {
    pub(crate) fn new(sampler: Sampler, queue: Sender<SpanRecord>) -> Self {
        Self { sampler, random: SystemRandom::new(), queue, without_place: AtomicUsize::new(0) }
    }

    /// How many spans had no place in the queue since this was asked last.
    pub(crate) fn take_without_place(&self) -> usize {
        self.without_place.swap(0, Ordering::Relaxed)
    }

    /// Without randomness there are no ids, and so no span.
    fn random<const N: usize>(&self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).ok()?;
        // OpenTelemetry takes nothing but zeros for no id.
        (bytes != [0; N]).then_some(bytes)
    }
}

/// Counts spans that the collector does not have.
pub(crate) fn count_dropped(spans: usize) {
    for _ in 0..spans {
        metric::count("SpansDropped");
    }
}

impl Listener for Tracer {
    fn begin(&self, parent: Option<SpanContext>) -> Option<SpanContext> {
        let trace_id = match parent {
            Some(parent) => parent.trace_id,
            None => self.random().filter(|it| self.sampler.takes(it))?,
        };
        Some(SpanContext { trace_id, span_id: self.random()? })
    }

    fn now(&self) -> SystemTime {
        now()
    }

    fn end(&self, span: SpanRecord) {
        if self.queue.try_send(span).is_err() {
            self.without_place.fetch_add(1, Ordering::Relaxed);
            count_dropped(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_log::trace::Kind;
    use tokio::sync::mpsc;

    fn span(context: SpanContext) -> SpanRecord {
        SpanRecord {
            context,
            parent_id: None,
            name: "name".to_owned(),
            kind: Kind::Internal,
            started_at: now(),
            ended_at: now(),
            attributes: Vec::new(),
            error: None,
        }
    }

    #[test]
    fn ids_are_new_and_a_full_queue_costs_the_span() {
        let (sender, _queue) = mpsc::channel(1);
        let tracer = Tracer::new(Sampler::Always, sender);
        let first = tracer.begin(None).unwrap();
        let second = tracer.begin(Some(first)).unwrap();
        let other = tracer.begin(None).unwrap();
        assert_eq!(first.trace_id, second.trace_id);
        assert_ne!(first.span_id, second.span_id);
        assert_ne!(first.trace_id, other.trace_id);
        for context in [first, second, other] {
            tracer.end(span(context));
        }
        assert_eq!((tracer.take_without_place(), tracer.take_without_place()), (2, 0));
    }

    #[test]
    fn a_trace_that_is_not_taken_has_no_ids() {
        let (sender, _queue) = mpsc::channel(1);
        assert_eq!(Tracer::new(Sampler::Never, sender).begin(None), None);
    }
}
