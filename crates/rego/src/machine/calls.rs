//! Calls functions, of the language and of the policies.

use super::choices::ChoiceKind;
use super::knowledge::Knowledge;
use super::{MAX_CHOICES, MAX_PRINTED_LINES, Machine, Next, Step};
use crate::builtins::{Context, Failure};
use crate::code::{Callee, NodeId, Operand, Register};
use crate::environment::Mock;
use crate::evaluation_error::EvaluationError;
use crate::heap::{Value, View};
use crate::rules::RuleKind;
use crate::taint::Taint;

impl<'p> Machine<'p> {
    pub(super) fn call(&mut self, to: Register, callee: Callee, operands: &[Operand]) -> Step {
        // The same vector for every call: making one takes as long as a small function.
        let mut values = std::mem::take(&mut self.operands);
        values.clear();
        values.extend(operands.iter().map(|it| self.read(*it)));
        let step = self.call_with(to, callee, &values);
        self.operands = values;
        step
    }

    fn call_with(&mut self, to: Register, callee: Callee, operands: &[Value]) -> Step {
        let callee = match self.environment().mock(callee) {
            None => callee,
            Some(Mock::Function(Callee::Node(other))) => {
                let other = *other;
                // In a function that stands in for another one, every function is itself again.
                let outer = self.environment;
                let new = self.environment().without_mocks(outer);
                self.choose(ChoiceKind::With);
                self.environments.push(new);
                let next = self.enter(other, Some(to), operands)?;
                self.environment = self.environments.len() - 1;
                return Ok(next);
            }
            Some(Mock::Function(other)) => *other,
            Some(Mock::Value(value)) => {
                let value = *value;
                self.write(to, value);
                return Ok(Next::Go);
            }
        };
        match callee {
            Callee::Builtin(builtin) => {
                let knowledge = if operands.iter().any(|it| it.has_unknown()) {
                    self.knowledge(builtin, operands)?
                } else {
                    Knowledge::Known
                };
                match knowledge {
                    Knowledge::Known => {}
                    Knowledge::Value(value) => {
                        self.write(to, value);
                        return Ok(Next::Go);
                    }
                    Knowledge::Nothing => {
                        for operand in operands {
                            self.hang_on(*operand);
                        }
                        let taints: Vec<_> = operands.iter().map(|it| self.taint_of(*it)).collect();
                        let taint = self.taints.union_all(taints);
                        let value = self.unknowns.derived(taint);
                        self.write(to, value);
                        return Ok(Next::Go);
                    }
                }
                match (builtin.call)(&mut self.context(), operands) {
                    Ok(value) => self.write(to, value),
                    Err(Failure::Undefined) => return Ok(Next::Fail),
                    Err(Failure::Error(_)) if !self.limits.strict => return Ok(Next::Fail),
                    Err(Failure::Error(message)) => {
                        return Err(EvaluationError::Builtin { name: builtin.name, message });
                    }
                    Err(Failure::Ended(message)) => {
                        return Err(EvaluationError::Builtin { name: builtin.name, message });
                    }
                    Err(Failure::Refused) => return Err(EvaluationError::Refused(builtin.name)),
                    Err(Failure::Heap(error)) => return Err(error.into()),
                    Err(Failure::OutOfSteps) => return Err(EvaluationError::OutOfSteps),
                }
                Ok(Next::Go)
            }
            Callee::Node(node) => self.enter(node, Some(to), operands),
        }
    }

    /// What a function may use.
    pub(super) fn context(&mut self) -> Context<'_> {
        let place = self.code.places.get(self.position.saturating_sub(1));
        let policy = place.and_then(|it| self.names.get(usize::try_from(it.file).ok()?));
        Context {
            heap: &mut self.heap,
            now: self.limits.now,
            seed: self.limits.seed,
            steps: &mut self.steps,
            stop: self.limits.stop.as_deref(),
            cache: &mut self.cache,
            files: &self.files,
            policy: policy.map_or("", String::as_str),
        }
    }

    /// Begins to evaluate a rule.
    pub(super) fn enter(&mut self, node: NodeId, to: Option<Register>, operands: &[Value]) -> Step {
        let Some(rule) = self.program.tree.node(node) else { return Ok(Next::Fail) };
        if self.choices.len() > MAX_CHOICES {
            return Err(EvaluationError::TooDeep);
        }
        let first = self.items.len();
        self.choose(ChoiceKind::Call { node, to, code: self.code, base: self.base, first });
        self.taint = Taint::NONE;
        self.base = self.registers.len();
        self.registers.extend_from_slice(operands);
        self.registers.resize(self.base + rule.code.registers as usize, Value::NULL);
        self.code = &rule.code;
        self.position = 0;
        Ok(Next::Go)
    }

    pub(super) fn is_function(&self, node: NodeId) -> bool {
        let rule = self.program.tree.node(node).and_then(|it| it.rule.as_ref());
        rule.is_some_and(|it| matches!(it.kind, RuleKind::Function(_)))
    }

    /// Prints what each operand can be, an item of its set, texts as they are.
    pub(super) fn print(&mut self, operands: &[Value]) {
        let mut lines = vec![String::new()];
        for operand in operands {
            let texts: Vec<String> = match self.heap.view(*operand) {
                View::Set([]) => vec!["<undefined>".to_owned()],
                View::Set(items) => items.iter().map(|it| self.printed(*it)).collect(),
                _ => vec!["<unknown>".to_owned()],
            };
            let longer = lines.iter().flat_map(|line| {
                texts.iter().map(move |it| if line.is_empty() { it.clone() } else { format!("{line} {it}") })
            });
            lines = longer.take(MAX_PRINTED_LINES).collect();
        }
        let place = self.code.places.get(self.position.saturating_sub(1)).copied().unwrap_or_default();
        let room = MAX_PRINTED_LINES.saturating_sub(self.printed.len());
        self.printed.extend(lines.into_iter().take(room).map(|it| (place, it)));
    }

    fn printed(&self, value: Value) -> String {
        match self.heap.view(value) {
            View::String(it) => it.to_owned(),
            _ => self.heap.shown(value),
        }
    }
}
