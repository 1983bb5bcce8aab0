//! Collects the variables of terms and steps, and knows which of them are bound.

use crate::resolved::{Comprehension, ComprehensionKind, Replacement, Root, Step, StepKind, Term, Variable};
use std::ops::Deref;

/// Variables, in order, each once.
#[derive(Debug, Default)]
pub(crate) struct Variables(Vec<Variable>);

impl Variables {
    /// What is found, however often.
    pub(crate) fn found(find: impl FnOnce(&mut Vec<Variable>)) -> Self {
        let mut variables = Self::default();
        variables.find(find);
        variables
    }

    /// What is found, in the place of what was there.
    pub(crate) fn find(&mut self, find: impl FnOnce(&mut Vec<Variable>)) {
        self.0.clear();
        find(&mut self.0);
        self.0.sort_unstable();
        self.0.dedup();
    }
}

/// The variables of each of several steps, in one piece of memory: bodies have many steps with few variables.
#[derive(Debug)]
pub(crate) struct OfSteps {
    all: Vec<Variable>,
    /// Where those of each step end.
    ends: Vec<usize>,
}

impl OfSteps {
    /// What is found in each step, however often.
    pub(crate) fn found(steps: &[Step], mut find: impl FnMut(&Step, &mut Vec<Variable>)) -> Self {
        let mut of_steps = Self { all: Vec::new(), ends: Vec::with_capacity(steps.len()) };
        let mut of_step = Variables::default();
        for step in steps {
            of_step.find(|found| find(step, found));
            of_steps.all.extend_from_slice(&of_step);
            of_steps.ends.push(of_steps.all.len());
        }
        of_steps
    }

    /// Those that are in `others` as well.
    pub(crate) fn shared(&self, others: &Variables) -> Self {
        let mut shared = Self { all: Vec::new(), ends: Vec::with_capacity(self.ends.len()) };
        for index in 0..self.ends.len() {
            shared.all.extend(self.get(index).iter().filter(|it| others.contains(it)));
            shared.ends.push(shared.all.len());
        }
        shared
    }

    /// Those of the step at an index.
    pub(crate) fn get(&self, index: usize) -> &[Variable] {
        let start = index.checked_sub(1).and_then(|it| self.ends.get(it)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.all.get(start..*end)).unwrap_or_default()
    }

    /// Those of all steps, one after the other.
    pub(crate) fn all(&self) -> &[Variable] {
        &self.all
    }
}

impl Deref for Variables {
    type Target = [Variable];

    fn deref(&self) -> &[Variable] {
        &self.0
    }
}

/// A set of variables that can be asked for one.
pub(crate) trait Contains {
    fn contains(&self, variable: &Variable) -> bool;
}

impl Contains for Variables {
    fn contains(&self, variable: &Variable) -> bool {
        self.0.binary_search(variable).is_ok()
    }
}

/// The variables that are bound at a place. They are only ever added, and taken back to a mark.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    /// By their numbers.
    is_bound: Vec<bool>,
    /// In the order in which they came.
    added: Vec<Variable>,
}

impl Bound {
    pub(crate) fn insert(&mut self, variable: Variable) -> bool {
        let index = variable.0 as usize;
        if index >= self.is_bound.len() {
            self.is_bound.resize(index + 1, false);
        }
        let Some(is_bound) = self.is_bound.get_mut(index).filter(|it| !**it) else { return false };
        *is_bound = true;
        self.added.push(variable);
        true
    }

    /// How many there are, for [`Bound::restore`].
    pub(crate) fn mark(&self) -> usize {
        self.added.len()
    }

    /// Takes away what was added after a mark.
    pub(crate) fn restore(&mut self, mark: usize) {
        for variable in self.added.drain(mark.min(self.added.len())..) {
            if let Some(is_bound) = self.is_bound.get_mut(variable.0 as usize) {
                *is_bound = false;
            }
        }
    }
}

impl Contains for Bound {
    fn contains(&self, variable: &Variable) -> bool {
        self.is_bound.get(variable.0 as usize) == Some(&true)
    }
}

impl Extend<Variable> for Bound {
    fn extend<T: IntoIterator<Item = Variable>>(&mut self, variables: T) {
        for variable in variables {
            self.insert(variable);
        }
    }
}

