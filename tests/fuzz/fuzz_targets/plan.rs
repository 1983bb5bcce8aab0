//! Judges arbitrary bytes as a plan, by rules that say all they see: there is an answer, and no value that the plan
//! marks as sensitive is in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runtask_policy::Judge;
use serde_json::Value;
use std::cell::RefCell;

const RULES: &str = r#"
package fuzz

import data.runtask.plan
import rego.v1

deny_all contains sprintf("%v", [input]) if true

deny_each contains {"msg": json.marshal(r), "address": r.address, "attribute": [name]} if {
	some r in plan.resources
	some name in plan.changed_attributes(r)
}
"#;

/// What is sensitive in what is fuzzed: any text that begins so, and is marked.
const SECRET: &str = "secret-";

thread_local! {
    static JUDGE: RefCell<Judge> = RefCell::new(Judge::new(RULES));
}

fuzz_target!(|plan: &[u8]| {
    let Some(said) = JUDGE.with_borrow_mut(|it| it.judge(plan)) else { return };
    let Ok(plan) = serde_json::from_slice::<Value>(plan) else { return };
    let resources = || plan["resource_changes"].as_array().into_iter().flatten();
    // Addresses are as public as a plan's outline, and stay; keys in them do not.
    let said = resources()
        .filter_map(|it| it["address"].as_str())
        .flat_map(without_keys)
        .filter(|it| it.contains(SECRET))
        .fold(said, |said, it| said.replace(it, ""));
    for resource in resources() {
        let change = &resource["change"];
        hidden(&change["before"], &change["before_sensitive"], &said);
        hidden(&change["after"], &change["after_sensitive"], &said);
    }
});

/// `a.b` and `.c` of `a.b["key"].c`.
fn without_keys(address: &str) -> impl Iterator<Item = &str> {
    let mut parts = address.split("[\"");
    let first = parts.next();
    first.into_iter().chain(parts.filter_map(|it| Some(it.split_once("\"]")?.1)))
}

/// What is marked is not in what was said.
fn hidden(value: &Value, marks: &Value, said: &str) {
    match (value, marks) {
        (Value::String(secret), Value::Bool(true)) if secret.starts_with(SECRET) => {
            assert!(!said.contains(secret.as_str()), "{secret}");
        }
        (Value::Array(values), marks) => {
            let marks = |index| if marks.is_array() { &marks[index] } else { marks };
            values.iter().enumerate().for_each(|(index, it)| hidden(it, marks(index), said));
        }
        (Value::Object(values), marks) => {
            if marks == &Value::Bool(true) {
                values.keys().for_each(|key| hidden(&Value::from(key.as_str()), marks, said));
            }
            let marks = |key: &str| if marks.is_object() { &marks[key] } else { marks };
            values.iter().for_each(|(key, it)| hidden(it, marks(key), said));
        }
        _ => {}
    }
}
