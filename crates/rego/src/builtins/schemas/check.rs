//! Holds a document against a schema, with a stack of its own: neither of them can take the machine's.
//!
//! The order of what is checked, and how a score is counted, are OPA's.
//! Source: OPA, `internal/gojsonschema/validation.go`, version 1.20.

use super::fault::{Fault, Kind, Place, Step};
use super::node::{Dependency, Items, Node, NodeId, Rest, Rules, Schema, Type};
use super::outcome::{Outcome, Verdict};
use super::values;
use crate::builtins::call::{Context, Failure, error};
use crate::builtins::regex;
use crate::heap::{HeapError, Value, View};
use std::rc::Rc;

/// A schema such as `{"$ref": "#"}`, on which OPA's library ends with the process.
pub(super) const WITHOUT_END: &str = "operand 2: the schema refers to itself for the same value without end";

/// Holds a document against a schema. It is as `normal` gives it.
pub(super) fn check(context: &mut Context<'_>, schema: &Schema, document: Value) -> Result<Outcome, Failure> {
    let mut check = Check { context, schema, kept: 0 };
    let mut frames = vec![Frame::new(schema.root, document, None, 0)];
    loop {
        let Some(frame) = frames.last_mut() else { return Ok(Outcome::default()) };
        match check.advance(frame)? {
            Some(child) => {
                if child.chain > schema.nodes.len() {
                    return Err(error(WITHOUT_END));
                }
                let bytes = frames.len() * size_of::<Frame>() + check.kept * size_of::<Fault>();
                if bytes > check.context.heap.left() {
                    return Err(HeapError::Exhausted.into());
                }
                frames.push(child);
            }
            None => {
                let outcome = frames.pop().map(|it| it.outcome).unwrap_or_default();
                match frames.last_mut() {
                    Some(outer) => {
                        // Where others were found before, these are copied to them.
                        let copied = if outer.outcome.faults.is_empty() { 0 } else { outcome.faults.len() };
                        check.context.spend(copied as u64 / 16)?;
                        check.receive(outer, outcome);
                    }
                    None => return Ok(outcome),
                }
            }
        }
    }
}

struct Check<'c, 'h> {
    context: &'c mut Context<'h>,
    schema: &'c Schema,
    /// How many faults were found, those included that count for nothing in the end.
    kept: usize,
}

/// A value that is being held against a part of the schema.
struct Frame {
    node: NodeId,
    value: Value,
    place: Option<Rc<Place>>,
    /// How many parts around it are held against the same value.
    chain: usize,
    stage: Stage,
    /// How far the stage has come.
    next: usize,
    /// Of alternatives: how many fit, how many may fit, and what the best of the others lacks.
    fitting: usize,
    open: usize,
    best: Option<Outcome>,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Referred,
    AnyOf,
    OneOf,
    AllOf,
    Not,
    Dependencies,
    If,
    Then,
    Else,
    Items,
    AdditionalItems,
    Contains,
    /// Of each member, its patterns, and then what is said of the rest.
    Patterns {
        member: usize,
        matched: bool,
    },
    Names,
    Own,
    Properties,
    End,
}

impl Frame {
    const fn new(node: NodeId, value: Value, place: Option<Rc<Place>>, chain: usize) -> Self {
        let outcome = Outcome { faults: Vec::new(), score: 0, is_open: false };
        Self {
            node,
            value,
            place,
            chain,
            stage: Stage::Begin,
            next: 0,
            fitting: 0,
            open: 0,
            best: None,
            outcome,
        }
    }

    fn go(&mut self, stage: Stage) {
        (self.stage, self.next, self.fitting, self.open, self.best) = (stage, 0, 0, 0, None);
    }

    /// The same value against another part.
    fn same(&self, node: NodeId) -> Self {
        Self::new(node, self.value, self.place.clone(), self.chain + 1)
    }

    /// A value in this one.
    fn inner(&self, node: NodeId, value: Value, step: Step) -> Self {
        let place = Place { outer: self.place.clone(), step };
        Self::new(node, value, Some(Rc::new(place)), 0)
    }
}