/// Whether every variable of a term is bound; those inside of comprehensions are their own.
pub(crate) fn is_bound(term: &Term, bound: &impl Contains) -> bool {
    match term {
        Term::Variable(it) => bound.contains(it),
        Term::Reference(root, operands) => {
            let is_rooted = match root {
                Root::Variable(it) => bound.contains(it),
                Root::Input | Root::Data => true,
            };
            is_rooted && operands.iter().all(|it| is_bound(it, bound))
        }
        Term::Array(items) | Term::Set(items) => items.iter().all(|it| is_bound(it, bound)),
        Term::Object(items) => {
            items.iter().all(|(key, value)| is_bound(key, bound) && is_bound(value, bound))
        }
        Term::Constant(_) | Term::Comprehension(_) => true,
    }
}

/// The variables that a pattern binds where it meets a value.
pub(crate) fn pattern_variables(term: &Term, found: &mut impl Extend<Variable>) {
    match term {
        Term::Variable(it) => found.extend([*it]),
        Term::Array(items) => items.iter().for_each(|it| pattern_variables(it, found)),
        Term::Object(items) => items.iter().for_each(|(_, value)| pattern_variables(value, found)),
        Term::Constant(_) | Term::Set(_) | Term::Reference(..) | Term::Comprehension(_) => {}
    }
}

/// The variables of a step, without those of bodies in it, as often as they are there.
pub(crate) fn step_variables(step: &Step, found: &mut Vec<Variable>) {
    each_term(step, &mut |it| term_variables(it, found));
}

fn each_term(step: &Step, visit: &mut dyn FnMut(&Term)) {
    match &step.kind {
        StepKind::Test(term) => visit(term),
        StepKind::Unify(a, b) | StepKind::Compare(a, b) => {
            visit(a);
            visit(b);
        }
        StepKind::Call(_, operands, output) => operands.iter().chain(output).for_each(&mut *visit),
        StepKind::Every { domain, .. } => visit(domain),
        StepKind::Print(operands) => operands.iter().for_each(&mut *visit),
    }
    for with in &step.with {
        if let Replacement::Value(term) = &with.value {
            visit(term);
        }
    }
}

/// Every variable of a term, as often as it is there; those inside of comprehensions are their own.
pub(crate) fn term_variables(term: &Term, found: &mut Vec<Variable>) {
    match term {
        Term::Variable(it) => found.push(*it),
        Term::Reference(root, operands) => {
            if let Root::Variable(it) = root {
                found.push(*it);
            }
            operands.iter().for_each(|it| term_variables(it, found));
        }
        Term::Array(items) | Term::Set(items) => items.iter().for_each(|it| term_variables(it, found)),
        Term::Object(items) => {
            for (key, value) in items {
                term_variables(key, found);
                term_variables(value, found);
            }
        }
        Term::Constant(_) | Term::Comprehension(_) => {}
    }
}

/// The variables of bodies in a step, as often as they are there.
pub(crate) fn closure_variables(step: &Step, found: &mut Vec<Variable>) {
    each_term(step, &mut |it| term_closures(it, found));
    if let StepKind::Every { body, .. } = &step.kind {
        all_of_body(body, found);
    }
}

fn term_closures(term: &Term, found: &mut Vec<Variable>) {
    match term {
        Term::Comprehension(comprehension) => all_of_comprehension(comprehension, found),
        Term::Array(items) | Term::Set(items) | Term::Reference(_, items) => {
            items.iter().for_each(|it| term_closures(it, found));
        }
        Term::Object(items) => {
            for (key, value) in items {
                term_closures(key, found);
                term_closures(value, found);
            }
        }
        Term::Constant(_) | Term::Variable(_) => {}
    }
}

/// Every variable in a comprehension, as often as it is there.
pub(crate) fn all_of_comprehension(comprehension: &Comprehension, found: &mut Vec<Variable>) {
    let mut of_head = |it: &Term| {
        term_variables(it, found);
        term_closures(it, found);
    };
    match &comprehension.kind {
        ComprehensionKind::Array(item) | ComprehensionKind::Set(item) => of_head(item),
        ComprehensionKind::Object(key, value) => {
            of_head(key);
            of_head(value);
        }
    }
    all_of_body(&comprehension.body, found);
}

fn all_of_body(body: &[Step], found: &mut Vec<Variable>) {
    for step in body {
        step_variables(step, found);
        closure_variables(step, found);
    }
}
