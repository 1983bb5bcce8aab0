//! What a function of the language is, what it may use, and how it looks at its operands.

use crate::arithmetic::{ArithmeticError, Computed};
use crate::display;
use crate::files::Files;
use crate::heap::{Heap, HeapError, Value, View};
use crate::number::{Number, TooManyDigits};
use crate::types::Type;
use crate::writer::Writer;
use foldhash::HashMap;
use regex_automata::meta::Regex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A function of the language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Builtin {
    /// Its name, `strings.any_prefix_match`.
    pub(crate) name: &'static str,
    /// What its operands must be. A call with more, or with others than these allow, is refused when it is compiled.
    pub(crate) parameters: &'static [Type],
    /// What it gives.
    pub(crate) result: Type,
    /// Computes it. The operands are as many as the parameters, and nothing in them is unknown.
    pub(crate) call: Call,
}

/// Computes a function.
pub(crate) type Call = fn(&mut Context<'_>, &[Value]) -> Result<Value, Failure>;

/// What a function may use beside its operands.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// Where values are.
    pub(crate) heap: &'a mut Heap,
    /// The time of the evaluation, in nanoseconds since 1970: the same wherever it is asked.
    pub(crate) now: i64,
    /// What chance is made of: the same for one evaluation.
    pub(crate) seed: u64,
    /// Steps that are left. What does more than a little work for its operands takes some of it ([`Context::spend`]).
    pub(crate) steps: &'a mut u64,
    /// What becomes true when the evaluation is to end.
    pub(crate) stop: Option<&'a AtomicBool>,
    /// What is kept from call to call.
    pub(crate) cache: &'a mut Cache,
    /// Files that policies may read.
    pub(crate) files: &'a Files,
    /// The name of the policy that calls.
    pub(crate) policy: &'a str,
}

/// What functions keep from call to call.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Regular expressions by their text; `None` for one that is too large.
    pub(crate) patterns: HashMap<String, Option<Arc<Pattern>>>,
    /// How many bytes they take.
    pub(crate) pattern_bytes: usize,
}

/// A regular expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    /// The names of its groups; the first is the whole.
    pub(crate) names: Vec<Option<Box<str>>>,
}

/// Why a function gives nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The operands are not what it can work with: undefined, or an error where built-ins are strict. The text says what is
    /// wrong and holds none of the values.
    Error(String),
    /// Undefined, and no error in any mode.
    Undefined,
    /// The whole evaluation ends.
    Heap(HeapError),
    /// The whole evaluation ends, whether built-ins are strict or not: undefined would pass for nothing found.
    Ended(String),
    /// The whole evaluation ends: a policy cannot have this here.
    Refused,
    /// The whole evaluation ends: out of steps, or stopped.
    OutOfSteps,
}

impl Builtin {
    pub(crate) const fn new(
        name: &'static str,
        parameters: &'static [Type],
        result: Type,
        call: Call,
    ) -> Self {
        Self { name, parameters, result, call }
    }
}

#[cfg(test)]
impl<'a> Context<'a> {
    /// What a function under test may use.
    pub(crate) fn in_test(heap: &'a mut Heap, steps: &'a mut u64, cache: &'a mut Cache) -> Self {
        Self {
            heap,
            now: 1_700_000_000_000_000_000,
            seed: 0,
            steps,
            stop: None,
            cache,
            files: crate::Files::NONE,
            policy: "policies/main.rego",
        }
    }
}

