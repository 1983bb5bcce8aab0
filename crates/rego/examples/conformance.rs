//! Runs OPA's conformance suite: `cargo run --release --example conformance -- CASES EXCLUDED [PART OF A NAME]`.
//!
//! `CASES` is a file of cases, one JSON object a line; `EXCLUDED` lists the cases that are not expected to pass, each with a
//! reason. Exit code 0: all others pass, and the excluded ones do not; 1: not so; 2: a file cannot be read.

#![expect(clippy::indexing_slicing, reason = "what is not there in a case is null")]

use rego::{Documents, EvaluationError, Heap, Limits, Policies, QueryError, Value, View};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

const BYTES: usize = 1 << 28;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match conformance(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // Where even stderr is gone, the exit code is left.
            let _lost = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all cases but the excluded ones pass.
fn conformance(arguments: &[String]) -> Result<bool, Box<dyn Error>> {
    let [cases, excluded, rest @ ..] = arguments else {
        return Err("usage: conformance CASES EXCLUDED [PART OF A NAME]".into());
    };
    let cases = std::fs::read_to_string(cases).map_err(|it| format!("{cases}: {it}"))?;
    let excluded = std::fs::read_to_string(excluded).map_err(|it| format!("{excluded}: {it}"))?;
    let excluded: BTreeMap<&str, &str> =
        excluded.lines().filter(|it| !it.starts_with('#')).filter_map(|it| it.rsplit_once(": ")).collect();
    let mut out = std::io::stdout().lock();
    let (mut passed, mut failed, mut left_out) = (0, 0, 0);
    for line in cases.lines() {
        let case: Json = serde_json::from_str(line)?;
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let name = format!("{} {}", text("file"), text("note"));
        if rest.first().is_some_and(|it| !name.contains(it.as_str())) {
            continue;
        }
        let is_excluded = excluded.keys().any(|it| name.starts_with(it) || text("note").starts_with(it));
        match (run(&case), is_excluded) {
            (Ok(()), false) => passed += 1,
            (Err(_), true) => left_out += 1,
            (Ok(()), true) => {
                failed += 1;
                writeln!(out, "PASSED, and is excluded: {name}")?;
            }
            (Err(why), false) => {
                failed += 1;
                writeln!(out, "FAILED {name}: {why}")?;
            }
        }
    }
    for (name, reason) in excluded {
        writeln!(out, "excluded {name}…: {reason}")?;
    }
    writeln!(out, "{passed} passed, {failed} failed, {left_out} excluded")?;
    Ok(failed == 0)
}

fn run(case: &Json) -> Result<(), String> {
    let wanted_error = case["want_error_code"].as_str();
    let strict = case["strict_error"] == true || wanted_error.is_some_and(|it| it != "eval_conflict_error");
    let limits = Limits {
        steps: 20_000_000,
        strict,
        now: 1_700_000_000_000_000_000,
        bytes: BYTES,
        seed: 1,
        observe: false,
        stop: None,
    };
    let mut policies = Policies::new();
    for (index, module) in case["modules"].as_array().into_iter().flatten().enumerate() {
        let text = module.as_str().unwrap_or_default();
        policies
            .add(&format!("{index}.rego"), text, Some(rego::syntax::Version::V1))
            .map_err(|it| format!("{}", it[0]))?;
    }
    let mut compiled = match policies.compile() {
        Ok(it) => it,
        Err(errors) => {
            let code = errors[0].code.as_str();
            return if wanted_error == Some(code) { Ok(()) } else { Err(errors[0].to_string()) };
        }
    };
    let query = match compiled.prepare(case["query"].as_str().unwrap_or_default()) {
        Ok(it) => it,
        Err(QueryError::Compile(errors)) => {
            let code = errors[0].code.as_str();
            return if wanted_error == Some(code) { Ok(()) } else { Err(errors[0].to_string()) };
        }
        Err(error) => return Err(error.to_string()),
    };
    let mut heap = Heap::new(BYTES);
    let input = match (&case["input_term"], case.get("input")) {
        (Json::String(term), _) => Some(input_term(&mut heap, term)?),
        (_, Some(input)) => Some(value(&mut heap, input)),
        _ => None,
    };
    let data = match &case["data"] {
        Json::Null => heap.object(Vec::new()).map_err(|it| it.to_string())?,
        it => value(&mut heap, it),
    };
    let documents = Documents::new(heap, input, data).map_err(|it| it.to_string())?;
    let mut session = compiled.session(&documents, &limits).map_err(|it| it.to_string())?;
    let answer = match session.ask(&query) {
        Ok(it) => it,
        Err(error) => {
            return match (&error.error, wanted_error) {
                (EvaluationError::Conflict(_), Some("eval_conflict_error"))
                | (EvaluationError::Builtin { .. }, Some("eval_builtin_error" | "eval_type_error")) => Ok(()),
                // The suite names no error for some that its own runner makes.
                (EvaluationError::Builtin { .. }, None) if strict && case["want_result"].is_null() => Ok(()),
                _ => Err(format!("error: {error}")),
            };
        }
    };
    if let Some(code) = wanted_error {
        return Err(format!("no error, and not {code}"));
    }
    let mut got: Vec<Json> = answer
        .solutions()
        .map(|it| it.iter().map(|(name, value)| (name.to_owned(), json(answer.heap(), value))).collect())
        .collect();
    let mut wanted: Vec<Json> = case["want_result"].as_array().cloned().unwrap_or_default();
    if case["sort_bindings"] == true {
        for it in got.iter_mut().chain(&mut wanted) {
            for (_, value) in it.as_object_mut().into_iter().flatten() {
                if let Json::Array(items) = value {
                    items.sort_by_key(Json::to_string);
                }
            }
        }
    }
    got.sort_by_key(Json::to_string);
    wanted.sort_by_key(Json::to_string);
    if got == wanted {
        return Ok(());
    }
    let (got, wanted) = (Json::from(got).to_string(), Json::from(wanted).to_string());
    let cut = |it: &str| it.chars().take(300).collect::<String>();
    Err(format!("{}, and not {}", cut(&got), cut(&wanted)))
}

fn input_term(heap: &mut Heap, term: &str) -> Result<Value, String> {
    let mut compiled = Policies::new().compile().map_err(|it| it[0].to_string())?;
    let query = compiled.prepare(term).map_err(|it| it.to_string())?;
    let mut empty = Heap::new(BYTES);
    let data = empty.object(Vec::new()).map_err(|it| it.to_string())?;
    let documents = Documents::new(empty, None, data).map_err(|it| it.to_string())?;
    let limits =
        Limits { steps: 1_000_000, strict: false, now: 0, bytes: BYTES, seed: 1, observe: false, stop: None };
    let mut session = compiled.session(&documents, &limits).map_err(|it| it.to_string())?;
    let answer = session.ask(&query).map_err(|it| it.to_string())?;
    let found = answer.value().ok_or("the input is undefined")?;
    Ok(copy(answer.heap(), found, heap))
}

fn copy(from: &Heap, value: Value, to: &mut Heap) -> Value {
    let copied = match from.view(value) {
        View::Array(items) => {
            let items: Vec<_> = items.iter().map(|it| copy(from, *it, to)).collect();
            to.array(&items)
        }
        View::Set(items) => {
            let items = items.iter().map(|it| copy(from, *it, to)).collect();
            to.set(items)
        }
        View::Object(pairs) => {
            let pairs = pairs.iter().map(|[k, v]| [copy(from, *k, to), copy(from, *v, to)]).collect();
            to.object(pairs)
        }
        View::String(text) => to.string(text),
        View::Number(number) => to.number(&number.to_string()),
        View::Null | View::Bool(_) | View::Unknown(_) => Ok(value),
    };
    copied.unwrap_or(Value::NULL)
}

fn value(heap: &mut Heap, json: &Json) -> Value {
    let made = match json {
        Json::Null => Ok(Value::NULL),
        Json::Bool(it) => Ok(Value::bool(*it)),
        Json::Number(it) => heap.number(&it.to_string()),
        Json::String(it) => heap.string(it),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(|it| value(heap, it)).collect();
            heap.array(&items)
        }
        Json::Object(items) => {
            let pairs = items
                .iter()
                .map(|(key, it)| [heap.string(key).unwrap_or(Value::NULL), value(heap, it)])
                .collect();
            heap.object(pairs)
        }
    };
    made.unwrap_or(Value::NULL)
}

fn json(heap: &Heap, value: Value) -> Json {
    match heap.view(value) {
        View::Null | View::Unknown(_) => Json::Null,
        View::Bool(it) => Json::Bool(it),
        View::Number(it) => match serde_json::from_str::<Json>(&it.to_string()) {
            // The suite's results came through a reader that knows 1.0 as 1.
            Ok(Json::Number(it)) => match it.as_f64() {
                Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => {
                    serde_json::from_str(&format!("{float:.0}")).unwrap_or(Json::Null)
                }
                _ => Json::Number(it),
            },
            _ => Json::Null,
        },
        View::String(it) => Json::String(it.to_owned()),
        View::Array(items) | View::Set(items) => items.iter().map(|it| json(heap, *it)).collect(),
        View::Object(pairs) => {
            let key = |it| match json(heap, it) {
                Json::String(it) => it,
                it => it.to_string(),
            };
            pairs.iter().map(|[k, v]| (key(*k), json(heap, *v))).collect()
        }
    }
}
