//! Reads YAML as far as pipelines need it, without recursion, into values of JSON.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// How many values a file may have, those that anchors repeat included.
const MOST: usize = 10_000;
/// How deep they may be in each other.
const DEEPEST: usize = 50;

/// What is not closed yet.
struct Open {
    anchor: usize,
    /// How many values are in it.
    size: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Value>),
    Map { members: Map<String, Value>, key: Option<String> },
}

/// The first document of a text, and the keys of its mapping in the order of the text; or why there is none, with the line.
pub(super) fn read(text: &str) -> Result<(Value, Vec<String>), String> {
    let mut order = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, (Value, usize)> = HashMap::new();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| format!("line {}: this is no YAML", error.marker().line()))?;
        let refuse = |why: &str| Err(format!("line {}: {why}", span.start.line()));
        let kind = match &event {
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                return refuse("tags such as !reference are not known here");
            }
            Event::SequenceStart(anchor, None) => Some((*anchor, OpenKind::List(Vec::new()))),
            Event::MappingStart(anchor, None) => {
                Some((*anchor, OpenKind::Map { members: Map::new(), key: None }))
            }
            _ => None,
        };
        if let Some((anchor, kind)) = kind {
            if open.len() == DEEPEST {
                return refuse("the values are too deep in each other");
            }
            open.push(Open { anchor, size: 1, kind });
            continue;
        }
        let around = open.iter().map(|it| it.size).sum::<usize>();
        let (value, anchor, size) = match event {
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style), anchor, 1),
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some((_, size)) if around + size > MOST => return refuse("the file has too many values"),
                Some((value, size)) => (value.clone(), 0, *size),
                None => return refuse("a value is part of itself"),
            },
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open { anchor, size, kind: OpenKind::List(items) }) => {
                    (Value::Array(items), anchor, size)
                }
                Some(Open { anchor, size, kind: OpenKind::Map { members, .. } }) => {
                    (Value::Object(members), anchor, size)
                }
                None => continue,
            },
            _ => continue,
        };
        if around > MOST {
            return refuse("the file has too many values");
        }
        if anchor > 0 {
            anchors.insert(anchor, (value.clone(), size));
        }
        let is_outermost = open.len() == 1;
        let Some(parent) = open.last_mut() else { return Ok((value, order)) };
        parent.size += size;
        match &mut parent.kind {
            OpenKind::List(items) => items.push(value),
            OpenKind::Map { members, key } => match (key.take(), value) {
                (None, Value::String(name)) => {
                    if is_outermost {
                        order.push(name.clone());
                    }
                    *key = Some(name);
                }
                (None, Value::Number(number)) => *key = Some(number.to_string()),
                (None, Value::Bool(word)) => *key = Some(word.to_string()),
                (None, _) => return refuse("a key is no text"),
                (Some(name), Value::Object(more)) if name == "<<" => {
                    for (name, value) in more {
                        members.entry(name).or_insert(value);
                    }
                }
                (Some(name), value) => drop(members.insert(name, value)),
            },
        }
    }
    Ok((Value::Null, order))
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return text.into();
    }
    match text {
        "" | "~" | "null" => Value::Null,
        "true" | "True" | "yes" => true.into(),
        "false" | "False" | "no" => false.into(),
        _ => text.parse::<i64>().map_or_else(|_no_number| text.into(), Value::from),
    }
}
