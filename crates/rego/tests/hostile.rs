//! Policies and inputs that want to take all the time, memory or stack there is: each ends soon, with an answer or a refusal.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use rego::{Documents, EvaluationError, Heap, Limits, Policies};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const BYTES: usize = 1 << 26;

/// Generous: a debug build on a busy machine. What is quadratic takes minutes.
const SOON: Duration = Duration::from_secs(30);

fn many(count: usize, between: &str, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(between)
}

/// What becomes of a policy, and of `data.main.p` in it.
fn outcome(files: &[String]) -> &'static str {
    let began = Instant::now();
    let outcome = evaluated(files);
    let took = began.elapsed();
    let start: String = files.first().unwrap().chars().take(200).collect();
    assert!(took < SOON, "{took:?}: {start}");
    outcome
}

fn evaluated(files: &[String]) -> &'static str {
    let mut policies = Policies::new();
    for (number, text) in files.iter().enumerate() {
        if policies.add(&number.to_string(), text, None).is_err() {
            return "not Rego";
        }
    }
    let Ok(mut compiled) = policies.compile() else { return "refused" };
    let query = compiled.prepare("data.main.p").unwrap();
    let mut heap = Heap::new(BYTES);
    let input = rego::parse_json(&mut heap, b"{\"a\": [1, 2, 3]}").unwrap();
    let data = heap.object(Vec::new()).unwrap();
    let documents = Documents::new(heap, Some(input), data).unwrap();
    let limits = Limits { steps: 2_000_000, bytes: BYTES, ..Limits::default() };
    let Ok(mut session) = compiled.session(&documents, &limits) else { return "too large" };
    match session.ask(&query) {
        Ok(answer) if answer.value().is_some() => "value",
        Ok(_) => "undefined",
        Err(_) => "error",
    }
}

fn main_of(text: &str) -> Vec<String> {
    vec![format!("package main\n{text}")]
}

#[test]
fn bodies_of_which_each_line_needs_the_next_are_ordered() {
    let equal = many(20_000, "\n", |it| format!("x{it} = x{}", it + 1));
    assert_eq!(outcome(&main_of(&format!("p if {{\n{equal}\nx20000 = 1\n}}"))), "value");
    let sums = many(5_000, "\n", |it| format!("x{it} = x{} - 1", it + 1));
    assert_eq!(outcome(&main_of(&format!("p if {{\n{sums}\nx5000 = 1\n}}"))), "value");
    let (a, b) = (many(20_000, ", ", |it| format!("x{it}")), many(20_000, ", ", |it| format!("x{}", it + 1)));
    assert_eq!(outcome(&main_of(&format!("p if {{ [{a}] = [{b}]; x20000 = 1 }}"))), "refused");
    assert_eq!(outcome(&main_of(&format!("p if {{ [{b}] = [{a}]; x0 = 1 }}"))), "value");
}

#[test]
fn many_bodies_in_a_body_are_compiled() {
    let comprehensions = many(20_000, "\n", |it| format!("x{it} := [y | y := 1]"));
    assert_eq!(outcome(&main_of(&format!("p if {{\n{comprehensions}\n}}"))), "value");
    let names = many(10_000, ", ", |it| format!("y{it}"));
    let deep = format!("p := {}[{names}]{}", "[x | x := ".repeat(100), "]".repeat(100));
    assert_eq!(outcome(&main_of(&deep)), "refused");
    let negations = many(10_000, "\n", |it| format!("x{it} := 1; not x{it} == 2"));
    assert_eq!(outcome(&main_of(&format!("p if {{\n{negations}\n}}"))), "value");
}

#[test]
fn many_mistakes_are_told_as_a_few() {
    let mistakes = many(30_000, "\n", |it| format!("x{it} > 1"));
    assert_eq!(outcome(&main_of(&format!("p if {{\n{mistakes}\n}}"))), "refused");
    let circles = many(20_000, "\n", |it| format!("r{it} := r{}", it ^ 1));
    assert_eq!(outcome(&main_of(&circles)), "refused");
}

