//! Runs code: one loop over instructions, with a stack of choices in place of the machine's own.

mod calls;
mod choices;
mod documents;
mod knowledge;
mod outcomes;
mod values;

use crate::builtins::Cache;
use crate::code::{Code, Instruction, Operand, Place, Register};
use crate::compile::{CompiledQuery, Program};
use crate::environment::{Environment, NOWHERE};
use crate::evaluation_error::EvaluationError;
use crate::files::Files;
use crate::heap::{Heap, HeapError, Mark, Value, View};
use crate::index::Indexes;
use crate::input_reader::InputReader;
use crate::item::Item;
use crate::limits::Limits;
use crate::observation::{Observations, looked_at};
use crate::resolved::ConstantId;
use crate::taint::{Taint, Taints};
use crate::unknowns::{Kind, Unknowns, is_unknown};
use choices::{Choice, ChoiceKind};
use std::sync::Arc;

/// How many items of collections are compared in one step.
const ITEMS_OF_A_STEP: u64 = 16;

/// Steps between two looks at whether the evaluation was stopped.
const STEPS_BETWEEN_LOOKS: u64 = 1024;

/// What ended an evaluation, and where.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: EvaluationError,
    pub(crate) place: Place,
}

/// A solution of a query: its values, in the order of the query's names, and what they hang on.
#[derive(Debug)]
pub(crate) struct Solution {
    pub(crate) values: Vec<Value>,
    pub(crate) taint: Taint,
}

/// Runs a query.
#[derive(Debug)]
pub(crate) struct Machine<'p> {
    program: &'p Program,
    pub(crate) heap: Heap,
    pub(crate) taints: Taints,
    pub(crate) unknowns: Unknowns,
    constants: Vec<Value>,
    /// Of each constant: at which place an object had it for a key, and that key.
    hints: Vec<Option<(usize, Value)>>,
    registers: Vec<Value>,
    base: usize,
    code: &'p Code,
    position: usize,
    taint: Taint,
    environments: Vec<Environment>,
    environment: usize,
    choices: Vec<Choice<'p>>,
    items: Vec<Item>,
    /// The operands of the call that is made.
    operands: Vec<Value>,
    solutions: Vec<Solution>,
    indexes: Indexes,
    cache: Cache,
    pub(crate) observations: Option<Observations>,
    /// What was printed, and where.
    pub(crate) printed: Vec<(Place, String)>,
    limits: Limits,
    pub(crate) reader: Option<InputReader>,
    /// What policies may read, and the name of each.
    pub(crate) files: Arc<Files>,
    pub(crate) names: &'p [String],
    steps: u64,
    /// With how many steps left it is looked next whether the evaluation was stopped.
    next_look: u64,
    /// What the heap held before anything was evaluated.
    empty: Mark,
}

type Step = Result<Next, EvaluationError>;

/// What comes after an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    Fail,
}

static NOTHING: Code = Code { instructions: Vec::new(), places: Vec::new(), registers: 0 };

impl<'p> Machine<'p> {
    pub(crate) fn new(
        program: &'p Program,
        mut heap: Heap,
        unknowns: Unknowns,
        taints: Taints,
        input: Option<Value>,
        data: Value,
        limits: Limits,
    ) -> Result<Self, EvaluationError> {
        let constants = program.constants.values(&mut heap)?;
        let empty = heap.mark();
        Ok(Self {
            program,
            heap,
            empty,
            taints,
            unknowns,
            hints: vec![None; constants.len()],
            constants,
            registers: Vec::new(),
            base: 0,
            code: &NOTHING,
            position: 0,
            taint: Taint::NONE,
            environments: vec![Environment::new(input, data)],
            environment: 0,
            choices: Vec::new(),
            items: Vec::new(),
            operands: Vec::new(),
            solutions: Vec::new(),
            indexes: Indexes::default(),
            cache: Cache::default(),
            observations: limits.observe.then(Observations::default),
            printed: Vec::new(),
            steps: limits.steps,
            next_look: limits.steps,
            limits,
            reader: None,
            files: Arc::default(),
            names: &[],
        })
    }