impl Context<'_> {
    /// Takes steps for work whose amount depends on the operands: one for about 100 nanoseconds.
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Failure> {
        *self.steps = self.steps.checked_sub(steps).ok_or(Failure::OutOfSteps)?;
        if self.is_stopped() { Err(Failure::OutOfSteps) } else { Ok(()) }
    }

    /// Whether the evaluation is to end: what takes long for one call looks now and then.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|it| it.load(Ordering::Relaxed))
    }

    /// Takes steps for going through texts and items once.
    pub(crate) fn spend_for(&mut self, operands: &[Value]) -> Result<(), Failure> {
        let size = |it: &Value| match self.heap.view(*it) {
            View::String(it) => it.len() / 128,
            View::Array(items) | View::Set(items) => items.len() / 4,
            View::Object(pairs) => pairs.len() / 2,
            View::Number(Number::Text(it)) => 2 + it.len() / 16,
            _ => 0,
        };
        let steps: usize = operands.iter().map(size).sum();
        self.spend(steps as u64)
    }

    /// Takes steps for comparing operands with each other, or with as much as stands in them.
    pub(crate) fn spend_deep(&mut self, operands: &[Value]) -> Result<(), Failure> {
        let weight = operands.iter().fold(0, |sum: u64, it| sum.saturating_add(self.heap.weight(*it)));
        self.spend(weight / 8)
    }

    pub(crate) fn text(&self, value: Value, position: u8) -> Result<&str, Failure> {
        match self.heap.view(value) {
            View::String(it) => Ok(it),
            other => Err(wrong_type(position, "string", other)),
        }
    }

    pub(crate) fn number(&self, value: Value, position: u8) -> Result<Number<'_>, Failure> {
        match self.heap.view(value) {
            View::Number(it) => Ok(it),
            other => Err(wrong_type(position, "number", other)),
        }
    }

    pub(crate) fn integer(&self, value: Value, position: u8) -> Result<i64, Failure> {
        let integer = self.number(value, position)?.as_whole();
        integer.ok_or_else(|| {
            error(format!("operand {position} must be integer number but got floating-point number"))
        })
    }

    pub(crate) fn array(&self, value: Value, position: u8) -> Result<&[Value], Failure> {
        match self.heap.view(value) {
            View::Array(it) => Ok(it),
            other => Err(wrong_type(position, "array", other)),
        }
    }

    pub(crate) fn set(&self, value: Value, position: u8) -> Result<&[Value], Failure> {
        match self.heap.view(value) {
            View::Set(it) => Ok(it),
            other => Err(wrong_type(position, "set", other)),
        }
    }

    pub(crate) fn object(&self, value: Value, position: u8) -> Result<&[[Value; 2]], Failure> {
        match self.heap.view(value) {
            View::Object(it) => Ok(it),
            other => Err(wrong_type(position, "object", other)),
        }
    }

    /// The items of an array or a set.
    pub(crate) fn items(&self, value: Value, position: u8) -> Result<&[Value], Failure> {
        match self.heap.view(value) {
            View::Array(it) | View::Set(it) => Ok(it),
            other => Err(wrong_type(position, "one of {set, array}", other)),
        }
    }

    /// The texts in an array or a set.
    pub(crate) fn texts(&self, value: Value, position: u8) -> Result<Vec<&str>, Failure> {
        let items = self.items(value, position)?.iter();
        items
            .map(|it| match self.heap.view(*it) {
                View::String(it) => Ok(it),
                other => Err(wrong_item(position, self.heap.view(value), "string", other)),
            })
            .collect()
    }

    /// A number that was computed.
    pub(crate) fn computed(&mut self, it: Computed) -> Result<Value, Failure> {
        Ok(match it {
            Computed::Integer(it) => self.heap.integer(it)?,
            Computed::Text(it) => self.heap.number(&it)?,
        })
    }

    /// A count as a number.
    pub(crate) fn count(&mut self, it: usize) -> Result<Value, Failure> {
        Ok(self.heap.integer(i64::try_from(it).unwrap_or(i64::MAX))?)
    }

    /// What was written as a text.
    pub(crate) fn written(&mut self, out: &Writer) -> Result<Value, Failure> {
        self.spend(out.as_str().len() as u64 / 128)?;
        Ok(self.heap.string(out.as_str())?)
    }

    /// A value as it is printed: a text as it is, others as OPA shows them.
    pub(crate) fn printed(&self, value: Value, out: &mut Writer) -> Result<(), Failure> {
        match self.heap.view(value) {
            View::String(it) => out.push_str(it)?,
            _ => display::write(self.heap, value, out)?,
        }
        Ok(())
    }
}

impl From<HeapError> for Failure {
    fn from(error: HeapError) -> Self {
        Self::Heap(error)
    }
}

impl From<ArithmeticError> for Failure {
    fn from(error: ArithmeticError) -> Self {
        Self::Error(error.to_string())
    }
}

impl From<TooManyDigits> for Failure {
    fn from(error: TooManyDigits) -> Self {
        Self::Error(error.to_string())
    }
}

/// The operands, which are as many as are declared.
pub(crate) fn take<const N: usize>(operands: &[Value]) -> Result<[Value; N], Failure> {
    <[Value; N]>::try_from(operands)
        .ok()
        .ok_or_else(|| error(format!("{N} operands are needed, and not {}", operands.len())))
}

pub(crate) fn error(text: impl Into<String>) -> Failure {
    Failure::Error(text.into())
}

pub(crate) fn wrong_type(position: u8, expected: &str, got: View<'_>) -> Failure {
    error(format!("operand {position} must be {expected} but got {}", name(got)))
}

pub(crate) fn wrong_item(position: u8, collection: View<'_>, expected: &str, got: View<'_>) -> Failure {
    let collection = name(collection);
    let got = name(got);
    error(format!(
        "operand {position} must be {collection} of {expected}s but got {collection} containing {got}"
    ))
}

/// What OPA calls the type of a value.
pub(crate) const fn name(view: View<'_>) -> &'static str {
    match view {
        View::Null => "null",
        View::Bool(_) => "boolean",
        View::Number(_) => "number",
        View::String(_) => "string",
        View::Array(_) => "array",
        View::Object(_) => "object",
        View::Set(_) => "set",
        View::Unknown(_) => "unknown",
    }
}
