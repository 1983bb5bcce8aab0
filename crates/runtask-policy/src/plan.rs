//! Reads a plan for policies, and looks values up in it for people.

use crate::message::Trouble;
use crate::node::{Node, number_text};
use crate::redaction::Redaction;
use rego::{Heap, HeapError, JsonError, Value, View};
use runtask_checks::Unjudged;
use runtask_findings::shortened;
use std::collections::HashMap;
use std::io::Read;

/// Characters of a value that a person is shown.
const SHOWN: usize = 200;
/// Bytes that room is made for before they are there.
const MAX_EXPECTED: usize = 1 << 28;
/// The text in place of no value.
const NONE: &str = "–";
/// The text in place of a value that is not known yet; terraform's own words.
pub(crate) const UNKNOWN: &str = "(known after apply)";
/// The text in place of a sensitive value; terraform's own words.
const SENSITIVE: &str = "(sensitive value)";

/// Reads a plan into a heap, which has so many bytes or so. No value of it is in the error.
pub(crate) fn read(heap: &mut Heap, mut from: impl Read, expected: u64) -> Result<Value, Trouble> {
    // One byte more, or the vector grows to see that there is none.
    let expected = usize::try_from(expected.saturating_add(1)).unwrap_or_default().min(MAX_EXPECTED);
    let mut bytes = Vec::with_capacity(expected);
    from.read_to_end(&mut bytes).map_err(|_broken| Trouble::new("the plan could not be read"))?;
    let value = rego::parse_json(heap, &bytes).map_err(|error| unreadable(&error))?;
    let plan = Node::new(heap, value);
    if !plan.get("format_version").exists() {
        return Err(Trouble::new("the plan is not what `terraform show -json` prints"));
    }
    let is_state = plan.get("values").exists() && !plan.get("planned_values").exists();
    if is_state && !plan.get("resource_changes").exists() {
        return Err(Trouble::new("this is a state and not a plan: save one with `terraform plan -out=FILE`"));
    }
    Ok(value)
}

/// Reads JSON of any kind; nothing of nothing.
pub(crate) fn read_any(heap: &mut Heap, mut from: impl Read) -> Result<Option<Value>, Trouble> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map_err(|_broken| Trouble::new("the input could not be read"))?;
    if bytes.is_empty() {
        return Ok(None);
    }
    rego::parse_json(heap, &bytes).map(Some).map_err(|error| unreadable(&error))
}

/// A plan that changes nothing but the resource with this address.
pub(crate) fn with_one_resource(heap: &mut Heap, plan: Value, address: &str) -> Result<Value, HeapError> {
    let View::Object(pairs) = heap.view(plan) else { return Ok(plan) };
    let mut pairs = pairs.to_vec();
    for [key, value] in &mut pairs {
        if matches!(heap.view(*key), View::String("resource_changes"))
            && let View::Array(items) = heap.view(*value)
        {
            let is_it = |it: &Value| Node::new(heap, *it).get("address").text() == Some(address);
            let items: Vec<Value> = items.iter().copied().filter(is_it).collect();
            *value = heap.array(&items)?;
        }
    }
    heap.object(pairs)
}

/// What the plan says that it leaves out.
pub(crate) fn unjudged(plan: Node<'_>) -> Unjudged {
    let length = |key: &str| plan.get(key).items().len();
    Unjudged {
        is_errored: plan.get("errored").is(true),
        is_incomplete: plan.get("complete").is(false),
        deferred: length("deferred_changes") + length("deferred_action_invocations"),
    }
}

fn unreadable(error: &JsonError) -> Trouble {
    Trouble::new(match error {
        JsonError::Heap(HeapError::Exhausted) => {
            "the plan takes more memory than half of RUNTASK_POLICY_MEMORY_BYTES".to_owned()
        }
        JsonError::Heap(error) => format!("the plan cannot be read: {error}"),
        JsonError::Syntax { line, column, problem } => {
            format!("the plan is not JSON: {problem} (line {line}, column {column})")
        }
        _ => "the plan is not JSON".to_owned(),
    })
}

/// Finds what a plan does to attributes.
pub(crate) struct Changes<'a> {
    by_address: HashMap<&'a str, Node<'a>>,
}