    /// All solutions of a query. What rules turn out to be is kept, unless the evaluation ends with an error: then everything
    /// begins anew.
    ///
    /// # Errors
    ///
    /// What ended the evaluation.
    pub(crate) fn run(&mut self, query: &'p CompiledQuery) -> Result<Vec<Solution>, Failed> {
        self.steps = self.limits.steps;
        self.next_look = self.steps;
        let result = self.evaluate(query);
        self.choices.clear();
        self.items.clear();
        self.registers.clear();
        self.environments.truncate(1);
        (self.environment, self.position, self.base) = (0, 0, 0);
        self.taint = Taint::NONE;
        let solutions = std::mem::take(&mut self.solutions);
        if let Err(failed) = result {
            self.environment_mut().forget();
            self.indexes = Indexes::default();
            self.heap.release(self.empty);
            self.unknowns.forget();
            return Err(failed);
        }
        Ok(solutions)
    }

    fn evaluate(&mut self, query: &'p CompiledQuery) -> Result<(), Failed> {
        self.code = &query.code;
        self.registers.resize(query.code.registers as usize, Value::NULL);
        loop {
            let Some(instruction) = self.code.instructions.get(self.position) else {
                let error = EvaluationError::Broken("code without an end");
                return Err(Failed { error, place: Place::default() });
            };
            match self.steps.checked_sub(1) {
                Some(left) => self.steps = left,
                None => return Err(self.failed_here(EvaluationError::OutOfSteps)),
            }
            if self.steps <= self.next_look {
                self.next_look = self.steps.saturating_sub(STEPS_BETWEEN_LOOKS);
                if self.unknowns.are_too_many() {
                    return Err(self.failed_here(HeapError::Exhausted.into()));
                }
                if self.limits.is_stopped() {
                    return Err(self.failed_here(EvaluationError::Stopped));
                }
            }
            let place = self.code.places.get(self.position).copied().unwrap_or_default();
            self.position += 1;
            if let Some(observations) = &mut self.observations {
                observations.reached(place);
            }
            let next = match self.execute(instruction) {
                Ok(it) => it,
                Err(error) => return Err(Failed { error, place }),
            };
            if next == Next::Go {
                continue;
            }
            if self.observations.is_some()
                && let Some(operands) = looked_at(instruction)
            {
                let values = operands.into_iter().map(|it| self.read(it)).collect();
                if let Some(observations) = &mut self.observations {
                    observations.failed(place, values);
                }
            }
            if !self.go_back().map_err(|error| Failed { error, place })? {
                return Ok(());
            }
        }
    }

    fn failed_here(&self, error: EvaluationError) -> Failed {
        Failed { error, place: self.code.places.get(self.position).copied().unwrap_or_default() }
    }