#[test]
fn rules_that_need_whole_packages_are_compiled_and_evaluated() {
    let all = many(10_000, "\n", |it| format!("r{it} := count(data.lib)"));
    let lib = many(10_000, "\n", |it| format!("s{it} := 1"));
    let text = format!("package main\n{all}\np := count(data.lib) + r0 + r9999");
    assert_eq!(outcome(&[text, format!("package lib\n{lib}")]), "value");
    let mut deep = String::from("package main\np := count(t)\n");
    for rule in 0..300 {
        writeln!(deep, "t{} := 1", many(80, "", |it| format!(".a{rule}_{it}"))).unwrap();
    }
    assert_eq!(outcome(&[deep]), "value");
}

#[test]
fn shapes_of_large_objects_are_compared() {
    let fields = many(1_900, ", ", |it| format!("\"{it}\": input.x"));
    let rules = many(500, "\n", |it| format!("r{it} if a == b"));
    assert_eq!(outcome(&main_of(&format!("a := {{{fields}}}\nb := {{{fields}}}\n{rules}\np := 1"))), "value");
}

#[test]
fn values_that_double_end_in_limits() {
    let doubled = many(60, "; ", |it| format!("x{} := [x{it}, x{it}]", it + 1));
    for rest in [
        "x60 == x59",
        "walk(x60, [a, b]); b == 3",
        "json.marshal(x60) == \"1\"",
        "{x60: 1, [x60]: 2}[x59]",
        "sort([x60, x59, x60])",
        "input with input.a as x60 with data.z as x60",
    ] {
        assert_eq!(outcome(&main_of(&format!("p if {{ x0 := [1]; {doubled}; {rest} }}"))), "error", "{rest}");
    }
}

#[test]
fn what_stands_deep_in_each_other_is_refused() {
    for (open, close) in
        [("[", "]"), ("(", ")"), ("{\"a\": ", "}"), ("[1 | ", "]"), ("abs(", ")"), ("input[", "]")]
    {
        let text = format!("p := {}1{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(outcome(&main_of(&text)), "not Rego", "{open}");
    }
}

#[test]
fn what_is_stopped_ends_whatever_a_round_costs() {
    // Somewhere here a round of the loop costs as many steps as there are between two looks.
    for size in 1_000..1_030 {
        let text = format!(
            "package main\np := count([1 | some x in numbers.range(1, 20000); a == b; x == -1])\n\
             a := numbers.range(1, {0})\nb := numbers.range(1, {0})",
            size * 16
        );
        let mut policies = Policies::new();
        policies.add("main.rego", &text, None).unwrap();
        let mut compiled = policies.compile().unwrap();
        let query = compiled.prepare("data.main.p").unwrap();
        let mut heap = Heap::new(BYTES);
        let data = heap.object(Vec::new()).unwrap();
        let documents = Documents::new(heap, None, data).unwrap();
        let stop = Arc::new(AtomicBool::new(true));
        let limits = Limits { steps: 500_000, bytes: BYTES, stop: Some(stop), ..Limits::default() };
        let mut session = compiled.session(&documents, &limits).unwrap();
        assert_eq!(session.ask(&query).map(drop).unwrap_err().error, EvaluationError::Stopped, "{size}");
    }
}

/// Each of these goes through a text as often as it finds something there.
#[test]
fn a_function_that_goes_through_long_texts_is_stopped_in_the_middle() {
    let text = "t := concat(\"\", [\"aaaaaaaaaaaaaaaa\" | some _ in numbers.range(1, 50000)])";
    for call in [
        "count(regex.find_n(`(a*b|a)`, t, -1))",
        "count(regex.find_all_string_submatch_n(`(a*b|a)`, t, -1))",
        "count(regex.split(`(a*b|a)`, t))",
        "count(regex.replace(t, `(a*b|a)`, \"c\"))",
    ] {
        let mut policies = Policies::new();
        policies.add("main.rego", &format!("package main\n{text}\np := {call}"), None).unwrap();
        let mut compiled = policies.compile().unwrap();
        let query = compiled.prepare("data.main.p").unwrap();
        let mut heap = Heap::new(BYTES);
        let data = heap.object(Vec::new()).unwrap();
        let documents = Documents::new(heap, None, data).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let limits = Limits { bytes: BYTES, stop: Some(Arc::clone(&stop)), ..Limits::default() };
        let limits = Limits { steps: u64::MAX, ..limits };
        let mut session = compiled.session(&documents, &limits).unwrap();
        // The pattern is compiled, and the text is made.
        let stopping = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let began = Instant::now();
        session.ask(&query).map(drop).unwrap_err();
        assert!(began.elapsed() < SOON, "{call}");
        stopping.join().unwrap();
    }
}
