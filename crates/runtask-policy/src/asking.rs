//! Asks rules about a plan, answers queries, and runs tests: each within its time.

use crate::asked_about::AskedAbout;
use crate::deadline::Deadline;
use crate::engine::Policies;
use crate::message::{Answer, Request, RuleEntry, SeenExpression, Solution, TakesUnknowns, Trouble};
use crate::node::Node;
use crate::place::Place;
use crate::reading::Reading;
use crate::room::Room;
use crate::trouble::RuleLimits;
use rego::syntax::Rule;
use rego::{AskError, Limits, Query, Session, View};
use runtask_findings::shortened;
use serde_json::Map;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Characters of a value that was looked at.
const MAX_SEEN: usize = 400;
/// Characters of an expression of a test.
const MAX_EXPRESSION: usize = 120;

/// Rules that are asked about documents, one after the other.
pub(crate) struct Asking<'p> {
    policies: &'p Policies,
    documents: &'p AskedAbout,
    sessions: Sessions<'p>,
    deadline: &'p Deadline,
    engine_limits: Limits,
    limits: RuleLimits,
}

impl<'p> Asking<'p> {
    /// Rules of these policies.
    pub(crate) fn new(
        policies: &'p Policies,
        request: &Request,
        documents: &'p AskedAbout,
        deadline: &'p Deadline,
    ) -> Result<Self, Trouble> {
        let limits = RuleLimits {
            time: Duration::from_millis(request.time_limit_ms),
            memory_bytes: request.memory.of_rule(),
        };
        let engine_limits = Limits {
            steps: u64::MAX,
            bytes: usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX),
            stop: Some(deadline.stop()),
            now: now(),
            observe: request.observe,
            ..Limits::default()
        };
        let session = |documents| {
            policies.compiled.session(documents, &engine_limits).map_err(|it| Trouble::new(it.to_string()))
        };
        let known = session(&documents.known)?;
        let with_unknowns = documents.with_unknowns.as_ref().map(session).transpose()?;
        let sessions = Sessions { known, with_unknowns };
        Ok(Self { policies, documents, sessions, deadline, engine_limits, limits })
    }

    /// Asks a rule about the plan, and notes as much of what it objects to as there is room for.
    pub(crate) fn judge(&mut self, index: usize, reading: &Reading<'_>, room: Room) -> Answer {
        let (Some(rule), Some(query)) = (self.policies.rules.get(index), self.policies.query(index)) else {
            return Answer::default();
        };
        let read = |answer: &rego::Answer<'_>| reading.read_answer(rule, answer, room);
        let limits = self.limits;
        let session = self.sessions.of_rule(rule);
        let answer = self.deadline.within(limits.time, || session.ask(query).map(|it| read(&it)));
        let trouble = |error: AskError| Trouble::of_rule(&self.policies.files, &error, limits);
        let mut answer =
            answer.unwrap_or_else(|error| Answer { trouble: Some(trouble(error)), ..Answer::default() });
        if !answer.violations.is_empty()
            && let Some(exception) = self.policies.exception(&rule.package)
        {
            match self.excepts(exception, rule) {
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
    /// which one is the rule's without `deny_`, `violation_` or `warn_`. What may except it does not.
    fn excepts(&mut self, exception: &'p Query, rule: &RuleEntry) -> Result<bool, Trouble> {
        let name = rule.name.split_once('_').map_or("", |(_kind, name)| name);
        let limits = self.limits;
        let session = self.sessions.of_rule(rule);
        let asked = self.deadline.within(limits.time, || {
            session.ask(exception).map(|answer| {
                let Some(value) = answer.value() else { return false };
                let proved = answer.items(value).into_iter().filter(|it| it.hangs_on.is_empty());
                let lists = proved.map(|it| Node::new(answer.heap(), it.value));
                lists.flat_map(Node::items).any(|it| it.text() == Some(name))
            })
        });
        asked.map_err(|error| Trouble::of_rule(&self.policies.files, &error, limits))
    }

    /// Answers a query.
    pub(crate) fn query(
        &mut self,
        query: &'p Query,
        reading: &Reading<'_>,
    ) -> Result<Vec<Solution>, Trouble> {
        let (limits, files) = (self.limits, &self.policies.files);
        let session = self.sessions.of(true);
        let answer = self.deadline.within(limits.time, || {
            session.ask(query).map(|answer| {
                let heap = answer.heap();
                let solution = |it: rego::Solution<'_>| {
                    let shown = |value| reading.shown(Node::new(heap, value));
                    let value = match it.value() {
                        Some(value) => reading.shown_answer(&answer, value),
                        None => it
                            .iter()
                            .map(|(name, value)| (name.to_owned(), shown(value)))
                            .collect::<Map<_, _>>()
                            .into(),
                    };
                    Solution { value, hangs_on: reading.hangs_on(it.hangs_on) }
                };
                answer.solutions().map(solution).collect()
            })
        });
        answer.map_err(|error| Trouble::of_rule(files, &error, limits))
    }

    /// What happened at each place since this was asked last, of each as much as may be told.
    pub(crate) fn seen(&mut self, reading: Option<&Reading<'_>>) -> Vec<SeenExpression> {
        let known = reading.map(|it| it.written(&self.policies.files));
        let nothing = self.policies.compiled.places().into_iter().map(|it| (it, SeenHere::default()));
        let mut all: BTreeMap<rego::Place, SeenHere> = nothing.collect();
        for session in
            [Some(&mut self.sessions.known), self.sessions.with_unknowns.as_mut()].into_iter().flatten()
        {
            for (place, seen) in session.take_observations() {
                let here = all.entry(place).or_default();
                here.reached += seen.reached;
                here.failed += seen.failed;
                if seen.failed > 0 {
                    let shown = |it: &rego::Value| match (reading, &known) {
                        (Some(reading), Some(known)) => {
                            let node = Node::new(session.heap(), *it);
                            shortened(&reading.shown_where_written(node, known).to_string(), MAX_SEEN)
                        }
                        _ => shortened(&session.heap().shown(*it), MAX_SEEN),
                    };
                    here.values = seen.values.iter().map(shown).collect();
                }
            }
        }
        let expression = |(place, here): (rego::Place, SeenHere)| {
            let file = self.policies.files.get(usize::try_from(place.file).ok()?)?;
            if place.span.start == place.span.end {
                return None;
            }
            let end = rego::syntax::Span { start: place.span.end.saturating_sub(1), ..place.span };
            let Place { line, column } = Place::of(&file.text, place.span);
            let (start, stop) =
                (usize::try_from(place.span.start).ok()?, usize::try_from(place.span.end).ok()?);
            let text = file.text.get(start..stop)?.lines().next()?;
            Some(SeenExpression {
                file: file.name.clone(),
                line,
                column,
                last_line: Place::of(&file.text, end).line,
                text: shortened(text, MAX_EXPRESSION),
                reached: here.reached,
                failed: here.failed,
                values: here.values,
            })
        };
        all.into_iter().filter_map(expression).collect()
    }

    /// Runs a test.
    pub(crate) fn test(&mut self, index: usize) -> Answer {
        let (Some(test), Some(query)) = (self.policies.rules.get(index), self.policies.query(index)) else {
            return Answer::default();
        };
        let takes_unknowns = matches!(test.unknown, Some(TakesUnknowns::Value | TakesUnknowns::Expected));
        let session = self.sessions.of(takes_unknowns);
        let said = self.deadline.within(self.limits.time, || session.ask(query).map(|it| Said::of(&it)));
        let files = &self.policies.files;
        let printed = session.take_printed().into_iter().map(|(place, line)| {
            match usize::try_from(place.file).ok().and_then(|it| files.get(it)) {
                Some(file) => format!("{}:{}: {line}", file.name, Place::of(&file.text, place.span).line),
                None => line,
            }
        });
        let printed: Vec<String> = printed.collect();
        let is_open_expected = test.unknown == Some(TakesUnknowns::Expected);
        let trouble = match said {
            Ok(Said::Open) if is_open_expected => None,
            Ok(Said::Open) => {
                Some(Trouble::new("nobody can say: it hangs on what is known only after apply"))
            }
            Ok(_) if is_open_expected => {
                Some(Trouble::new("it hangs on nothing that is known only after apply, and should"))
            }
            Ok(Said::True) => None,
            Ok(Said::False) => Some(Trouble::new("it is false")),
            Ok(Said::Other) => Some(Trouble::new("it is neither true nor false")),
            Ok(Said::Undefined) => Some(match self.why_undefined(test, query, takes_unknowns) {
                Some((line, text)) => Trouble::new(format!("line {line} does not hold: {text}")),
                None => Trouble::new("it is undefined"),
            }),
            Err(error) => Some(Trouble::of_rule(&self.policies.files, &error, self.limits)),
        };
        Answer { trouble, printed, ..Answer::default() }
    }

    /// The expression of a test that does not hold: its line, and the text there. It is the last one that the test came to.
    fn why_undefined(
        &self,
        test: &RuleEntry,
        query: &'p Query,
        takes_unknowns: bool,
    ) -> Option<(u32, String)> {
        let number = self.policies.files.iter().position(|it| it.name == test.file)?;
        let file = self.policies.files.get(number)?;
        let limits = Limits { observe: true, ..self.engine_limits.clone() };
        let with_unknowns = self.documents.with_unknowns.as_ref().filter(|_| takes_unknowns);
        let documents = with_unknowns.unwrap_or(&self.documents.known);
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

/// What happened at a place.
#[derive(Debug, Default)]
struct SeenHere {
    reached: u64,
    failed: u64,
    values: Vec<String>,
}

/// Questions about a plan as it is written, and about one with unknowns.
struct Sessions<'p> {
    known: Session<'p>,
    /// About what is known only after apply as unknown, where that differs.
    with_unknowns: Option<Session<'p>>,
}

impl<'p> Sessions<'p> {
    fn of(&mut self, takes_unknowns: bool) -> &mut Session<'p> {
        match &mut self.with_unknowns {
            Some(session) if takes_unknowns => session,
            _ => &mut self.known,
        }
    }

    /// That of a rule: it may read plans as conftest does.
    fn of_rule(&mut self, rule: &RuleEntry) -> &mut Session<'p> {
        self.of(rule.unknown != Some(TakesUnknowns::Absent))
    }
}

/// The time that policies are told, in nanoseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "policies ask for the time, and nobody else does")]
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    i64::try_from(now).unwrap_or(i64::MAX)
}

/// What a test says.
enum Said {
    True,
    False,
    Other,
    Undefined,
    Open,
}

impl Said {
    fn of(answer: &rego::Answer<'_>) -> Self {
        let Some(value) = answer.value() else { return Self::Undefined };
        if value.has_unknown() || answer.solutions().any(|it| !it.hangs_on.is_empty()) {
            return Self::Open;
        }
        match answer.heap().view(value) {
            View::Bool(true) => Self::True,
            View::Bool(false) => Self::False,
            _ => Self::Other,
        }
    }
}
