//! Policies that OPA judged: what each says of `data.main.p`, or that it is refused.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use rego::{Documents, Heap, Limits, Policies};

const CASES: &str = include_str!("judged/cases.txt");
const INPUT: &[u8] = br#"{"xs": [1, 2, 3]}"#;
const BYTES: usize = 1 << 24;

/// What a policy says: `refused`, `undefined`, `error` or a value.
fn said(policy: &str) -> String {
    let mut policies = Policies::new();
    if policies.add("main.rego", &format!("package main\n{policy}"), None).is_err() {
        return "refused".to_owned();
    }
    let Ok(mut compiled) = policies.compile() else { return "refused".to_owned() };
    let query = compiled.prepare("data.main.p").unwrap();
    let mut heap = Heap::new(BYTES);
    let input = rego::parse_json(&mut heap, INPUT).unwrap();
    let data = heap.object(Vec::new()).unwrap();
    let documents = Documents::new(heap, Some(input), data).unwrap();
    let limits = Limits { strict: true, bytes: BYTES, ..Limits::default() };
    let mut session = compiled.session(&documents, &limits).unwrap();
    match session.ask(&query) {
        Ok(answer) => answer.value().map_or("undefined".to_owned(), |it| answer.heap().shown(it)),
        Err(_) => "error".to_owned(),
    }
}

#[test]
fn every_policy_is_judged_as_opa_judges_it() {
    let cases = CASES.split("\n\n").map(|it| it.trim_end().rsplit_once("\n# ").unwrap());
    let differences: Vec<_> = cases
        .map(|(policy, wanted)| (policy, wanted, said(policy)))
        .filter(|(_, wanted, got)| got != wanted)
        .map(|(policy, wanted, got)| format!("{policy}\n  {got}, and not {wanted}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
