use super::*;
use crate::syntax::{HeadValue, TemplatePart, TermKind};

/// The query, as it was understood: every operator in parentheses.
fn query(text: &str) -> String {
    let body = parse_query(text).unwrap_or_else(|errors| panic!("{text}: {}", errors[0]));
    let lines: Vec<String> = body.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

fn query_error(text: &str) -> String {
    parse_query(text).expect_err(text)[0].message.clone()
}

fn rules(text: &str) -> Vec<String> {
    rules_of(text, None)
}

fn rules_of(text: &str, version: Option<Version>) -> Vec<String> {
    let text = format!("package p\n\n{text}");
    let module = parse_module(&text, version).unwrap_or_else(|errors| panic!("{text}: {}", errors[0]));
    let printed = module.to_string();
    printed.split("\n\n").skip(1 + module.imports.len()).map(|it| it.trim().to_owned()).collect()
}

fn errors(text: &str, version: Option<Version>) -> Vec<String> {
    let errors = parse_module(text, version).expect_err(text);
    errors.iter().map(|it| format!("{}:{} {}", it.line, it.column, it.message)).collect()
}

#[test]
fn operators_bind_as_in_opa() {
    for (text, wanted) in [
        ("a + b * c", "a + (b * c)"),
        ("a * b + c", "(a * b) + c"),
        ("a - b - c", "(a - b) - c"),
        ("a / b * c % d", "((a / b) * c) % d"),
        ("a | b & c - d", "a | (b & (c - d))"),
        ("a & b | c", "(a & b) | c"),
        ("a == b | c", "a == (b | c)"),
        ("a < b == c", "(a < b) == c"),
        ("a + b in c", "internal.member_2((a + b), c)"),
        ("a == b in c | d", "internal.member_2((a == b), (c | d))"),
        ("k, v in xs", "internal.member_3(k, v, xs)"),
        ("a in b in c", "internal.member_2(internal.member_2(a, b), c)"),
        ("x := a in b", "x := internal.member_2(a, b)"),
        ("x = y == z", "x = y == z"),
        ("f(a, b in c)", "f(a, internal.member_2(b, c))"),
        ("[k, v in c]", "[k, internal.member_2(v, c)]"),
        ("[(k, v in c)]", "[internal.member_3(k, v, c)]"),
        ("x - -5", "x - -5"),
        ("x -5", "x - 5"),
        ("x := - .5", "x := -.5"),
        (
            "not a == b with input as 1 with data.x as y | z",
            "not a == b with input as 1 with data.x as y | z",
        ),
    ] {
        assert_eq!(query(text), wanted, "{text}");
    }
}

#[test]
fn comprehensions_win_over_unions() {
    for (text, wanted) in [
        ("{a | b}", "{a | b}"),
        ("{a | b, c}", "{(a | b), c}"),
        ("[a | b, c]", "[(a | b), c]"),
        ("{a | some b, c}", "{a | some b, c}"),
        ("{a | b, c in d}", "{a | internal.member_3(b, c, d)}"),
        ("{a | b, c in d, e}", "{(a | b), internal.member_2(c, d), e}"),
        ("{a | b == c, d}", "{((a | b) == c), d}"),
        ("{a + b | c}", "{((a + b) | c)}"),
        ("{(a | b)}", "{(a | b)}"),
        ("{a: b | c}", "{a: b | c}"),
        ("{a: b | c, d: e}", "{a: (b | c), d: e}"),
        ("{a + 1: b | c}", "{(a + 1): b | c}"),
        ("{, a | b}", "{(a | b)}"),
        ("{a | b; c\nd}", "{a | b; c; d}"),
        ("{{a | b, c} | d, e}", "{({(a | b), c} | d), e}"),
        ("[x | x = y; every z in x { z }]", "[x | x = y; every z in x { z }]"),
        ("{}", "{}"),
        ("set()", "set()"),
        ("{a,}", "{a}"),
        ("{a: b,}", "{a: b}"),
        ("[a,\n b,\n]", "[a, b]"),
    ] {
        assert_eq!(query(text), wanted, "{text}");
    }
    assert_eq!(query_error("{a | b: c}"), "expected the end of the line, `;` or `}`, found `:`");
}

#[test]
fn references_and_calls_have_no_blanks() {
    for (text, wanted) in [
        ("a.b[c][\"d\"].e", "a.b[c].d.e"),
        ("a[\"b c\"]", "a[\"b c\"]"),
        ("a[\"if\"].if", "a.if.if"),
        ("a.b(c).d[e](f)", ""),
        ("f(x)(y)", "f(x); y"),
        ("f(x)[0].y", "f(x)[0].y"),
        ("[1, 2][i]", "[1, 2][i]"),
        ("{a: b}[a]", "{a: b}[a]"),
        ("[x | x = y][0]", "[x | x = y][0]"),
        ("a [0]", "a; [0]"),
        ("if.x", "if.x"),
        ("not.x", "not.x"),
        ("with[0] == 1", "with[0] == 1"),
        ("x in[1]", "x; in[1]"),
        ("contains(a, b)", "contains(a, b)"),
        ("x[_]", "x[_]"),
        ("f(\nx,\n)", "f(x)"),
    ] {
        if wanted.is_empty() {
            parse_query(text).expect_err(text);
        } else {
            assert_eq!(query(text), wanted, "{text}");
        }
    }
    assert_eq!(query_error("\"a\".b"), "a text cannot be looked into");
    assert_eq!(query_error("(a.b).c"), "a reference in parentheses cannot be looked into");
    assert_eq!(query_error("a. b"), "expected a name directly after the point, found `b`");
}

#[test]
fn bodies_end_where_lines_end() {
    assert_eq!(query("a; b\nc # d\ne"), "a; b; c; e");
    assert_eq!(query("a +\nb\n-c[0]"), "(a + b) - c[0]");
    assert_eq!(query("a b"), "a; b");
    assert!(parse_query("[x | a b]").is_err());
}

#[test]
fn texts_are_those_of_json() {
    let text = |text: &str| match parse_term(text).expect(text).kind {
        TermKind::String(text) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(text(r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#), "a\"\\/\u{8}\u{c}\n\r\té😀");
    assert_eq!(text(r#""\ud83d\u0041\ude00\ud83d""#), "\u{fffd}A\u{fffd}\u{fffd}");
    assert_eq!(text("`a\\n\n\"`"), "a\\n\n\"");
    assert_eq!(text("\"a\tb\""), "a\tb");
    assert!(parse_term("\"a\tb\\n\"").is_err());
    assert!(parse_term("\"a\nb\"").is_err());
}

#[test]
fn numbers_are_kept_as_they_are_written() {
    for text in ["0", "1.0", "1e3", "1E+3", "-0", "-1.50", "99999999999999999999", "0.5", "0e5", "1e30000"] {
        assert_eq!(parse_term(text).expect(text).kind, TermKind::Number(text.to_owned()));
    }
    for text in ["01", "00.5", "1.", "1e", "1_000", "0x1", "1e999999999", "1e-40000", "-x", "--1"] {
        parse_term(text).expect_err(text);
    }
}

#[test]
fn templates_have_terms_in_them() {
    let parts = |text: &str| match parse_term(text).expect(text).kind {
        TermKind::Template(parts) => parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => text.clone(),
                TemplatePart::Term(term, with) => format!("<{term} {}>", with.len()),
            })
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(parts(r#"$"a\{\n{ x + 1 }{y with input as 1}""#), ["a{\n", "<x + 1 0>", "<y 1>"]);
    assert_eq!(parts("$`\\n\n\\{{ {1: $\"{z}\"} }`"), ["\\n\n{", "<{1: $\"{z}\"} 0>"]);
    assert_eq!(parts("$\"\""), [""; 0]);
    for text in [r#"$"{not x}""#, r#"$"{x := 1}""#, r#"$"{}""#, r#"$"{x y}""#, r#"$"{some x}""#, r#"$"{x""#] {
        parse_term(text).expect_err(text);
    }
}

#[test]
fn rules_of_today() {
    for (text, wanted) in [
        ("p := 1", "p := 1"),
        ("p = 1 q := 2", "p := 1\nq := 2"),
        ("default p := {\"a\": [1, `x`]}", "default p := {\"a\": [1, \"x\"]}"),
        ("default f(_, _) := 1", "default f(_, _) := 1"),
        ("default p", "default p"),
        ("default f(_)", "default f(_)"),
        ("p contains x if some x in y", "p contains x if {\n\tsome internal in y\n}"),
        ("p if { a; b\nc }", "p if {\n\ta\n\tb\n\tc\n}"),
        ("p if {a}", "p if {\n\ta\n}"),
        ("p if {a, b}[c]", "p if {\n\t{a, b}[c]\n}"),
        ("p if {a} == {b}", "p if {\n\t{a} == {b}\n}"),
        ("p if {a | b}", "p if {\n\t{a | b}\n}"),
        ("p if {}", "p if {\n\t{}\n}"),
        ("p[x] if x := 1", "p[x] if {\n\tx := 1\n}"),
        ("p[x] := y if { x := 1 } { x := 2 }", "p[x] := y if {\n\tx := 1\n}\np[x] := y if {\n\tx := 2\n}"),
        ("a.b[c].d contains e", "a.b[c].d contains e"),
        ("f (x, [y]) := z if x", "f(x, [y]) := z if {\n\tx\n}"),
        ("f(1)", "f(1)"),
        ("f() := 1", "f := 1"),
        ("p if a else := 2 if b else := 3", "p if {\n\ta\n} else := 2 if {\n\tb\n} else := 3"),
        ("p if a\nelse if b\nelse = 1", "p if {\n\ta\n} else if {\n\tb\n} else := 1"),
        ("if.x := 1\nelse.y contains 2", "if.x := 1\nelse.y contains 2"),
        ("p := 1\n\nimport data.x as y", "p := 1"),
    ] {
        let wanted = wanted.replace("some internal in", "some x in");
        assert_eq!(rules_of(text, Some(Version::V1)).join("\n"), wanted, "{text}");
    }
}

#[test]
fn rules_of_before_1_0() {
    for (text, wanted) in [
        ("p { a }", "p {\n\ta\n}"),
        ("p[x] { x = 1 } { x = 2 }", "p[x] {\n\tx = 1\n}\np[x] {\n\tx = 2\n}"),
        ("p[\"a\"]", "p[\"a\"]"),
        ("p.x { true }", "p[\"x\"] {\n\ttrue\n}"),
        ("p[x] = y { z }", "p[x] := y {\n\tz\n}"),
        ("f(x) { x } else = 1 { y }", "f(x) {\n\tx\n} else := 1 {\n\ty\n}"),
        ("if := contains", "if := contains"),
        ("p { every := in; every }", "p {\n\tevery := in\n\tevery\n}"),
        ("import future.keywords.in\np { 1 in [1] }", "p {\n\tinternal.member_2(1, [1])\n}"),
        ("import future.keywords\np contains x if x := 1", "p contains x if {\n\tx := 1\n}"),
        ("import future.keywords\np { q }", "p if {\n\tq\n}"),
        ("import rego.v1\np[1] if { q }", "p[1] if {\n\tq\n}"),
    ] {
        assert_eq!(rules_of(text, Some(Version::V0)).join("\n"), wanted, "{text}");
    }
    let module = parse_module("package p\nq[x] { x := 1 }", None).expect("v0");
    assert_eq!(module.version, Version::V0);
    assert!(matches!(module.rules[0].head.value, HeadValue::Contains(_)));
    assert_eq!(module.rules[0].head.name.len(), 1);
    assert_eq!(parse_module("package p\nq := 1", None).expect("v1").version, Version::V1);
}

#[test]
fn what_is_wrong_is_told_all_at_once() {
    assert_eq!(
        errors(
            "package p\n\np { x }\n\nq[x] { y }\n\nr contains 1 { z }\n\ns := := 1\n\nt",
            Some(Version::V1)
        ),
        [
            "3:3 `if` is required before the rule body",
            "5:1 `contains` is required for a rule that makes a set",
            "7:14 `if` is required before the rule body",
            "9:6 expected a term, found `:=`",
            "11:2 expected `:=` and a value, or `if` and a body, found the end of the text",
        ]
    );
    // Old rules, and one mistake: that is what is told.
    assert_eq!(
        errors("package p\n\np { x }\n\nq { y z }", None),
        ["5:7 expected the end of the line, `;` or `}`, found `z`"]
    );
    // Today's, and a mistake that makes another rule of it before OPA 1.0.
    assert_eq!(
        errors("package p\n\nq[x] := y if { x := 1 } else := 2", None),
        ["3:25 `else` cannot follow a rule with variables in its name"]
    );
    // Today's, and one mistake.
    assert_eq!(
        errors("package p\n\np if { x\n\nq if { y }", None),
        ["5:3 expected the end of the line, `;` or `}`, found the keyword `if`"]
    );
    let many = format!("package p\n{}", "p := )\n".repeat(1000));
    assert_eq!(errors(&many, None).len(), 20);
}

#[test]
fn statements_stand_where_they_may() {
    for (text, wanted) in [
        ("", "1:1 expected `package`, found the end of the text"),
        ("p := 1", "1:1 expected `package`, found `p`"),
        ("package p.q[x]", "1:9 expected a path of names, as `a.b[\"c\"]`"),
        ("package p\npackage q", "2:1 a file has one package, at its beginning"),
        ("package p\nimport foo.bar", "2:8 an import begins with `data`, `input`, `rego` or `future`"),
        ("package p\nimport data.if", "2:8 what is imported here has the name of a keyword"),
        ("package p\nimport data.x as input", "2:18 expected another name after `as`, found `input`"),
        ("package p\nimport future.keywords.of", "2:8 nothing of this name can be imported"),
        ("package p\nimport rego.v2", "2:8 nothing of this name can be imported"),
        ("package p\np := 1;", "2:7 expected a rule, found `;`"),
        ("package p\nnot p", "2:1 expected a rule, found the keyword `not`"),
        ("package p\ndefault p := x", "2:14 the value of a default is a constant"),
        (
            "package p\ndefault p.q",
            "2:12 expected the value of the default, as in `default allow := false`, found the end of the text",
        ),
        ("package p\ndefault f(x, x) := 1", "2:14 two parameters of a default have the same name"),
        ("package p\nf (x) := 1", "2:3 a blank stands here only in the head of a rule with a body"),
        ("package p\nf(x) contains 1", "2:6 a function is no set: `contains` cannot follow"),
        (
            "package p\np contains 1 if x else := 2",
            "2:19 `else` cannot follow a rule that makes a set or an object",
        ),
        ("package p\np[x] if x else := 2", "2:11 `else` cannot follow a rule with variables in its name"),
        ("package p\np if {}\n{x}\nelse := 1", "4:1 expected a rule, found the keyword `else`"),
        ("package p\np if { x;\n}", "3:1 expected an expression after `;`, found `}`"),
        ("package p\np if { }", ""),
        (
            "package p\np if {\n  x",
            "3:4 expected the end of the line, `;` or `}` for the `{` of line 2, found the end of the text",
        ),
        ("package p\np if a || b", "2:9 expected a term, found `|`"),
        ("package p\np if every [x] in y { x }", "2:12 `every` is followed by names"),
        (
            "package p\np if every x in y",
            "2:18 expected the body of `every`, in braces, found the end of the text",
        ),
        ("package p\np if some x := 1", "2:13 expected a rule, found `:=`"),
        (
            "package p\np if not some x in y",
            "2:10 expected an expression that can be negated, found the keyword `some`",
        ),
        (
            "package p\np if input.x[\"a\"",
            "2:17 expected an operator or `]` for the `[` of line 2, found the end of the text",
        ),
    ] {
        if wanted.is_empty() {
            parse_module(text, Some(Version::V1)).expect(text);
        } else {
            assert_eq!(errors(text, Some(Version::V1))[0], wanted, "{text}");
        }
    }
}

#[test]
fn an_error_shows_its_line() {
    let errors =
        parse_module("package p\n\n\tdeny[msg] {\n\t\tmsg := -x\n\t}\n", Some(Version::V0)).expect_err("-x");
    assert_eq!(
        errors[0].to_string(),
        "4:11: expected a number after `-`, found `x`\n  \t\tmsg := -x\n  \t\t        ^\n  to negate a value, write `0 - x`"
    );
}

#[test]
fn nodes_know_their_places() {
    let text = "package p\n\nq.x := r.s(1) if {\n\tnot x == [ 1 ] with input as 2\n} else := 3\n";
    let module = parse_module(text, None).expect("rule");
    let at = |span: crate::syntax::Span| &text[span.start as usize..span.end as usize];
    let rule = &module.rules[0];
    assert_eq!(at(module.package_span), "package p");
    assert_eq!(at(rule.span), text[11..].trim_end());
    assert_eq!(at(rule.head.span), "q.x := r.s(1)");
    let HeadValue::Is(value) = &rule.head.value else { panic!() };
    assert_eq!(at(value.span), "r.s(1)");
    assert_eq!(at(rule.body[0].span), "not x == [ 1 ] with input as 2");
    assert_eq!(at(rule.body[0].with[0].span), "with input as 2");
    let crate::syntax::ExpressionKind::Term(term) = &rule.body[0].kind else { panic!() };
    assert_eq!(at(term.span), "x == [ 1 ]");
    assert_eq!(at(rule.elses[0].span), "else := 3");
}

#[test]
fn nesting_is_bounded() {
    for (open, middle, close) in [
        ("[", "1", "]"),
        ("(", "1", ")"),
        ("{", "1", "}"),
        ("{1: ", "1", "}"),
        ("[x | ", "1", "]"),
        ("{x: y | ", "1", "}"),
        ("{1 | some x, y; ", "1", "}"),
        ("f(", "1", ")"),
        ("a[", "1", "]"),
        ("1 + ", "1", ""),
        ("1 * 2 + ", "1", ""),
        ("x in ", "y", ""),
        ("$\"{", "1", "}\""),
        ("every x in y { ", "1", " }"),
        ("{1 | ", "2", ", 3}"),
        ("[1 | ", "2 in 3", ", 4 in 5, 6]"),
        ("k, (", "v in x", ")"),
        ("{a, ", "1", ""),
        ("[", "", ""),
        ("{a | b, c in ", "", ""),
    ] {
        for depth in [10, 50, 100, 1000, 20_000] {
            let text = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
            match parse_query(&text) {
                Ok(body) => {
                    assert!(depth < 1000, "{open}");
                    assert_eq!(query(&body[0].to_string()), body[0].to_string());
                }
                Err(errors) if depth >= 1000 && !middle.is_empty() && open != "{a, " => {
                    let message = &errors[0].message;
                    assert!(
                        message.contains("more than 250 deep") || open.starts_with("k, "),
                        "{open}: {message}"
                    );
                }
                Err(_) => {}
            }
        }
    }
}

#[test]
fn rules_that_print_alike_are_alike() {
    assert_eq!(rules("p := [1 | x]"), ["p := [1 | x]"]);
}