    fn execute(&mut self, instruction: &'p Instruction) -> Step {
        match instruction {
            Instruction::Copy { to, from } => {
                let value = self.read(*from);
                self.write(*to, value);
            }
            Instruction::Input { to } => match self.environment().input {
                Some(input) => self.write(*to, input),
                None => return Ok(Next::Fail),
            },
            Instruction::Data { to } => {
                let data = self.environment().data;
                self.write(*to, data);
            }
            Instruction::Node { to, node } => return self.document(*to, *node),
            Instruction::Index { to, from, key } => return self.index(*to, *from, *key),
            Instruction::Iterate { from, key, value } => {
                let from = self.read(*from);
                self.choose(ChoiceKind::Iterate { from, next: 0, key: *key, value: *value });
                return Ok(Next::Fail);
            }
            Instruction::IterateWhere { from, key, value, path, equals } => {
                let (from, equals, key, value) = (self.read(*from), self.read(*equals), *key, *value);
                let keys: Vec<_> = path.iter().map(|it| self.constant(*it)).collect();
                let (found, work) = self.indexes.find(&self.heap, from, path, &keys, equals);
                self.steps = self.steps.checked_sub(work).ok_or(EvaluationError::OutOfSteps)?;
                self.choose(match found {
                    Some(numbers) => ChoiceKind::Pick { from, numbers, next: 0, key, value },
                    None => ChoiceKind::Iterate { from, next: 0, key, value },
                });
                return Ok(Next::Fail);
            }
            Instruction::Array { to, items } => {
                let items: Vec<_> = items.iter().map(|it| self.read(*it)).collect();
                let value = self.heap.array(&items)?;
                self.write(*to, value);
            }
            Instruction::Set { to, items } => {
                let items = items.iter().map(|it| self.read(*it)).collect();
                let value = self.heap.set(items)?;
                self.spend(self.heap.weight(value))?;
                self.write(*to, value);
            }
            Instruction::Object { to, items } => {
                let items: Vec<_> =
                    items.iter().map(|(key, value)| [self.read(*key), self.read(*value)]).collect();
                let value = self.object(items)?;
                self.spend(self.heap.weight(value))?;
                self.write(*to, value);
            }
            Instruction::Equal { a, b } => {
                let (a, b) = (self.read(*a), self.read(*b));
                return self.equal(a, b);
            }
            Instruction::Test { it } => {
                let it = self.read(*it);
                if it.is_false() {
                    return Ok(Next::Fail);
                }
                // A collection that may have some items is one in any case.
                if is_unknown(&self.heap, it) && self.kind(it).is_none() {
                    self.hang_on(it);
                }
            }
            Instruction::IsCollection { it } => {
                let it = self.read(*it);
                match self.heap.view(it) {
                    View::Array(_) | View::Object(_) | View::Set(_) => {}
                    View::Unknown(_) if self.kind(it).is_some() => {}
                    View::Unknown(_) => self.hang_on(it),
                    _ => return Ok(Next::Fail),
                }
            }
            Instruction::IsArray { it, length } => {
                let it = self.read(*it);
                match self.heap.view(it) {
                    View::Array(items) if items.len() == *length as usize => {}
                    View::Unknown(_) if self.kind(it).is_some_and(|it| it != Kind::Array) => {
                        return Ok(Next::Fail);
                    }
                    View::Unknown(_) => self.hang_on(it),
                    _ => return Ok(Next::Fail),
                }
            }
            Instruction::IsObject { it, length } => {
                let it = self.read(*it);
                match self.heap.view(it) {
                    View::Object(pairs) => {
                        let length = *length as usize;
                        let missing =
                            pairs.iter().filter(|it| self.unknowns.may_be_missing(&self.heap, it[1]));
                        if !(pairs.len() - missing.clone().count()..=pairs.len()).contains(&length) {
                            return Ok(Next::Fail);
                        }
                        let missing: Vec<Value> = missing.map(|it| it[1]).collect();
                        missing.into_iter().for_each(|it| self.hang_on(it));
                    }
                    View::Unknown(_) if self.kind(it).is_some_and(|it| it != Kind::Object) => {
                        return Ok(Next::Fail);
                    }
                    View::Unknown(_) => self.hang_on(it),
                    _ => return Ok(Next::Fail),
                }
            }
            Instruction::Call { to, callee, operands } => return self.call(*to, *callee, operands),
            Instruction::Try { otherwise } => self.choose(ChoiceKind::Try { otherwise: *otherwise }),
            Instruction::Unless { otherwise, mark } => {
                let at = i64::try_from(self.choices.len()).unwrap_or(i64::MAX);
                let at = self.heap.integer(at)?;
                self.write(*mark, at);
                self.choose(ChoiceKind::Unless { otherwise: *otherwise, taken: false, maybe: Taint::NONE });
                self.taint = Taint::NONE;
            }
            Instruction::Taken { mark } => self.taken(*mark),
            Instruction::Collect { to, what, end, keep } => {
                if let Some(known) = keep.and_then(|it| self.environment().kept(it)) {
                    self.write(*to, known);
                    self.position = end.0 as usize;
                    return Ok(Next::Go);
                }
                let first = self.items.len();
                self.choose(ChoiceKind::Collect { to: *to, what: *what, end: *end, first, keep: *keep });
                self.taint = Taint::NONE;
            }
            Instruction::Item { value } => {
                let value = self.read(*value);
                self.items.push(Item { key: Value::NULL, value, contains: false, taint: self.taint });
                return Ok(Next::Fail);
            }
            Instruction::Pair { key, value } => {
                let (key, value) = (self.read(*key), self.read(*value));
                self.items.push(Item { key, value, contains: false, taint: self.taint });
                return Ok(Next::Fail);
            }
            Instruction::Not { end } => {
                self.choose(ChoiceKind::Not { end: *end, maybe: Taint::NONE });
                self.taint = Taint::NONE;
            }
            Instruction::Found => {
                self.found();
                return Ok(Next::Fail);
            }
            Instruction::With { replace } => {
                self.choose(ChoiceKind::With);
                let environment = self.replaced(replace)?;
                self.environments.push(environment);
                self.environment = self.environments.len() - 1;
            }
            Instruction::EndWith => self.environment = self.environment().outer,
            Instruction::Yield { value, enough } => {
                let value = self.read(*value);
                self.items.push(Item { key: Value::NULL, value, contains: false, taint: self.taint });
                if *enough && self.taint.is_none() {
                    let call = self.choices.iter().rposition(|it| matches!(it.kind, ChoiceKind::Call { .. }));
                    self.cut(call.map_or(0, |it| it + 1));
                }
                return Ok(Next::Fail);
            }
            Instruction::YieldAt { keys, value, contains } => {
                let value = self.read(*value);
                let keys: Vec<_> = keys.iter().map(|it| self.read(*it)).collect();
                let key = self.heap.array(&keys)?;
                self.items.push(Item { key, value, contains: *contains, taint: self.taint });
                return Ok(Next::Fail);
            }
            Instruction::Solution { values } => {
                let values = values.iter().map(|it| self.read(*it)).collect();
                self.solutions.push(Solution { values, taint: self.taint });
                return Ok(Next::Fail);
            }
            Instruction::Print { operands } => {
                let operands: Vec<_> = operands.iter().map(|it| self.read(*it)).collect();
                self.print(&operands);
            }
            Instruction::Jump { to } => self.position = to.0 as usize,
            Instruction::NoneOf { it, names } => {
                let it = self.read(*it);
                if names.iter().any(|name| self.heap.equal(it, self.constant(*name))) {
                    return Ok(Next::Fail);
                }
            }
            Instruction::Fail => return Ok(Next::Fail),
        }
        Ok(Next::Go)
    }

