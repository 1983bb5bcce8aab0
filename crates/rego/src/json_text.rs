//! Writes values as JSON, as Go's `encoding/json` does.

use crate::heap::{Heap, HeapError, Value, View};
use crate::json::is_number;
use crate::number::Number;
use crate::writer::Writer;

/// How lines are broken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a> {
    /// What each line begins with.
    pub(crate) prefix: &'a str,
    /// What stands before it for each level.
    pub(crate) indent: &'a str,
}

/// Why a value cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteError {
    /// A number that JSON cannot have, as `to_number("007")` gives it.
    Number,
    Heap(HeapError),
}

impl From<HeapError> for WriteError {
    fn from(error: HeapError) -> Self {
        Self::Heap(error)
    }
}

/// Writes a value; with a layout over several lines.
pub(crate) fn write(
    heap: &Heap,
    value: Value,
    layout: Option<Layout<'_>>,
    out: &mut Writer,
) -> Result<(), WriteError> {
    Text { heap, layout, level: 0 }.value(value, out)
}

struct Text<'a> {
    heap: &'a Heap,
    layout: Option<Layout<'a>>,
    level: usize,
}

impl Text<'_> {
    fn value(&mut self, value: Value, out: &mut Writer) -> Result<(), WriteError> {
        match self.heap.view(value) {
            View::Null | View::Unknown(_) => Ok(out.push_str("null")?),
            View::Bool(it) => Ok(out.push_str(if it { "true" } else { "false" })?),
            View::Number(Number::Integer(it)) => Ok(out.push_str(&it.to_string())?),
            View::Number(Number::Text(it)) if is_number(it) => Ok(out.push_str(it)?),
            View::Number(Number::Text(_)) => Err(WriteError::Number),
            View::String(it) => Ok(string(it, out)?),
            View::Array(items) | View::Set(items) => {
                self.list('[', items, ']', out, |text, it, out| text.value(*it, out))
            }
            View::Object(pairs) => {
                let keys = |[key, _]: &[Value; 2]| matches!(self.heap.view(*key), View::String(_));
                if pairs.iter().all(keys) {
                    return self.list('{', pairs, '}', out, |text, [key, value], out| {
                        text.value(*key, out)?;
                        text.value_after_key(*value, out)
                    });
                }
                let pairs = self.with_text_keys(pairs, out)?;
                self.list('{', &pairs, '}', out, |text, (key, value), out| {
                    string(key, out)?;
                    text.value_after_key(*value, out)
                })
            }
        }
    }

    fn value_after_key(&mut self, value: Value, out: &mut Writer) -> Result<(), WriteError> {
        out.push_str(if self.layout.is_some() { ": " } else { ":" })?;
        self.value(value, out)
    }

    /// Keys that are no texts are written as the JSON that they are.
    fn with_text_keys(&self, pairs: &[[Value; 2]], out: &Writer) -> Result<Vec<(String, Value)>, WriteError> {
        let mut texts = Vec::new();
        for [key, value] in pairs {
            let key = match self.heap.view(*key) {
                View::String(it) => it.to_owned(),
                _ => {
                    let mut written = out.rest();
                    write(self.heap, *key, None, &mut written)?;
                    written.as_str().to_owned()
                }
            };
            texts.push((key, *value));
        }
        texts.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(texts)
    }

    fn list<T>(
        &mut self,
        open: char,
        items: &[T],
        close: char,
        out: &mut Writer,
        mut item: impl FnMut(&mut Self, &T, &mut Writer) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        out.push(open)?;
        self.level += 1;
        for (index, it) in items.iter().enumerate() {
            if index > 0 {
                out.push(',')?;
            }
            self.line(out)?;
            item(self, it, out)?;
        }
        self.level -= 1;
        if !items.is_empty() {
            self.line(out)?;
        }
        Ok(out.push(close)?)
    }

    fn line(&self, out: &mut Writer) -> Result<(), HeapError> {
        let Some(layout) = self.layout else { return Ok(()) };
        out.push('\n')?;
        out.push_str(layout.prefix)?;
        out.repeat(layout.indent, self.level)
    }
}

