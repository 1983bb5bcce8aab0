//! Refuses what can never be: operands that a function does not take, sides of `=` that are never equal, fields that are not
//! there. Source: OPA 1.x, `v1/ast/check.go`.

use crate::code::NodeId;
use crate::compile_error::{CompileError, ErrorCode};
use crate::constants::{Constant, Constants};
use crate::order::{Variables, is_bound, order, pattern_variables};
use crate::resolve::function_name;
use crate::resolved::{
    Comprehension, ComprehensionKind, ConstantId, Definition, Function, Root, Step, StepKind, Term, Variable,
};
use crate::rules::{RuleKind, Tree};
use crate::shape::Shape;
use crate::syntax::Span;
use std::collections::HashMap;
use std::rc::Rc;

/// Checks all rules, in an order in which each comes after those that it needs.
pub(crate) fn check(tree: &Tree, sequence: &[NodeId], constants: &Constants, errors: &mut Vec<CompileError>) {
    let mut rules: HashMap<NodeId, Rc<Shape>> = HashMap::new();
    for id in sequence {
        let Some(rule) = tree.node(*id).and_then(|it| it.rule.as_ref()) else { continue };
        let mut shapes = Vec::new();
        let mut keys = Vec::new();
        for (definition, contains) in &rule.definitions {
            let mut checker = Checker {
                tree,
                constants,
                rules: &rules,
                errors,
                file: definition.file,
                shapes: HashMap::new(),
                bound: Variables::new(),
            };
            checker.definition(definition, *contains, &mut keys, &mut shapes);
        }
        if let Some(default) = rule.default {
            shapes.push(constant_shape(constants, default));
        }
        let any = || Rc::new(Shape::Any);
        let value = shapes.into_iter().reduce(|a, b| a.or(&b)).unwrap_or_else(any);
        let shape = match rule.kind {
            RuleKind::Complete | RuleKind::Function(_) => value,
            RuleKind::Set => Rc::new(Shape::Set(value)),
            RuleKind::Object => {
                let key = keys.into_iter().reduce(|a: Rc<Shape>, b| a.or(&b)).unwrap_or_else(any);
                Rc::new(Shape::Object(Vec::new(), Some((key, value))))
            }
        };
        rules.insert(*id, shape.bounded());
    }
}

struct Checker<'a> {
    tree: &'a Tree,
    constants: &'a Constants,
    rules: &'a HashMap<NodeId, Rc<Shape>>,
    errors: &'a mut Vec<CompileError>,
    file: usize,
    shapes: HashMap<Variable, Rc<Shape>>,
    bound: Variables,
}

