//! Makes instructions of resolved bodies.

mod references;

use crate::code::{Callee, Code, Collection, Instruction, Kept, Operand, Place, Position, Register, Replace};
use crate::compile_error::{CompileError, ErrorCode};
use crate::constants::{Constant, Constants};
use crate::order::{Unsafe, order, same_key};
use crate::resolved::{
    Comprehension, ComprehensionKind, Function, Replacement, Root, Step, StepKind, Target, Term, Variable,
};
use crate::rules::Tree;
use crate::syntax::Span;
use crate::variables::{
    Bound, Contains, Variables, all_of_comprehension, is_bound, pattern_variables, term_variables,
};
use std::sync::atomic::{AtomicU32, Ordering};

/// Makes the code of one rule or query.
pub(crate) struct Emitter<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) constants: &'a Constants,
    pub(crate) errors: &'a mut Vec<CompileError>,
    pub(crate) file: usize,
    pub(crate) names: &'a [String],
    pub(crate) code: Code,
    bound: Bound,
    /// Where what is made now comes from.
    place: Place,
    /// The first register that is no variable's.
    next: u32,
    variables: u32,
    /// How many children of nodes the path has told apart.
    alternatives: usize,
    /// How many comprehensions of the whole program are kept.
    kept: &'a AtomicU32,
}

impl<'a> Emitter<'a> {
    pub(crate) fn new(
        tree: &'a Tree,
        constants: &'a Constants,
        errors: &'a mut Vec<CompileError>,
        kept: &'a AtomicU32,
        code: Code,
    ) -> Self {
        Self {
            tree,
            constants,
            errors,
            file: 0,
            names: &[],
            code,
            bound: Bound::default(),
            place: Place::default(),
            next: 0,
            variables: 0,
            alternatives: 0,
            kept,
        }
    }

    /// Begins a definition: `first` registers are the caller's, and its variables come after them.
    pub(crate) fn begin(&mut self, file: usize, names: &'a [String], first: u32) {
        self.file = file;
        self.place = Place { file: u32::try_from(file).unwrap_or(u32::MAX), span: Span::default() };
        self.names = names;
        self.bound.restore(0);
        self.variables = first;
        self.next = first + u32::try_from(names.len()).unwrap_or(u32::MAX);
    }

    pub(crate) fn finish(mut self) -> Code {
        // It is kept, and most is shorter than what was made room for at once.
        self.code.instructions.shrink_to_fit();
        self.code.places.shrink_to_fit();
        self.code
    }

    pub(crate) fn bound(&mut self) -> &mut Bound {
        &mut self.bound
    }

    pub(crate) fn push(&mut self, instruction: Instruction) -> Position {
        let at = self.here();
        self.code.instructions.push(instruction);
        self.code.places.push(self.place);
        at
    }

    pub(crate) fn here(&self) -> Position {
        Position(u32::try_from(self.code.instructions.len()).unwrap_or(u32::MAX))
    }

    /// Lets an instruction that goes on elsewhere go on here.
    pub(crate) fn land(&mut self, at: Position) {
        let here = self.here();
        if let Some(
            Instruction::Try { otherwise: end }
            | Instruction::Unless { otherwise: end, .. }
            | Instruction::Collect { end, .. }
            | Instruction::Not { end }
            | Instruction::Jump { to: end },
        ) = self.code.instructions.get_mut(at.0 as usize)
        {
            *end = here;
        }
    }

    pub(crate) fn register(&self, variable: Variable) -> Register {
        Register(self.variables + variable.0)
    }

    pub(crate) fn fresh(&mut self) -> Register {
        let register = Register(self.next);
        self.next += 1;
        self.code.registers = self.code.registers.max(self.next);
        register
    }

    /// The steps of a body in their order.
    pub(crate) fn body(&mut self, steps: &[Step]) {
        match order(steps, &mut self.bound) {
            Ok(steps) => {
                for (index, step) in steps.iter().enumerate() {
                    let rest = steps.get(index + 1..).unwrap_or_default();
                    if !self.indexed(step, rest) {
                        self.step(step);
                    }
                }
            }
            Err(found) if found.is_empty() => {
                let message = "the expressions here hang on each other in too many ways".to_owned();
                self.error(ErrorCode::Compile, message, steps.first().map(|it| it.span).unwrap_or_default());
            }
            Err(found) => self.unsafe_variables(&found),
        }
        self.code.registers = self.code.registers.max(self.next);
    }

