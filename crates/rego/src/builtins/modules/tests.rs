//! Syntax trees as OPA 1.20 gives them.

use super::*;
use crate::builtins::call::Cache;
use crate::builtins::calls::{calls, exhausts, fails};
use crate::heap::Heap;

/// The rules of a policy after `package p`.
fn rules(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        let text =
            format!("package p\n{text}").replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let mut wanted = format!(
            r#"{{"package": {{"path": [{{"type": "var", "value": "data"}}, {{"type": "string", "value": "p"}}]}}, "rules": {wanted}}}"#
        );
        // Short for terms that come again and again.
        for (short, long) in [
            ("REF(", r#"{"type": "ref", "value": [{"type": "var", "value": "#),
            ("VAR(", r#"{"type": "var", "value": "#),
            ("STR(", r#"{"type": "string", "value": "#),
            ("NUM(", r#"{"type": "number", "value": "#),
        ] {
            while let Some((before, after)) = wanted.split_once(short) {
                let (inner, behind) = after.split_once(')').expect("closed");
                let end = if short == "REF(" { "}]}" } else { "}" };
                wanted = format!("{before}{long}{inner}{end}{behind}");
            }
        }
        calls(ALL, &[("rego.parse_module", &format!("[\"p.rego\", \"{text}\"]"), &wanted)]);
    }
}

const TRUE: &str = r#"{"type": "boolean", "value": true}"#;

#[test]
fn rules_are_as_in_opa() {
    let holds = format!(r#""body": [{{"index": 0, "terms": {TRUE}}}]"#);
    let input = r#""body": [{"index": 0, "terms": REF("input")}]"#;
    let a = r#""name": "a""#;
    rules(&[
        ("a := 1", &format!(r#"[{{{holds}, "head": {{"assign": true, {a}, "ref": [VAR("a")], "value": NUM(1)}}}}]"#)),
        ("a.b := 1", &format!(r#"[{{{holds}, "head": {{"assign": true, {a}, "key": STR("b"), "ref": [VAR("a"), STR("b")], "value": NUM(1)}}}}]"#)),
        ("a.b := 1 if input", &format!(r#"[{{{input}, "head": {{"assign": true, {a}, "ref": [VAR("a"), STR("b")], "value": NUM(1)}}}}]"#)),
        ("a.b if input", &format!(r#"[{{{input}, "head": {{"ref": [VAR("a"), STR("b")], "value": {TRUE}}}}}]"#)),
        ("a[x] if input", &format!(r#"[{{{input}, "head": {{"key": VAR("x"), "ref": [VAR("a"), VAR("x")], "value": {TRUE}}}}}]"#)),
        ("a contains 1", &format!(r#"[{{{holds}, "head": {{{a}, "key": NUM(1), "ref": [VAR("a")]}}}}]"#)),
        ("default a := 1", &format!(r#"[{{"default": true, {holds}, "head": {{"assign": true, {a}, "ref": [VAR("a")], "value": NUM(1)}}}}]"#)),
        ("a(_, x) if input\nelse = 2", &format!(
            r#"[{{{input}, "head": {{"args": [VAR("$0"), VAR("x")], {a}, "ref": [VAR("a")], "value": {TRUE}}}, "else": {{{holds}, "head": {{"args": [VAR("$1"), VAR("x")], {a}, "ref": [VAR("a")], "value": NUM(2)}}}}}}]"#
        )),
    ].map(|(text, wanted)| (text, wanted.as_str())));
}

#[test]
fn terms_and_bodies_are_as_in_opa() {
    let of = |body: &str| {
        format!(r#"[{{"body": [{body}], "head": {{"name": "a", "ref": [VAR("a")], "value": {TRUE}}}}}]"#)
    };
    rules(&[
        ("a if { not x; y = 1 }", &of(r#"{"index": 0, "negated": true, "terms": VAR("x")}, {"index": 1, "terms": [REF("eq"), VAR("y"), NUM(1)]}"#)),
        ("a if { some x; some y in z }", &of(r#"{"index": 0, "terms": {"symbols": [VAR("x")]}}, {"index": 1, "terms": {"symbols": [{"type": "call", "value": [{"type": "ref", "value": [VAR("internal"), STR("member_2")]}, VAR("y"), VAR("z")]}]}}"#)),
        ("a if { every x in y { z } }", &of(r#"{"index": 0, "terms": {"key": null, "value": VAR("x"), "domain": VAR("y"), "body": [{"index": 0, "terms": VAR("z")}]}}"#)),
        ("a if b.c(1) with input as 2 with f as g", &of(r#"{"index": 0, "terms": [{"type": "ref", "value": [VAR("b"), STR("c")]}, NUM(1)], "with": [{"target": REF("input"), "value": NUM(2)}, {"target": VAR("f"), "value": VAR("g")}]}"#)),
        (r#"a if {{2, x, 1, 1.0} == {"b": null, "a": [f(x)]}}"#, &of(r#"{"index": 0, "terms": [REF("equal"), {"type": "set", "value": [NUM(1), NUM(2), VAR("x")]}, {"type": "object", "value": [[STR("a"), {"type": "array", "value": [{"type": "call", "value": [REF("f"), VAR("x")]}]}], [STR("b"), {"type": "null", "value": {}}]]}]}"#)),
        ("a if [x | y][0]", &of(r#"{"index": 0, "terms": {"type": "ref", "value": [{"type": "arraycomprehension", "value": {"term": VAR("x"), "body": [{"index": 0, "terms": VAR("y")}]}}, NUM(0)]}}"#)),
        ("a if {x: y | z}", &of(r#"{"index": 0, "terms": {"type": "objectcomprehension", "value": {"key": VAR("x"), "value": VAR("y"), "body": [{"index": 0, "terms": VAR("z")}]}}}"#)),
        (r#"a if $"b{1}{x}""#, &of(r#"{"index": 0, "terms": {"type": "templatestring", "value": {"multi_line": false, "parts": [STR("b"), NUM(1), {"index": 0, "terms": VAR("x")}]}}}"#)),
    ].map(|(text, wanted)| (text, wanted.as_str())));
}

#[test]
fn comments_and_imports_have_their_places() {
    let text = r"# x\npackage p\nimport data.a as b # y";
    let wanted = r#"{"package": {"path": [{"type": "var", "value": "data"}, {"type": "string", "value": "p"}]}, "imports": [{"alias": "b", "path": {"type": "ref", "value": [{"type": "var", "value": "data"}, {"type": "string", "value": "a"}]}}], "comments": [{"Location": {"file": "f", "row": 1, "col": 1}, "Text": "IHg="}, {"Location": {"file": "f", "row": 3, "col": 20}, "Text": "IHk="}]}"#;
    calls(ALL, &[("rego.parse_module", &format!("[\"f\", \"{text}\"]"), wanted)]);
}

#[test]
fn what_a_value_is_set_with_is_found_beside_comments() {
    for (text, is_assigned) in
        [("a = # :=\\n(1)", false), ("a := # =\\n# = \\n((1))", true), ("a = 1", false)]
    {
        let mut heap = Heap::new(1 << 20);
        let text = format!("package p\n{}", text.replace("\\n", "\n"));
        let operands = [heap.string("x"), heap.string(&text)].map(|it| it.expect("room"));
        let (mut steps, mut cache) = (1_000_000, Cache::default());
        let mut context = Context::in_test(&mut heap, &mut steps, &mut cache);
        let module = parse(&mut context, &operands).expect("a module");
        assert_eq!(heap.shown(module).contains("\"assign\": true"), is_assigned, "{text}");
    }
}

#[test]
fn what_is_no_module_is_told_without_its_text() {
    for (text, wanted) in [
        ("package foo.", "rego_parse_error: operand 2 is no module: line 1, column 13"),
        (r"package p\na { secret }", "rego_parse_error: operand 2 is no module: line 2, column 3"),
        ("", "rego_parse_error: operand 2 is no module: line 1, column 1"),
    ] {
        fails(ALL, "rego.parse_module", &format!("[\"x\", \"{text}\"]"), wanted);
    }
}

#[test]
fn hostile_modules_come_to_an_end() {
    exhausts(ALL, "rego.parse_module", &format!("[\"x\", \"package p\\n{}\"]", "a := 1\\n".repeat(50_000)));
    let call = |text: &str| {
        let mut heap = Heap::new(1 << 26);
        let operands = [heap.string("x"), heap.string(text)].map(|it| it.expect("room"));
        let (mut steps, mut cache) = (100_000_000, Cache::default());
        let mut context = Context::in_test(&mut heap, &mut steps, &mut cache);
        parse(&mut context, &operands).map(|_value| ())
    };
    for deep in [
        format!("package p\na := {}1{}", "[".repeat(200), "]".repeat(200)),
        format!("package p\na if {}true{}", "{ x | ".repeat(100), "}".repeat(100)),
        format!("package p\na := 1 if input{}", "\nelse := 2 if input".repeat(500)),
    ] {
        assert!(matches!(call(&deep), Err(Failure::Heap(HeapError::TooDeep))), "{deep:.40}");
    }
    assert!(call(&format!("package p\na := {}1{}", "[".repeat(50), "]".repeat(50))).is_ok());
}
