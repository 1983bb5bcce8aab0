//! Says what took how long and belongs together, for whoever listens: spans of traces, in OpenTelemetry's terms.
//!
//! Any crate may begin a span. Without a listener that costs one look at whether there is one: no clock is read and no text
//! is made. Log lines know nothing of spans, nor spans of log lines.

use futures_util::future::Either;
use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// Who is told, once [`listen`] was called.
static LISTENER: OnceLock<Box<dyn Listener>> = OnceLock::new();

/// Characters of a text that an attribute keeps: some come from those who send requests.
const TEXT_CHARACTERS: usize = 256;

tokio::task_local! {
    /// The span around the code that runs; nothing where its trace is not recorded.
    static AROUND: Option<SpanContext>;
}

/// What names a span, and the trace that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanContext {
    /// The same for all spans of a trace.
    pub trace_id: [u8; 16],
    /// The span's own.
    pub span_id: [u8; 8],
}

/// Which side of a call a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// None: work of our own.
    Internal,
    /// Who was called.
    Server,
    /// Who calls.
    Client,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Cut to 256 characters.
    Text(String),
    /// A whole number.
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.chars().take(TEXT_CHARACTERS).collect())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// All that is told of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanRecord {
    /// What names it.
    pub context: SpanContext,
    /// The id of the span that it is a part of; nothing where a trace begins.
    pub parent_id: Option<[u8; 8]>,
    /// What was done, in a few words.
    pub name: String,
    /// Which side of a call it is.
    pub kind: Kind,
    /// When it began.
    pub started_at: SystemTime,
    /// When it ended, never before it began.
    pub ended_at: SystemTime,
    /// More about it; each name once.
    pub attributes: Vec<(&'static str, Value)>,
    /// Where it failed: why, in a word.
    pub error: Option<Cow<'static, str>>,
}

/// Is told of every span that has ended; it must not wait.
pub trait Listener: Debug + Send + Sync {
    /// What names a span that begins within `parent`, or begins a trace; nothing where that is not to be recorded.
    fn begin(&self, parent: Option<SpanContext>) -> Option<SpanContext>;

    /// The time.
    fn now(&self) -> SystemTime;

    /// Takes a span that has ended.
    fn end(&self, span: SpanRecord);
}

impl<L: Listener> Listener for Arc<L> {
    fn begin(&self, parent: Option<SpanContext>) -> Option<SpanContext> {
        L::begin(self, parent)
    }

    fn now(&self) -> SystemTime {
        L::now(self)
    }

    fn end(&self, span: SpanRecord) {
        L::end(self, span);
    }
}

/// Starts telling a listener. A second call has no effect.
pub fn listen(listener: impl Listener + 'static) {
    let _started_before = LISTENER.set(Box::new(listener));
}

/// A span that has begun; it ends when it is dropped.
#[derive(Debug)]
pub struct Span(State);

#[derive(Debug)]
enum State {
    /// Nobody listens, or there is no trace that it could be a part of.
    Off,
    /// Its trace is not recorded.
    Unrecorded,
    Open(Box<SpanRecord>),
}

/// Begins a span: of the trace that there is, or of a new one.
pub fn begin(name: impl Display, kind: Kind) -> Span {
    let Some(listener) = LISTENER.get() else { return Span::none() };
    match AROUND.try_with(|it| *it) {
        Ok(None) => Span(State::Unrecorded),
        Ok(parent) => open(&**listener, parent, name, kind),
        Err(_outside_of_any) => open(&**listener, None, name, kind),
    }
}

/// Begins a span of the trace that there is; outside of any, nothing is told.
pub fn within(name: impl Display, kind: Kind) -> Span {
    let is_within = LISTENER.get().is_some() && AROUND.try_with(|_| ()).is_ok();
    if is_within { begin(name, kind) } else { Span::none() }
}

fn open(listener: &dyn Listener, parent: Option<SpanContext>, name: impl Display, kind: Kind) -> Span {
    let Some(context) = listener.begin(parent) else { return Span(State::Unrecorded) };
    let started_at = listener.now();
    Span(State::Open(Box::new(SpanRecord {
        context,
        parent_id: parent.map(|it| it.span_id),
        name: name.to_string(),
        kind,
        started_at,
        ended_at: started_at,
        attributes: Vec::new(),
        error: None,
    })))
}

/// Takes the span around this code along with `work`, to a task of its own. The span may be over before `work` is.
pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    scope(AROUND.try_with(|it| *it).ok(), work)
}

/// Does `work` within a span, if there is one that it is within. It is no `async fn`: that would keep room for `work` twice,
/// and what waits for a job or a request is moved around with all its room.
fn scope<F: Future>(around: Option<Option<SpanContext>>, work: F) -> impl Future<Output = F::Output> {
    match around {
        Some(around) => Either::Left(AROUND.scope(around, work)),
        None => Either::Right(work),
    }
}

