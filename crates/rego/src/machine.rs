//! Runs code: one loop over instructions, with a stack of choices in place of the machine's own.

use crate::builtins::{Cache, Context, Failure};
use crate::code::{
    Callee, Code, Collection, Instruction, Kept, NodeId, Operand, Place, Position, Register, Replace,
};
use crate::compile::{CompiledQuery, Program};
use crate::environment::{Environment, Mock, NOWHERE, Outcome};
use crate::evaluation_error::EvaluationError;
use crate::heap::{Heap, Mark, Value, View};
use crate::index::Indexes;
use crate::item::Item;
use crate::observation::{Observations, looked_at};
use crate::resolved::ConstantId;
use crate::rules::RuleKind;
use crate::taint::{Taint, Taints};
use crate::unknowns::{Truth, Unknowns};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What an evaluation may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Steps: one is about 100 nanoseconds.
    pub steps: u64,
    /// Bytes of values that may be made, beside those of the documents.
    pub bytes: usize,
    /// Where this becomes true, the evaluation ends.
    pub stop: Option<Arc<AtomicBool>>,
    /// Whether to note what happens at each place; it takes several times as long.
    pub observe: bool,
    /// Whether a built-in's error ends the evaluation, and is not just undefined.
    pub strict: bool,
    /// The time that policies are told, in nanoseconds since 1970.
    pub now: i64,
    /// What chance is made of for them: the same seed, the same answers.
    pub seed: u64,
}

impl Default for Limits {
    /// Ten seconds or so of steps, 1 GiB, nothing observed, errors of built-ins undefined, and a clock that stands at 1970.
    fn default() -> Self {
        Self {
            steps: 100_000_000,
            bytes: 1 << 30,
            stop: None,
            observe: false,
            strict: false,
            now: 0,
            seed: 0,
        }
    }
}

impl Limits {
    fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|it| it.load(Ordering::Relaxed))
    }
}

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
    registers: Vec<Value>,
    base: usize,
    code: &'p Code,
    position: usize,
    taint: Taint,
    environments: Vec<Environment>,
    environment: usize,
    choices: Vec<Choice<'p>>,
    items: Vec<Item>,
    solutions: Vec<Solution>,
    indexes: Indexes,
    cache: Cache,
    pub(crate) observations: Option<Observations>,
    pub(crate) printed: Vec<String>,
    limits: Limits,
    steps: u64,
    /// What the heap held before anything was evaluated.
    empty: Mark,
}

/// Where to go on when what follows fails.
#[derive(Debug)]
struct Choice<'p> {
    kind: ChoiceKind<'p>,
    taint: Taint,
    environment: usize,
    /// The instruction after the one that left it.
    position: usize,
}

