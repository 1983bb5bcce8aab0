//! Policies that OPA judged, with lines dropped and swapped and bytes changed: whatever comes of it, it ends, and soon.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use rego::syntax::Version;
use rego::{Documents, Heap, Limits, Policies};
use serde_json::Value as Json;
use std::time::{Duration, Instant};

const VECTORS: &str = include_str!("vectors/vectors.jsonl");
const INPUTS: &str = include_str!("vectors/inputs.json");
const BYTES: usize = 1 << 24;
const POLICIES: usize = 3_000;
const SOON: Duration = Duration::from_secs(20);

/// Numbers by chance, the same ones each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % bound.max(1)
    }

    fn of<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items.get(self.below(items.len())).copied().unwrap_or_default()
    }
}

const PIECES: &[&str] = &[
    "not ",
    "some x in ",
    "every x in ",
    " with input as ",
    " := ",
    " = ",
    " == ",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "|",
    ";",
    " if ",
    " else ",
    " contains ",
    "default ",
    "data.main",
    "input",
    "[_]",
    "x",
    "_",
    "\"",
    "`",
    "$\"{",
    "#",
    "1e99",
    "null",
    "count(",
    "walk(",
    "set()",
    "\n",
    ",",
    ".",
    ":",
    "-",
    "\u{feff}",
    "\u{0}",
    "é",
];

fn changed(text: &str, other: &str, chance: &mut Chance) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let from: Vec<&str> = other.lines().collect();
    match chance.below(5) {
        0 if !lines.is_empty() => drop(lines.remove(chance.below(lines.len()))),
        1 => lines.insert(chance.below(lines.len() + 1), chance.of(&from)),
        2 if lines.len() > 1 => {
            let (a, b) = (chance.below(lines.len()), chance.below(lines.len()));
            lines.swap(a, b);
        }
        _ => {}
    }
    let mut characters: Vec<char> = lines.join("\n").chars().collect();
    for _ in 0..chance.below(3) {
        let at = chance.below(characters.len() + 1);
        let end = (at + chance.below(6)).min(characters.len());
        let piece = if chance.below(3) == 0 { "" } else { chance.of(PIECES) };
        characters.splice(at..end, piece.chars());
    }
    characters.into_iter().collect()
}

fn evaluate(text: &str) {
    for version in [Version::V0, Version::V1] {
        drop(rego::parse_module(text, Some(version)));
    }
    drop(rego::parse_query(text));
    let mut policies = Policies::new().on_threads(2);
    if policies.add("main.rego", text, None).is_err() {
        return;
    }
    let mut compiled = match policies.compile() {
        Ok(it) => it,
        Err(errors) => return assert!(!errors.is_empty(), "{text}"),
    };
    let query = compiled.prepare("data").unwrap();
    let mut heap = Heap::new(BYTES);
    let inputs = rego::parse_json(&mut heap, INPUTS.as_bytes()).unwrap();
    let data = heap.object(Vec::new()).unwrap();
    let documents = Documents::new(heap, Some(inputs), data).unwrap();
    let limits = Limits { steps: 200_000, bytes: BYTES, ..Limits::default() };
    if let Ok(mut session) = compiled.session(&documents, &limits) {
        drop(session.ask(&query));
    }
}

#[test]
fn changed_policies_end_without_a_panic() {
    let cases: Vec<Json> = VECTORS.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let texts = cases.iter().filter_map(|it| it.get("files")?.as_object());
    let texts: Vec<&str> = texts.flat_map(|it| it.values()).filter_map(Json::as_str).collect();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for _ in 0..POLICIES {
        let mut text = chance.of(&texts).to_owned();
        for _ in 0..=chance.below(3) {
            text = changed(&text, chance.of(&texts), &mut chance);
        }
        let began = Instant::now();
        evaluate(&text);
        assert!(began.elapsed() < SOON, "{text}");
    }
}

#[test]
fn bytes_by_chance_end_without_a_panic() {
    let mut chance = Chance(0x1234_5678_9abc_def1);
    for _ in 0..2_000 {
        let text: String = (0..chance.below(60)).map(|_| chance.of(PIECES)).collect();
        evaluate(&text);
        evaluate(&format!("package main\np if {{ {text} }}"));
        evaluate(&format!("package main\np := {text}"));
    }
}
