//! Asks rules about a plan, and reads what they yield.

use crate::deadline::Deadline;
use crate::engine::Policies;
use crate::message::{Answer, Request, Trouble, Violation};
use crate::node::Node;
use crate::place::Place;
use crate::plan::{Changes, Key};
use crate::redaction::Redaction;
use crate::trouble::RuleLimits;
use rego::syntax::Rule;
use rego::{Documents, Limits, Query, Session, View};
use runtask_findings::{Severity, shortened};
use std::cell::OnceCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many things all rules together may object to before the rest is only counted: what reads them makes a text of
/// each, and has not much memory in a function.
const MAX_VIOLATIONS: usize = 5_000;
/// Bytes of all of these.
pub(crate) const MAX_VIOLATION_BYTES: usize = 8 * 1024 * 1024;
/// How many of one rule are told even then.
const ALWAYS: usize = 10;
/// Characters of a policy's message.
const MAX_MESSAGE: usize = 2_000;
/// Characters of an expression of a test.
const MAX_EXPRESSION: usize = 120;
/// What a collection that grows takes besides itself, at most: what it was before.
const GROWING: u64 = 3;

/// Rules that are asked about documents, one after the other.
pub(crate) struct Asking<'p> {
    policies: &'p Policies,
    session: Session<'p>,
    deadline: Deadline,
    engine_limits: Limits,
    limits: RuleLimits,
}

impl<'p> Asking<'p> {
    /// Rules of these policies.
    pub(crate) fn new(
        policies: &'p Policies,
        request: &Request,
        documents: &Documents,
    ) -> Result<Self, Trouble> {
        let deadline = Deadline::new();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let engine_limits = Limits {
            steps: u64::MAX,
            bytes: usize::try_from(request.memory_bytes / GROWING).unwrap_or(usize::MAX),
            stop: Some(deadline.stop()),
            now: i64::try_from(now).unwrap_or(i64::MAX),
            ..Limits::default()
        };
        let limits = RuleLimits {
            time: Duration::from_millis(request.time_limit_ms),
            memory_bytes: request.memory_bytes,
        };
        let session = policies.compiled.session(documents, &engine_limits);
        let session = session.map_err(|error| Trouble::new(error.to_string()))?;
        Ok(Self { policies, session, deadline, engine_limits, limits })
    }

    /// Asks a rule about the plan.
    pub(crate) fn judge(&mut self, index: usize, reading: &mut Reading<'_>) -> Answer {
        let (Some(rule), Some(query)) = (self.policies.rules.get(index), self.policies.query(index)) else {
            return Answer::default();
        };
        let (session, limits) = (&mut self.session, self.limits);
        let files = &self.policies.files;
        let read = |reading: &mut Reading<'_>, answer: &rego::Answer<'_>| {
            let heap = answer.heap();
            let Some(value) = answer.value() else { return Answer::default() };
            match heap.view(value) {
                View::Set(items) | View::Array(items) => {
                    reading.read(items.iter().map(|it| Node::new(heap, *it)))
                }
                View::Bool(false) | View::Object([]) => Answer::default(),
                // Conftest takes these for rules that found nothing. They did find something, and have no words for it.
                _ => Answer { trouble: Some(Trouble::no_messages()), ..Answer::default() },
            }
        };
        let answer = self.deadline.within(limits.time, || {
            session.ask(query).map(|it| read(reading, &it)).map_err(|it| Trouble::of_rule(files, &it, limits))
        });
        let mut answer = answer.unwrap_or_else(|it| Answer { trouble: Some(it), ..Answer::default() });
        if !answer.violations.is_empty()
            && let Some(exception) = self.policies.exception(&rule.package)
        {
            match self.excepts(exception, &rule.name) {
                Ok(excepted) => answer.excepted = excepted,
                Err(trouble) => {
                    answer.trouble.get_or_insert(trouble);
                }
            }
        }
        answer.trouble = answer.trouble.map(|it| reading.trouble(it));
        answer
    }

    /// Whether a rule `exception` of the rule's package excepts it, as conftest has it: it yields lists of names, of
    /// which one is the rule's without `deny_`, `violation_` or `warn_`.
    fn excepts(&mut self, exception: &'p Query, name: &str) -> Result<bool, Trouble> {
        let name = name.split_once('_').map_or("", |(_kind, name)| name);
        let (session, limits) = (&mut self.session, self.limits);
        let asked = self.deadline.within(limits.time, || {
            session.ask(exception).map(|answer| {
                let Some(value) = answer.value() else { return false };
                let lists = Node::new(answer.heap(), value);
                lists.items().flat_map(Node::items).any(|it| it.text() == Some(name))
            })
        });
        asked.map_err(|error| Trouble::of_rule(&self.policies.files, &error, limits))
    }

    /// Runs a test.
    pub(crate) fn test(&mut self, index: usize, documents: &Documents) -> Answer {
        let Some(query) = self.policies.query(index) else { return Answer::default() };
        let (session, limits) = (&mut self.session, self.limits);
        let said = self.deadline.within(limits.time, || {
            session.ask(query).map(|it| {
                it.value().map(|value| match it.heap().view(value) {
                    View::Bool(truth) => Some(truth),
                    _ => None,
                })
            })
        });
        let trouble = match said {
            Ok(Some(Some(true))) => None,
            Ok(Some(Some(false))) => Some(Trouble::new("it is false")),
            Ok(Some(None)) => Some(Trouble::new("it is neither true nor false")),
            Ok(None) => Some(match self.why_undefined(index, documents) {
                Some((line, text)) => Trouble::new(format!("line {line} does not hold: {text}")),
                None => Trouble::new("it is undefined"),
            }),
            Err(error) => Some(Trouble::of_rule(&self.policies.files, &error, limits)),
        };
        Answer { trouble, printed: self.session.take_printed(), ..Answer::default() }
    }