impl Checker<'_> {
    fn definition(
        &mut self,
        definition: &Definition,
        contains: bool,
        keys: &mut Vec<Rc<Shape>>,
        shapes: &mut Vec<Rc<Shape>>,
    ) {
        for parameter in &definition.parameters {
            pattern_variables(parameter, &mut self.bound);
        }
        let bound = self.bound.clone();
        for branch in &definition.branches {
            self.bound = bound.clone();
            self.body(&branch.body);
            let span = definition.span;
            let value = self.term(&branch.value, span);
            match branch.keys.as_slice() {
                [] => shapes.push(value),
                [first, rest @ ..] => {
                    keys.push(self.term(first, span));
                    let set = || Rc::new(Shape::Set(Rc::clone(&value)));
                    // What stands deeper is not followed.
                    shapes.push(match (rest, contains) {
                        ([], false) => value,
                        ([], true) => set(),
                        _ => Rc::new(Shape::Any),
                    });
                }
            }
        }
    }

    fn body(&mut self, steps: &[Step]) {
        let Ok(steps) = order(steps, &self.bound) else { return };
        for step in steps {
            self.step(step);
            self.bound.extend(crate::order::outputs(step, &self.bound));
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
                let domain = self.term(domain, span);
                if let Some((of_key, of_value)) = domain.item() {
                    self.learn(key, &of_key);
                    self.learn(value, &of_value);
                }
                let before = self.bound.clone();
                pattern_variables(key, &mut self.bound);
                pattern_variables(value, &mut self.bound);
                self.body(body);
                self.bound = before;
            }
            StepKind::Print(operands) => {
                for operand in operands {
                    self.term(operand, span);
                }
            }
        }
    }

    fn call(&mut self, span: Span, function: &Function, operands: &[Term], output: Option<&Term>) {
        let shapes: Vec<_> = operands.iter().map(|it| self.term(it, span)).collect();
        let result = match function {
            Function::Builtin(builtin) => {
                for (index, (shape, wanted)) in shapes.iter().zip(builtin.parameters).enumerate() {
                    let wanted = Shape::from(*wanted);
                    if !shape.meets(&wanted) {
                        let message = format!(
                            "{} takes {} as operand {}, and not {}",
                            function_name(function),
                            wanted.name(),
                            index + 1,
                            shape.name()
                        );
                        self.error(span, message);
                    }
                }
                Rc::new(Shape::from(builtin.result))
            }
            Function::Defined(path) => {
                let shape = self.tree.function(path).and_then(|it| self.rules.get(&it));
                shape.cloned().unwrap_or_else(|| Rc::new(Shape::Any))
            }
        };
        if let Some(output) = output {
            let of_output = self.term(output, span);
            if !of_output.meets(&result) {
                let message = format!("what {} gives is never {}", function_name(function), of_output.name());
                self.error(span, message);
            }
            self.learn(output, &result);
        }
    }

    /// What a variable of a pattern is, from what it meets.
    fn learn(&mut self, pattern: &Term, shape: &Rc<Shape>) {
        match pattern {
            Term::Variable(it) => {
                self.shapes.entry(*it).or_insert_with(|| Rc::clone(shape));
            }
            Term::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let of_item = match &**shape {
                        Shape::Array(shapes, rest) => shapes.get(index).or(rest.as_ref()).cloned(),
                        _ => None,
                    };
                    if let Some(of_item) = of_item {
                        self.learn(item, &of_item);
                    }
                }
            }
            _ => {}
        }
    }

    fn term(&mut self, term: &Term, span: Span) -> Rc<Shape> {
        let shape = match term {
            Term::Constant(id) => return constant_shape(self.constants, *id),
            Term::Variable(it) => return self.shapes.get(it).cloned().unwrap_or_else(|| Rc::new(Shape::Any)),
            Term::Reference(root, operands) => return self.reference(*root, operands, span),
            Term::Array(items) => Shape::Array(items.iter().map(|it| self.term(it, span)).collect(), None),
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
                    Some(fields) => Shape::Object(fields, None),
                    None => Shape::Object(Vec::new(), Some((any(), any()))),
                }
            }
            Term::Comprehension(it) => self.comprehension(it),
        };
        Rc::new(shape).bounded()
    }

    fn comprehension(&mut self, comprehension: &Comprehension) -> Shape {
        let before = self.bound.clone();
        self.body(&comprehension.body);
        let span = comprehension.span;
        let shape = match &comprehension.kind {
            ComprehensionKind::Array(item) => Shape::Array(Vec::new(), Some(self.term(item, span))),
            ComprehensionKind::Set(item) => Shape::Set(self.term(item, span)),
            ComprehensionKind::Object(key, value) => {
                Shape::Object(Vec::new(), Some((self.term(key, span), self.term(value, span))))
            }
        };
        self.bound = before;
        shape
    }

    fn reference(&mut self, root: Root, operands: &[Term], span: Span) -> Rc<Shape> {
        let any = || Rc::new(Shape::Any);
        let (mut at, rest) = match root {
            Root::Input => return any(),
            Root::Variable(it) => (self.shapes.get(&it).cloned().unwrap_or_else(any), operands),
            Root::Data => match self.document(operands) {
                Some(it) => it,
                None => return any(),
            },
        };
        for operand in rest {
            let of_operand = self.term(operand, span);
            let next = match operand {
                Term::Constant(id) => {
                    let index = match self.constants.get(*id) {
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
                    let name = self.constants.text(operand);
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

    /// The shape of the rule that a path below `data` leads to, and the rest of the path.
    fn document<'t>(&self, operands: &'t [Term]) -> Option<(Rc<Shape>, &'t [Term])> {
        let mut node = self.tree.root();
        let mut rest = operands;
        loop {
            if self.tree.has_rules(node) {
                let has_more = self.tree.node(node).is_some_and(|it| !it.children.is_empty());
                let shape = self.rules.get(&node).filter(|_| !has_more)?;
                return Some((Rc::clone(shape), rest));
            }
            let (first, after) = rest.split_first()?;
            node = self.tree.child(node, self.constants.text(first)?)?;
            rest = after;
        }
    }

    fn error(&mut self, span: Span, message: String) {
        let error = CompileError { code: ErrorCode::Type, message, file: self.file, span };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

fn constant_shape(constants: &Constants, id: ConstantId) -> Rc<Shape> {
    let of = |it: &ConstantId| constant_shape(constants, *it);
    let shape = match constants.get(id) {
        Constant::Null => Shape::Null,
        Constant::Bool(_) => Shape::Boolean,
        Constant::Number(_) => Shape::Number,
        Constant::String(_) => Shape::String,
        Constant::Array(items) => Shape::Array(items.iter().map(of).collect(), None),
        Constant::Set(items) => {
            let union = items.iter().map(of).reduce(|a, b| a.or(&b));
            Shape::Set(union.unwrap_or_else(|| Rc::new(Shape::Any)))
        }
        Constant::Object(items) => {
            Shape::Object(items.iter().map(|(key, value)| (*key, of(value))).collect(), None)
        }
    };
    Rc::new(shape).bounded()
}