impl Span {
    /// One that nothing is told of.
    #[must_use]
    pub const fn none() -> Self {
        Self(State::Off)
    }

    /// Tells something more about it. No secret, no value of a plan, and nothing of a request that was not verified.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        if let State::Open(span) = &mut self.0 {
            span.attributes.push((name, value.into()));
        }
    }

    /// It failed: why, in a word of ours. The last one holds.
    pub fn fail(&mut self, why: &'static str) {
        if let State::Open(span) = &mut self.0 {
            span.error = Some(Cow::Borrowed(why));
        }
    }

    /// It was a call, and this the status of the answer. Whether it failed is said by that: to a server, a status below 500 is
    /// the caller's affair.
    ///
    /// Source: OpenTelemetry, semantic conventions for HTTP spans, "Status".
    pub fn answered(&mut self, status: u16) {
        self.set("http.response.status_code", i64::from(status));
        if let State::Open(span) = &mut self.0 {
            let first_error = if span.kind == Kind::Server { 500 } else { 400 };
            span.error = (status >= first_error).then(|| Cow::Owned(status.to_string()));
        }
    }

    /// Does `work` within it: spans that begin there are parts of it. It lasts until it is dropped.
    pub fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        let around = match &self.0 {
            State::Off => None,
            State::Unrecorded => Some(None),
            State::Open(span) => Some(Some(span.context)),
        };
        scope(around, work)
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let State::Open(mut span) = std::mem::replace(&mut self.0, State::Off)
            && let Some(listener) = LISTENER.get()
        {
            // The clock may have been set back.
            span.ended_at = listener.now().max(span.started_at);
            listener.end(*span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::time::Duration;

    /// Records every trace but the second.
    #[derive(Debug, Default)]
    struct Heard {
        spans: Mutex<Vec<SpanRecord>>,
        traces: AtomicU8,
        ids: AtomicU8,
        time: AtomicU8,
    }

    impl Listener for Heard {
        fn begin(&self, parent: Option<SpanContext>) -> Option<SpanContext> {
            let trace = || [self.traces.fetch_add(1, Ordering::Relaxed) + 1; 16];
            let trace_id = parent.map_or_else(trace, |it| it.trace_id);
            let span_id = [self.ids.fetch_add(1, Ordering::Relaxed) + 1; 8];
            (trace_id[0] != 2).then_some(SpanContext { trace_id, span_id })
        }

        fn now(&self) -> SystemTime {
            // It goes back all the time.
            let back = self.time.fetch_add(1, Ordering::Relaxed).into();
            SystemTime::UNIX_EPOCH + Duration::from_secs(1000) - Duration::from_secs(back)
        }

        fn end(&self, span: SpanRecord) {
            self.spans.lock().unwrap().push(span);
        }
    }

    async fn trace() {
        let mut request = begin("request", Kind::Server);
        request.set("number", 5);
        request.set("text", &*"ä".repeat(1000));
        let mut job = None;
        request
            .around(async {
                within("first", Kind::Internal).fail("why");
                let work = carry(async { begin("job", Kind::Internal).around(call()).await });
                job = Some(tokio::spawn(work));
            })
            .await;
        request.answered(404);
        drop(request);
        job.unwrap().await.unwrap();
    }

    async fn call() {
        let mut call = within("call", Kind::Client);
        call.fail("no answer");
        call.answered(404);
        // What is not carried along is outside.
        tokio::spawn(async { drop(within("lost", Kind::Internal)) }).await.unwrap();
    }

    #[tokio::test]
    async fn what_belongs_together_is_one_trace_and_nothing_is_told_of_others() {
        // Before anybody listens.
        trace().await;
        let heard = Arc::new(Heard::default());
        listen(Arc::clone(&heard));
        drop(within("outside of any", Kind::Internal));
        for _ in 0..3 {
            trace().await;
        }
        let mut spans = heard.spans.lock().unwrap();
        spans.sort_by_key(|it| it.context.span_id);
        let seen: Vec<_> = spans
            .iter()
            .map(|it| {
                let (trace, parent) = (it.context.trace_id[0], it.parent_id.map(|it| it[0]));
                (trace, it.context.span_id[0], parent, &*it.name, it.error.as_deref())
            })
            .collect();
        assert_eq!(
            seen,
            [
                (1, 1, None, "request", None),
                (1, 2, Some(1), "first", Some("why")),
                (1, 3, Some(1), "job", None),
                (1, 4, Some(3), "call", Some("404")),
                (3, 6, None, "request", None),
                (3, 7, Some(6), "first", Some("why")),
                (3, 8, Some(6), "job", None),
                (3, 9, Some(8), "call", Some("404")),
            ]
        );
        assert!(spans.iter().all(|it| it.ended_at == it.started_at), "{spans:?}");
        let attributes = [
            ("number", Value::Number(5)),
            ("text", Value::Text("ä".repeat(256))),
            ("http.response.status_code", Value::Number(404)),
        ];
        assert_eq!(spans[0].attributes, attributes);
    }
}