    /// The expression of a test that does not hold: its line, and the text there. It is the last one that the test came to.
    fn why_undefined(&self, index: usize, documents: &Documents) -> Option<(u32, String)> {
        let test = self.policies.rules.get(index)?;
        let query = self.policies.query(index)?;
        let number = self.policies.files.iter().position(|it| it.name == test.file)?;
        let file = self.policies.files.get(number)?;
        let limits = Limits { observe: true, ..self.engine_limits.clone() };
        let mut session = self.policies.compiled.session(documents, &limits).ok()?;
        let _undefined = self.deadline.within(self.limits.time, || session.ask(query).is_ok());
        let module = rego::parse_module(&file.text, None).ok()?;
        let is_it = |it: &&Rule| Place::of(&file.text, it.span).line == test.line;
        let body = module.rules.iter().find(is_it)?.span;
        let seen = session.take_observations();
        let failed = seen.iter().filter(|(place, seen)| {
            usize::try_from(place.file) == Ok(number)
                && seen.failed > 0
                && body.start <= place.span.start
                && place.span.end <= body.end
        });
        let (place, _) = failed.max_by_key(|(place, _)| place.span.start)?;
        let line = Place::of(&file.text, place.span).line;
        let text = file.text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?.trim();
        Some((line, shortened(text, MAX_EXPRESSION)))
    }
}

/// A plan, what must not be told of it, and how much has been told.
pub(crate) struct Reading<'a> {
    plan: Node<'a>,
    redaction: Redaction<'a>,
    changes: OnceCell<Changes<'a>>,
    /// How many violations there is still room for, and for how many bytes of them.
    room: (usize, usize),
}

impl<'a> Reading<'a> {
    pub(crate) fn new(plan: Node<'a>) -> Self {
        let room = (MAX_VIOLATIONS, MAX_VIOLATION_BYTES);
        Self { plan, redaction: Redaction::of(plan), changes: OnceCell::new(), room }
    }

    fn trouble(&self, trouble: Trouble) -> Trouble {
        let redact = |it: &str| shortened(&self.redaction.redact(it), MAX_MESSAGE);
        Trouble { summary: redact(&trouble.summary), excerpt: redact(&trouble.excerpt) }
    }

    /// Reads what a rule yields, as far as there is room, and its first ones in any case. What is no message is trouble,
    /// and keeps none of the others from being one.
    fn read<'h>(&mut self, values: impl Iterator<Item = Node<'h>>) -> Answer {
        let mut answer = Answer::default();
        for value in values {
            if answer.violations.len() >= ALWAYS && (self.room.0 == 0 || self.room.1 == 0) {
                answer.more += 1;
                continue;
            }
            match violation(value, self) {
                Ok(violation) => {
                    self.room.0 = self.room.0.saturating_sub(1);
                    self.room.1 = self.room.1.saturating_sub(violation.bytes());
                    answer.violations.push(violation);
                }
                Err(trouble) => {
                    answer.trouble.get_or_insert(trouble);
                }
            }
        }
        answer
    }
}

/// One thing that a rule yields: a text, or an object with `msg`.
fn violation(value: Node<'_>, reading: &Reading<'_>) -> Result<Violation, Trouble> {
    let message = match value.view() {
        Some(View::String(message)) => message,
        Some(View::Object(_)) => value.get("msg").text().ok_or_else(|| {
            Trouble::new("it yields an object without `msg`, the text that says what is wrong")
        })?,
        _ => return Err(Trouble::new("it yields something else than texts, or objects with `msg`")),
    };
    let redaction = &reading.redaction;
    let changes = reading.changes.get_or_init(|| Changes::of(reading.plan));
    let get = |key: &str| {
        let places = [value, value.get("metadata"), value.get("details")];
        let found =
            places.into_iter().map(|it| it.get(key)).find(|it| !matches!(it.view(), None | Some(View::Null)));
        found.unwrap_or(Node::nothing(value))
    };
    let resource = get("resource");
    let address = [get("address"), resource, resource.get("address")].into_iter().find_map(Node::text);
    let known = address.filter(|it| changes.has(it)).unwrap_or_default();
    // Cut last: half of a sensitive value is not recognized any more.
    let redact = |it: &str| shortened(&redaction.redact(it), MAX_MESSAGE);
    let attribute = get("attribute");
    let path: Option<Vec<Key>> = match attribute.view() {
        Some(View::Array(_)) => Some(attribute.items().map(Key::new).collect()),
        Some(View::String(name)) => Some(name.split('.').map(|it| Key::Name(it.to_owned())).collect()),
        _ => None,
    };
    let change = path.as_ref().and_then(|it| changes.change(known, it, redaction));
    Ok(Violation {
        message: redact(message),
        address: address.map(redact),
        attribute: path.map(|it| changes.shown_path(known, &it, redact)),
        change,
        fix: get("fix").text().map(redact),
        severity: get("severity")
            .text()
            .and_then(|it| it.parse::<Severity>().ok())
            .map(|it| it.as_str().to_owned()),
        unknown: get("unknown").is(true),
    })
}