    /// Goes back to the last choice. False where there is none left.
    fn go_back(&mut self) -> Result<bool, EvaluationError> {
        loop {
            let Some(choice) = self.choices.last_mut() else { return Ok(false) };
            self.environment = choice.environment;
            self.taint = choice.taint;
            self.position = choice.position;
            match &mut choice.kind {
                ChoiceKind::Iterate { from, next, key, value } => {
                    let (from, index, key, value) = (*from, *next, *key, *value);
                    *next += 1;
                    if self.item(from, index, key, value)? {
                        return Ok(true);
                    }
                    self.choices.pop();
                }
                ChoiceKind::Try { otherwise } => {
                    self.position = otherwise.0 as usize;
                    self.choices.pop();
                    return Ok(true);
                }
                ChoiceKind::Unless { otherwise, taken, maybe } => {
                    let (otherwise, taken, maybe) = (*otherwise, *taken, *maybe);
                    self.choices.pop();
                    if !taken {
                        self.position = otherwise.0 as usize;
                        self.taint = self.taints.union(self.taint, maybe);
                        return Ok(true);
                    }
                }
                ChoiceKind::Pick { from, numbers, next, key, value } => {
                    let (from, number, key, value) = (*from, numbers.get(*next).copied(), *key, *value);
                    *next += 1;
                    if let Some(number) = number
                        && self.item(from, number as usize, key, value)?
                    {
                        return Ok(true);
                    }
                    self.choices.pop();
                }
                ChoiceKind::Collect { to, what, end, first, keep } => {
                    let (to, what, end, first, keep) = (*to, *what, *end, *first, *keep);
                    self.choices.pop();
                    let value = self.collected(what, first)?;
                    self.spend(self.heap.weight(value))?;
                    if let Some(keep) = keep {
                        self.environment_mut().keep(keep, value);
                    }
                    self.write(to, value);
                    self.position = end.0 as usize;
                    return Ok(true);
                }
                ChoiceKind::Not { end, maybe } => {
                    let (end, maybe) = (*end, *maybe);
                    self.choices.pop();
                    self.taint = self.taints.union(self.taint, maybe);
                    self.position = end.0 as usize;
                    return Ok(true);
                }
                ChoiceKind::With => {
                    self.environments.pop();
                    self.choices.pop();
                }
                ChoiceKind::Call { node, to, code, base, first } => {
                    let (node, to, code, base, first) = (*node, *to, *code, *base, *first);
                    self.choices.pop();
                    let outcome = self.rule_outcome(node, first)?;
                    self.spend(outcome.map_or(0, |it| self.heap.weight(it.0)))?;
                    self.registers.truncate(self.base);
                    (self.code, self.base) = (code, base);
                    let is_function = self.is_function(node);
                    if !is_function {
                        self.environment_mut().remember(node, outcome);
                    }
                    match (to, outcome) {
                        // The instruction that asked for it looks for it again.
                        (None, _) => return Ok(true),
                        (Some(to), Some((value, taint))) => {
                            self.write(to, value);
                            self.taint = self.taints.union(self.taint, taint);
                            return Ok(true);
                        }
                        (Some(_), None) => {}
                    }
                }
            }
        }
    }

