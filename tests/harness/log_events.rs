//! Reads what programs log as programs read it: by the names of events, and by their fields.

use std::ops::Index;

use serde_json::Value;

/// A log line that tells of an event. Its fields by their names: `event["exit_code"]`, null where there is none.
#[derive(Debug, Clone)]
pub struct LogEvent {
    name: String,
    fields: Value,
    span: Value,
}

impl LogEvent {
    /// Reads a line; nothing where it tells of no event.
    #[must_use]
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut line: Value = serde_json::from_str(line).ok()?;
        let (fields, span) = (line["fields"].take(), line["span"].take());
        Some(Self { name: fields["event"].as_str()?.to_owned(), fields, span })
    }

    /// Its name, one of those in [`runtask_log::event`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is said of the job that it is about.
    #[must_use]
    pub fn span(&self) -> &Value {
        &self.span
    }

    /// The job that it is about, by its task result.
    #[must_use]
    pub fn task_result_id(&self) -> Option<&str> {
        const ID: &str = "task_result.id";
        self.fields[ID].as_str().or_else(|| self.span[ID].as_str())
    }

    /// The error that it tells of, with all its causes.
    ///
    /// # Panics
    ///
    /// If it tells of none.
    #[must_use]
    pub fn error(&self) -> &str {
        self["error"].as_str().unwrap_or_else(|| panic!("no error: {self:?}"))
    }
}

impl Index<&str> for LogEvent {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.fields[field]
    }
}

/// The events of a log, in the order in which they were logged.
#[derive(Debug, Clone, Default)]
pub struct LogEvents(Vec<LogEvent>);

impl LogEvents {
    /// Reads a log.
    #[must_use]
    pub fn read(log: &str) -> Self {
        Self(log.lines().filter_map(LogEvent::parse).collect())
    }

    pub(crate) fn push_line(&mut self, line: &str) {
        self.0.extend(LogEvent::parse(line));
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &LogEvent> {
        self.0.iter()
    }

    /// Those of this name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &LogEvent> {
        self.0.iter().filter(move |it| it.name == name)
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// The one of this name.
    ///
    /// # Panics
    ///
    /// If there is none, or more than one.
    #[must_use]
    pub fn one(&self, name: &str) -> &LogEvent {
        let found: Vec<_> = self.named(name).collect();
        let [event] = found[..] else { panic!("{} events {name}, not one, in {self:#?}", found.len()) };
        event
    }
}
