//! Refuses what can never be: operands that a function does not take, sides of `=` that are never equal, fields that are not
//! there. Source: OPA 1.x, `v1/ast/check.go`.

use crate::code::NodeId;
use crate::compile_error::{CompileError, ErrorCode};
use crate::constants::{Constant, Constants};
use crate::order::{order, outputs};
use crate::resolved::{
    Comprehension, ComprehensionKind, ConstantId, Definition, Function, Root, Step, StepKind, Term, Variable,
};
use crate::rules::{RuleKind, Tree};
use crate::shape::Shape;
use crate::syntax::Span;
use crate::variables::{Bound, is_bound, pattern_variables};
use foldhash::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

/// What is known of a rule.
#[derive(Debug)]
struct Known {
    value: Rc<Shape>,
    /// Of a function, what it takes.
    parameters: Vec<Rc<Shape>>,
}

/// Checks all rules, in an order in which each comes after those that it needs.
pub(crate) fn check(tree: &Tree, sequence: &[NodeId], constants: &Constants, errors: &mut Vec<CompileError>) {
    let mut rules: HashMap<NodeId, Known> = HashMap::default();
    for id in sequence {
        let Some(rule) = tree.node(*id).and_then(|it| it.rule.as_ref()) else { continue };
        let mut found = Found::default();
        let computed = rule.computed_default.iter().map(|it| (it, false));
        for (definition, contains) in
            rule.definitions.iter().map(|(it, contains)| (it, *contains)).chain(computed)
        {
            let mut checker = Checker {
                tree,
                constants,
                rules: &rules,
                errors,
                file: definition.file,
                shapes: HashMap::default(),
                learned: Vec::new(),
                bound: Bound::default(),
                is_every: false,
            };
            checker.definition(definition, contains, &mut found);
        }
        let any = || Rc::new(Shape::Any);
        if let Some(default) = rule.default {
            found.values.push(constant_shape(constants, default));
            // It takes whatever there is.
            found.parameters.iter_mut().for_each(|it| *it = any());
        }
        let value = found.values.into_iter().reduce(|a, b| a.with(&b)).unwrap_or_else(any);
        let shape = match rule.kind {
            RuleKind::Complete | RuleKind::Function(_) => value,
            RuleKind::Set => Rc::new(Shape::Set(value)),
            RuleKind::Object => match found.keys.into_iter().reduce(|a, b| a.or(&b)) {
                Some(key) if !found.has_constant_key => {
                    Rc::new(Shape::Object(Vec::new(), Some((key, value))))
                }
                _ => any(),
            },
        };
        let parameters = found.parameters.into_iter().map(Shape::bounded).collect();
        rules.insert(*id, Known { value: shape.bounded(), parameters });
    }
}

/// What the definitions of a rule give.
#[derive(Debug, Default)]
struct Found {
    parameters: Vec<Rc<Shape>>,
    keys: Vec<Rc<Shape>>,
    values: Vec<Rc<Shape>>,
    /// Whether a key is a constant that is no name, which is a place of its own.
    has_constant_key: bool,
}

struct Checker<'a> {
    tree: &'a Tree,
    constants: &'a Constants,
    rules: &'a HashMap<NodeId, Known>,
    errors: &'a mut Vec<CompileError>,
    file: usize,
    shapes: HashMap<Variable, Rc<Shape>>,
    /// The variables in `shapes`, in the order in which they came there.
    learned: Vec<Variable>,
    bound: Bound,
    /// Whether it is in the body of an `every`, which is not checked, as in OPA; comprehensions in it are.
    is_every: bool,
}