impl<'c> Check<'c, '_> {
    /// Goes on, up to a value that must be held against another part first; `None` at the end.
    fn advance(&mut self, frame: &mut Frame) -> Result<Option<Frame>, Failure> {
        let schema = self.schema;
        let rules = match schema.nodes.get(frame.node) {
            Some(Node::Rules(rules)) => rules,
            Some(Node::Reference(target)) => {
                self.context.spend(1)?;
                let is_first = frame.stage == Stage::Begin;
                frame.go(Stage::Referred);
                return Ok(is_first.then(|| frame.same(*target)));
            }
            Some(Node::Always(false)) => {
                self.fault(frame, Kind::False);
                return Ok(None);
            }
            Some(Node::Always(true)) | None => return Ok(None),
        };
        loop {
            self.context.spend(1)?;
            let child = match frame.stage {
                Stage::Begin => {
                    if !self.begin(frame, rules) {
                        return Ok(None);
                    }
                    None
                }
                Stage::AnyOf => self.any_of(frame, rules),
                Stage::OneOf => self.one_of(frame, rules),
                Stage::AllOf => self.all_of(frame, rules),
                Stage::Not => take(frame, rules.not, Stage::Dependencies),
                Stage::Dependencies => self.dependencies(frame, rules),
                Stage::If => self.condition(frame, rules),
                Stage::Then => take(frame, rules.then, Stage::Items),
                Stage::Else => take(frame, rules.otherwise, Stage::Items),
                Stage::Items => self.items(frame, rules),
                Stage::AdditionalItems => self.additional_items(frame, rules)?,
                Stage::Contains => self.contains(frame, rules),
                Stage::Patterns { member, matched } => self.members(frame, rules, member, matched)?,
                Stage::Names => self.names(frame, rules),
                Stage::Own => {
                    let faults = values::faults(self.context, frame.node, rules, frame.value)?;
                    frame.outcome.is_open |= faults.is_open;
                    frame.outcome.score += faults.score;
                    faults.kinds.into_iter().for_each(|it| self.fault(frame, it));
                    frame.go(Stage::Properties);
                    None
                }
                Stage::Properties => self.properties(frame, rules),
                Stage::Referred | Stage::End => {
                    frame.outcome.score += 1;
                    return Ok(None);
                }
            };
            if child.is_some() {
                return Ok(child);
            }
        }
    }

    fn fault(&mut self, frame: &mut Frame, kind: Kind) {
        self.kept += 1;
        frame.outcome.score -= 2;
        frame.outcome.faults.push(Fault { place: frame.place.clone(), kind });
    }

    /// Whether the value's type is one of those that may be, so that it is worth looking on.
    fn begin(&mut self, frame: &mut Frame, rules: &Rules) -> bool {
        if matches!(self.context.heap.view(frame.value), View::Unknown(_)) {
            frame.outcome.is_open |= !rules.is_free;
            return false;
        }
        let (given, is_allowed) = match self.context.heap.view(frame.value) {
            View::Null => (Type::Null, false),
            View::Bool(_) => (Type::Boolean, false),
            View::String(_) => (Type::String, false),
            View::Array(_) | View::Set(_) => (Type::Array, false),
            View::Object(_) | View::Unknown(_) => (Type::Object, false),
            View::Number(it) => {
                let is_whole = values::is_whole(it);
                let given = if is_whole { Type::Integer } else { Type::Number };
                (given, rules.types.contains(&Type::Number))
            }
        };
        if !rules.types.is_empty() && !is_allowed && !rules.types.contains(&given) {
            self.fault(frame, Kind::Type(frame.node, given.name()));
            return false;
        }
        frame.go(Stage::AnyOf);
        true
    }

    fn any_of(&mut self, frame: &mut Frame, rules: &Rules) -> Option<Frame> {
        if frame.fitting == 0
            && let Some(node) = rules.any_of.get(frame.next)
        {
            return Some(frame.same(*node));
        }
        if frame.fitting == 0 && !rules.any_of.is_empty() {
            if frame.open > 0 {
                frame.outcome.is_open = true;
            } else {
                self.fault(frame, Kind::AnyOf);
                merge_best(frame);
            }
        }
        frame.go(Stage::OneOf);
        None
    }

    fn one_of(&mut self, frame: &mut Frame, rules: &Rules) -> Option<Frame> {
        if let Some(node) = rules.one_of.get(frame.next) {
            return Some(frame.same(*node));
        }
        match (frame.fitting, frame.open) {
            _ if rules.one_of.is_empty() => {}
            (1, 0) => {}
            (0, 0) => {
                self.fault(frame, Kind::OneOf);
                merge_best(frame);
            }
            (0 | 1, _) => frame.outcome.is_open = true,
            _ => self.fault(frame, Kind::OneOf),
        }
        frame.go(Stage::AllOf);
        None
    }

    fn all_of(&mut self, frame: &mut Frame, rules: &Rules) -> Option<Frame> {
        if let Some(node) = rules.all_of.get(frame.next) {
            return Some(frame.same(*node));
        }
        if frame.fitting + frame.open < rules.all_of.len() {
            self.fault(frame, Kind::AllOf);
        }
        frame.go(Stage::Not);
        None
    }

    fn dependencies(&mut self, frame: &mut Frame, rules: &Rules) -> Option<Frame> {
        let is_object = matches!(self.context.heap.view(frame.value), View::Object(_));
        while is_object && let Some((key, dependency)) = rules.dependencies.get(frame.next) {
            let Some(member) = self.context.heap.get(frame.value, *key) else {
                frame.next += 1;
                continue;
            };
            match dependency {
                // `receive` counts.
                Dependency::Schema(node) => return Some(frame.same(*node)),
                Dependency::Keys(keys) => {
                    for key in keys {
                        match self.context.heap.get(frame.value, *key) {
                            Some(it) if self.is_unknown(it) => frame.outcome.is_open = true,
                            Some(_) => {}
                            None if self.is_unknown(member) => frame.outcome.is_open = true,
                            None => self.fault(frame, Kind::Dependency(*key)),
                        }
                    }
                    frame.next += 1;
                }
            }
        }
        frame.go(Stage::If);
        None
    }

    fn condition(&mut self, frame: &mut Frame, rules: &Rules) -> Option<Frame> {
        match rules.condition {
            Some(node) if frame.next == 0 => return Some(frame.same(node)),
            Some(_) if frame.open > 0 => {
                frame.outcome.is_open |= rules.then.is_some() || rules.otherwise.is_some();
                frame.go(Stage::Items);
            }
            Some(_) => frame.go(if frame.fitting > 0 { Stage::Then } else { Stage::Else }),
            None => frame.go(Stage::Items),
        }
        None
    }

    fn items(&mut self, frame: &mut Frame, rules: &Rules) -> Option<Frame> {
        let items = match self.context.heap.view(frame.value) {
            View::Array(items) | View::Set(items) => items,
            View::Object(pairs) => {
                let pairs = pairs.len();
                self.begin_object(frame, rules, pairs);
                return None;
            }
            _ => {
                frame.go(Stage::Own);
                return None;
            }
        };
        let node = match &rules.items {
            Items::Any => None,
            Items::Each(node) => Some(*node),
            Items::List(nodes) => nodes.get(frame.next).copied(),
        };
        if let (Some(node), Some(item)) = (node, items.get(frame.next)) {
            return Some(frame.inner(node, *item, Step::Index(frame.next)));
        }
        let first = frame.next;
        frame.go(Stage::AdditionalItems);
        frame.next = first;
        None
    }

    fn additional_items(&mut self, frame: &mut Frame, rules: &Rules) -> Result<Option<Frame>, Failure> {
        let items = self.context.items(frame.value, 1)?;
        let count = items.len();
        if let (Items::List(nodes), Some(item)) = (&rules.items, items.get(frame.next))
            && !nodes.is_empty()
        {
            match rules.additional_items {
                Rest::Any => {}
                Rest::Nothing => self.fault(frame, Kind::AdditionalItems),
                Rest::Schema(node) => {
                    return Ok(Some(frame.inner(node, *item, Step::Index(frame.next))));
                }
            }
        }
        let length = i64::try_from(count).unwrap_or(i64::MAX);
        if let Some(least) = rules.min_items.filter(|it| length < *it) {
            self.fault(frame, Kind::MinItems(least));
        }
        if let Some(most) = rules.max_items.filter(|it| length > *it) {
            self.fault(frame, Kind::MaxItems(most));
        }
        if rules.are_unique {
            let twice = values::twice(self.context, frame.value)?;
            frame.outcome.is_open |= twice.is_open;
            twice.kinds.into_iter().for_each(|it| self.fault(frame, it));
        }
        frame.go(Stage::Contains);
        Ok(None)
    }

    fn contains(&mut self, frame: &mut Frame, rules: &Rules) -> Option<Frame> {
        if let Some(node) = rules.contains {
            let item = match self.context.heap.view(frame.value) {
                View::Array(items) | View::Set(items) => items.get(frame.next).copied(),
                _ => None,
            };
            if let (0, Some(item)) = (frame.fitting, item) {
                return Some(frame.inner(node, item, Step::Index(frame.next)));
            }
            if frame.fitting == 0 && frame.open > 0 {
                frame.outcome.is_open = true;
            } else if frame.fitting == 0 {
                self.fault(frame, Kind::Contains);
                merge_best(frame);
            }
        }
        frame.outcome.score += 1;
        frame.go(Stage::Own);
        None
    }

    fn begin_object(&mut self, frame: &mut Frame, rules: &Rules, count: usize) {
        let missing = match self.context.heap.view(frame.value) {
            View::Object(pairs) if frame.value.has_unknown() => {
                pairs.iter().filter(|it| self.is_unknown(it[1])).count()
            }
            _ => 0,
        };
        let most = i64::try_from(count).unwrap_or(i64::MAX);
        let least = i64::try_from(count - missing).unwrap_or(i64::MAX);
        if let Some(wanted) = rules.min_properties {
            if most < wanted {
                self.fault(frame, Kind::MinProperties(wanted));
            }
            frame.outcome.is_open |= least < wanted && wanted <= most;
        }
        if let Some(wanted) = rules.max_properties {
            if least > wanted {
                self.fault(frame, Kind::MaxProperties(wanted));
            }
            frame.outcome.is_open |= least <= wanted && wanted < most;
        }
        for key in &rules.required {
            match self.context.heap.get(frame.value, *key) {
                Some(it) if self.is_unknown(it) => frame.outcome.is_open = true,
                Some(_) => frame.outcome.score += 1,
                None => self.fault(frame, Kind::Required(*key)),
            }
        }
        frame.go(Stage::Patterns { member: 0, matched: false });
    }

    /// The `member`-th member against the patterns, from the `next`-th, and then against what is said of the rest.
    fn members(
        &mut self,
        frame: &mut Frame,
        rules: &Rules,
        member: usize,
        matched: bool,
    ) -> Result<Option<Frame>, Failure> {
        let says_nothing =
            rules.pattern_properties.is_empty() && matches!(rules.additional_properties, Rest::Any);
        let Some([key, value]) = self.member(frame, member).filter(|_| !says_nothing) else {
            frame.go(Stage::Names);
            return Ok(None);
        };
        while let Some((pattern, node)) = rules.pattern_properties.get(frame.next) {
            regex::spend_for(self.context, &pattern.regex, key)?;
            let is_match = pattern.regex.is_match(self.context.text(key, 1)?);
            if is_match {
                frame.stage = Stage::Patterns { member, matched: true };
                return Ok(Some(frame.inner(*node, value, Step::Key(key))));
            }
            frame.next += 1;
        }
        frame.outcome.score += i64::from(matched);
        let is_last = frame.next > rules.pattern_properties.len();
        let is_described = matched || is_last || self.property(rules, key).is_some();
        if !is_described {
            match rules.additional_properties {
                Rest::Any => {}
                Rest::Nothing if self.is_unknown(value) => frame.outcome.is_open = true,
                Rest::Nothing => self.fault(frame, Kind::AdditionalProperty(key)),
                Rest::Schema(node) => return Ok(Some(frame.inner(node, value, Step::Key(key)))),
            }
        }
        frame.go(Stage::Patterns { member: member + 1, matched: false });
        Ok(None)
    }

    fn names(&mut self, frame: &mut Frame, rules: &Rules) -> Option<Frame> {
        if let Some(node) = rules.property_names
            && let Some([key, _]) = self.member(frame, frame.next)
        {
            return Some(Frame::new(node, key, frame.place.clone(), 0));
        }
        frame.outcome.score += 1;
        frame.go(Stage::Own);
        None
    }

    fn properties(&mut self, frame: &mut Frame, rules: &Rules) -> Option<Frame> {
        if matches!(self.context.heap.view(frame.value), View::Object(_)) {
            while let Some((key, node)) = rules.properties.get(frame.next) {
                if let Some(value) = self.context.heap.get(frame.value, *key) {
                    return Some(frame.inner(*node, value, Step::Key(*key)));
                }
                frame.next += 1;
            }
        }
        frame.go(Stage::End);
        None
    }

    /// Takes what came of the part that was asked for.
    fn receive(&mut self, frame: &mut Frame, outcome: Outcome) {
        let verdict = outcome.verdict();
        let index = frame.next;
        frame.next += 1;
        match frame.stage {
            Stage::AnyOf | Stage::OneOf | Stage::If | Stage::Contains => match verdict {
                Verdict::Yes => frame.fitting += 1,
                Verdict::Open => frame.open += 1,
                Verdict::No if frame.fitting > 0 || frame.stage == Stage::If => {}
                Verdict::No => {
                    if frame.best.as_ref().is_none_or(|best| outcome.score > best.score) {
                        frame.best = Some(outcome);
                    }
                }
            },
            Stage::AllOf => {
                match verdict {
                    Verdict::Yes => frame.fitting += 1,
                    Verdict::Open => frame.open += 1,
                    Verdict::No => {}
                }
                frame.outcome.merge(outcome);
            }
            Stage::Not => {
                match verdict {
                    Verdict::Yes => self.fault(frame, Kind::Not),
                    Verdict::Open => frame.outcome.is_open = true,
                    Verdict::No => {}
                }
                frame.go(Stage::Dependencies);
            }
            Stage::Then | Stage::Else => {
                let kind = if frame.stage == Stage::Then { Kind::Then } else { Kind::Else };
                frame.outcome.is_open |= verdict == Verdict::Open;
                if verdict == Verdict::No {
                    self.fault(frame, kind);
                    frame.outcome.merge(outcome);
                }
                frame.go(Stage::Items);
            }
            Stage::Names => {
                let Some([key, value]) = self.member(frame, index) else { return };
                frame.outcome.is_open |= verdict == Verdict::Open;
                if verdict == Verdict::No && self.is_unknown(value) {
                    frame.outcome.is_open = true;
                } else if verdict == Verdict::No {
                    self.fault(frame, Kind::PropertyName(key));
                    frame.outcome.merge(outcome);
                }
            }
            stage => {
                if verdict == Verdict::No && self.may_be_missing(frame, stage, index) {
                    frame.outcome.is_open = true;
                } else {
                    frame.outcome.merge(outcome);
                }
            }
        }
    }

    /// Whether a member that was held against its part may turn out not to be there, and what comes of it with it.
    fn may_be_missing(&self, frame: &Frame, stage: Stage, index: usize) -> bool {
        let Some(Node::Rules(rules)) = self.schema.nodes.get(frame.node) else { return false };
        let value = match stage {
            Stage::Patterns { member, .. } => self.member(frame, member).map(|it| it[1]),
            Stage::Properties => {
                rules.properties.get(index).and_then(|it| self.context.heap.get(frame.value, it.0))
            }
            Stage::Dependencies => {
                rules.dependencies.get(index).and_then(|it| self.context.heap.get(frame.value, it.0))
            }
            _ => None,
        };
        value.is_some_and(|it| self.is_unknown(it))
    }

    fn member(&self, frame: &Frame, index: usize) -> Option<[Value; 2]> {
        match self.context.heap.view(frame.value) {
            View::Object(pairs) => pairs.get(index).copied(),
            _ => None,
        }
    }

    fn property(&self, rules: &Rules, key: Value) -> Option<NodeId> {
        let heap = &self.context.heap;
        let at = rules.properties.binary_search_by(|(it, _)| heap.compare(*it, key)).ok()?;
        rules.properties.get(at).map(|it| it.1)
    }

    fn is_unknown(&self, value: Value) -> bool {
        matches!(self.context.heap.view(value), View::Unknown(_))
    }
}

/// The same value against a part, where there is one, and on to the next stage where there is none.
fn take(frame: &mut Frame, node: Option<NodeId>, after: Stage) -> Option<Frame> {
    match node {
        Some(node) => Some(frame.same(node)),
        None => {
            frame.go(after);
            None
        }
    }
}

/// Tells what the alternative lacks that fits best.
fn merge_best(frame: &mut Frame) {
    if let Some(best) = frame.best.take() {
        frame.outcome.merge(best);
    }
}
