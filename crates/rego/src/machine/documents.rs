//! Puts documents together: of rules, of what `with` replaces, and of the base document.

use super::{ITEMS_OF_A_STEP, Machine, Next, Step};
use crate::code::{NodeId, Register, Replace};
use crate::environment::{Environment, Mock, Outcome};
use crate::evaluation_error::EvaluationError;
use crate::heap::{Value, View};
use crate::rules::RuleKind;
use crate::taint::Taint;
use crate::unknowns::is_unknown;

impl<'p> Machine<'p> {
    /// The document of a node. Where rules below have not been evaluated yet, evaluates one, and then this instruction again.
    pub(super) fn document(&mut self, to: Register, node: NodeId) -> Step {
        if let Some(known) = self.environment().document(node) {
            return Ok(self.give(to, known));
        }
        if let Some(value) = self.overridden(node)? {
            let outcome = value.map(|it| (it, Taint::NONE));
            self.environment_mut().remember_document(node, outcome);
            return Ok(self.give(to, outcome));
        }
        if let Some(next) = self.not_evaluated(node)? {
            if self.environment_mut().begin(next) {
                return Err(EvaluationError::Recursion);
            }
            self.position -= 1;
            return self.enter(next, None, &[]);
        }
        let outcome = self.assemble(node)?;
        self.environment_mut().remember_document(node, outcome);
        Ok(self.give(to, outcome))
    }

    fn give(&mut self, to: Register, outcome: Outcome) -> Next {
        match outcome {
            Some((value, taint)) => {
                self.taint = self.taints.union(self.taint, taint);
                self.write(to, value);
                Next::Go
            }
            None => Next::Fail,
        }
    }