    /// Goes through a collection by an index, where a later step says what an item must be equal to at a path. That step
    /// comes all the same.
    fn indexed(&mut self, step: &Step, rest: &[&Step]) -> bool {
        let StepKind::Unify(Term::Variable(item), Term::Reference(root, operands)) = &step.kind else {
            return false;
        };
        let [before @ .., last @ Term::Variable(key)] = operands.as_slice() else { return false };
        let is_plain = !step.negated
            && step.with.is_empty()
            && !self.bound.contains(item)
            && !self.bound.contains(key)
            && item != key
            && before.iter().all(|it| is_bound(it, &self.bound))
            // Documents of rules are gone through in their own way.
            && *root != Root::Data;
        if !is_plain {
            return false;
        }
        let condition =
            rest.iter().take(MAX_AHEAD).filter(|it| !it.negated && it.with.is_empty()).find_map(|it| {
                let (StepKind::Unify(a, b) | StepKind::Compare(a, b)) = &it.kind else { return None };
                let of_item = |term: &Term| match term {
                    Term::Reference(Root::Variable(it), path) if it == item => path
                        .iter()
                        .map(|it| if let Term::Constant(id) = it { Some(*id) } else { None })
                        .collect(),
                    _ => None,
                };
                let other = |term: &'_ Term| match term {
                    Term::Comprehension(_) => false,
                    Term::Reference(_, operands) => {
                        self.is_known(term) && operands.iter().all(|it| is_bound(it, &self.bound))
                    }
                    _ => self.is_known(term),
                };
                match (of_item(a), of_item(b)) {
                    (Some(path), _) if other(b) => Some((path, b)),
                    (_, Some(path)) if other(a) => Some((path, a)),
                    _ => None,
                }
            });
        let Some((path, other)): Option<(Vec<_>, &Term)> = condition else { return false };
        self.stand_at(step.span);
        let equals = self.value(other);
        let from = self.reference(*root, before);
        let (key, value) = (self.fresh(), self.fresh());
        self.push(Instruction::IterateWhere { from, key, value, path, equals });
        self.unify_value(last, Operand::Register(key));
        self.unify_value(&Term::Variable(*item), Operand::Register(value));
        true
    }

    fn unsafe_variables(&mut self, found: &[Unsafe<'_>]) {
        for Unsafe { step, variables } in found {
            for variable in variables.iter() {
                let name = self.names.get(variable.0 as usize).filter(|it| !it.is_empty());
                let message = match name {
                    Some(name) => format!("nothing gives `{name}` its value"),
                    None => "nothing gives a part of this expression its value".to_owned(),
                };
                self.error(ErrorCode::UnsafeVariable, message, step.span);
            }
        }
    }

    /// What is made from now on comes from this place.
    pub(crate) fn stand_at(&mut self, span: Span) {
        self.place.span = span;
    }

    fn step(&mut self, step: &Step) {
        self.stand_at(step.span);
        if step.negated {
            let before = self.bound.mark();
            let not = self.push(Instruction::Not { end: Position(0) });
            self.step_with(step);
            self.push(Instruction::Found);
            self.land(not);
            self.bound.restore(before);
        } else {
            self.step_with(step);
        }
    }

    fn step_with(&mut self, step: &Step) {
        if step.with.is_empty() {
            return self.step_kind(step);
        }
        let mut replace = Vec::new();
        for with in &step.with {
            match (&with.target, &with.value) {
                (Target::Input(path), Replacement::Value(value)) => {
                    let value = self.value(value);
                    let path = path.iter().map(|it| self.constants.text(it)).collect();
                    replace.push(Replace::Input(path, value));
                }
                (Target::Data(path), Replacement::Value(value)) => {
                    let value = self.value(value);
                    match self.tree.function(path) {
                        Some(node) => replace.push(Replace::FunctionByValue(Callee::Node(node), value)),
                        None => {
                            self.check_whole(path);
                            replace.push(Replace::Data(path.clone(), value));
                        }
                    }
                }
                (Target::Builtin(name), Replacement::Value(value)) => {
                    let value = self.value(value);
                    if let Some(builtin) = crate::builtins::builtin(name) {
                        replace.push(Replace::FunctionByValue(Callee::Builtin(builtin), value));
                    }
                }
                (target, Replacement::Function(function)) => {
                    let target = match target {
                        Target::Builtin(name) => crate::builtins::builtin(name).map(Callee::Builtin),
                        Target::Data(path) => self.tree.function(path).map(Callee::Node),
                        Target::Input(_) => None,
                    };
                    if let (Some(target), Some(function)) = (target, self.callee(function)) {
                        replace.push(Replace::Function(target, function));
                    }
                }
            }
        }
        self.push(Instruction::With { replace });
        self.step_kind(step);
        self.push(Instruction::EndWith);
    }

    /// Says where a path goes into the document of a rule: `with` replaces it as a whole.
    fn check_whole(&mut self, path: &[String]) {
        let above = (1..path.len()).filter_map(|it| path.get(..it));
        if above.filter_map(|it| self.tree.find(it)).any(|it| self.tree.has_rules(it)) {
            let message = format!("`with` cannot replace a part of a rule: data.{}", path.join("."));
            self.error(ErrorCode::Compile, message, self.place.span);
        }
    }

    fn callee(&mut self, function: &Function) -> Option<Callee> {
        match function {
            Function::Builtin(it) => Some(Callee::Builtin(it)),
            Function::Defined(path) => self.tree.function(path).map(Callee::Node),
        }
    }

    fn step_kind(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Test(term) => {
                let it = self.value(term);
                self.push(Instruction::Test { it });
            }
            StepKind::Unify(a, b) | StepKind::Compare(a, b) => self.unify(vec![(a, b)]),
            StepKind::Call(function, operands, output) => {
                let operands = operands.iter().map(|it| self.value(it)).collect();
                let Some(callee) = self.callee(function) else { return };
                let to = self.fresh();
                self.push(Instruction::Call { to, callee, operands });
                let it = Operand::Register(to);
                let is_relation = matches!(callee, Callee::Builtin(it) if it.name == "walk");
                let it = if is_relation {
                    let (key, value) = (self.fresh(), self.fresh());
                    self.push(Instruction::Iterate { from: it, key, value });
                    Operand::Register(value)
                } else {
                    it
                };
                match output {
                    Some(output) => self.unify_value(output, it),
                    None => {
                        self.push(Instruction::Test { it });
                    }
                }
            }
            StepKind::Every { key, value, domain, body } => {
                let from = self.value(domain);
                self.push(Instruction::IsCollection { it: from });
                let before = self.bound.mark();
                let all = self.push(Instruction::Not { end: Position(0) });
                let (key_at, value_at) = (self.fresh(), self.fresh());
                self.push(Instruction::Iterate { from, key: key_at, value: value_at });
                self.unify_value(key, Operand::Register(key_at));
                self.unify_value(value, Operand::Register(value_at));
                let one = self.push(Instruction::Not { end: Position(0) });
                self.body(body);
                self.push(Instruction::Found);
                self.land(one);
                self.push(Instruction::Found);
                self.land(all);
                self.bound.restore(before);
            }
            StepKind::Print(operands) => {
                let operands = operands.iter().map(|it| self.value(it)).collect();
                self.push(Instruction::Print { operands });
            }
        }
    }

    /// Computes a term; what is not bound in its references is gone through.
    pub(crate) fn value(&mut self, term: &Term) -> Operand {
        match term {
            Term::Constant(id) => Operand::Constant(*id),
            Term::Variable(it) => Operand::Register(self.register(*it)),
            Term::Reference(root, operands) => self.reference(*root, operands),
            Term::Array(items) => {
                let items = items.iter().map(|it| self.value(it)).collect();
                let to = self.fresh();
                self.push(Instruction::Array { to, items });
                Operand::Register(to)
            }
            Term::Set(items) => {
                let items = items.iter().map(|it| self.value(it)).collect();
                let to = self.fresh();
                self.push(Instruction::Set { to, items });
                Operand::Register(to)
            }
            Term::Object(items) => {
                let items = items.iter().map(|(key, value)| (self.value(key), self.value(value))).collect();
                let to = self.fresh();
                self.push(Instruction::Object { to, items });
                Operand::Register(to)
            }
            Term::Comprehension(comprehension) => self.comprehension(comprehension),
        }
    }

    fn comprehension(&mut self, comprehension: &Comprehension) -> Operand {
        let to = self.fresh();
        let before = self.bound.mark();
        let what = match comprehension.kind {
            ComprehensionKind::Array(_) => Collection::Array,
            ComprehensionKind::Set(_) => Collection::Set,
            ComprehensionKind::Object(..) => Collection::Object,
        };
        let mut around = Vec::new();
        all_of_comprehension(comprehension, &mut around);
        let keep = (!around.iter().any(|it| self.bound.contains(it)))
            .then(|| Kept(self.kept.fetch_add(1, Ordering::Relaxed) + 1));
        let collect = self.push(Instruction::Collect { to, what, end: Position(0), keep });
        self.body(&comprehension.body);
        match &comprehension.kind {
            ComprehensionKind::Array(item) | ComprehensionKind::Set(item) => {
                self.check_bound(&[item], comprehension.span);
                let value = self.value(item);
                self.push(Instruction::Item { value });
            }
            ComprehensionKind::Object(key, value) => {
                self.check_bound(&[key, value], comprehension.span);
                let (key, value) = (self.value(key), self.value(value));
                self.push(Instruction::Pair { key, value });
            }
        }
        self.land(collect);
        self.bound.restore(before);
        Operand::Register(to)
    }

    /// Says where a head has variables that its body does not bind.
    pub(crate) fn check_bound(&mut self, terms: &[&Term], span: Span) {
        let variables = Variables::found(|found| terms.iter().for_each(|it| term_variables(it, found)));
        for variable in variables.iter().filter(|it| !self.bound.contains(it)) {
            let name = self.names.get(variable.0 as usize).filter(|it| !it.is_empty());
            let message = format!("nothing gives `{}` its value", name.map_or("_", String::as_str));
            CompileError { code: ErrorCode::UnsafeVariable, message, file: self.file, span }
                .add_to(self.errors);
        }
    }

    fn error(&mut self, code: ErrorCode, message: String, span: Span) {
        CompileError { code, message, file: self.file, span }.add_to(self.errors);
    }

    /// Lets pairs of terms be equal, in an order in which each can be.
    fn unify(&mut self, pairs: Vec<(&Term, &Term)>) {
        let mut pairs = pairs;
        while !pairs.is_empty() {
            let ready = pairs.iter().position(|(a, b)| self.can_unify(a, b)).unwrap_or(0);
            let (a, b) = pairs.remove(ready);
            match (a, b) {
                (Term::Array(a), Term::Array(b)) => {
                    if a.len() == b.len() {
                        pairs.extend(a.iter().zip(b));
                    } else {
                        self.push(Instruction::Fail);
                        self.bind_all(a.iter().chain(b));
                    }
                }
                (Term::Object(a), Term::Object(b))
                    if a.iter().all(|(key, _)| matches!(key, Term::Constant(_) | Term::Variable(_))) =>
                {
                    let matched = a.iter().map(|(key, value)| {
                        let other = b.iter().find(|(it, _)| same_key(it, key));
                        other.map(|(_, other)| (value, other))
                    });
                    match matched.collect::<Option<Vec<_>>>() {
                        Some(matched) if a.len() == b.len() => pairs.extend(matched),
                        _ => {
                            self.push(Instruction::Fail);
                            self.bind_all(a.iter().chain(b).map(|(_, value)| value));
                        }
                    }
                }
                (a, b) if self.is_known(b) => {
                    let value = self.value(b);
                    self.unify_value(a, value);
                }
                (a, b) => {
                    let value = self.value(a);
                    self.unify_value(b, value);
                }
            }
        }
    }

    /// What comes after an instruction that always fails is never reached: its variables count as bound.
    fn bind_all<'t>(&mut self, terms: impl Iterator<Item = &'t Term>) {
        for term in terms {
            pattern_variables(term, &mut self.bound);
        }
    }

    fn can_unify(&self, a: &Term, b: &Term) -> bool {
        self.is_known(a)
            || self.is_known(b)
            || matches!((a, b), (Term::Array(_), Term::Array(_)) | (Term::Object(_), Term::Object(_)))
    }

    /// Whether a term can be computed here: a reference whose beginning is bound, or whatever has all its variables bound.
    fn is_known(&self, term: &Term) -> bool {
        match term {
            Term::Reference(Root::Variable(it), _) => self.bound.contains(it),
            Term::Reference(..) => true,
            _ => is_bound(term, &self.bound),
        }
    }

    /// Lets a pattern be equal to a value: binds what is not bound, and compares the rest.
    pub(crate) fn unify_value(&mut self, pattern: &Term, value: Operand) {
        match pattern {
            Term::Variable(it) if !self.bound.contains(it) => {
                let to = self.register(*it);
                self.push(Instruction::Copy { to, from: value });
                self.bound.insert(*it);
            }
            Term::Array(items) if !is_bound(pattern, &self.bound) => {
                let length = u32::try_from(items.len()).unwrap_or(u32::MAX);
                self.push(Instruction::IsArray { it: value, length });
                for (index, item) in items.iter().enumerate() {
                    let key = self.constants.add(Constant::Number(index.to_string()));
                    let to = self.fresh();
                    self.push(Instruction::Index { to, from: value, key: Operand::Constant(key) });
                    self.unify_value(item, Operand::Register(to));
                }
            }
            Term::Object(items) if !is_bound(pattern, &self.bound) => {
                let length = u32::try_from(items.len()).unwrap_or(u32::MAX);
                self.push(Instruction::IsObject { it: value, length });
                for (key, item) in items {
                    let key = self.value(key);
                    let to = self.fresh();
                    self.push(Instruction::Index { to, from: value, key });
                    self.unify_value(item, Operand::Register(to));
                }
            }
            _ => {
                let other = self.value(pattern);
                self.push(Instruction::Equal { a: other, b: value });
            }
        }
    }
}

/// How many later steps are looked at for one by which a collection can be indexed.
const MAX_AHEAD: usize = 100;
