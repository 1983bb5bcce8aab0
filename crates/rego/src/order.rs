//! Orders the steps of a body so that each finds its variables bound, and says which variables nothing binds.
//!
//! Steps keep their order where they can. Source: OPA 1.x, `v1/ast/compile.go`, `reorderBodyForSafety`, and
//! `v1/ast/unify.go`.

use crate::resolved::{Replacement, Root, Step, StepKind, Term, Variable};
use crate::variables::{
    Bound, Contains, OfSteps, Variables, closure_variables, is_bound, pattern_variables, step_variables,
};
use foldhash::HashMap;
use std::collections::BTreeSet;

/// Variables that nothing binds, and the step that needs them first.
#[derive(Debug)]
pub(crate) struct Unsafe<'a> {
    pub(crate) step: &'a Step,
    pub(crate) variables: Variables,
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
    let own = OfSteps::found(steps, step_variables);
    let mut closures = OfSteps::found(steps, closure_variables);
    if !closures.all().is_empty() {
        let of_body = Variables::found(|found| found.extend_from_slice(own.all()));
        closures = closures.shared(&of_body);
    }
    let mut ordering = Ordering {
        own: &own,
        closures: &closures,
        calls: Calls::of(steps, &own),
        is_placed: vec![false; steps.len()],
        ordered: Vec::with_capacity(steps.len()),
        outputs: Variables::default(),
        work: 0,
    };
    // Most bodies are written in such an order.
    for (index, step) in steps.iter().enumerate() {
        ordering.look(index, step, bound)?;
    }
    if ordering.ordered.len() < steps.len() {
        ordering.go_on(steps, bound)?;
    }
    let Ordering { is_placed, ordered, mut outputs, mut work, .. } = ordering;
    if ordered.len() == steps.len() {
        return Ok(ordered);
    }
    let rest = steps.iter().zip(&is_placed).enumerate().filter(|(_, (_, is_placed))| !**is_placed);
    let rest = rest.map(|(index, (step, _))| {
        let (own, closure) = (own.get(index), closures.get(index));
        outputs_of(step, own, bound, &mut work, &mut outputs);
        let missing = own.iter().filter(|it| !outputs.contains(it)).chain(closure);
        let missing = missing.filter(|it| !bound.contains(it));
        Unsafe { step, variables: Variables::found(|found| found.extend(missing)) }
    });
    Err(rest.filter(|it| !it.variables.is_empty()).collect())
}

/// An order that is being found.
struct Ordering<'s, 'a> {
    own: &'s OfSteps,
    closures: &'s OfSteps,
    calls: Calls<'s>,
    is_placed: Vec<bool>,
    ordered: Vec<&'a Step>,
    /// What the step binds that was looked at last.
    outputs: Variables,
    work: usize,
}

/// What comes of looking at a step.
enum Looked {
    /// It has to wait.
    Waits,
    /// It has to wait, but its call is ready: what it waits for may be, too.
    CallIsReady,
    /// It is placed, and binds its outputs.
    Placed,
}