    fn choose(&mut self, kind: ChoiceKind<'p>) {
        let choice =
            Choice { kind, taint: self.taint, environment: self.environment, position: self.position };
        self.choices.push(choice);
    }

    /// Forgets choices, and the environments that were made for them.
    fn cut(&mut self, to: usize) {
        let with = self.choices.iter().skip(to).filter(|it| matches!(it.kind, ChoiceKind::With)).count();
        self.environments.truncate(self.environments.len() - with);
        self.choices.truncate(to);
    }

    fn found(&mut self) {
        let Some(at) = self.choices.iter().rposition(|it| matches!(it.kind, ChoiceKind::Not { .. })) else {
            return;
        };
        if self.taint.is_none() {
            self.cut(at);
            return;
        }
        if let Some(Choice { kind: ChoiceKind::Not { maybe, .. }, .. }) = self.choices.get_mut(at) {
            *maybe = self.taints.union(*maybe, self.taint);
        }
    }

    fn taken(&mut self, mark: Register) {
        let at = match self.heap.view(self.read(Operand::Register(mark))) {
            View::Number(it) => it.as_integer().and_then(|it| usize::try_from(it).ok()),
            _ => None,
        };
        let Some(choice) = at.and_then(|it| self.choices.get_mut(it)) else { return };
        let before = choice.taint;
        if let ChoiceKind::Unless { taken, maybe, .. } = &mut choice.kind {
            if self.taint.is_none() {
                *taken = true;
            } else {
                *maybe = self.taints.union(*maybe, self.taint);
            }
        }
        self.taint = self.taints.union(before, self.taint);
    }

    /// What an unknown is, where it is a collection that may have some items.
    fn kind(&self, value: Value) -> Option<Kind> {
        match self.heap.view(value) {
            View::Unknown(id) => self.unknowns.kind(id),
            _ => None,
        }
    }

    fn hang_on(&mut self, value: Value) {
        if value.has_unknown() {
            let taint = self.taint_of(value);
            self.taint = self.taints.union(self.taint, taint);
        }
    }

    /// What a value hangs on: all the unknowns in it.
    fn taint_of(&mut self, value: Value) -> Taint {
        self.unknowns.taint_of(&self.heap, &mut self.taints, value)
    }

    fn environment(&self) -> &Environment {
        // There is always the outermost one.
        self.environments.get(self.environment).unwrap_or(&NOWHERE)
    }

    fn environment_mut(&mut self) -> &mut Environment {
        let last = self.environments.len().saturating_sub(1);
        let at = self.environment.min(last);
        #[expect(clippy::indexing_slicing, reason = "the outermost environment is never taken away")]
        &mut self.environments[at]
    }

    fn constant(&self, id: ConstantId) -> Value {
        self.constants.get(id.0 as usize).copied().unwrap_or(Value::NULL)
    }

    fn read(&self, operand: Operand) -> Value {
        match operand {
            Operand::Register(it) => {
                self.registers.get(self.base + it.0 as usize).copied().unwrap_or(Value::NULL)
            }
            Operand::Constant(it) => self.constant(it),
        }
    }

    fn write(&mut self, to: Register, value: Value) {
        if let Some(register) = self.registers.get_mut(self.base + to.0 as usize) {
            *register = value;
        }
    }
}

/// How many choices there can be at once: calls in calls, and loops in loops.
const MAX_CHOICES: usize = 1 << 20;

const MAX_PRINTED_LINES: usize = 10_000;