    /// A rule at or below a node that has not been evaluated here yet. It is asked for until there is none, and goes on where
    /// it was.
    fn not_evaluated(&mut self, node: NodeId) -> Result<Option<NodeId>, EvaluationError> {
        let mut pending = self.environment_mut().pending(node).unwrap_or_else(|| vec![node]);
        while let Some(id) = pending.pop() {
            self.spend(ITEMS_OF_A_STEP)?;
            let Some(below) = self.program.tree.node(id) else { continue };
            pending.extend(below.children.values());
            if below.rule.as_ref().is_some_and(|it| !matches!(it.kind, RuleKind::Function(_)))
                && !self.environment().is_evaluated(id)
                && !self.environment().is_replaced(&below.path)
            {
                self.environment_mut().keep_pending(node, pending);
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The document of a node whose rules have all been evaluated, over what the base document has there.
    fn assemble(&mut self, id: NodeId) -> Result<Outcome, EvaluationError> {
        let Some(node) = self.program.tree.node(id) else { return Ok(None) };
        if let Some(value) = self.overridden(id)? {
            return Ok(value.map(|it| (it, Taint::NONE)));
        }
        let own = match &node.rule {
            Some(rule) if !matches!(rule.kind, RuleKind::Function(_)) => self.environment().evaluated(id),
            _ => None,
        };
        let is_rule = node.rule.is_some();
        self.spend(ITEMS_OF_A_STEP)?;
        let base = self.base_at(&node.path)?;
        if node.children.is_empty() && is_rule {
            return Ok(own.or(base.map(|it| (it, Taint::NONE))));
        }
        let mut taint = own.map_or(Taint::NONE, |it| it.1);
        let mut of_children = Vec::new();
        for (name, child) in &node.children {
            if let Some((value, of_child)) = self.assemble(*child)? {
                taint = self.taints.union(taint, of_child);
                let key = self.heap.string(name)?;
                of_children.push([key, value]);
            }
        }
        let of_children = self.heap.object(of_children)?;
        let rules = match (own, &node.rule) {
            (Some((own, _)), Some(rule)) => self.merged(own, of_children, rule.depth())?,
            _ => of_children,
        };
        let value = match base {
            Some(base) => self.over(base, rules)?,
            None => rules,
        };
        if own.is_none()
            && matches!(self.heap.view(value), View::Object([]))
            && (is_rule || self.program.tree.is_among_keys(&node.path))
        {
            return Ok(None);
        }
        Ok(Some((value, taint)))
    }

    /// What the base document has at a path.
    fn base_at(&mut self, path: &[String]) -> Result<Option<Value>, EvaluationError> {
        let mut at = self.environment().data;
        for name in path {
            if is_unknown(&self.heap, at) {
                let taint = self.taint_of(at);
                return Ok(Some(self.unknowns.member(taint)));
            }
            match self.heap.get_text(at, name) {
                Some(value) => at = value,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// What `with` puts in a node's place: nothing, or its value, which can be undefined.
    fn overridden(&mut self, id: NodeId) -> Result<Option<Option<Value>>, EvaluationError> {
        let Some(node) = self.program.tree.node(id) else { return Ok(None) };
        if self.environment().is_replaced(&node.path) {
            Ok(Some(self.base_at(&node.path)?))
        } else {
            Ok(None)
        }
    }

    pub(super) fn replaced(&mut self, replace: &'p [Replace]) -> Result<Environment, EvaluationError> {
        let mut new = self.environment().inner(self.environment);
        for replace in replace {
            match replace {
                Replace::Input(path, value) => {
                    let value = self.read(*value);
                    let path: Vec<_> = path.iter().map(|it| self.constant(*it)).collect();
                    let value = match self.reader {
                        Some(read) if path.is_empty() => {
                            let (unknowns, taints) = (&mut self.unknowns, &mut self.taints);
                            read(&mut self.heap, value, &mut || unknowns.add(taints))?
                        }
                        _ => value,
                    };
                    new.input = Some(self.set_at(new.input, &path, value)?);
                }
                Replace::Data(path, value) => {
                    let value = self.read(*value);
                    let mut keys = Vec::with_capacity(path.len());
                    for name in path {
                        keys.push(self.heap.string(name)?);
                    }
                    new.data = self.set_at(Some(new.data), &keys, value)?;
                    new.replaced.push(path.clone());
                }
                Replace::Function(callee, other) => new.mocks.push((*callee, Mock::Function(*other))),
                Replace::FunctionByValue(callee, value) => {
                    new.mocks.push((*callee, Mock::Value(self.read(*value))));
                }
            }
        }
        Ok(new)
    }

    /// A value with another one at a path in it.
    fn set_at(
        &mut self,
        whole: Option<Value>,
        path: &[Value],
        value: Value,
    ) -> Result<Value, EvaluationError> {
        let Some((key, rest)) = path.split_first() else { return Ok(value) };
        let (inner, mut pairs) = match whole.map(|it| (it, self.heap.view(it))) {
            Some((whole, View::Object(pairs))) => (self.heap.get(whole, *key), pairs.to_vec()),
            // What else is in it nobody knows.
            Some((whole, View::Unknown(_))) => return Ok(self.of_both(whole, value)),
            _ => (None, Vec::new()),
        };
        let inner = self.set_at(inner, rest, value)?;
        pairs.push([*key, inner]);
        Ok(self.heap.object(pairs)?)
    }

    /// What hangs on two values.
    fn of_both(&mut self, a: Value, b: Value) -> Value {
        let taints = [self.taint_of(a), self.taint_of(b)];
        let taint = self.taints.union_all(taints);
        self.unknowns.member(taint)
    }

    /// The base document over what rules make: where both have a value, the base document's stands.
    fn over(&mut self, base: Value, rules: Value) -> Result<Value, EvaluationError> {
        let (of_base, mut pairs) = match (self.heap.view(base), self.heap.view(rules)) {
            (View::Object(of_base), View::Object(of_rules)) => (of_base.to_vec(), of_rules.to_vec()),
            (View::Unknown(_), View::Object([])) => return Ok(base),
            (View::Unknown(_), _) | (View::Object(_), View::Unknown(_)) => {
                return Ok(self.of_both(base, rules));
            }
            _ => return Ok(base),
        };
        for [key, value] in of_base {
            let value = match self.heap.get(rules, key) {
                Some(other) => self.over(value, other)?,
                None => value,
            };
            pairs.push([key, value]);
        }
        Ok(self.heap.object(pairs)?)
    }

    /// Objects in objects, put together: `own` is a partial rule's, whose values are `depth` keys deep; below that, nothing
    /// can be added to it.
    fn merged(&mut self, own: Value, other: Value, depth: usize) -> Result<Value, EvaluationError> {
        let (a, b) = match (depth, self.heap.view(own), self.heap.view(other)) {
            (0, View::Set(a), View::Set(b)) => {
                let all = a.iter().chain(b).copied().collect();
                return Ok(self.heap.set(all)?);
            }
            (_, View::Unknown(_), View::Object([])) => return Ok(own),
            (_, View::Unknown(_), _) | (_, _, View::Unknown(_)) => return Ok(self.of_both(own, other)),
            (1.., View::Object(a), View::Object(b)) => (a.to_vec(), b.to_vec()),
            _ if self.heap.equal(own, other) => return Ok(own),
            _ => {
                return Err(EvaluationError::Conflict("an object has several values for the same key"));
            }
        };
        let mut pairs = a;
        for [key, value] in b {
            match self.heap.get(own, key) {
                Some(mine) => {
                    let value = self.merged(mine, value, depth - 1)?;
                    pairs.push([key, value]);
                }
                None => pairs.push([key, value]),
            }
        }
        Ok(self.heap.object(pairs)?)
    }
}
