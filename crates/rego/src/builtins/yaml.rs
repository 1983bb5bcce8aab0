//! `yaml.marshal`, `yaml.unmarshal`, `yaml.is_valid`.

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::{Value, View};
use crate::types::Type;
use crate::yaml::{Rules, YamlError, read, write};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("yaml.is_valid", &[Type::String], Type::Boolean, is_valid),
    Builtin::new("yaml.marshal", &[Type::Any], Type::String, marshal),
    Builtin::new("yaml.unmarshal", &[Type::String], Type::Any, unmarshal),
];

fn is_valid(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    if !matches!(context.heap.view(text), View::String(_)) {
        return Ok(Value::FALSE);
    }
    let mark = context.heap.mark();
    let result = parsed(context, text);
    context.heap.release(mark);
    match result {
        Ok(_) => Ok(Value::TRUE),
        Err(Failure::Error(_)) => Ok(Value::FALSE),
        Err(failure) => Err(failure),
    }
}

fn unmarshal(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    parsed(context, text)
}

fn parsed(context: &mut Context<'_>, text: Value) -> Result<Value, Failure> {
    let text = context.text(text, 1)?.to_owned();
    context.spend(text.len() as u64)?;
    read(context.heap, &text, Rules::Data).map_err(|failure| match failure {
        YamlError::Heap(failure) => failure.into(),
        failure => error(format!("yaml: {failure}")),
    })
}

fn marshal(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    spend_within(context, value)?;
    let text = write(context.heap, value)
        .ok_or_else(|| error("yaml: a key is no text, or a text has control characters"))?;
    context.spend(text.len() as u64 / 16)?;
    Ok(context.heap.string(&text)?)
}

