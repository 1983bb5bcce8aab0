//! Orders the steps of a body so that each finds its variables bound, and says which variables nothing binds.
//!
//! Steps keep their order where they can. Source: OPA 1.x, `v1/ast/compile.go`, `reorderBodyForSafety`, and
//! `v1/ast/unify.go`.

use crate::resolved::{Comprehension, ComprehensionKind, Replacement, Root, Step, StepKind, Term, Variable};
use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;

pub(crate) type Variables = BTreeSet<Variable>;

/// Variables that nothing binds, and the step that needs them first.
#[derive(Debug)]
pub(crate) struct Unsafe<'a> {
    pub(crate) step: &'a Step,
    pub(crate) variables: Variables,
}

/// The variables that are bound at a place. They are only ever added, and taken back to a mark.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    variables: Variables,
    /// The same, in the order in which they came.
    added: Vec<Variable>,
}

impl Bound {
    pub(crate) fn insert(&mut self, variable: Variable) -> bool {
        let is_new = self.variables.insert(variable);
        if is_new {
            self.added.push(variable);
        }
        is_new
    }

    /// How many there are, for [`Bound::restore`].
    pub(crate) fn mark(&self) -> usize {
        self.added.len()
    }

    /// Takes away what was added after a mark.
    pub(crate) fn restore(&mut self, mark: usize) {
        for variable in self.added.drain(mark.min(self.added.len())..) {
            self.variables.remove(&variable);
        }
    }
}

impl Deref for Bound {
    type Target = Variables;

    fn deref(&self) -> &Variables {
        &self.variables
    }
}

impl Extend<Variable> for Bound {
    fn extend<T: IntoIterator<Item = Variable>>(&mut self, variables: T) {
        for variable in variables {
            self.insert(variable);
        }
    }
}

/// How many variables of steps are looked at to order a body.
const MAX_WORK: usize = 2_000_000;

/// The steps in an order in which each one's variables are bound, given those that are from the beginning. Where there is none,
/// what is missing; nothing where it takes too long to say.
pub(crate) fn order<'a>(steps: &'a [Step], bound: &mut Bound) -> Result<Vec<&'a Step>, Vec<Unsafe<'a>>> {
    let mark = bound.mark();
    let ordered = ordered(steps, bound);
    bound.restore(mark);
    ordered
}

fn ordered<'a>(steps: &'a [Step], bound: &mut Bound) -> Result<Vec<&'a Step>, Vec<Unsafe<'a>>> {
    let own: Vec<Variables> = steps.iter().map(variables).collect();
    let of_body: Variables = own.iter().flatten().copied().collect();
    let closures: Vec<Variables> =
        steps.iter().map(|it| closure_variables(it).intersection(&of_body).copied().collect()).collect();
    let mut users: HashMap<Variable, Vec<usize>> = HashMap::new();
    for (index, (own, closure)) in own.iter().zip(&closures).enumerate() {
        for variable in own.union(closure) {
            users.entry(*variable).or_default().push(index);
        }
    }
    let mut calls = Calls::of(steps, &own);
    let mut is_placed = vec![false; steps.len()];
    let mut ordered = Vec::with_capacity(steps.len());
    // The steps to look at: all at first, then those of which a variable was bound. Again and again from the first to the last.
    let mut waiting: BTreeSet<usize> = (0..steps.len()).collect();
    let mut next = 0;
    let mut work = 0;
    while let Some(index) = waiting.range(next..).next().or_else(|| waiting.first()).copied() {
        waiting.remove(&index);
        next = index + 1;
        let (Some(step), Some(own), Some(closure)) = (steps.get(index), own.get(index), closures.get(index))
        else {
            continue;
        };
        work += 1 + own.len() + closure.len();
        let outputs = outputs_of(step, own, bound, &mut work);
        if work > MAX_WORK {
            return Err(Vec::new());
        }
        let is_missing = |it: &Variable| !bound.contains(it) && !outputs.contains(it);
        if !closure.iter().all(|it| bound.contains(it)) || own.iter().any(is_missing) {
            if is_call(step) && calls.is_ready(step, &is_placed, bound, &mut work) {
                let of_call = calls.members.get(&step.call).into_iter().flatten();
                waiting.extend(of_call.filter(|it| is_placed.get(**it) == Some(&false)));
                waiting.remove(&index);
            }
            continue;
        }
        if is_reference(step) && !calls.is_ready(step, &is_placed, bound, &mut work) {
            continue;
        }
        if let Some(it) = is_placed.get_mut(index) {
            *it = true;
        }
        ordered.push(step);
        for variable in outputs {
            if bound.insert(variable) {
                let of_variable = users.get(&variable).into_iter().flatten();
                waiting.extend(of_variable.filter(|it| is_placed.get(**it) == Some(&false)));
            }
        }
    }
    if ordered.len() == steps.len() {
        return Ok(ordered);
    }
    let rest = steps.iter().zip(&own).zip(&closures).zip(&is_placed).filter(|(_, is_placed)| !**is_placed);
    let rest = rest.map(|(((step, own), closure), _)| {
        let outputs = outputs_of(step, own, bound, &mut work);
        let missing = own.iter().filter(|it| !outputs.contains(it)).chain(closure);
        Unsafe { step, variables: missing.filter(|it| !bound.contains(it)).copied().collect() }
    });
    Err(rest.filter(|it| !it.variables.is_empty()).collect())
}

