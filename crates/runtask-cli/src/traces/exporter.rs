//! Sends spans in batches. Whatever the collector does, at most the queue and one batch are held, and nobody waits.

use super::otlp;
use super::settings::TraceSettings;
use super::tracer::{Tracer, count_dropped};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use runtask_client::{Backoff, StatusCode};
use runtask_log::{Chain, event, trace::SpanRecord};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Spans in one request, as the batch processor of OpenTelemetry has it.
const BATCH: usize = 512;

/// How long spans wait for others.
const PAUSE: Duration = Duration::from_secs(1);

/// When a batch is sent again.
const BACKOFF: Backoff = Backoff { attempts: 4, first: Duration::from_secs(1), cap: Duration::from_secs(8) };

/// However long the collector asks us to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long a collector may take to answer, as OTLP has it.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

/// How long the last spans may take when the process ends.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// From one line about dropped spans to the next.
const TELL_AGAIN: Duration = Duration::from_mins(1);

/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 64 * 1024;

/// Sends spans until it is told to stop.
#[derive(Debug)]
pub(crate) struct Exporter {
    settings: TraceSettings,
    http: reqwest::Client,
    tracer: Arc<Tracer>,
    stop: CancellationToken,
    /// How many spans are on their way.
    on_their_way: usize,
    dropped: Dropped,
}

/// Spans that the collector does not have, until the log has a line about them.
#[derive(Debug, Default)]
struct Dropped {
    untold: usize,
    /// Why the last of them.
    why: String,
    told_at: Option<Instant>,
}

/// A batch was not taken.
struct NotTaken {
    why: String,
    /// Whether it may be taken later, and after how long at least.
    again: Option<Duration>,
}

/// What a collector says that has taken spans, or some of them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Taken {
    partial_success: PartialSuccess,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PartialSuccess {
    rejected_spans: Count,
}

/// A 64-bit number is a text in JSON of protobuf; readers take both.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Count {
    Number(usize),
    Text(String),
}

impl Default for Count {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl Exporter {
    pub(crate) fn new(
        settings: TraceSettings,
        http: reqwest::Client,
        tracer: Arc<Tracer>,
        stop: CancellationToken,
    ) -> Self {
        Self { settings, http, tracer, stop, on_their_way: 0, dropped: Dropped::default() }
    }

    /// Sends what comes through `queue`. Told to stop, it sends what is left in it, for two seconds at most.
    pub(crate) async fn run(mut self, mut queue: Receiver<SpanRecord>) {
        let stop = self.stop.clone();
        let out_of_time = async {
            stop.cancelled().await;
            sleep(LAST_SPANS).await;
        };
        tokio::select! {
            () = self.send_all(&mut queue) => {}
            () = out_of_time => self.drop_spans(self.on_their_way + queue.len(), "there was no time left"),
        }
        self.tell(true);
    }

    async fn send_all(&mut self, queue: &mut Receiver<SpanRecord>) {
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                biased;
                first = queue.recv() => batch.extend(first),
                () = self.stop.cancelled() => return,
            }
            self.wait(PAUSE).await;
            while batch.len() < BATCH
                && let Ok(span) = queue.try_recv()
            {
                batch.push(span);
            }
            self.on_their_way = batch.len();
            self.send(&batch).await;
            self.on_their_way = 0;
            self.tell(false);
        }
    }

    /// Sends a batch, again where that may help; or drops it.
    async fn send(&mut self, batch: &[SpanRecord]) {
        let body = Bytes::from(otlp::write(&self.settings.resource, batch));
        let mut attempt = 1;
        loop {
            let not_taken = match self.post(body.clone()).await {
                Ok(0) => return,
                Ok(rejected) => return self.drop_spans(rejected.min(batch.len()), "it has rejected them"),
                Err(not_taken) => not_taken,
            };
            // When the process ends there is no time for another try.
            let pause = BACKOFF.pause(attempt).filter(|_| !self.stop.is_cancelled());
            let Some((pause, wait)) = pause.zip(not_taken.again) else {
                return self.drop_spans(batch.len(), &not_taken.why);
            };
            self.wait(pause.max(wait.min(LONGEST_WAIT))).await;
            attempt += 1;
        }
    }

    /// Waits, unless the process ends.
    async fn wait(&self, pause: Duration) {
        tokio::select! {
            () = sleep(pause) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Sends a batch once; how many spans of it were rejected.
    ///
    /// Source: OTLP specification, "OTLP/HTTP Response": what may be sent again is 429, 502, 503 and 504.
    async fn post(&self, body: Bytes) -> Result<usize, NotTaken> {
        let mut headers = self.settings.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = self.http.post(self.settings.endpoint.clone()).headers(headers).body(body);
        // The URL can have a key in it.
        let answer = request.timeout(ANSWER).send().await.map_err(|error| NotTaken {
            why: Chain(&error.without_url()).to_string(),
            again: Some(Duration::ZERO),
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(rejected(answer).await);
        }
        let wait = answer.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
        let may_be_taken = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        );
        let again = may_be_taken.then(|| Duration::from_secs(wait.unwrap_or_default()));
        Err(NotTaken { why: format!("it answered {status}"), again })
    }

    fn drop_spans(&mut self, spans: usize, why: &str) {
        count_dropped(spans);
        self.dropped.add(spans, why);
    }

    /// Logs what was dropped, at most once a minute; the last time in any case.
    fn tell(&mut self, is_last: bool) {
        let dropped = &mut self.dropped;
        dropped.add(self.tracer.take_without_place(), "too many were waiting");
        let is_time = dropped.told_at.is_none_or(|it| it.elapsed() >= TELL_AGAIN);
        if dropped.untold > 0 && (is_time || is_last) {
            let Dropped { untold: spans, why, .. } = std::mem::take(dropped);
            warn!(event = event::TRACES_NOT_SENT, spans, error = why, "{spans} spans were not sent: {why}");
            dropped.told_at = Some(Instant::now());
        }
    }
}

impl Dropped {
    fn add(&mut self, spans: usize, why: &str) {
        if spans > 0 {
            self.untold += spans;
            why.clone_into(&mut self.why);
        }
    }
}

/// How many spans a collector has rejected, as far as it says so.
async fn rejected(mut answer: reqwest::Response) -> usize {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES {
            return 0;
        }
    }
    let taken: Taken = serde_json::from_slice(&body).unwrap_or_default();
    match taken.partial_success.rejected_spans {
        Count::Number(rejected) => rejected,
        Count::Text(rejected) => rejected.parse().unwrap_or_default(),
    }
}