impl Checker<'_> {
    fn definition(&mut self, definition: &Definition, contains: bool, found: &mut Found) {
        for parameter in &definition.parameters {
            pattern_variables(parameter, &mut self.bound);
        }
        let bound = self.bound.mark();
        let span = definition.span;
        for branch in &definition.branches {
            self.bound.restore(bound);
            self.forget(0);
            self.body(&branch.body);
            let value = self.term(&branch.value, span);
            for (index, parameter) in definition.parameters.iter().enumerate() {
                let shape = self.exact(parameter, span);
                match found.parameters.get_mut(index) {
                    Some(known) => *known = known.or(&shape),
                    None => found.parameters.push(shape),
                }
            }
            match branch.keys.as_slice() {
                [] => found.values.push(value),
                [first, rest @ ..] => {
                    found.has_constant_key |= matches!(first, Term::Constant(_));
                    found.keys.push(self.term(first, span));
                    let mut shape = if contains { Rc::new(Shape::Set(value)) } else { value };
                    for key in rest.iter().rev() {
                        shape = Rc::new(Shape::Object(Vec::new(), Some((self.term(key, span), shape))));
                    }
                    found.values.push(shape);
                }
            }
        }
    }

    /// Forgets what was learned after so many variables.
    fn forget(&mut self, after: usize) {
        for variable in self.learned.drain(after.min(self.learned.len())..) {
            self.shapes.remove(&variable);
        }
    }

    /// Leaves a body in a body: what is bound and known in it is not outside.
    fn leave(&mut self, (bound, learned, is_every): (usize, usize, bool)) {
        self.bound.restore(bound);
        self.forget(learned);
        self.is_every = is_every;
    }

    fn learn_variable(&mut self, variable: Variable, shape: &Rc<Shape>) {
        if let Entry::Vacant(entry) = self.shapes.entry(variable) {
            entry.insert(if self.is_every { Rc::new(Shape::Any) } else { Rc::clone(shape) });
            self.learned.push(variable);
        }
    }

    /// The shape of an operand or a parameter: of an empty collection it is known that it is empty.
    fn exact(&mut self, term: &Term, span: Span) -> Rc<Shape> {
        match term {
            Term::Constant(id) => match &*self.constants.get(*id) {
                Constant::Array(items) if items.is_empty() => Rc::new(Shape::Array(Vec::new(), None)),
                Constant::Object(items) if items.is_empty() => Rc::new(Shape::Object(Vec::new(), None)),
                _ => constant_shape(self.constants, *id),
            },
            _ => self.term(term, span),
        }
    }

    fn body(&mut self, steps: &[Step]) {
        let Ok(steps) = order(steps, &mut self.bound) else { return };
        for step in steps {
            self.step(step);
            let outputs = outputs(step, &self.bound);
            self.bound.extend(outputs.iter().copied());
        }
    }

    fn step(&mut self, step: &Step) {
        let span = step.span;
        match &step.kind {
            StepKind::Test(term) => {
                self.term(term, span);
            }
            StepKind::Unify(a, b) | StepKind::Compare(a, b) => {
                let (of_a, of_b) = (self.term(a, span), self.term(b, span));
                if !of_a.meets(&of_b) {
                    let message = format!("{} is never equal to {}", of_a.name(), of_b.name());
                    self.error(span, message);
                }
                self.learn(a, &of_b);
                self.learn(b, &of_a);
            }
            StepKind::Call(function, operands, output) => {
                self.call(span, function, operands, output.as_ref())
            }
            StepKind::Every { key, value, domain, body } => {
                self.term(domain, span);
                let before = (self.bound.mark(), self.learned.len(), self.is_every);
                pattern_variables(key, &mut self.bound);
                pattern_variables(value, &mut self.bound);
                self.is_every = true;
                self.body(body);
                self.leave(before);
            }
            StepKind::Print(operands) => {
                for operand in operands {
                    self.term(operand, span);
                }
            }
        }
    }

    fn call(&mut self, span: Span, function: &Function, operands: &[Term], output: Option<&Term>) {
        let shapes: Vec<_> = operands.iter().map(|it| self.exact(it, span)).collect();
        let any = || Rc::new(Shape::Any);
        let (wanted, result) = match function {
            Function::Builtin(builtin) => {
                let wanted = builtin.parameters.iter().map(|it| Rc::new(Shape::from(*it))).collect();
                (wanted, Rc::new(Shape::from(builtin.result)))
            }
            Function::Defined(path) => match self.tree.function(path).and_then(|it| self.rules.get(&it)) {
                Some(known) => (known.parameters.clone(), Rc::clone(&known.value)),
                None => (Vec::new(), any()),
            },
        };
        for (index, ((operand, shape), wanted)) in operands.iter().zip(&shapes).zip(&wanted).enumerate() {
            if !shape.meets(wanted) || !self.is_set_of(operand, wanted, span) {
                let message = format!(
                    "{} takes {} as operand {}, and not {}",
                    function.name(),
                    wanted.name(),
                    index + 1,
                    shape.name()
                );
                self.error(span, message);
            }
            self.learn(operand, wanted);
        }
        if let Some(output) = output {
            let of_output = self.term(output, span);
            if !of_output.meets(&result) {
                let message = format!("what {} gives is never {}", function.name(), of_output.name());
                self.error(span, message);
            }
            self.learn(output, &result);
        }
    }

    /// Whether each item of a set that is written out is one of a set that is wanted, where one is.
    fn is_set_of(&mut self, operand: &Term, wanted: &Shape, span: Span) -> bool {
        let items: Vec<_> = match operand {
            Term::Set(items) => items.iter().map(|it| self.term(it, span)).collect(),
            Term::Constant(id) => match &*self.constants.get(*id) {
                Constant::Set(items) => items.iter().map(|it| constant_shape(self.constants, *it)).collect(),
                _ => return true,
            },
            _ => return true,
        };
        let all_are = |it: &Shape| match it {
            Shape::Set(item) => items.iter().all(|it| it.meets(item)),
            it => *it == Shape::Any,
        };
        match wanted {
            Shape::OneOf(shapes) => shapes.iter().any(|it| all_are(it)),
            it => all_are(it),
        }
    }

    /// What a variable of a pattern is, from what it meets.
    fn learn(&mut self, pattern: &Term, shape: &Rc<Shape>) {
        let any = || Rc::new(Shape::Any);
        match pattern {
            Term::Variable(it) => self.learn_variable(*it, shape),
            Term::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let of_item = match &**shape {
                        Shape::Array(shapes, rest) => shapes.get(index).or(rest.as_ref()).cloned(),
                        _ => None,
                    };
                    self.learn(item, &of_item.unwrap_or_else(any));
                }
            }
            Term::Object(items) => {
                for (key, item) in items {
                    let of_item = match (&**shape, key) {
                        (Shape::Object(..), Term::Constant(id)) => {
                            shape.at(*id, &constant_shape(self.constants, *id), None)
                        }
                        _ => None,
                    };
                    self.learn(item, &of_item.unwrap_or_else(any));
                }
            }
            _ => {}
        }
    }

    /// What a reference goes through is any value, and so are its variables.
    fn learn_any(&mut self, operands: &[Term]) -> Rc<Shape> {
        let any = Rc::new(Shape::Any);
        for operand in operands {
            if !is_bound(operand, &self.bound) {
                self.learn(operand, &any);
            }
        }
        any
    }

    fn term(&mut self, term: &Term, span: Span) -> Rc<Shape> {
        let shape = match term {
            Term::Constant(id) => return constant_shape(self.constants, *id),
            Term::Variable(it) => return self.shapes.get(it).cloned().unwrap_or_else(|| Rc::new(Shape::Any)),
            Term::Reference(root, operands) => return self.reference(*root, operands, span),
            Term::Array(items) => Shape::array(items.iter().map(|it| self.term(it, span)).collect()),
            Term::Set(items) => {
                let items: Vec<_> = items.iter().map(|it| self.term(it, span)).collect();
                Shape::Set(items.into_iter().reduce(|a, b| a.or(&b)).unwrap_or_else(|| Rc::new(Shape::Any)))
            }
            Term::Object(items) => {
                let fields = items.iter().map(|(key, value)| {
                    let value = self.term(value, span);
                    match key {
                        Term::Constant(id) => Some((*id, value)),
                        _ => None,
                    }
                });
                let any = || Rc::new(Shape::Any);
                match fields.collect::<Option<Vec<_>>>() {
                    Some(fields) => Shape::object(fields),
                    None => Shape::Object(Vec::new(), Some((any(), any()))),
                }
            }
            Term::Comprehension(it) => self.comprehension(it),
        };
        Rc::new(shape).bounded()
    }

    fn comprehension(&mut self, comprehension: &Comprehension) -> Shape {
        let before = (self.bound.mark(), self.learned.len(), self.is_every);
        self.is_every = false;
        self.body(&comprehension.body);
        let span = comprehension.span;
        let shape = match &comprehension.kind {
            ComprehensionKind::Array(item) => Shape::Array(Vec::new(), Some(self.term(item, span))),
            ComprehensionKind::Set(item) => Shape::Set(self.term(item, span)),
            ComprehensionKind::Object(key, value) => {
                Shape::Object(Vec::new(), Some((self.term(key, span), self.term(value, span))))
            }
        };
        self.leave(before);
        shape
    }

    fn reference(&mut self, root: Root, operands: &[Term], span: Span) -> Rc<Shape> {
        let any = || Rc::new(Shape::Any);
        let (mut at, rest) = match root {
            Root::Input => return self.learn_any(operands),
            Root::Variable(it) => (self.shapes.get(&it).cloned().unwrap_or_else(any), operands),
            Root::Data if self.is_function(operands) => {
                self.error(span, "a function is called, and has no value of its own".to_owned());
                return any();
            }
            Root::Data => match self.document(operands) {
                Some(it) => it,
                None => return self.learn_any(operands),
            },
        };
        for operand in rest {
            let of_operand = self.term(operand, span);
            let next = match operand {
                Term::Constant(id) => {
                    let index = match &*self.constants.get(*id) {
                        Constant::Number(text) => text.parse().ok(),
                        _ => None,
                    };
                    at.at(*id, &of_operand, index)
                }
                _ => match at.item() {
                    Some((key, item)) if key.meets(&of_operand) => {
                        if !is_bound(operand, &self.bound) {
                            self.learn(operand, &key);
                        }
                        Some(item)
                    }
                    _ => None,
                },
            };
            match next {
                Some(next) => at = next,
                None => {
                    let name = self.constants.text_of(operand);
                    let message = match name {
                        Some(name) => format!("there is nothing at `{name}` in {}", at.name()),
                        None => format!("there is nothing at this place in {}", at.name()),
                    };
                    self.error(span, message);
                    return any();
                }
            }
        }
        at
    }

    /// Whether a path below `data` leads to a function, or into one.
    fn is_function(&self, operands: &[Term]) -> bool {
        let mut node = self.tree.root();
        for name in operands.iter().map_while(|it| self.constants.text_of(it)) {
            match self.tree.child(node, &name) {
                Some(child) => node = child,
                None => break,
            }
        }
        self.tree.arity(node).is_some()
    }

    /// The shape of the rule that a path below `data` leads to, and the rest of the path.
    fn document<'t>(&self, operands: &'t [Term]) -> Option<(Rc<Shape>, &'t [Term])> {
        let mut node = self.tree.root();
        let mut rest = operands;
        loop {
            let children = &self.tree.node(node)?.children;
            let child =
                rest.first().and_then(|it| self.constants.text_of(it)).and_then(|it| children.get(&*it));
            match (child, rest) {
                (Some(child), [_, after @ ..]) => (node, rest) = (*child, after),
                // Beside the rules below there is what the base document has, or what the rule here gives.
                (_, [first, ..]) if !children.is_empty() => {
                    let is_odd = matches!(first, Term::Constant(id) if !matches!(&*self.constants.get(*id), Constant::String(_)));
                    let is_known = node != self.tree.root() && !self.tree.has_rules(node) && !is_odd;
                    let shape =
                        Shape::Object(Vec::new(), Some((Rc::new(Shape::String), Rc::new(Shape::Any))));
                    return is_known.then(|| (Rc::new(shape), rest));
                }
                _ if !children.is_empty() => {
                    let any = || Rc::new(Shape::Any);
                    return Some((Rc::new(Shape::Object(Vec::new(), Some((any(), any())))), rest));
                }
                _ => return Some((Rc::clone(&self.rules.get(&node)?.value), rest)),
            }
        }
    }

    fn error(&mut self, span: Span, message: String) {
        if self.is_every {
            return;
        }
        let error = CompileError { code: ErrorCode::Type, message, file: self.file, span };
        error.add_to(self.errors);
    }
}

fn constant_shape(constants: &Constants, id: ConstantId) -> Rc<Shape> {
    let of = |it: &ConstantId| constant_shape(constants, *it);
    let shape = match &*constants.get(id) {
        Constant::Null => Shape::Null,
        Constant::Bool(_) => Shape::Boolean,
        Constant::Number(_) => Shape::Number,
        Constant::String(_) => Shape::String,
        Constant::Array(items) => Shape::array(items.iter().map(of).collect()),
        Constant::Set(items) => {
            let union = items.iter().map(of).reduce(|a, b| a.or(&b));
            Shape::Set(union.unwrap_or_else(|| Rc::new(Shape::Any)))
        }
        Constant::Object(items) => {
            Shape::object(items.iter().map(|(key, value)| (*key, of(value))).collect())
        }
    };
    Rc::new(shape).bounded()
}
