//! Functions against values that OPA gave.

use super::{Cache, Context, Failure, builtin};
use crate::heap::{Heap, Value, View};
use crate::json::parse;
use crate::writer::Writer;

/// A line for each call: the function, its operands, and what OPA shows of the result, or `null` where there is none.
/// A set stands as `{"set": [...]}`, an object with keys that are no texts as `{"pairs": [[key, value], ...]}`.
const CASES: &str = include_str!("cases.jsonl");

#[test]
fn no_name_is_given_twice() {
    assert_eq!(super::FAMILIES.iter().map(|it| it.len()).sum::<usize>(), super::BY_NAME.len());
    assert!(
        builtin("nothing").is_none() && super::is_deprecated("cast_set") && !super::is_deprecated("count")
    );
}

#[test]
fn functions_give_what_opa_gives() {
    let mut wrong = Vec::new();
    for line in CASES.lines() {
        let mut heap = Heap::new(1 << 22);
        let case = parse(&mut heap, line.as_bytes()).unwrap();
        let View::Array(&[name, operands, want]) = heap.view(case) else { panic!("{line}") };
        let View::String(name) = heap.view(name) else { panic!("{line}") };
        let name = name.to_owned();
        let View::Array(operands) = heap.view(operands) else { panic!("{line}") };
        let operands = operands.to_vec();
        let operands: Vec<Value> = operands.into_iter().map(|it| with_sets(&mut heap, it)).collect();
        let got = shown(&mut heap, &name, &operands);
        let want = match heap.view(want) {
            View::String(it) => Some(it.to_owned()),
            _ => None,
        };
        if got != want {
            wrong.push(format!("{line}\n    gives {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn with_sets(heap: &mut Heap, value: Value) -> Value {
    match heap.view(value) {
        View::Array(items) => {
            let items = items.to_vec();
            let items: Vec<Value> = items.into_iter().map(|it| with_sets(heap, it)).collect();
            heap.array(&items).unwrap()
        }
        View::Object(pairs) => {
            let pairs = pairs.to_vec();
            if let Some(items) = heap.get_text(value, "set") {
                let items = with_sets(heap, items);
                let View::Array(items) = heap.view(items) else { panic!("a set") };
                let items = items.to_vec();
                return heap.set(items).unwrap();
            }
            let pairs = match heap.get_text(value, "pairs").map(|it| heap.view(it)) {
                Some(View::Array(items)) => {
                    let pair = |it: &Value| match heap.view(*it) {
                        View::Array(&[key, value]) => [key, value],
                        _ => panic!("a pair"),
                    };
                    items.iter().map(pair).collect()
                }
                _ => pairs,
            };
            let pairs = pairs.into_iter().map(|[key, value]| [key, with_sets(heap, value)]).collect();
            heap.object(pairs).unwrap()
        }
        _ => value,
    }
}

fn shown(heap: &mut Heap, name: &str, operands: &[Value]) -> Option<String> {
    match call(heap, &mut 10_000_000, name, operands) {
        Ok(value) => {
            let mut out = Writer::new(heap);
            crate::display::write(heap, value, &mut out).unwrap();
            Some(out.as_str().to_owned())
        }
        Err(Failure::Error(_) | Failure::Undefined) => None,
        Err(other) => Some(format!("{other:?}")),
    }
}

fn object_of(heap: &mut Heap, a: Value, b: Value) -> Value {
    let keys = [1, 2].map(|it| heap.integer(it).unwrap());
    heap.object(vec![[keys[0], a], [keys[1], b]]).unwrap()
}

fn call(heap: &mut Heap, steps: &mut u64, name: &str, operands: &[Value]) -> Result<Value, Failure> {
    let builtin = builtin(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(builtin.parameters.len(), operands.len(), "{name}");
    let mut cache = Cache::default();
    let mut context = Context { now: 0, seed: 7, ..Context::in_test(heap, steps, &mut cache) };
    (builtin.call)(&mut context, operands)
}

#[test]
fn walk_gives_each_value_with_its_path() {
    let mut heap = Heap::new(1 << 20);
    let value = parse(&mut heap, br#"[1,{"b":{"c":2},"a":3}]"#).unwrap();
    let value = {
        let set = heap.set(vec![Value::TRUE]).unwrap();
        heap.array(&[value, set]).unwrap()
    };
    let want = concat!(
        r#"[[[], [[1, {"a": 3, "b": {"c": 2}}], {true}]], [[0], [1, {"a": 3, "b": {"c": 2}}]], [[0, 0], 1], "#,
        r#"[[0, 1], {"a": 3, "b": {"c": 2}}], [[0, 1, "a"], 3], [[0, 1, "b"], {"c": 2}], [[0, 1, "b", "c"], 2], "#,
        r#"[[1], {true}], [[1, true], true]]"#
    );
    assert_eq!(shown(&mut heap, "walk", &[value]).as_deref(), Some(want));
}

#[test]
fn chance_is_the_same_for_one_evaluation() {
    let mut heap = Heap::new(1 << 20);
    let [a, b] = ["a", "b"].map(|it| heap.string(it).unwrap());
    let [ten, zero] = [-10, 0].map(|it| heap.integer(it).unwrap());
    let uuid = shown(&mut heap, "uuid.rfc4122", &[a]).unwrap();
    assert_eq!(shown(&mut heap, "uuid.rfc4122", &[a]).unwrap(), uuid);
    assert_ne!(shown(&mut heap, "uuid.rfc4122", &[b]).unwrap(), uuid);
    let text = uuid.trim_matches('"').to_owned();
    assert_eq!((text.len(), text.get(14..15), text.matches('-').count()), (36, Some("4"), 4));
    let text = heap.string(&text).unwrap();
    let parsed = shown(&mut heap, "uuid.parse", &[text]);
    assert_eq!(parsed.as_deref(), Some(r#"{"variant": "RFC4122", "version": 4}"#));
    let number: u8 = shown(&mut heap, "rand.intn", &[a, ten]).unwrap().parse().unwrap();
    assert!(number < 10);
    assert_eq!(shown(&mut heap, "rand.intn", &[a, ten]), Some(number.to_string()));
    assert_eq!(shown(&mut heap, "rand.intn", &[a, zero]).as_deref(), Some("0"));
    assert_eq!(shown(&mut heap, "opa.runtime", &[]).as_deref(), Some(r#"{"env": {}}"#));
}

#[test]
fn hostile_operands_end_in_steps_or_memory() {
    let mut heap = Heap::new(1 << 22);
    let text = |heap: &mut Heap, it: &str| heap.string(it).unwrap();
    let many = "a".repeat(1 << 18);
    let long = text(&mut heap, &many);
    let letter = text(&mut heap, "a");
    let half = text(&mut heap, &many[..1 << 17]);
    let empty = text(&mut heap, "");
    let mut doubled = heap.array(&[long, long]).unwrap();
    for _ in 0..12 {
        doubled = heap.array(&[doubled, doubled]).unwrap();
    }
    let same = heap.array(&[doubled, doubled]).unwrap();
    let [mut shared, mut also] = [object_of(&mut heap, letter, letter), object_of(&mut heap, letter, long)];
    for _ in 0..14 {
        [shared, also] = [shared, also].map(|it| object_of(&mut heap, it, it));
    }
    let [zero, one, million] = [0, 1, 1_000_000].map(|it| heap.integer(it).unwrap());
    let [huge, deep, digits] = ["1000000000000", "1e16000", "1e999999999"].map(|it| heap.number(it).unwrap());
    let wide = text(&mut heap, &"%9999999d".repeat(100));
    let star = text(&mut heap, &"%*d".repeat(50));
    let numbers: Vec<Value> = (0..100).map(|it| if it % 2 == 0 { million } else { one }).collect();
    let widths = heap.array(&numbers).unwrap();
    let ones = heap.array(&[one; 100]).unwrap();
    let pairs: Vec<[Value; 2]> = (0..2_000).map(|it| [text(&mut heap, &format!("b{it}")), letter]).collect();
    let pairs = heap.object(pairs).unwrap();
    let large = text(&mut heap, r"(\pL{1,100}){1,10}\d{0,1000}(x+x+)+y");
    let every = text(&mut heap, "(a*)*|b");
    let within = text(&mut heap, &format!("{}a{}", "(?i:(".repeat(50), ")*)?".repeat(50)));
    let words = text(&mut heap, &"abcdefg|".repeat(1 << 13));
    let dots = text(&mut heap, "$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0");
    let nested = text(&mut heap, &"[".repeat(1 << 16));
    let slashes = text(&mut heap, &"/a".repeat(1 << 16));
    let path = heap.array(&[slashes]).unwrap();
    let object = heap.object(vec![[letter, one]]).unwrap();
    let options = {
        let key = text(&mut heap, "prefix");
        heap.object(vec![[key, long]]).unwrap()
    };
    let blocks = text(&mut heap, &"{{if .a}}".repeat(1 << 14));
    let chain = text(&mut heap, &format!("{{{{if .a}}}}{}{{{{end}}}}", "{{else if .a}}".repeat(1 << 13)));
    let list = heap.array(&vec![one; 1 << 16]).unwrap();
    let all = heap.array(&vec![list; 1 << 10]).unwrap();
    let mark = heap.mark();
    for (name, operands) in [
        ("numbers.range", &[zero, huge][..]),
        ("numbers.range", &[zero, deep]),
        ("numbers.range_step", &[zero, huge, one]),
        ("sprintf", &[wide, ones]),
        ("sprintf", &[star, widths]),
        ("sprintf", &[large, same]),
        ("replace", &[long, letter, half]),
        ("replace", &[long, empty, half]),
        ("strings.replace_n", &[pairs, long]),
        ("concat", &[long, ones]),
        ("indexof_n", &[long, half]),
        ("trim", &[long, long]),
        ("json.marshal", &[doubled]),
        ("json.marshal_with_options", &[all, options]),
        ("json.unmarshal", &[nested]),
        ("json.filter", &[object, path]),
        ("walk", &[doubled]),
        ("equal", &[shared, also]),
        ("sort", &[same]),
        ("internal.member_2", &[also, same]),
        ("object.subset", &[shared, also]),
        ("object.union", &[shared, also]),
        ("regex.match", &[large, long]),
        ("regex.match", &[within, long]),
        ("regex.match", &[words, long]),
        ("regex.match", &[long, long]),
        ("regex.is_valid", &[long]),
        ("regex.replace", &[long, every, dots]),
        ("regex.find_n", &[empty, long, huge]),
        ("regex.find_all_string_submatch_n", &[every, long, huge]),
        ("bits.lsh", &[one, huge]),
        ("bits.lsh", &[deep, million]),
        ("plus", &[digits, one]),
        ("mul", &[deep, deep]),
        ("format_int", &[digits, one]),
        ("strings.render_template", &[blocks, object]),
        ("strings.render_template", &[chain, object]),
        ("split", &[long, letter]),
        ("split", &[long, empty]),
        ("crypto.hmac.sha512", &[long, long]),
    ] {
        let start = std::time::Instant::now();
        let mut steps = 500_000;
        let outcome = call(&mut heap, &mut steps, name, operands);
        let seconds = start.elapsed().as_secs_f64();
        assert!(seconds < 10.0, "{name} took {seconds} s");
        if let Err(Failure::Error(text)) = outcome {
            assert!(text.len() < 200, "{name}: {text}");
        }
        assert!(heap.bytes() <= 1 << 22, "{name}");
        heap.release(mark);
    }
}

#[test]
fn a_value_cannot_weigh_more_than_can_be_gone_through() {
    let mut heap = Heap::new(1 << 20);
    let mut value = heap.array(&[]).unwrap();
    assert_eq!(heap.weight(value), 1);
    for level in 1..25 {
        value = if level % 2 == 0 {
            heap.array(&[value, value]).unwrap()
        } else {
            object_of(&mut heap, value, value)
        };
        assert!(heap.weight(value) >= 1 << level && heap.weight(value) < 6 << level);
    }
    while let Ok(it) = heap.array(&[value, value]) {
        value = it;
    }
    assert!(heap.weight(value) <= 1 << 28);
    let frozen = heap.freeze().unwrap();
    let heap = Heap::on(&frozen, 1 << 20);
    assert!(heap.weight(value) > 1 << 27);
}