#[derive(Debug)]
enum ChoiceKind<'p> {
    Iterate {
        from: Value,
        next: usize,
        key: Register,
        value: Register,
    },
    Try {
        otherwise: Position,
    },
    Unless {
        otherwise: Position,
        taken: bool,
        maybe: Taint,
    },
    Collect {
        to: Register,
        what: Collection,
        end: Position,
        first: usize,
        keep: Option<Kept>,
    },
    /// Some of the items.
    Pick {
        from: Value,
        numbers: Box<[u32]>,
        next: usize,
        key: Register,
        value: Register,
    },
    Not {
        end: Position,
        maybe: Taint,
    },
    With,
    Call {
        node: NodeId,
        to: Option<Register>,
        code: &'p Code,
        base: usize,
        first: usize,
    },
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
            solutions: Vec::new(),
            indexes: Indexes::default(),
            cache: Cache::default(),
            observations: limits.observe.then(Observations::default),
            printed: Vec::new(),
            steps: limits.steps,
            limits,
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
            if self.steps.is_multiple_of(STEPS_BETWEEN_LOOKS) && self.limits.is_stopped() {
                return Err(self.failed_here(EvaluationError::Stopped));
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
                let items = items.iter().map(|(key, value)| [self.read(*key), self.read(*value)]).collect();
                let value = self.heap.object(items)?;
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
                self.hang_on(it);
            }
            Instruction::IsCollection { it } => {
                let it = self.read(*it);
                match self.heap.view(it) {
                    View::Array(_) | View::Object(_) | View::Set(_) => {}
                    View::Unknown(_) => self.hang_on(it),
                    _ => return Ok(Next::Fail),
                }
            }
            Instruction::IsArray { it, length } => {
                let it = self.read(*it);
                match self.heap.view(it) {
                    View::Array(items) if items.len() == *length as usize => {}
                    View::Unknown(_) => self.hang_on(it),
                    _ => return Ok(Next::Fail),
                }
            }
            Instruction::IsObject { it, length } => {
                let it = self.read(*it);
                match self.heap.view(it) {
                    View::Object(items) if items.len() == *length as usize => {}
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

    /// Puts the next item of what is gone through into its registers; false where there is none.
    fn item(
        &mut self,
        from: Value,
        index: usize,
        key: Register,
        value: Register,
    ) -> Result<bool, EvaluationError> {
        let (found_key, found) = match self.heap.view(from) {
            View::Array(items) => match items.get(index) {
                Some(it) => (None, *it),
                None => return Ok(false),
            },
            View::Set(items) => match items.get(index) {
                Some(it) => (Some(*it), *it),
                None => return Ok(false),
            },
            View::Object(items) => match items.get(index) {
                Some([key, it]) => (Some(*key), *it),
                None => return Ok(false),
            },
            View::Unknown(id) => {
                let Some((key, it, taint)) = self.unknowns.possibility(id, index) else { return Ok(false) };
                self.taint = self.taints.union(self.taint, taint);
                (Some(key), it)
            }
            View::Null | View::Bool(_) | View::Number(_) | View::String(_) => return Ok(false),
        };
        let found_key = match found_key {
            Some(it) => it,
            None => self.heap.integer(i64::try_from(index).unwrap_or(i64::MAX))?,
        };
        self.write(key, found_key);
        self.write(value, found);
        Ok(true)
    }

    fn index(&mut self, to: Register, from: Operand, key: Operand) -> Step {
        let (from, key) = (self.read(from), self.read(key));
        if let View::Unknown(_) = self.heap.view(from) {
            self.hang_on(from);
            self.hang_on(key);
            let taint = self.taint_of(from);
            let value = self.unknowns.derived(taint);
            self.write(to, value);
            return Ok(Next::Go);
        }
        if key.has_unknown() || matches!(self.heap.view(from), View::Set(_)) && from.has_unknown() {
            if !matches!(self.heap.view(from), View::Array(_) | View::Object(_) | View::Set(_)) {
                return Ok(Next::Fail);
            }
            self.hang_on(from);
            self.hang_on(key);
            let (of_collection, of_key) = (self.taint_of(from), self.taint_of(key));
            let taint = self.taints.union(of_collection, of_key);
            let value = self.unknowns.derived(taint);
            self.write(to, value);
            return Ok(Next::Go);
        }
        match self.heap.get(from, key) {
            Some(value) => {
                self.write(to, value);
                Ok(Next::Go)
            }
            None => Ok(Next::Fail),
        }
    }

    fn equal(&mut self, a: Value, b: Value) -> Step {
        self.spend(self.heap.weight(a).min(self.heap.weight(b)))?;
        Ok(self.compared(a, b))
    }

    /// Takes steps for looking at what stands in values.
    fn spend(&mut self, weight: u64) -> Result<(), EvaluationError> {
        self.steps = self.steps.checked_sub(weight / ITEMS_OF_A_STEP).ok_or(EvaluationError::OutOfSteps)?;
        Ok(())
    }

    fn compared(&mut self, a: Value, b: Value) -> Next {
        match self.unknowns.equal(&self.heap, a, b) {
            Truth::Yes => Next::Go,
            Truth::No => Next::Fail,
            Truth::Open => {
                self.hang_on(a);
                self.hang_on(b);
                Next::Go
            }
        }
    }

    fn call(&mut self, to: Register, callee: Callee, operands: &'p [Operand]) -> Step {
        let callee = match self.environment().mock(callee) {
            None => callee,
            Some(Mock::Function(Callee::Node(other))) => {
                let other = *other;
                // In a function that stands in for another one, every function is itself again.
                let outer = self.environment;
                let new = self.environment().without_mocks(outer);
                let values: Vec<_> = operands.iter().map(|it| self.read(*it)).collect();
                self.choose(ChoiceKind::With);
                self.environments.push(new);
                let next = self.enter(other, Some(to), &values)?;
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
                let operands: Vec<_> = operands.iter().map(|it| self.read(*it)).collect();
                if operands.iter().any(|it| it.has_unknown()) {
                    let mut taint = Taint::NONE;
                    for operand in operands {
                        self.hang_on(operand);
                        let of_operand = self.taint_of(operand);
                        taint = self.taints.union(taint, of_operand);
                    }
                    let value = self.unknowns.derived(taint);
                    self.write(to, value);
                    return Ok(Next::Go);
                }
                let mut context = Context {
                    heap: &mut self.heap,
                    now: self.limits.now,
                    seed: self.limits.seed,
                    steps: &mut self.steps,
                    cache: &mut self.cache,
                };
                match (builtin.call)(&mut context, &operands) {
                    Ok(value) => self.write(to, value),
                    Err(Failure::Undefined) => return Ok(Next::Fail),
                    Err(Failure::Error(_)) if !self.limits.strict => return Ok(Next::Fail),
                    Err(Failure::Error(message)) => {
                        return Err(EvaluationError::Builtin { name: builtin.name, message });
                    }
                    Err(Failure::Refused) => return Err(EvaluationError::Refused(builtin.name)),
                    Err(Failure::Heap(error)) => return Err(error.into()),
                    Err(Failure::OutOfSteps) => return Err(EvaluationError::OutOfSteps),
                }
                Ok(Next::Go)
            }
            Callee::Node(node) => {
                let values: Vec<_> = operands.iter().map(|it| self.read(*it)).collect();
                self.enter(node, Some(to), &values)
            }
        }
    }

    /// Begins to evaluate a rule.
    fn enter(&mut self, node: NodeId, to: Option<Register>, operands: &[Value]) -> Step {
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

    /// The document of a node. Where rules below have not been evaluated yet, evaluates one, and then this instruction again.
    fn document(&mut self, to: Register, node: NodeId) -> Step {
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

    fn is_function(&self, node: NodeId) -> bool {
        let rule = self.program.tree.node(node).and_then(|it| it.rule.as_ref());
        rule.is_some_and(|it| matches!(it.kind, RuleKind::Function(_)))
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
            (Some((own, _)), Some(rule)) => merged(&mut self.heap, own, of_children, rule.depth())?,
            _ => of_children,
        };
        let value = match base {
            Some(base) => over(&mut self.heap, base, rules)?,
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

    fn replaced(&mut self, replace: &'p [Replace]) -> Result<Environment, EvaluationError> {
        let mut new = self.environment().inner(self.environment);
        for replace in replace {
            match replace {
                Replace::Input(path, value) => {
                    let value = self.read(*value);
                    let path: Vec<_> = path.iter().map(|it| self.constant(*it)).collect();
                    new.input = Some(set_at(&mut self.heap, new.input, &path, value)?);
                }
                Replace::Data(path, value) => {
                    let value = self.read(*value);
                    let mut keys = Vec::with_capacity(path.len());
                    for name in path {
                        keys.push(self.heap.string(name)?);
                    }
                    new.data = set_at(&mut self.heap, Some(new.data), &keys, value)?;
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

    fn print(&mut self, operands: &[Value]) {
        let mut lines = vec![String::new()];
        for operand in operands {
            let texts: Vec<String> = match self.heap.view(*operand) {
                View::Set([]) => vec!["<undefined>".to_owned()],
                View::Set(items) => items.iter().map(|it| self.heap.shown(*it)).collect(),
                _ => vec!["<unknown>".to_owned()],
            };
            let longer = lines.iter().flat_map(|line| {
                texts.iter().map(move |it| if line.is_empty() { it.clone() } else { format!("{line} {it}") })
            });
            lines = longer.take(MAX_PRINTED_LINES).collect();
        }
        let room = MAX_PRINTED_LINES.saturating_sub(self.printed.len());
        self.printed.extend(lines.into_iter().take(room));
    }

    fn collected(&mut self, what: Collection, first: usize) -> Result<Value, EvaluationError> {
        let items = self.items.split_off(first);
        if items.iter().any(|it| !it.taint.is_none()) {
            return Ok(self.unknowns.uncertain(&mut self.taints, &items));
        }
        Ok(match what {
            Collection::Array => self.heap.array(&items.iter().map(|it| it.value).collect::<Vec<_>>())?,
            Collection::Set => self.heap.set(items.iter().map(|it| it.value).collect())?,
            Collection::Object => {
                let pairs = items.iter().map(|it| [it.key, it.value]).collect();
                unique_object(&mut self.heap, pairs)?
            }
        })
    }

    /// What a rule is, of all that its definitions gave.
    fn rule_outcome(&mut self, node: NodeId, first: usize) -> Result<Outcome, EvaluationError> {
        let items = self.items.split_off(first);
        let Some(node) = self.program.tree.node(node) else { return Ok(None) };
        let Some(rule) = &node.rule else { return Ok(None) };
        let is_open = items.iter().any(|it| !it.taint.is_none());
        match rule.kind {
            RuleKind::Complete | RuleKind::Function(_) => {
                let default = rule.default.map(|it| self.constant(it));
                self.single(&items, default, matches!(rule.kind, RuleKind::Function(_)))
            }
            RuleKind::Set | RuleKind::Object
                if items.is_empty() && self.program.tree.is_among_keys(&node.path) =>
            {
                Ok(None)
            }
            RuleKind::Set | RuleKind::Object if is_open => {
                let mut taint = Taint::NONE;
                if self.program.tree.is_among_keys(&node.path) && items.iter().all(|it| !it.taint.is_none()) {
                    for item in &items {
                        taint = self.taints.union(taint, item.taint);
                    }
                }
                Ok(Some((self.unknowns.uncertain(&mut self.taints, &items), taint)))
            }
            RuleKind::Set => {
                let value = self.heap.set(items.iter().map(|it| it.value).collect())?;
                Ok(Some((value, Taint::NONE)))
            }
            RuleKind::Object => {
                let mut items: Vec<_> = items.iter().collect();
                if items.is_empty() {
                    return Ok(Some((self.heap.object(Vec::new())?, Taint::NONE)));
                }
                let value = nested(&mut self.heap, &mut items, 0)?;
                Ok(Some((value, Taint::NONE)))
            }
        }
    }

    fn single(
        &mut self,
        items: &[Item],
        default: Option<Value>,
        is_function: bool,
    ) -> Result<Outcome, EvaluationError> {
        let mut proved = items.iter().filter(|it| it.taint.is_none());
        if let Some(first) = proved.next() {
            if proved.any(|it| !self.heap.equal(first.value, it.value)) {
                return Err(EvaluationError::Conflict(if is_function {
                    "a function has several values for the same operands"
                } else {
                    "a rule has several values"
                }));
            }
            return Ok(Some((first.value, Taint::NONE)));
        }
        let Some(first) = items.first() else { return Ok(default.map(|it| (it, Taint::NONE))) };
        let mut taint = Taint::NONE;
        for item in items {
            taint = self.taints.union(taint, item.taint);
        }
        let same = items.iter().all(|it| self.heap.equal(first.value, it.value));
        match default {
            None if same => Ok(Some((first.value, taint))),
            Some(default) if same && self.heap.equal(first.value, default) => {
                Ok(Some((default, Taint::NONE)))
            }
            // With a default it is defined in any case.
            Some(_) => Ok(Some((self.unknowns.derived(taint), Taint::NONE))),
            None => Ok(Some((self.unknowns.derived(taint), taint))),
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

/// A value with another one at a path in it.
fn set_at(
    heap: &mut Heap,
    whole: Option<Value>,
    path: &[Value],
    value: Value,
) -> Result<Value, EvaluationError> {
    let Some((key, rest)) = path.split_first() else { return Ok(value) };
    let (inner, mut pairs) = match whole.map(|it| (it, heap.view(it))) {
        Some((whole, View::Object(pairs))) => (heap.get(whole, *key), pairs.to_vec()),
        _ => (None, Vec::new()),
    };
    let inner = set_at(heap, inner, rest, value)?;
    pairs.push([*key, inner]);
    Ok(heap.object(pairs)?)
}

/// The base document over what rules make: where both have a value, the base document's stands.
fn over(heap: &mut Heap, base: Value, rules: Value) -> Result<Value, EvaluationError> {
    let (View::Object(of_base), View::Object(of_rules)) = (heap.view(base), heap.view(rules)) else {
        return Ok(base);
    };
    let (of_base, mut pairs) = (of_base.to_vec(), of_rules.to_vec());
    for [key, value] in of_base {
        let value = match heap.get(rules, key) {
            Some(other) => over(heap, value, other)?,
            None => value,
        };
        pairs.push([key, value]);
    }
    Ok(heap.object(pairs)?)
}

/// Objects in objects, put together: `own` is a partial rule's, whose values are `depth` keys deep; below that, nothing can be
/// added to it.
fn merged(heap: &mut Heap, own: Value, other: Value, depth: usize) -> Result<Value, EvaluationError> {
    let conflict = EvaluationError::Conflict("an object has several values for the same key");
    if let (0, View::Set(a), View::Set(b)) = (depth, heap.view(own), heap.view(other)) {
        let all = a.iter().chain(b).copied().collect();
        return Ok(heap.set(all)?);
    }
    let (Some(inner), View::Object(a), View::Object(b)) =
        (depth.checked_sub(1), heap.view(own), heap.view(other))
    else {
        return if heap.equal(own, other) { Ok(own) } else { Err(conflict) };
    };
    let (mut pairs, b) = (a.to_vec(), b.to_vec());
    for [key, value] in b {
        match heap.get(own, key) {
            Some(mine) => {
                let value = merged(heap, mine, value, inner)?;
                pairs.push([key, value]);
            }
            None => pairs.push([key, value]),
        }
    }
    Ok(heap.object(pairs)?)
}

/// An object of these, of which each key has one value.
fn unique_object(heap: &mut Heap, mut pairs: Vec<[Value; 2]>) -> Result<Value, EvaluationError> {
    pairs.sort_by(|a, b| heap.compare(a[0], b[0]));
    let conflict = pairs.array_windows().any(|[a, b]| heap.equal(a[0], b[0]) && !heap.equal(a[1], b[1]));
    if conflict {
        return Err(EvaluationError::Conflict("an object has several values for the same key"));
    }
    Ok(heap.object(pairs)?)
}

/// Objects in objects, of what a partial rule gave: the operands of heads are the keys on the way.
fn nested(heap: &mut Heap, items: &mut [&Item], depth: usize) -> Result<Value, EvaluationError> {
    let key = |heap: &Heap, item: &Item| match heap.view(item.key) {
        View::Array(keys) => keys.get(depth).copied(),
        _ => None,
    };
    let leaves = items.iter().filter(|it| key(heap, it).is_none()).count();
    if leaves == items.len() {
        let is_set = items.iter().all(|it| it.contains);
        if is_set {
            return Ok(heap.set(items.iter().map(|it| it.value).collect())?);
        }
        let Some((first, others)) = items.split_first() else { return Ok(heap.object(Vec::new())?) };
        if first.contains || others.iter().any(|it| it.contains || !heap.equal(it.value, first.value)) {
            return Err(EvaluationError::Conflict("an object has several values for the same key"));
        }
        return Ok(first.value);
    }
    if leaves > 0 {
        return Err(EvaluationError::Conflict("an object has several values for the same key"));
    }
    let compare = |a: &Item, b: &Item| match (key(heap, a), key(heap, b)) {
        (Some(a), Some(b)) => heap.compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    items.sort_by(|a, b| compare(a, b));
    let mut ends = Vec::new();
    for (index, pair) in items.windows(2).enumerate() {
        if let [a, b] = pair
            && compare(a, b).is_ne()
        {
            ends.push(index + 1);
        }
    }
    ends.push(items.len());
    let mut pairs = Vec::new();
    let mut rest = items;
    let mut taken = 0;
    for end in ends {
        let (group, after) = rest.split_at_mut(end - taken);
        (rest, taken) = (after, end);
        let Some(key) = group.first().and_then(|it| key(heap, it)) else { continue };
        let value = nested(heap, group, depth + 1)?;
        pairs.push([key, value]);
    }
    Ok(heap.object(pairs)?)
}
