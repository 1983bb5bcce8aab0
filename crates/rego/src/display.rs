//! Shows values as OPA prints them: `{"a": [1, "b"]}`, `{1, 2}`, `set()`.

use crate::heap::{Heap, HeapError, Value, View};
use crate::number::Number;
use crate::quote::{Style, quote};
use crate::writer::Writer;

impl Heap {
    /// A value as OPA shows it: `{"a": [1, "b"]}`, `{1, 2}`, `set()`.
    #[must_use]
    pub fn shown(&self, value: Value) -> String {
        let mut out = Writer::new(self);
        match write(self, value, &mut out) {
            Ok(()) => out.as_str().to_owned(),
            // What does not fit is left out.
            Err(_) => format!("{}…", out.as_str()),
        }
    }
}

/// Writes a value as OPA shows it.
pub(crate) fn write(heap: &Heap, value: Value, out: &mut Writer) -> Result<(), HeapError> {
    match heap.view(value) {
        View::Null => out.push_str("null"),
        View::Bool(it) => out.push_str(if it { "true" } else { "false" }),
        View::Number(Number::Integer(it)) => out.push_str(&it.to_string()),
        View::Number(Number::Text(it)) => out.push_str(it),
        View::String(it) => quote(it, '"', Style::Readable, out),
        View::Array(items) => {
            out.push('[')?;
            list(heap, items, out)?;
            out.push(']')
        }
        View::Set([]) => out.push_str("set()"),
        View::Set(items) => {
            out.push('{')?;
            list(heap, items, out)?;
            out.push('}')
        }
        View::Object(pairs) => {
            out.push('{')?;
            for (index, [key, value]) in pairs.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ")?;
                }
                write(heap, *key, out)?;
                out.push_str(": ")?;
                write(heap, *value, out)?;
            }
            out.push('}')
        }
        View::Unknown(_) => out.push_str("unknown"),
    }
}

fn list(heap: &Heap, items: &[Value], out: &mut Writer) -> Result<(), HeapError> {
    for (index, it) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ")?;
        }
        write(heap, *it, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn shows_values_as_opa_does() {
        let mut heap = Heap::new(1 << 20);
        for (json, want) in [
            ("[null,true,1,1.0,1e3,-0,\"a\\\"b\\t\"]", r#"[null, true, 1, 1.0, 1e3, -0, "a\"b\t"]"#),
            (r#"{"b":{},"a":[[]]}"#, r#"{"a": [[]], "b": {}}"#),
            (r#""\u0000\u001f\u007f\u00ad\u200b😀é<""#, r#""\x00\x1f\x7f\u00ad\u200b😀é<""#),
            (r#""\u0301\ue000\u0007\u000b""#, "\"\u{301}\\ue000\\a\\v\""),
        ] {
            let value = parse(&mut heap, json.as_bytes()).unwrap();
            assert_eq!(shown(&heap, value), want);
        }
        let set = heap.set(vec![Value::TRUE, Value::NULL, Value::TRUE]).unwrap();
        let empty = heap.set(vec![]).unwrap();
        let both = heap.object(vec![[set, empty]]).unwrap();
        assert_eq!(shown(&heap, both), "{{null, true}: set()}");
    }

    #[test]
    fn shows_no_more_than_memory_allows() {
        let mut heap = Heap::new(1 << 16);
        let mut doubled = Value::NULL;
        for _ in 0..24 {
            doubled = heap.array(&[doubled, doubled]).unwrap();
        }
        assert_eq!(write(&heap, doubled, &mut Writer::new(&heap)), Err(HeapError::Exhausted));
    }

    fn shown(heap: &Heap, value: Value) -> String {
        let mut out = Writer::new(heap);
        write(heap, value, &mut out).unwrap();
        out.as_str().to_owned()
    }
}