impl<'a> Ordering<'_, 'a> {
    /// Places a step, if all that it needs is bound.
    fn look(&mut self, index: usize, step: &'a Step, bound: &mut Bound) -> Result<Looked, Vec<Unsafe<'a>>> {
        let (own, closure, outputs) = (self.own.get(index), self.closures.get(index), &mut self.outputs);
        self.work += 1 + own.len() + closure.len();
        outputs_of(step, own, bound, &mut self.work, outputs);
        if self.work > MAX_WORK {
            return Err(Vec::new());
        }
        let is_missing = |it: &Variable| !bound.contains(it) && !outputs.contains(it);
        if !closure.iter().all(|it| bound.contains(it)) || own.iter().any(is_missing) {
            let is_ready = is_call(step) && self.calls.is_ready(step, &self.is_placed, bound, &mut self.work);
            return Ok(if is_ready { Looked::CallIsReady } else { Looked::Waits });
        }
        if is_reference(step) && !self.calls.is_ready(step, &self.is_placed, bound, &mut self.work) {
            return Ok(Looked::Waits);
        }
        if let Some(it) = self.is_placed.get_mut(index) {
            *it = true;
        }
        self.ordered.push(step);
        bound.extend(outputs.iter().copied());
        Ok(Looked::Placed)
    }

    /// Looks at the steps that wait again and again, from the first to the last, as long as something was bound that they
    /// need.
    fn go_on(&mut self, steps: &'a [Step], bound: &mut Bound) -> Result<(), Vec<Unsafe<'a>>> {
        let mut users: HashMap<Variable, Vec<usize>> = HashMap::default();
        for index in 0..steps.len() {
            for variable in self.own.get(index).iter().chain(self.closures.get(index)) {
                users.entry(*variable).or_default().push(index);
            }
        }
        let is_waiting = |is_placed: &[bool], it: &usize| is_placed.get(*it) == Some(&false);
        let mut waiting: BTreeSet<usize> =
            (0..steps.len()).filter(|it| is_waiting(&self.is_placed, it)).collect();
        let mut next = 0;
        while let Some(index) = waiting.range(next..).next().or_else(|| waiting.first()).copied() {
            waiting.remove(&index);
            next = index + 1;
            let Some(step) = steps.get(index) else { continue };
            match self.look(index, step, bound)? {
                Looked::Waits => {}
                Looked::CallIsReady => {
                    let of_call = self.calls.members(step.call).iter().map(|(_, index)| *index);
                    waiting.extend(of_call.filter(|it| is_waiting(&self.is_placed, it)));
                    waiting.remove(&index);
                }
                Looked::Placed => {
                    let of_outputs = self.outputs.iter().filter_map(|it| users.get(it)).flatten();
                    waiting.extend(of_outputs.filter(|it| is_waiting(&self.is_placed, it)));
                }
            }
        }
        Ok(())
    }
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
    own: &'a OfSteps,
    /// The number of each call with the index of a step of a reference, or of the call itself, in order.
    members: Vec<(u32, usize)>,
    /// Whether they are ready, and with how many bound variables that was found out.
    known: HashMap<u32, (usize, bool)>,
    /// What the step of a reference binds that was looked at last.
    outputs: Variables,
}

impl<'a> Calls<'a> {
    fn of(steps: &'a [Step], own: &'a OfSteps) -> Self {
        let members = steps.iter().enumerate().filter(|(_, it)| is_call(it) || is_reference(it));
        let mut members: Vec<_> = members.map(|(index, step)| (step.call, index)).collect();
        members.sort_unstable();
        Self { steps, own, members, known: HashMap::default(), outputs: Variables::default() }
    }

    /// The steps of a call.
    fn members(&self, call: u32) -> &[(u32, usize)] {
        let start = self.members.partition_point(|(it, _)| *it < call);
        let end = self.members.partition_point(|(it, _)| *it <= call);
        self.members.get(start..end).unwrap_or_default()
    }

    /// Whether all is bound that a call needs and its own references do not bind.
    fn is_ready(&mut self, of: &Step, is_placed: &[bool], bound: &mut Bound, work: &mut usize) -> bool {
        let mark = bound.mark();
        match self.known.get(&of.call) {
            Some((_, true)) => return true,
            Some((seen, false)) if *seen == mark => return false,
            _ => {}
        }
        let members = self.members(of.call).iter().map(|(_, index)| *index);
        let members: Vec<_> = members
            .filter(|it| is_placed.get(*it) == Some(&false))
            .filter_map(|it| Some((self.steps.get(it)?, self.own.get(it))))
            .collect();
        for (step, own) in &members {
            *work += own.len();
            outputs_of(step, own, bound, work, &mut self.outputs);
            bound.extend(self.outputs.iter().copied());
        }
        let is_ready = members.iter().all(|(step, own)| match &step.kind {
            StepKind::Call(_, operands, _) => operands.iter().all(|it| is_bound(it, bound)),
            _ => own.iter().all(|it| bound.contains(it)),
        });
        bound.restore(mark);
        self.known.insert(of.call, (mark, is_ready));
        is_ready
    }
}

/// The variables that a step binds.
pub(crate) fn outputs(step: &Step, bound: &Bound) -> Variables {
    let own = Variables::found(|found| step_variables(step, found));
    let mut outputs = Variables::default();
    outputs_of(step, &own, bound, &mut 0, &mut outputs);
    outputs
}

/// The same, given the variables of the step, into `outputs`.
fn outputs_of(step: &Step, own: &[Variable], bound: &Bound, work: &mut usize, outputs: &mut Variables) {
    outputs.find(|found| {
        if step.negated
            || own.iter().all(|it| bound.contains(it))
            || step.with.iter().any(|it| !is_bound_replacement(&it.value, bound))
        {
            return;
        }
        match &step.kind {
            StepKind::Test(term) => operand_outputs(term, bound, found),
            StepKind::Unify(variable, Term::Reference(_, operands)) if step.closed => {
                if operands.iter().all(|it| is_bound(it, bound)) {
                    pattern_variables(variable, found);
                }
            }
            StepKind::Unify(a @ Term::Variable(_), b) if is_bound(b, bound) => pattern_variables(a, found),
            StepKind::Compare(a, b) => {
                operand_outputs(a, bound, found);
                operand_outputs(b, bound, found);
            }
            StepKind::Unify(a, b) => {
                let mut known = Known { bound, also: BTreeSet::new() };
                loop {
                    let before = known.also.len();
                    let mut more = Vec::new();
                    operand_outputs(a, &known, &mut more);
                    operand_outputs(b, &known, &mut more);
                    known.extend(more);
                    unify(a, b, &mut known);
                    *work += 1 + own.len();
                    if known.also.len() == before || *work > MAX_WORK {
                        break;
                    }
                }
                found.extend(known.also);
            }
            StepKind::Call(_, operands, Some(output)) => {
                if operands.iter().all(|it| is_bound(it, bound)) {
                    pattern_variables(output, found);
                }
            }
            StepKind::Call(_, _, None) | StepKind::Every { .. } | StepKind::Print(_) => {}
        }
        found.retain(|it| !bound.contains(it));
    });
}

/// What is bound, and what a step binds besides.
struct Known<'b> {
    bound: &'b Bound,
    also: BTreeSet<Variable>,
}

impl Contains for Known<'_> {
    fn contains(&self, variable: &Variable) -> bool {
        self.bound.contains(variable) || self.also.contains(variable)
    }
}

impl Extend<Variable> for Known<'_> {
    fn extend<T: IntoIterator<Item = Variable>>(&mut self, variables: T) {
        self.also.extend(variables.into_iter().filter(|it| !self.bound.contains(it)));
    }
}

fn is_bound_replacement(replacement: &Replacement, bound: &Bound) -> bool {
    match replacement {
        Replacement::Value(term) => is_bound(term, bound),
        Replacement::Function(_) => true,
    }
}

/// What going through a reference binds: the variables of its operands.
fn operand_outputs(term: &Term, bound: &impl Contains, found: &mut Vec<Variable>) {
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

fn unify(a: &Term, b: &Term, known: &mut Known<'_>) {
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
