//! YAML, as OPA and conftest read and write it.

mod scalars;
mod writing;

use crate::heap::{Heap, HeapError, MAX_DEPTH, Value, View};
use crate::number::Number;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use scalars::{Scalar, is_allowed, json, scalar};
use std::collections::HashMap;

pub(crate) use scalars::Rules;
pub(crate) use writing::write;

/// Why a text is no YAML that can be read. It quotes nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// It is written wrong, or means what JSON cannot say.
    #[error("line {line}, column {column}: {problem}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The character in the line, from 1.
        column: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// It is too large, or nested too deep.
    #[error(transparent)]
    Heap(#[from] HeapError),
}

/// Reads a file of data: its first document.
///
/// # Errors
///
/// When it is not YAML, or more than the heap may hold.
pub fn parse_yaml(heap: &mut Heap, text: &str) -> Result<Value, YamlError> {
    read(heap, text, Rules::Data)
}

/// Reads a file that is checked, as conftest does: an array where lines of `---` part it into several documents.
///
/// # Errors
///
/// When it is not YAML, or more than the heap may hold.
pub fn parse_yaml_documents(heap: &mut Heap, text: &str) -> Result<Value, YamlError> {
    let separator = if text.contains("\r\n") { "\r\n---\r\n" } else { "\n---\n" };
    let mut documents: Vec<&str> = text.split(separator).collect();
    // What stands before the first line is then not a document, but says how to read it.
    if text.starts_with('%') && documents.len() > 1 {
        let second =
            documents.get(..2).map_or(0, |it| it.iter().map(|it| it.len()).sum::<usize>() + separator.len());
        documents.drain(..2);
        documents.insert(0, text.get(..second).unwrap_or_default());
    }
    if documents.len() == 1 {
        return parse_yaml(heap, text);
    }
    let documents: Result<Vec<Value>, YamlError> = documents.iter().map(|it| parse_yaml(heap, it)).collect();
    Ok(heap.array(&documents?)?)
}

/// Reads the first document of a text.
pub(crate) fn read(heap: &mut Heap, text: &str, rules: Rules) -> Result<Value, YamlError> {
    // Most texts have nothing but ASCII in them, which is seen at once.
    let is_plain = text.bytes().all(|it| matches!(it, b' '..=b'~' | b'\n' | b'\t'));
    if !is_plain && let Some(at) = text.find(|it| !is_allowed(it)) {
        let before = text.get(..at).unwrap_or_default();
        let line = before.bytes().filter(|it| *it == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        return Err(YamlError::Syntax { line, column, problem: "control characters are not allowed" });
    }
    let mut reader = Reader {
        heap,
        rules,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: Nodes::default(),
        line: 1,
        column: 1,
    };
    let mut document = Value::NULL;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Reader::scan_error(&error))?;
        (reader.line, reader.column) = (span.start.line(), span.start.col() + 1);
        if event == Event::DocumentEnd {
            break;
        }
        if let Some(value) = reader.event(event)? {
            document = value;
        }
    }
    Ok(document)
}

struct Reader<'h> {
    heap: &'h mut Heap,
    rules: Rules,
    /// What is not closed yet.
    open: Vec<Open>,
    /// Values with names; nothing while they are read.
    anchors: HashMap<usize, Option<Named>>,
    nodes: Nodes,
    line: usize,
    column: usize,
}

#[derive(Debug, Clone, Copy)]
struct Named {
    value: Value,
    /// How many values it is, those in it included.
    nodes: usize,
    is_mapping: bool,
}

/// What was read, and how much of it again under another name: a short text can mean more than there is room for.
#[derive(Debug, Default)]
struct Nodes {
    all: usize,
    again: usize,
}

struct Open {
    anchor: usize,
    /// When it began.
    nodes: usize,
    kind: OpenKind,
}

enum OpenKind {
    Sequence(Vec<Value>),
    Mapping { pairs: Vec<[Value; 2]>, key: Option<Key> },
}

enum Key {
    Of(Value),
    /// `<<`
    Merge,
}

/// A value, and what matters of its form.
struct Node {
    value: Value,
    is_mapping: bool,
    /// Of a scalar: whether it can be a key, and as which text.
    key: Option<Key>,
}

