//! What a function of the language is, what it may use, and how it looks at its operands.

use crate::heap::{Heap, HeapError, Value, View};
use crate::number::Number;
use crate::types::Type;

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
    /// Steps that are left. What does more than a little work for its operands takes some of it ([`Context::spend`]).
    pub(crate) steps: &'a mut u64,
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
    /// The whole evaluation ends: out of steps.
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

impl Context<'_> {
    /// Takes steps for work whose amount depends on the operands: one for about 100 nanoseconds.
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Failure> {
        *self.steps = self.steps.checked_sub(steps).ok_or(Failure::OutOfSteps)?;
        Ok(())
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
        let integer = self.number(value, position)?.as_integer();
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

    /// A count as a number.
    pub(crate) fn count(&mut self, it: usize) -> Result<Value, Failure> {
        Ok(self.heap.integer(i64::try_from(it).unwrap_or(i64::MAX))?)
    }
}

impl From<HeapError> for Failure {
    fn from(error: HeapError) -> Self {
        Self::Heap(error)
    }
}

/// The operands, which are as many as are declared.
pub(crate) fn take<const N: usize>(operands: &[Value]) -> Result<[Value; N], Failure> {
    operands.try_into().map_err(|_| error(format!("{N} operands are needed, and not {}", operands.len())))
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::parse_term;
    use crate::syntax::{Term, TermKind};

    /// Calls functions with operands as Rego writes them, in an array, and compares what they give.
    pub(crate) fn calls(functions: &[Builtin], cases: &[(&str, &str, &str)]) {
        for (name, operands, wanted) in cases {
            let mut heap = Heap::new(1 << 24);
            let result = call(functions, &mut heap, name, operands);
            let result = result.unwrap_or_else(|failure| panic!("{name}({operands}): {failure:?}"));
            let wanted = value(&mut heap, &parse_term(wanted).expect(wanted));
            assert!(heap.equal(result, wanted), "{name}({operands}) is {}", show(&heap, result));
        }
    }

    /// Calls a function that gives nothing, and says why.
    pub(crate) fn fails(functions: &[Builtin], name: &str, operands: &str, wanted: &str) {
        let mut heap = Heap::new(1 << 24);
        match call(functions, &mut heap, name, operands) {
            Err(Failure::Error(text)) => assert_eq!(text, wanted, "{name}({operands})"),
            Err(failure) => panic!("{name}({operands}): {failure:?}"),
            Ok(result) => panic!("{name}({operands}) is {}", show(&heap, result)),
        }
    }

    /// Calls a function of a few steps that ends for want of them.
    pub(crate) fn exhausts(functions: &[Builtin], name: &str, operands: &str) {
        let mut heap = Heap::new(1 << 24);
        match call(functions, &mut heap, name, operands) {
            Err(Failure::OutOfSteps | Failure::Heap(_)) => {}
            other => panic!("{name}({operands}): {other:?}"),
        }
    }

    fn call(functions: &[Builtin], heap: &mut Heap, name: &str, operands: &str) -> Result<Value, Failure> {
        let function = functions.iter().find(|it| it.name == name).expect(name);
        let operands = value(heap, &parse_term(operands).expect(operands));
        let View::Array(operands) = heap.view(operands) else { panic!("{name}") };
        let operands = operands.to_vec();
        assert_eq!(operands.len(), function.parameters.len(), "{name}");
        let mut steps = 1_000_000;
        let mut cache = Cache::default();
        let mut context =
            Context { heap, now: 1_700_000_000_000_000_000, seed: 0, steps: &mut steps, cache: &mut cache };
        (function.call)(&mut context, &operands)
    }

    pub(crate) fn value(heap: &mut Heap, term: &Term) -> Value {
        let mut all = |terms: &[Term]| -> Vec<Value> { terms.iter().map(|it| value(heap, it)).collect() };
        let result = match &term.kind {
            TermKind::Null => Ok(Value::NULL),
            TermKind::Bool(it) => Ok(Value::bool(*it)),
            TermKind::Number(text) => heap.number(text),
            TermKind::String(text) => heap.string(text),
            TermKind::Array(terms) => {
                let items = all(terms);
                heap.array(&items)
            }
            TermKind::Set(terms) => {
                let items = all(terms);
                heap.set(items)
            }
            TermKind::Object(pairs) => {
                let pairs = pairs.iter().map(|(key, it)| [value(heap, key), value(heap, it)]).collect();
                heap.object(pairs)
            }
            other => panic!("{other:?}"),
        };
        result.expect("room")
    }

    fn show(heap: &Heap, value: Value) -> String {
        let all = |items: &[Value]| items.iter().map(|it| show(heap, *it)).collect::<Vec<_>>().join(", ");
        match heap.view(value) {
            View::Array(items) => format!("[{}]", all(items)),
            View::Set(items) => format!("{{{}}}", all(items)),
            View::Object(pairs) => {
                let pair = |it: &[Value; 2]| format!("{}: {}", show(heap, it[0]), show(heap, it[1]));
                format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
            }
            View::Number(Number::Integer(it)) => it.to_string(),
            View::Number(Number::Text(it)) => it.to_owned(),
            other => format!("{other:?}"),
        }
    }
}