/// Takes steps for all that is in a value.
fn spend_within(context: &mut Context<'_>, value: Value) -> Result<(), Failure> {
    context.spend(1)?;
    context.spend_for(&[value])?;
    let items = match context.heap.view(value) {
        View::Array(items) | View::Set(items) => items.to_vec(),
        View::Object(pairs) => pairs.as_flattened().to_vec(),
        _ => return Ok(()),
    };
    items.into_iter().try_for_each(|it| spend_within(context, it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::calls::{calls, fails};

    #[test]
    fn yaml_is_read_as_in_opa() {
        for (text, wanted) in [
            (
                r"a: 1\nb: [x, yes, null]\nc: 010\nd: 2024-01-01",
                r#"{"a": 1, "b": ["x", true, null], "c": 8, "d": "2024-01-01"}"#,
            ),
            ("a: yes", r#"{"a": true}"#),
            ("on: x", r#"{"true": "x"}"#),
            ("n: 'n'", r#"{"false": "n"}"#),
            (r"a: 1\n---\nb: 2", r#"{"a": 1}"#),
            (
                r"a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  l: 2",
                r#"{"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 1, "l": 2}}"#,
            ),
            (
                r"a: &x {k: 1}\nb: &y {k: 2, l: 3}\nc:\n  <<: [*x, *y]",
                r#"{"a": {"k": 1}, "b": {"k": 2, "l": 3}, "c": {"k": 1, "l": 3}}"#,
            ),
            (r"1: a\ntrue: b\n1.5: c", r#"{"1": "a", "true": "b", "1.5": "c"}"#),
            (
                "[0x1F, 0o17, 0b11, 1_000, +5, -0, 08, 1e3, 1.50, .5, 1e21, 1e-7, 18446744073709551615, 99999999999999999999]",
                "[31, 15, 3, 1000, 5, 0, 8, 1000, 1.5, 0.5, 1e+21, 1e-7, 18446744073709551615, 100000000000000000000]",
            ),
            (
                "[~, '~', !!str 1, !!int '3', !!float 1, !foo 1, 1:30, 2024-01-01T00:00:00Z, 1.2.3, 0x, .]",
                r#"[null, "~", "1", 3, 1, "1", "1:30", "2024-01-01T00:00:00Z", "1.2.3", "0x", "."]"#,
            ),
            (r"a: |\n  x\n  y\nb: >-\n  x\n  y", r#"{"a": "x\ny\n", "b": "x y"}"#),
            ("{a: , b, c: [d, ]}", r#"{"a": null, "b": null, "c": ["d"]}"#),
            (r"a: 1\na: 2", r#"{"a": 2}"#),
            (r#"{\"json\": \"ok\"}"#, r#"{"json": "ok"}"#),
            ("", "null"),
            ("# nothing", "null"),
        ] {
            calls(
                ALL,
                &[
                    ("yaml.unmarshal", &format!("[\"{text}\"]"), wanted),
                    ("yaml.is_valid", &format!("[\"{text}\"]"), "true"),
                ],
            );
        }
    }

    #[test]
    fn what_is_no_yaml_is_told() {
        for (text, wanted) in [
            ("[1,2,3", "yaml: line 2, column 1: this is not valid YAML"),
            (r"foo:\n- a: b\n- c: {", "yaml: line 4, column 1: this is not valid YAML"),
            ("[a]: b", "yaml: line 1, column 3: a key must be a text, a number or a truth value"),
            ("~: b", "yaml: line 1, column 1: a key must be a text, a number or a truth value"),
            ("a: .inf", "yaml: line 1, column 4: infinity and what is no number are no JSON"),
            ("a: &x [*x]", "yaml: line 1, column 8: a value is part of itself"),
            ("!!int x", "yaml: line 1, column 1: a value is not what its tag says"),
            (r"a: '\u007f'", "yaml: line 1, column 5: control characters are not allowed"),
            ("&a &a x", "yaml: line 1, column 4: this is not valid YAML"),
            ("<<: 1", "yaml: line 1, column 5: `<<` takes mappings"),
        ] {
            let operands = format!("[\"{text}\"]");
            fails(ALL, "yaml.unmarshal", &operands, wanted);
            calls(ALL, &[("yaml.is_valid", &operands, "false")]);
        }
        calls(ALL, &[("yaml.is_valid", "[1]", "false")]);
    }

    #[test]
    fn names_cannot_stand_for_too_much() {
        let line = |at: u8| {
            format!(
                "{0}: &{0} [{1}]",
                char::from(b'a' + at),
                vec![format!("*{}", char::from(b'a' + at - 1)); 9].join(", ")
            )
        };
        let lines: Vec<String> =
            std::iter::once("a: &a [x, x, x]".to_owned()).chain((1..12).map(line)).collect();
        let operands = format!("[\"{}\"]", lines.join("\\n"));
        calls(ALL, &[("yaml.is_valid", &operands, "false")]);
    }

    #[test]
    fn yaml_is_written_as_in_opa() {
        for (value, wanted) in [
            (r#"{"b": [1, "x"], "a": {"c": null}}"#, r"a:\n  c: null\nb:\n- 1\n- x\n"),
            (r#"[{"foo": {1, 2, 3}}]"#, r"- foo:\n  - 1\n  - 2\n  - 3\n"),
            ("[[1, [2]], {}, [], \"\"]", r#"- - 1\n  - - 2\n- {}\n- []\n- \"\"\n"#),
            (
                r##"["yes", "1", "1.5", "null", "a: b", "a #b", "- a", "#", "'", "it's", "a:b", "x'y\t", "1:30", " a", "a ", "~"]"##,
                r##"- \"yes\"\n- \"1\"\n- \"1.5\"\n- \"null\"\n- 'a: b'\n- 'a #b'\n- '- a'\n- '#'\n- ''''\n- it's\n- a:b\n- \"x'y\\t\"\n- \"1:30\"\n- ' a'\n- 'a '\n- \"~\"\n"##,
            ),
            (
                r#"{"a": "x\ny", "b": "x\n", "c": "x\n\n", "d": " x\ny"}"#,
                r"a: |-\n  x\n  y\nb: |\n  x\nc: |+\n  x\n\nd: |2-\n   x\n  y\n",
            ),
            (
                r#"{"a10": 1, "a2": 2, "b": 3, "A": 4, "1": 5, "": 6}"#,
                r#"\"\": 6\n\"1\": 5\nA: 4\na2: 2\na10: 1\nb: 3\n"#,
            ),
            (
                "[1.5, 1.0, 1e6, 123456789.5, 0.00001, 18446744073709551615]",
                r"- 1.5\n- 1\n- 1e+06\n- 1.234567895e+08\n- 1e-05\n- 18446744073709551615\n",
            ),
            ("{1: 2, true: 3, null: 4}", r#"\"1\": 2\n\"null\": 4\n\"true\": 3\n"#),
            ("\"x\"", r"x\n"),
            ("[\"2024-01-01\", \"2024-13-01\", \"<<\"]", r#"- \"2024-01-01\"\n- 2024-13-01\n- <<\n"#),
            ("true", r"true\n"),
            ("[\"\u{1f600}\", \"ü\"]", r#"- \"\\U0001F600\"\n- ü\n"#),
        ] {
            calls(ALL, &[("yaml.marshal", &format!("[{value}]"), &format!("\"{wanted}\""))]);
        }
        let long = "word ".repeat(40);
        let long = long.trim();
        let folded = ["word "; 16].concat();
        let wanted =
            format!("a: {}\\n  {}\\n  {}\\n", folded.trim(), folded.trim(), ["word "; 8].concat().trim());
        calls(ALL, &[("yaml.marshal", &format!("[{{\"a\": \"{long}\"}}]"), &format!("\"{wanted}\""))]);
        fails(ALL, "yaml.marshal", "[{[1]: 2}]", "yaml: a key is no text, or a text has control characters");
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let value = r#"{"a": ["x: y", "- z", "", " ", "a\n b\n", "\t", "null", "0x1", "é\u0001", "a'b\"c"], "b c": {"d": [[], {}, [[1]]]}, "?": "!", "long": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b  c d"}"#;
        let mut heap = crate::Heap::new(1 << 20);
        let value = crate::builtins::calls::value(&mut heap, &crate::parse_term(value).expect(value));
        let text = write(&heap, value).expect("texts as keys");
        let again = read(&mut heap, &text, Rules::Data).expect("YAML");
        assert!(heap.equal(again, value), "{text}");
    }
}
