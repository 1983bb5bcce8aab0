#![doc = include_str!("../README.md")]

mod duration;
pub mod event;
pub mod metric;
pub mod trace;

pub use duration::milliseconds;

use std::error::Error;
use std::fmt;
use std::time::SystemTime;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, with its time: a line without a time is one of level INFO to Lambda.
    Json,
    /// A line for people.
    Text {
        /// Whether with colours.
        color: bool,
        /// Whether lines carry the time.
        time: bool,
    },
}

/// Starts logging for the whole process.
///
/// `level` is for what our crates log; libraries log at `info` at most. A second call has no effect, nor has one that turns
/// logs off.
pub fn start<W>(level: LevelFilter, format: Format, writer: W)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    if level == LevelFilter::OFF {
        return;
    }
    let ours = ["runtask", "request_handler", "callback_handler", "gitlab"];
    let targets =
        Targets::new().with_default(level.min(LevelFilter::INFO)).with_targets(ours.map(|it| (it, level)));
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_writer(writer);
    let registry = tracing_subscriber::registry().with(targets);
    let _started_before = match format {
        Format::Json => registry.with(lines.json()).try_init(),
        Format::Text { color, time: true } => registry.with(lines.with_ansi(color)).try_init(),
        Format::Text { color, time: false } => {
            registry.with(lines.with_ansi(color).without_time()).try_init()
        }
    };
}

/// Starts logging to stdout as AWS Lambda asks for it: `AWS_LAMBDA_LOG_LEVEL` is the level (`info` unless set),
/// `AWS_LAMBDA_LOG_FORMAT` the format (text unless `JSON`). Starts writing metrics if `RUNTASK_METRICS_NAMESPACE` names their
/// namespace; `now` is the time that they carry.
pub fn start_in_lambda(lookup: impl Fn(&str) -> Option<String>, now: fn() -> SystemTime) {
    start_in_lambda_into(std::io::stdout, lookup, now);
}

/// The same, where log lines go through `writer` on their way to stdout.
pub fn start_in_lambda_into<W>(writer: W, lookup: impl Fn(&str) -> Option<String>, now: fn() -> SystemTime)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    if let Some(namespace) = lookup("RUNTASK_METRICS_NAMESPACE").filter(|it| !it.is_empty()) {
        metric::listen(metric::Lines { namespace, now });
    }
    let level = lookup("AWS_LAMBDA_LOG_LEVEL").and_then(|it| it.parse().ok()).unwrap_or(LevelFilter::INFO);
    let json = lookup("AWS_LAMBDA_LOG_FORMAT").is_some_and(|it| it.eq_ignore_ascii_case("json"));
    let format = if json { Format::Json } else { Format::Text { color: false, time: false } };
    start(level, format, writer);
}

/// Prints an error and its sources, each after a colon.
///
/// A field that is recorded as an error loses its sources in JSON; one that is printed with this keeps them.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(pub &'a (dyn Error + 'a));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(fmt::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("could not write")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn all_sources_are_printed() {
        let text = Chain(&Outer(fmt::Error)).to_string();
        assert_eq!(text, format!("could not write: {}", fmt::Error));
    }
}