fn is_call(step: &Step) -> bool {
    step.call > 0 && matches!(step.kind, StepKind::Call(..) | StepKind::Compare(..))
}

/// Whether it computes a reference in an operand of a call.
fn is_reference(step: &Step) -> bool {
    step.call > 0 && matches!(step.kind, StepKind::Unify(Term::Variable(_), Term::Reference(..)))
}

/// The calls of a body, with the steps that compute references in their operands.
struct Calls<'a> {
    steps: &'a [Step],
    own: &'a [Variables],
    /// By their numbers: the steps of the references, and the call itself.
    members: HashMap<u32, Vec<usize>>,
    /// Whether they are ready, and with how many bound variables that was found out.
    known: HashMap<u32, (usize, bool)>,
}

impl<'a> Calls<'a> {
    fn of(steps: &'a [Step], own: &'a [Variables]) -> Self {
        let mut members: HashMap<u32, Vec<usize>> = HashMap::new();
        for (index, step) in steps.iter().enumerate() {
            if is_call(step) || is_reference(step) {
                members.entry(step.call).or_default().push(index);
            }
        }
        Self { steps, own, members, known: HashMap::new() }
    }

    /// Whether all is bound that a call needs and its own references do not bind.
    fn is_ready(&mut self, of: &Step, is_placed: &[bool], bound: &mut Bound, work: &mut usize) -> bool {
        let mark = bound.mark();
        match self.known.get(&of.call) {
            Some((_, true)) => return true,
            Some((seen, false)) if *seen == mark => return false,
            _ => {}
        }
        let members = self.members.get(&of.call).into_iter().flatten();
        let members: Vec<_> = members
            .filter(|it| is_placed.get(**it) == Some(&false))
            .filter_map(|it| Some((self.steps.get(*it)?, self.own.get(*it)?)))
            .collect();
        for (step, own) in &members {
            *work += own.len();
            let outputs = outputs_of(step, own, bound, work);
            bound.extend(outputs);
        }
        let is_ready = members.iter().all(|(step, own)| match &step.kind {
            StepKind::Call(_, operands, _) => operands.iter().all(|it| is_bound(it, bound)),
            _ => own.is_subset(bound),
        });
        bound.restore(mark);
        self.known.insert(of.call, (mark, is_ready));
        is_ready
    }
}

/// The variables that a step binds.
pub(crate) fn outputs(step: &Step, bound: &Variables) -> Variables {
    outputs_of(step, &variables(step), bound, &mut 0)
}

