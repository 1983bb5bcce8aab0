//! Reads what rules yield about a plan, and shows values of it, without what the plan marks as sensitive.

use crate::find_rules::title_of;
use crate::message::{Answer, RuleEntry, Trouble, Violation};
use crate::node::Node;
use crate::plan::{Changes, Key, UNKNOWN};
use crate::redaction::Redaction;
use crate::room::Room;
use crate::source_file::SourceFile;
use crate::unknowns::UnknownPlace;
use rego::syntax::TermKind;
use rego::{Heap, View};
use runtask_findings::{Severity, shortened};
use serde_json::{Map, Value as Json, json};
use std::collections::HashSet;
use std::sync::OnceLock;

/// Characters of a policy's message.
const MAX_MESSAGE: usize = 2_000;
/// What stands for a text that a policy has computed.
const COMPUTED: &str = "(computed text)";
/// How many unknowns on which a finding hangs are told.
const MAX_HANGS_ON: usize = 8;

/// A plan, and what must not be told of it.
pub(crate) struct Reading<'a> {
    plan: Node<'a>,
    /// Where the unknowns of the plan are, and the heap of their names.
    places: (&'a Heap, &'a [UnknownPlace]),
    redaction: OnceLock<Redaction<'a>>,
    changes: OnceLock<Changes<'a>>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(plan: Node<'a>, heap: &'a Heap, places: &'a [UnknownPlace]) -> Self {
        Self { plan, places: (heap, places), redaction: OnceLock::new(), changes: OnceLock::new() }
    }

    pub(crate) fn trouble(&self, trouble: Trouble) -> Trouble {
        let redact = |it: &str| shortened(&self.redaction().redact(it), MAX_MESSAGE);
        Trouble { summary: redact(&trouble.summary), excerpt: redact(&trouble.excerpt) }
    }

    /// Reads what a rule says, as far as there is room.
    pub(crate) fn read_answer(&self, rule: &RuleEntry, answer: &rego::Answer<'_>, room: Room) -> Answer {
        let heap = answer.heap();
        let Some(solution) = answer.solutions().next() else { return Answer::default() };
        let Some(value) = answer.value() else { return Answer::default() };
        let items = match heap.view(value) {
            View::Set(_) | View::Array(_) | View::Unknown(_) => answer.items(value),
            View::Bool(false) | View::Object([]) => return Answer::default(),
            // It may be no more than true, but nobody knows that it is.
            _ if !solution.hangs_on.is_empty() => vec![rego::Item { value, hangs_on: solution.hangs_on }],
            // Conftest takes these for rules that found nothing. They did find something, and have no words for it.
            _ => return Answer { trouble: Some(Trouble::no_messages()), ..Answer::default() },
        };
        let hangs_on = |of_item: &[u32]| [solution.hangs_on, of_item].concat();
        let words = |node: Node<'_>| node.value().and_then(|it| answer.words(it)).map(str::to_owned);
        let items = items.iter().map(|it| (Node::new(heap, it.value), hangs_on(it.hangs_on)));
        self.read(rule, items, &words, room)
    }

    /// Reads what a rule yields, as far as there is room. What is no message is trouble, and keeps none of the others from
    /// being one.
    /// `words` says of a text that is not known what it is for people.
    fn read<'h>(
        &self,
        rule: &RuleEntry,
        items: impl Iterator<Item = (Node<'h>, Vec<u32>)>,
        words: &dyn Fn(Node<'_>) -> Option<String>,
        mut room: Room,
    ) -> Answer {
        let mut answer = Answer::default();
        for (value, hangs_on) in items {
            let is_open = !hangs_on.is_empty() || says_unknown(value);
            room.add(&mut answer, is_open, || self.violation(rule, value, &hangs_on, words));
        }
        answer
    }

    /// One thing that a rule yields, and the numbers of the unknowns on which it hangs.
    fn violation(
        &self,
        rule: &RuleEntry,
        value: Node<'_>,
        hangs_on: &[u32],
        words: &dyn Fn(Node<'_>) -> Option<String>,
    ) -> Result<Violation, Trouble> {
        let is_open = !hangs_on.is_empty();
        let mut violation = match violation(value, self, words) {
            Ok(violation) => violation,
            // Nobody knows that it yields something wrong.
            Err(_) if is_open => Violation::default(),
            Err(trouble) => return Err(trouble),
        };
        if violation.message.is_empty() && (is_open || value.has_unknown()) {
            violation.message = of_rule(rule);
        }
        violation.unknown |= is_open;
        violation.hangs_on = self.hangs_on(hangs_on);
        // What hangs on one resource alone is about that one.
        if let (None, Some((address, attribute))) = (&violation.address, violation.hangs_on.first())
            && violation.hangs_on.iter().all(|it| it.0 == *address)
            && self.changes().has(address)
        {
            violation.address = Some(address.clone());
            if violation.hangs_on.len() == 1 && !attribute.is_empty() {
                violation.attribute = Some(attribute.clone());
                let path = self.path(hangs_on.first());
                violation.change = path.and_then(|it| self.changes().change(address, &it, self.redaction()));
            }
        }
        Ok(violation)
    }

    /// The value of a query. Of a collection that may have some items, each with what it hangs on.
    pub(crate) fn shown_answer(&self, answer: &rego::Answer<'_>, value: rego::Value) -> Json {
        let heap = answer.heap();
        let words = |value| match answer.words(value) {
            Some(words) => Json::String(self.redaction().redact(words)),
            None => self.shown(Node::new(heap, value)),
        };
        match heap.view(value) {
            View::Unknown(_) if answer.is_collection(value) => {
                let item = |it: &rego::Item<'_>| match it.hangs_on.is_empty() {
                    true => words(it.value),
                    false => {
                        let hangs_on = self.hangs_on(it.hangs_on);
                        let hangs_on = hangs_on.iter().map(|(address, name)| format!("{address} {name}"));
                        json!({ "value": words(it.value), "hangs_on": hangs_on.collect::<Vec<_>>() })
                    }
                };
                answer.items(value).iter().map(item).collect()
            }
            _ => words(value),
        }
    }

    /// A value as JSON, without what the plan marks as sensitive.
    pub(crate) fn shown(&self, node: Node<'_>) -> Json {
        match node.view() {
            Some(View::String(text)) => Json::String(self.redaction().redact(text)),
            Some(View::Unknown(_)) => Json::String(UNKNOWN.to_owned()),
            Some(View::Array(_) | View::Set(_)) => node.items().map(|it| self.shown(it)).collect(),
            Some(View::Object(_)) => {
                let key = |key: Node<'_>| match key.text() {
                    Some(text) => self.redaction().redact(text),
                    None => self.shown(key).to_string(),
                };
                node.pairs().map(|(name, value)| (key(name), self.shown(value))).collect::<Map<_, _>>().into()
            }
            _ => match node.json() {
                // A number may be a secret, too.
                Json::Number(number)
                    if self.redaction().redact(&number.to_string()) != number.to_string() =>
                {
                    Json::String(self.redaction().redact(&number.to_string()))
                }
                other => other,
            },
        }
    }

    /// The texts that stand in the plan and in policies as they are. What a policy makes of a sensitive value (a part of it,
    /// say) is none of them.
    pub(crate) fn written(&self, files: &[SourceFile]) -> HashSet<String> {
        let mut found = HashSet::new();
        texts_in(self.plan, &mut found);
        for module in files.iter().filter_map(|it| rego::parse_module(&it.text, None).ok()) {
            for rule in &module.rules {
                rule.each_term(&mut |term| {
                    if let TermKind::String(text) = &term.kind {
                        found.insert(text.clone());
                    }
                });
            }
        }
        found
    }

    /// A value as JSON, with no other texts than these.
    pub(crate) fn shown_where_written(&self, node: Node<'_>, written: &HashSet<String>) -> Json {
        match node.view() {
            Some(View::String(text)) if !written.contains(text) => Json::String(COMPUTED.to_owned()),
            Some(View::Array(_) | View::Set(_)) => {
                node.items().map(|it| self.shown_where_written(it, written)).collect()
            }
            Some(View::Object(_)) => {
                let pair = |(key, value): (Node<'_>, Node<'_>)| {
                    let key = self.shown_where_written(key, written);
                    let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                    (key, self.shown_where_written(value, written))
                };
                node.pairs().map(pair).collect::<Map<_, _>>().into()
            }
            _ => self.shown(node),
        }
    }

    /// What must not be told. Finding it takes a while for a large plan: whoever needs it first waits, while others ask.
    fn redaction(&self) -> &Redaction<'a> {
        self.redaction.get_or_init(|| Redaction::of(self.plan))
    }

    fn changes(&self) -> &Changes<'a> {
        self.changes.get_or_init(|| Changes::of(self.plan))
    }

    /// The path of the attribute that is the unknown with this number.
    fn path(&self, number: Option<&u32>) -> Option<Vec<Key>> {
        let (heap, places) = self.places;
        let place = places.get(usize::try_from(*number?).ok()?)?;
        Some(place.path.iter().map(|it| Key::new(Node::new(heap, *it))).collect())
    }

    /// The addresses and attributes of unknowns, as far as they are shown.
    pub(crate) fn hangs_on(&self, numbers: &[u32]) -> Vec<(String, String)> {
        let (heap, places) = self.places;
        let mut found: Vec<(String, String)> = Vec::new();
        for number in numbers {
            let place = usize::try_from(*number).ok().and_then(|it| places.get(it));
            let Some(place) = place.filter(|_| found.len() < MAX_HANGS_ON) else { continue };
            let name = Node::new(heap, place.of).text().unwrap_or_default();
            let path = self.path(Some(number)).unwrap_or_default();
            let redact = |it: &str| shortened(&self.redaction().redact(it), MAX_MESSAGE);
            let attribute = self.changes().shown_path(name, &path, redact);
            let address = if place.is_output { format!("output.{name}") } else { redact(name) };
            if !found.iter().any(|it| (&it.0, &it.1) == (&address, &attribute)) {
                found.push((address, attribute));
            }
        }
        found
    }
}