impl Reader<'_> {
    fn scan_error(error: &ScanError) -> YamlError {
        let marker = error.marker();
        YamlError::Syntax { line: marker.line(), column: marker.col() + 1, problem: "this is not valid YAML" }
    }

    fn error<T>(&self, problem: &'static str) -> Result<T, YamlError> {
        Err(YamlError::Syntax { line: self.line, column: self.column, problem })
    }

    /// The document, where its value ends.
    fn event(&mut self, event: Event<'_>) -> Result<Option<Value>, YamlError> {
        match event {
            Event::Alias(anchor) => {
                let Some(Some(named)) = self.anchors.get(&anchor).copied() else {
                    return self.error("a value is part of itself");
                };
                self.count(named.nodes, named.nodes)?;
                let key = self.key_of(named.value)?;
                self.node(Node { value: named.value, is_mapping: named.is_mapping, key }, 0, named.nodes)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, 0)?;
                let node = self.scalar(&text, style, tag.as_deref())?;
                self.node(node, anchor, 1)
            }
            Event::SequenceStart(anchor, _) => {
                self.count(1, 0)?;
                self.open(anchor, OpenKind::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, _) => {
                self.count(1, 0)?;
                self.open(anchor, OpenKind::Mapping { pairs: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(None) };
                let (value, is_mapping) = match open.kind {
                    OpenKind::Sequence(items) => (self.heap.array(&items)?, false),
                    OpenKind::Mapping { pairs, .. } => (self.heap.object(pairs)?, true),
                };
                let nodes = self.nodes.all - open.nodes + 1;
                self.node(Node { value, is_mapping, key: None }, open.anchor, nodes)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(None),
        }
    }

    /// Refuses what grows too much by names, with the measure of Go's library.
    fn count(&mut self, nodes: usize, again: usize) -> Result<(), YamlError> {
        self.nodes.all = self.nodes.all.saturating_add(nodes);
        self.nodes.again = self.nodes.again.saturating_add(again);
        let all = self.nodes.all as f64;
        let allowed = 0.99 - 0.89 * ((all - 400_000.0) / 3_600_000.0).clamp(0.0, 1.0);
        if self.nodes.again > 100 && self.nodes.all > 1000 && self.nodes.again as f64 / all > allowed {
            return self.error("names stand for too much");
        }
        Ok(())
    }

    fn open(&mut self, anchor: usize, kind: OpenKind) -> Result<Option<Value>, YamlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(HeapError::TooDeep.into());
        }
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        self.open.push(Open { anchor, nodes: self.nodes.all, kind });
        Ok(None)
    }

    /// Puts a value where it belongs.
    fn node(&mut self, node: Node, anchor: usize, nodes: usize) -> Result<Option<Value>, YamlError> {
        if anchor != 0 {
            let named = Named { value: node.value, nodes, is_mapping: node.is_mapping };
            self.anchors.insert(anchor, Some(named));
        }
        let Some(mut open) = self.open.pop() else { return Ok(Some(node.value)) };
        match &mut open.kind {
            OpenKind::Sequence(items) => items.push(node.value),
            OpenKind::Mapping { pairs, key } => match key.take() {
                None => match node.key {
                    Some(read) => *key = Some(read),
                    None => return self.error("a key must be a text, a number or a truth value"),
                },
                Some(Key::Of(key)) => pairs.push([key, node.value]),
                Some(Key::Merge) => self.merge(node.value, pairs)?,
            },
        }
        self.open.push(open);
        Ok(None)
    }

    /// Takes over what a mapping has, or several of them, of which earlier ones win.
    fn merge(&mut self, value: Value, pairs: &mut Vec<[Value; 2]>) -> Result<(), YamlError> {
        match self.heap.view(value) {
            View::Object(merged) => {
                self.nodes.all = self.nodes.all.saturating_add(merged.len());
                pairs.extend_from_slice(merged);
            }
            View::Array(items) => {
                for item in items.iter().rev() {
                    let View::Object(merged) = self.heap.view(*item) else {
                        return self.error("`<<` takes mappings");
                    };
                    pairs.extend_from_slice(merged);
                }
            }
            _ => return self.error("`<<` takes mappings"),
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Node, YamlError> {
        let tag = tag.map(|it| if it.is_yaml_core_schema() { it.suffix.as_str() } else { "" });
        let is_plain = style == ScalarStyle::Plain;
        if text == "<<" && (is_plain && tag.is_none() || tag == Some("merge")) {
            let value = self.heap.string(text)?;
            return Ok(Node { value, is_mapping: false, key: Some(Key::Merge) });
        }
        let meant = match tag {
            None if is_plain => scalar(text, self.rules),
            None | Some("str" | "timestamp" | "") => Scalar::Text,
            Some("binary") => return self.error("binary values are no JSON"),
            Some(tag) => match (tag, scalar(text, self.rules)) {
                ("float", Scalar::Integer(digits)) => Scalar::Float(digits.parse().unwrap_or_default()),
                (
                    "null" | "bool" | "int" | "float",
                    meant @ (Scalar::Null | Scalar::Bool(_) | Scalar::Integer(_) | Scalar::Float(_)),
                ) if kind(&meant) == tag => meant,
                ("null" | "bool" | "int" | "float", _) => {
                    return self.error("a value is not what its tag says");
                }
                _ => Scalar::Text,
            },
        };
        let value = match &meant {
            Scalar::Null => Value::NULL,
            Scalar::Bool(it) => Value::bool(*it),
            Scalar::Integer(digits) => self.heap.number(digits)?,
            Scalar::Float(number) if number.is_finite() => self.heap.number(&json(*number))?,
            Scalar::Float(_) => return self.error("infinity and what is no number are no JSON"),
            Scalar::Text => self.heap.string(text)?,
        };
        let key = match &meant {
            // As Go's library does it: with the digits that a float of half the size has.
            #[expect(clippy::cast_possible_truncation, reason = "it is meant to be less precise")]
            Scalar::Float(number) => {
                Some(Key::Of(self.heap.string(&scalars::general(f64::from(*number as f32)))?))
            }
            _ => self.key_of(value)?,
        };
        Ok(Node { value, is_mapping: false, key })
    }

    /// The key that a value is: keys are texts.
    fn key_of(&mut self, value: Value) -> Result<Option<Key>, YamlError> {
        let text = match self.heap.view(value) {
            View::String(_) => return Ok(Some(Key::Of(value))),
            View::Bool(it) => it.to_string(),
            View::Number(Number::Integer(it)) => it.to_string(),
            View::Number(Number::Text(it)) => it.to_owned(),
            _ => return Ok(None),
        };
        Ok(Some(Key::Of(self.heap.string(&text)?)))
    }
}

const fn kind(scalar: &Scalar) -> &'static str {
    match scalar {
        Scalar::Null => "null",
        Scalar::Bool(_) => "bool",
        Scalar::Integer(_) => "int",
        Scalar::Float(_) => "float",
        Scalar::Text => "str",
    }
}