/// The same, given the variables of the step.
fn outputs_of(step: &Step, own: &Variables, bound: &Variables, work: &mut usize) -> Variables {
    let mut found = Variables::new();
    if step.negated
        || own.is_subset(bound)
        || step.with.iter().any(|it| !is_bound_replacement(&it.value, bound))
    {
        return found;
    }
    match &step.kind {
        StepKind::Test(term) => operand_outputs(term, bound, &mut found),
        StepKind::Unify(variable, Term::Reference(_, operands)) if step.closed => {
            if operands.iter().all(|it| is_bound(it, bound)) {
                pattern_variables(variable, &mut found);
            }
        }
        StepKind::Compare(a, b) => {
            operand_outputs(a, bound, &mut found);
            operand_outputs(b, bound, &mut found);
        }
        StepKind::Unify(a, b) => {
            // No others matter, and there may be many.
            let mut known: Variables = own.intersection(bound).copied().collect();
            loop {
                let before = known.len();
                let mut more = Variables::new();
                operand_outputs(a, &known, &mut more);
                operand_outputs(b, &known, &mut more);
                known.extend(more);
                unify(a, b, &mut known);
                *work += 1 + own.len();
                if known.len() == before || *work > MAX_WORK {
                    break;
                }
            }
            found.extend(known.difference(bound));
        }
        StepKind::Call(_, operands, Some(output)) => {
            if operands.iter().all(|it| is_bound(it, bound)) {
                pattern_variables(output, &mut found);
            }
        }
        StepKind::Call(_, _, None) | StepKind::Every { .. } | StepKind::Print(_) => {}
    }
    found.retain(|it| !bound.contains(it));
    found
}

fn is_bound_replacement(replacement: &Replacement, bound: &Variables) -> bool {
    match replacement {
        Replacement::Value(term) => is_bound(term, bound),
        Replacement::Function(_) => true,
    }
}

/// Whether every variable of a term is bound; those inside of comprehensions are their own.
pub(crate) fn is_bound(term: &Term, bound: &Variables) -> bool {
    let mut variables = Variables::new();
    term_variables(term, &mut variables);
    variables.is_subset(bound)
}

/// What going through a reference binds: the variables of its operands.
fn operand_outputs(term: &Term, bound: &Variables, found: &mut Variables) {
    let Term::Reference(root, operands) = term else { return };
    let is_rooted = match root {
        Root::Input | Root::Data => true,
        Root::Variable(it) => bound.contains(it),
    };
    if is_rooted {
        for operand in operands {
            pattern_variables(operand, found);
        }
    }
}

fn unify(a: &Term, b: &Term, known: &mut Variables) {
    match (a, b) {
        (Term::Array(a), Term::Array(b)) if a.len() == b.len() => {
            for (a, b) in a.iter().zip(b) {
                unify(a, b, known);
            }
        }
        (Term::Object(a), Term::Object(b)) => {
            for (key, a) in a {
                if let Some((_, b)) = b.iter().find(|(it, _)| same_key(it, key)) {
                    unify(a, b, known);
                }
            }
        }
        (a, b) => {
            if is_bound(b, known) {
                pattern_variables(a, known);
            } else if is_bound(a, known) {
                pattern_variables(b, known);
            }
        }
    }
}

/// Whether two keys are the same constant, or the same variable.
pub(crate) fn same_key(a: &Term, b: &Term) -> bool {
    match (a, b) {
        (Term::Constant(a), Term::Constant(b)) => a == b,
        (Term::Variable(a), Term::Variable(b)) => a == b,
        _ => false,
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

/// The variables of a step, without those of bodies in it.
fn variables(step: &Step) -> Variables {
    let mut found = Variables::new();
    each_term(step, &mut |it| term_variables(it, &mut found));
    found
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

/// Every variable of a term; those inside of comprehensions are their own.
pub(crate) fn term_variables(term: &Term, found: &mut Variables) {
    match term {
        Term::Variable(it) => {
            found.insert(*it);
        }
        Term::Reference(root, operands) => {
            if let Root::Variable(it) = root {
                found.insert(*it);
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

/// The variables of bodies in a step.
fn closure_variables(step: &Step) -> Variables {
    let mut found = Variables::new();
    add_closures(step, &mut found);
    found
}

fn add_closures(step: &Step, found: &mut Variables) {
    each_term(step, &mut |it| term_closures(it, found));
    if let StepKind::Every { body, .. } = &step.kind {
        all_of_body(body, found);
    }
}

fn term_closures(term: &Term, found: &mut Variables) {
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

/// Every variable in a comprehension.
pub(crate) fn all_of_comprehension(comprehension: &Comprehension, found: &mut Variables) {
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

fn all_of_body(body: &[Step], found: &mut Variables) {
    for step in body {
        each_term(step, &mut |it| term_variables(it, found));
        add_closures(step, found);
    }
}
