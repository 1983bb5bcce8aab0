//! Holds the engine against what OPA answers.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

use rego::{Documents, Heap, Limits, Policies, Value, View};
use serde_json::Value as Json;
use std::collections::BTreeMap;

const VECTORS: &str = include_str!("vectors/vectors.jsonl");
const INPUTS: &str = include_str!("vectors/inputs.json");
const BYTES: usize = 1 << 30;

fn limits() -> Limits {
    Limits {
        steps: 50_000_000,
        strict: false,
        now: 1_700_000_000_000_000_000,
        bytes: BYTES,
        seed: 1,
        observe: false,
        stop: None,
    }
}

fn json(heap: &Heap, value: Value) -> Json {
    match heap.view(value) {
        View::Null => Json::Null,
        View::Bool(it) => Json::Bool(it),
        View::Number(it) => serde_json::from_str(&it.to_string()).unwrap(),
        View::String(it) => Json::String(it.to_owned()),
        View::Array(items) | View::Set(items) => items.iter().map(|it| json(heap, *it)).collect(),
        View::Object(pairs) => {
            let key = |it| match json(heap, it) {
                Json::String(it) => it,
                it => it.to_string(),
            };
            pairs.iter().map(|[k, v]| (key(*k), json(heap, *v))).collect()
        }
        View::Unknown(_) => panic!("nothing is unknown here"),
    }
}

/// What differs from what OPA says.
fn difference(case: &Json) -> Option<String> {
    let files: BTreeMap<String, String> = serde_json::from_value(case["files"].clone()).unwrap();
    let refused = case["error"] == true;
    let mut policies = Policies::new().on_threads(2);
    for (name, text) in &files {
        if let Err(errors) = policies.add(name, text, None) {
            return (!refused).then(|| format!("does not parse: {}", errors[0]));
        }
    }
    let mut compiled = match policies.compile() {
        Ok(_) if refused => return Some("is compiled".to_owned()),
        Ok(compiled) => compiled,
        Err(errors) => return (!refused).then(|| format!("does not compile: {}", errors[0])),
    };
    for rule in case["rules"].as_array().unwrap() {
        let path = rule["path"].as_str().unwrap();
        let mut heap = Heap::new(BYTES);
        let inputs = rego::parse_json(&mut heap, INPUTS.as_bytes()).unwrap();
        let input = heap.get_text(inputs, case["input"].as_str().unwrap()).unwrap();
        let data = heap.object(Vec::new()).unwrap();
        let documents = Documents::new(heap, Some(input), data).unwrap();
        let query = compiled.prepare(path).unwrap();
        let mut session = compiled.session(&documents, &limits()).unwrap();
        let got = match session.ask(&query) {
            Ok(answer) => match answer.value() {
                Some(it) => json(answer.heap(), it).to_string(),
                None => "undefined".to_owned(),
            },
            Err(error) => format!("error: {error}"),
        };
        let wanted = match (&rule["undefined"], &rule["error"]) {
            (Json::Bool(true), _) => "undefined".to_owned(),
            (_, Json::Null) => rule["value"].to_string(),
            _ => "error".to_owned(),
        };
        if got != wanted && !(wanted == "error" && got.starts_with("error")) {
            return Some(format!("{path}: {got}, and not {wanted}"));
        }
    }
    None
}

#[test]
fn every_vector_is_as_opa_has_it() {
    // What ends the evaluation here, instead of being undefined: a gate must not depend on who can be reached.
    const REFUSED: [&str; 1] = ["http-send@2"];
    let cases: Vec<Json> = VECTORS
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .filter(|it: &Json| !REFUSED.iter().any(|name| it["name"] == *name))
        .collect();
    let differences: Vec<_> =
        cases.iter().filter_map(|it| Some(format!("{}: {}", it["name"], difference(it)?))).collect();
    assert!(
        differences.is_empty(),
        "{} of {} differ:\n{}",
        differences.len(),
        cases.len(),
        differences.join("\n")
    );
}
