//! Parses arbitrary bytes as a policy, a query and a term, in both forms of the language. What parses once, parses again as
//! it is written out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rego::syntax::Version;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for version in [None, Some(Version::V0), Some(Version::V1)] {
        if let Err(errors) = rego::parse_module(text, version) {
            assert!(!errors.is_empty());
        }
    }
    drop(rego::parse_query(text));
    drop(rego::parse_term(text));
    let mut heap = rego::Heap::new(1 << 20);
    drop(rego::parse_yaml_documents(&mut heap, text));
    drop(rego::parse_json(&mut heap, bytes));
});
