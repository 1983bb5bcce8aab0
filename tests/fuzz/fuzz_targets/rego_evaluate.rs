//! Compiles arbitrary bytes as policies, one file after each zero byte, and asks for everything in them, within small limits:
//! about an input that is known, and about the same with unknowns in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rego::{Documents, Heap, HeapError, Limits, Policies, UnknownId, Value, View};

const BYTES: usize = 1 << 20;
const INPUT: &[u8] = br#"{"resource_changes": [{"address": "a.b", "type": "a", "change": {"actions": ["create"], "after":
    {"tags": {"env": "dev"}, "size": 3}}}], "xs": [1, "a", null, [true], {"k": 1.5}]}"#;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut policies = Policies::new();
    for (number, file) in text.split('\0').enumerate() {
        if policies.add(&number.to_string(), file, None).is_err() {
            return;
        }
    }
    let mut compiled = match policies.compile() {
        Ok(it) => it,
        Err(errors) => return assert!(!errors.is_empty()),
    };
    let query = compiled.prepare("data").unwrap();
    let mut heap = Heap::new(BYTES);
    let input = rego::parse_json(&mut heap, INPUT).unwrap();
    let data = heap.object(Vec::new()).unwrap();
    let mut count = 0;
    let unknown = with_unknowns(&mut heap, input, &mut count).unwrap();
    let known = Documents::new(heap, Some(input), data).unwrap();
    let with_unknowns = known.clone().with_input(unknown).with_unknowns(count);
    let limits = Limits { steps: 100_000, bytes: BYTES, ..Limits::default() };
    for documents in [known, with_unknowns] {
        if let Ok(mut session) = compiled.session(&documents, &limits) {
            drop(session.ask(&query));
            drop(session.ask(&query));
        }
    }
});

/// Nobody knows numbers and texts any more.
fn with_unknowns(heap: &mut Heap, value: Value, count: &mut u32) -> Result<Value, HeapError> {
    match heap.view(value) {
        View::Number(_) | View::String(_) => {
            *count += 1;
            Ok(Value::unknown(UnknownId(*count - 1)))
        }
        View::Array(items) => {
            let items = items.to_vec();
            let items: Result<Vec<Value>, HeapError> =
                items.into_iter().map(|it| with_unknowns(heap, it, count)).collect();
            heap.array(&items?)
        }
        View::Object(pairs) => {
            let mut pairs = pairs.to_vec();
            for [_, value] in &mut pairs {
                *value = with_unknowns(heap, *value, count)?;
            }
            heap.object(pairs)
        }
        _ => Ok(value),
    }
}
