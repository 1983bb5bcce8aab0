//! Orders the steps of a body so that each finds its variables bound, and says which variables nothing binds.
//!
//! Steps keep their order where they can. Source: OPA 1.x, `v1/ast/compile.go`, `reorderBodyForSafety`, and
//! `v1/ast/unify.go`.

use crate::resolved::{Comprehension, ComprehensionKind, Replacement, Root, Step, StepKind, Term, Variable};
use std::collections::BTreeSet;

pub(crate) type Variables = BTreeSet<Variable>;

/// Variables that nothing binds, and the step that needs them first.
#[derive(Debug)]
pub(crate) struct Unsafe<'a> {
    pub(crate) step: &'a Step,
    pub(crate) variables: Variables,
}

/// The steps in an order in which each one's variables are bound, given those that are from the beginning.
pub(crate) fn order<'a>(steps: &'a [Step], bound: &Variables) -> Result<Vec<&'a Step>, Vec<Unsafe<'a>>> {
    let own: Vec<Variables> = steps.iter().map(variables).collect();
    let of_body: Variables = own.iter().flatten().copied().collect();
    let closures: Vec<Variables> =
        steps.iter().map(|it| closure_variables(it).intersection(&of_body).copied().collect()).collect();
    let mut bound = bound.clone();
    let mut is_placed = vec![false; steps.len()];
    let mut ordered = Vec::with_capacity(steps.len());
    loop {
        let before = ordered.len();
        for (index, step) in steps.iter().enumerate() {
            let (Some(own), Some(closure), Some(is_placed)) =
                (own.get(index), closures.get(index), is_placed.get_mut(index))
            else {
                continue;
            };
            if *is_placed {
                continue;
            }
            let outputs = outputs_of(step, own, &bound);
            let missing = |it: &&Variable| !bound.contains(it) && !outputs.contains(it);
            let is_closed = closure.iter().all(|it| bound.contains(it));
            if is_closed && own.iter().find(missing).is_none() {
                *is_placed = true;
                ordered.push(step);
                bound.extend(outputs);
            }
        }
        if ordered.len() == before {
            break;
        }
    }
    if ordered.len() == steps.len() {
        return Ok(ordered);
    }
    let rest = steps.iter().zip(&own).zip(&closures).zip(&is_placed).filter(|(_, is_placed)| !**is_placed);
    let rest = rest.map(|(((step, own), closure), _)| {
        let outputs = outputs_of(step, own, &bound);
        let missing = own.iter().filter(|it| !outputs.contains(it)).chain(closure);
        Unsafe { step, variables: missing.filter(|it| !bound.contains(it)).copied().collect() }
    });
    Err(rest.filter(|it| !it.variables.is_empty()).collect())
}

/// The variables that a step binds.
pub(crate) fn outputs(step: &Step, bound: &Variables) -> Variables {
    outputs_of(step, &variables(step), bound)
}

/// The same, given the variables of the step.
fn outputs_of(step: &Step, own: &Variables, bound: &Variables) -> Variables {
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
                if known.len() == before {
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
pub(crate) fn pattern_variables(term: &Term, found: &mut Variables) {
    match term {
        Term::Variable(it) => {
            found.insert(*it);
        }
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
    each_term(step, &mut |it| term_closures(it, &mut found));
    if let StepKind::Every { key, value, body, .. } = &step.kind {
        let mut own = Variables::new();
        term_variables(key, &mut own);
        term_variables(value, &mut own);
        all_of_body(body, &mut found);
        found = found.difference(&own).copied().collect();
    }
    found
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
        found.extend(variables(step));
        found.extend(closure_variables(step));
    }
}
