//! Reads a plan for policies, and looks values up in it for people.

use crate::message::Trouble;
use crate::redaction::Redaction;
use regorus::Value;
use runtask_checks::Unjudged;
use runtask_findings::shortened;
use serde_json::error::Category;
use std::collections::HashMap;
use std::io::Read;

/// Characters of a value that a person is shown.
const SHOWN: usize = 200;
/// The text in place of no value.
const NONE: &str = "–";
/// The text in place of a value that is not known yet; terraform's own words.
const UNKNOWN: &str = "(known after apply)";
/// The text in place of a sensitive value; terraform's own words.
const SENSITIVE: &str = "(sensitive value)";

/// Reads a plan. No value of it is in the error.
pub(crate) fn read(mut from: impl Read) -> Result<Value, Trouble> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map_err(|_broken| Trouble::new("the plan could not be read"))?;
    let text =
        String::from_utf8(bytes).map_err(|_other| Trouble::new("the plan is not JSON: it is not UTF-8"))?;
    let plan = Value::from_json_str(&text).or_else(|_without_place| {
        // The engine's own reader is the quicker one, as it keeps each key once; this one says where it stopped.
        serde_json::from_str::<Value>(&text).map_err(|error| unreadable(&error))
    })?;
    drop(text);
    let is = |key: &str| plan[key] != Value::Undefined;
    if !is("format_version") || plan.as_object().is_err() {
        return Err(Trouble::new("the plan is not what `terraform show -json` prints"));
    }
    if is("values") && !is("planned_values") && !is("resource_changes") {
        return Err(Trouble::new("this is a state and not a plan: save one with `terraform plan -out=FILE`"));
    }
    Ok(plan)
}

/// What the plan says that it leaves out.
pub(crate) fn unjudged(plan: &Value) -> Unjudged {
    let length = |key: &str| plan[key].as_array().map_or(0, |it| it.len());
    Unjudged {
        is_errored: plan["errored"] == Value::Bool(true),
        is_incomplete: plan["complete"] == Value::Bool(false),
        deferred: length("deferred_changes") + length("deferred_action_invocations"),
    }
}

fn unreadable(error: &serde_json::Error) -> Trouble {
    let what = match error.classify() {
        Category::Eof => "the plan ends too early",
        // The parser's own limits; its words are the only sign of them.
        Category::Syntax if error.to_string().starts_with("recursion limit") => {
            "the plan nests deeper than 128 levels"
        }
        Category::Syntax if error.to_string().starts_with("number out of range") => {
            "a number in the plan is larger than numbers are"
        }
        Category::Syntax => "the plan is not JSON",
        Category::Data | Category::Io => "the plan is not what `terraform show -json` prints",
    };
    Trouble::new(format!("{what} (line {}, column {})", error.line(), error.column()))
}

/// Finds what a plan does to attributes.
pub(crate) struct Changes<'a> {
    by_address: HashMap<&'a str, &'a Value>,
}

impl<'a> Changes<'a> {
    /// Of a whole plan.
    pub(crate) fn of(plan: &'a Value) -> Self {
        let mut by_address = HashMap::new();
        if let Ok(changes) = plan["resource_changes"].as_array() {
            // A deposed object is not the one that people know by the address.
            for resource in changes.iter().filter(|it| it["deposed"].as_string().is_err()) {
                if let Ok(address) = resource["address"].as_string() {
                    by_address.insert(address.as_ref(), &resource["change"]);
                }
            }
        }
        Self { by_address }
    }

    /// Whether a resource has this address.
    pub(crate) fn has(&self, address: &str) -> bool {
        self.by_address.contains_key(address)
    }

    /// Whether a resource has an attribute of this name, which is its provider's and no value.
    fn has_attribute(&self, address: &str, name: &Value) -> bool {
        let Some(change) = self.by_address.get(address) else { return false };
        let sides = ["before", "after", "after_unknown"].into_iter().map(|it| &change[it]);
        sides.filter_map(|it| it.as_object().ok()).any(|it| it.contains_key(name))
    }

    /// A path for people, without sensitive values; the name of an attribute is none.
    pub(crate) fn shown_path(
        &self,
        address: &str,
        path: &[Value],
        redact: impl Fn(&str) -> String,
    ) -> String {
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
        path: &[Value],
        redaction: &Redaction,
    ) -> Option<(String, String)> {
        let change = self.by_address.get(address)?;
        let shown = |values: &str, marks: &str, unknown: Option<&str>| {
            if unknown.is_some_and(|it| is_marked(&change[it], path)) {
                return UNKNOWN.to_owned();
            }
            if is_marked(&change[marks], path) {
                return SENSITIVE.to_owned();
            }
            match at(&change[values], path) {
                Value::Undefined | Value::Null => NONE.to_owned(),
                value => {
                    shortened(&redaction.redact(&serde_json::to_string(value).unwrap_or_default()), SHOWN)
                }
            }
        };
        Some((
            shown("before", "before_sensitive", None),
            shown("after", "after_sensitive", Some("after_unknown")),
        ))
    }
}

/// The value at a path, or `Undefined`.
fn at<'a>(value: &'a Value, path: &[Value]) -> &'a Value {
    path.iter().fold(value, |value, key| match (value, key) {
        (Value::Object(_), _) => &value[key],
        (Value::Array(list), key) => {
            let index = key.as_u64().ok().and_then(|it| usize::try_from(it).ok());
            index.and_then(|it| list.get(it)).unwrap_or(&Value::Undefined)
        }
        _ => &Value::Undefined,
    })
}

/// Whether a mark is at a path, or above it.
fn is_marked(marks: &Value, path: &[Value]) -> bool {
    (0..=path.len()).any(|end| path.get(..end).is_some_and(|it| at(marks, it) == &Value::Bool(true)))
}

/// A path as terraform writes it: `ingress[0].cidr_blocks`, `tags["kubernetes.io/name"]`.
fn path_text(path: &[Value]) -> String {
    let mut text = String::new();
    for key in path {
        match key {
            Value::String(name) if is_name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            key => text.push_str(&format!("[{key}]")),
        }
    }
    text
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-')
}
