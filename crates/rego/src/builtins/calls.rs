//! Calls functions in tests, with operands as Rego writes them.

use super::call::{Builtin, Cache, Context, Failure};
use crate::heap::{Heap, Value, View};
use crate::number::Number;
use crate::parser::parse_term;
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
    let mut context = Context::in_test(heap, &mut steps, &mut cache);
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