impl<'a> Changes<'a> {
    /// Of a whole plan.
    pub(crate) fn of(plan: Node<'a>) -> Self {
        let mut by_address = HashMap::new();
        // A deposed object is not the one that people know by the address.
        for resource in plan.get("resource_changes").items().filter(|it| it.get("deposed").text().is_none()) {
            if let Some(address) = resource.get("address").text() {
                by_address.insert(address, resource.get("change"));
            }
        }
        Self { by_address }
    }

    /// Whether a resource has this address.
    pub(crate) fn has(&self, address: &str) -> bool {
        self.by_address.contains_key(address)
    }

    /// Whether a resource has an attribute of this name, which is its provider's and no value.
    fn has_attribute(&self, address: &str, name: &Key) -> bool {
        let Some(change) = self.by_address.get(address) else { return false };
        ["before", "after", "after_unknown"].into_iter().any(|it| name.of(change.get(it)).exists())
    }

    /// A path for people, without sensitive values; the name of an attribute is none.
    pub(crate) fn shown_path(&self, address: &str, path: &[Key], redact: impl Fn(&str) -> String) -> String {
        let text = path_text(path);
        let name = path.first().filter(|it| self.has_attribute(address, it));
        let name = name.map(|it| path_text(std::slice::from_ref(it))).unwrap_or_default();
        let rest = text.strip_prefix(&name).unwrap_or(&text);
        format!("{name}{}", redact(rest))
    }

    /// An attribute before and after, for people: at most so long, without sensitive values.
    pub(crate) fn change(
        &self,
        address: &str,
        path: &[Key],
        redaction: &Redaction<'_>,
    ) -> Option<(String, String)> {
        let change = self.by_address.get(address)?;
        let shown = |values: &str, marks: &str, unknown: Option<&str>| {
            if unknown.is_some_and(|it| is_marked(change.get(it), path)) {
                return UNKNOWN.to_owned();
            }
            if is_marked(change.get(marks), path) {
                return SENSITIVE.to_owned();
            }
            let value = at(change.get(values), path);
            match value.view() {
                None | Some(View::Null) => NONE.to_owned(),
                Some(View::Unknown(_)) => UNKNOWN.to_owned(),
                Some(_) => shortened(&redaction.redact(&value.json().to_string()), SHOWN),
            }
        };
        Some((
            shown("before", "before_sensitive", None),
            shown("after", "after_sensitive", Some("after_unknown")),
        ))
    }
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A name, or a key of a map.
    Name(String),
    /// The index of a list.
    Index(usize),
    /// Something else that a policy wrote, as text. It leads nowhere.
    Other(String),
}

impl Key {
    /// What a policy wrote.
    pub(crate) fn new(node: Node<'_>) -> Self {
        match node.view() {
            Some(View::String(it)) => Self::Name(it.to_owned()),
            Some(View::Number(it)) => match it.as_integer().and_then(|it| usize::try_from(it).ok()) {
                Some(index) => Self::Index(index),
                None => Self::Other(number_text(it)),
            },
            _ => Self::Other(node.json().to_string()),
        }
    }

    fn of<'h>(&self, node: Node<'h>) -> Node<'h> {
        match self {
            Self::Name(name) => node.get(name),
            Self::Index(index) => node.at(*index),
            Self::Other(_) => Node::nothing(node),
        }
    }
}

/// The value at a path, or nothing.
fn at<'a>(value: Node<'a>, path: &[Key]) -> Node<'a> {
    path.iter().fold(value, |value, key| key.of(value))
}

/// Whether a mark is at a path, or above it.
fn is_marked(marks: Node<'_>, path: &[Key]) -> bool {
    (0..=path.len()).any(|end| path.get(..end).is_some_and(|it| at(marks, it).is(true)))
}

/// A path as terraform writes it: `ingress[0].cidr_blocks`, `tags["kubernetes.io/name"]`.
pub(crate) fn path_text(path: &[Key]) -> String {
    let mut text = String::new();
    for key in path {
        match key {
            Key::Name(name) if is_name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Key::Name(name) => text.push_str(&format!("[{}]", serde_json::json!(name))),
            Key::Index(index) => text.push_str(&format!("[{index}]")),
            Key::Other(other) => text.push_str(&format!("[{other}]")),
        }
    }
    text
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-')
}
