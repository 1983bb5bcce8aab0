//! Compiles arbitrary bytes as policies, one file after each zero byte, and asks for everything in them, within small limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rego::{Documents, Heap, Limits, Policies};

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
    let documents = Documents::new(heap, Some(input), data).unwrap();
    let limits = Limits { steps: 100_000, bytes: BYTES, ..Limits::default() };
    if let Ok(mut session) = compiled.session(&documents, &limits) {
        drop(session.ask(&query));
        drop(session.ask(&query));
    }
});