/// Writes a text between quotes.
pub(crate) fn string(text: &str, out: &mut Writer) -> Result<(), HeapError> {
    out.push('"')?;
    let mut rest = text;
    while let Some(position) =
        rest.find(|it| matches!(it, '\0'..='\u{1f}' | '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}'))
    {
        let (plain, special) = rest.split_at(position);
        out.push_str(plain)?;
        let mut characters = special.chars();
        match characters.next() {
            Some(it @ ('"' | '\\')) => {
                out.push('\\')?;
                out.push(it)?;
            }
            Some('\u{8}') => out.push_str("\\b")?,
            Some('\u{c}') => out.push_str("\\f")?,
            Some('\n') => out.push_str("\\n")?,
            Some('\r') => out.push_str("\\r")?,
            Some('\t') => out.push_str("\\t")?,
            Some(it) => out.push_str(&format!("\\u{:04x}", u32::from(it)))?,
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest)?;
    out.push('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn marshalled(heap: &Heap, value: Value, layout: Option<Layout<'_>>) -> Result<String, WriteError> {
        let mut out = Writer::new(heap);
        write(heap, value, layout, &mut out)?;
        Ok(out.as_str().to_owned())
    }

    #[test]
    fn writes_as_go_does() {
        let mut heap = Heap::new(1 << 20);
        for (json, want) in [
            (
                r#"{"b":[1,2.5,null,true],"a":"x<&>ü"}"#,
                r#"{"a":"x\u003c\u0026\u003eü","b":[1,2.5,null,true]}"#,
            ),
            ("[1.0, 1e21, 1e-7, -0]", "[1.0,1e21,1e-7,-0]"),
            (
                r#""\u2028\u2029\u0000\u001f\u007f\b\f\n\"\\\/é""#,
                "\"\\u2028\\u2029\\u0000\\u001f\u{7f}\\b\\f\\n\\\"\\\\/é\"",
            ),
            (r#"{"b":1,"a":2,"B":3,"é":4}"#, r#"{"B":3,"a":2,"b":1,"é":4}"#),
            ("[[],{}]", "[[],{}]"),
        ] {
            let value = parse(&mut heap, json.as_bytes()).unwrap();
            assert_eq!(marshalled(&heap, value, None).unwrap(), want);
        }
    }

    #[test]
    fn writes_keys_and_sets_that_json_has_not() {
        let mut heap = Heap::new(1 << 20);
        let ten = heap.integer(10).unwrap();
        let one = heap.number("1.0").unwrap();
        let z = heap.string("z").unwrap();
        let set = heap.set(vec![z, ten]).unwrap();
        let value = heap.object(vec![[ten, one], [one, ten], [z, set], [set, z], [Value::NULL, z]]).unwrap();
        let want = r#"{"1.0":10,"10":1.0,"[10,\"z\"]":"z","null":"z","z":[10,"z"]}"#;
        assert_eq!(marshalled(&heap, value, None).unwrap(), want);
        let odd = heap.number("007").unwrap();
        assert_eq!(marshalled(&heap, odd, None), Err(WriteError::Number));
    }

    #[test]
    fn breaks_lines_and_keeps_to_memory() {
        let mut heap = Heap::new(1 << 20);
        let value = parse(&mut heap, br#"{"a":[1],"b":[],"c":{}}"#).unwrap();
        let layout = Layout { prefix: ">", indent: "  " };
        let want = "{\n>  \"a\": [\n>    1\n>  ],\n>  \"b\": [],\n>  \"c\": {}\n>}";
        assert_eq!(marshalled(&heap, value, Some(layout)).unwrap(), want);
        let mut doubled = value;
        for _ in 0..20 {
            doubled = heap.array(&[doubled, doubled]).unwrap();
        }
        assert_eq!(marshalled(&heap, doubled, None), Err(WriteError::Heap(HeapError::Exhausted)));
    }
}