fn texts_in(node: Node<'_>, found: &mut HashSet<String>) {
    found.extend(node.text().map(str::to_owned));
    node.items().for_each(|it| texts_in(it, found));
    for (key, value) in node.pairs() {
        found.extend(key.text().map(str::to_owned));
        texts_in(value, found);
    }
}

/// What a finding says of itself, in it or in its `metadata` or `details`.
fn field<'h>(value: Node<'h>, key: &str) -> Node<'h> {
    let places = [value, value.get("metadata"), value.get("details")];
    let mut found = places.into_iter().map(|it| it.get(key));
    found.find(|it| !matches!(it.view(), None | Some(View::Null))).unwrap_or(Node::nothing(value))
}

/// Whether a finding says itself that its rule cannot tell.
fn says_unknown(value: Node<'_>) -> bool {
    field(value, "unknown").is(true)
}

/// What is said where a rule's own words are known only after apply.
fn of_rule(rule: &RuleEntry) -> String {
    if rule.title == title_of(&rule.name) {
        format!("{} of {} may find something", rule.name, rule.package)
    } else {
        rule.title.clone()
    }
}

/// One thing that a rule yields: a text, or an object with `msg`.
/// What is not known of its message is not in it.
fn violation(
    value: Node<'_>,
    reading: &Reading<'_>,
    words: &dyn Fn(Node<'_>) -> Option<String>,
) -> Result<Violation, Trouble> {
    let wrong = |words: &str| Err(Trouble::new(words));
    let message = if value.is_object() { value.get("msg") } else { value };
    let message = match (message.view(), value.is_object()) {
        (Some(View::String(message)), _) => message.to_owned(),
        (Some(View::Unknown(_)), _) => words(message).unwrap_or_default(),
        (_, true) => return wrong("it yields an object without `msg`, the text that says what is wrong"),
        (_, false) => return wrong("it yields something else than texts, or objects with `msg`"),
    };
    let redaction = reading.redaction();
    let changes = reading.changes();
    let get = |key: &str| field(value, key);
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
        message: redact(&message),
        address: address.map(redact),
        attribute: path.map(|it| changes.shown_path(known, &it, redact)),
        change,
        fix: get("fix").text().map(redact),
        severity: get("severity")
            .text()
            .and_then(|it| it.parse::<Severity>().ok())
            .map(|it| it.as_str().to_owned()),
        unknown: says_unknown(value),
        hangs_on: Vec::new(),
    })
}
