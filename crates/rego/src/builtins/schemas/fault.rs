//! What a document does not keep of a schema, and OPA's words for it.
//!
//! Source: OPA, `internal/gojsonschema` (`errors.go`, `locales.go`), version 1.20.

use super::canonical::shown;
use super::node::{Node, NodeId, Rules, Schema};
use crate::heap::{Heap, HeapError, Value, View};
use crate::writer::Writer;
use std::rc::Rc;

/// A place in a document: what it is in, and where.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) outer: Option<Rc<Place>>,
    pub(super) step: Step,
}

/// A key of an object, or an index of an array.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Key(Value),
    Index(usize),
}

/// Something that a document does not keep.
#[derive(Debug)]
pub(super) struct Fault {
    /// Where; `None` is the whole document.
    pub(super) place: Option<Rc<Place>>,
    pub(super) kind: Kind,
}

/// What it does not keep.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    False,
    Required(Value),
    /// The types that the part of the schema allows, and the one that it is.
    Type(NodeId, &'static str),
    AnyOf,
    OneOf,
    AllOf,
    Not,
    Dependency(Value),
    Const(NodeId),
    Enum(NodeId),
    AdditionalItems,
    MinItems(i64),
    MaxItems(i64),
    Unique(usize, usize),
    Contains,
    MinProperties(i64),
    MaxProperties(i64),
    AdditionalProperty(Value),
    PropertyName(Value),
    MinLength(i64),
    MaxLength(i64),
    Pattern(Value),
    Format(Value),
    MultipleOf(Value),
    AtLeast(Value),
    MoreThan(Value),
    AtMost(Value),
    LessThan(Value),
    Then,
    Else,
}

/// A fault as a policy sees it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) error: String,
    pub(super) kind: &'static str,
    pub(super) field: String,
    pub(super) description: String,
}

impl Fault {
    /// Puts it into words.
    pub(super) fn told(&self, heap: &Heap, schema: &Schema) -> Result<Told, HeapError> {
        let field = self.field(heap)?;
        let description = self.description(heap, schema, &field)?;
        let mut error = Writer::new(heap);
        for part in [&field, ": ", &description] {
            error.push_str(part)?;
        }
        Ok(Told { error: error.as_str().to_owned(), kind: self.kind.name(), field, description })
    }

    fn field(&self, heap: &Heap) -> Result<String, HeapError> {
        let mut steps = Vec::new();
        let mut place = self.place.as_deref();
        while let Some(it) = place {
            steps.push(it.step);
            place = it.outer.as_deref();
        }
        if steps.is_empty() {
            return Ok("(Root)".to_owned());
        }
        let mut field = Writer::new(heap);
        for (index, step) in steps.into_iter().rev().enumerate() {
            field.push_str(if index == 0 { "" } else { "." })?;
            match step {
                Step::Index(it) => field.push_str(&it.to_string())?,
                Step::Key(it) => field.push_str(text(heap, it))?,
            }
        }
        Ok(field.as_str().to_owned())
    }

    fn description(&self, heap: &Heap, schema: &Schema, field: &str) -> Result<String, HeapError> {
        let mut out = Writer::new(heap);
        let rules = |id: NodeId| match schema.nodes.get(id) {
            Some(Node::Rules(rules)) => Some(&**rules),
            _ => None,
        };
        // Each is a text around at most two others.
        let around = match self.kind {
            Kind::False => ["False always fails validation", "", "", "", ""],
            Kind::Required(key) => [text(heap, key), " is required", "", "", ""],
            Kind::Type(id, given) => {
                let types = types(rules(id));
                out.push_str(&format!("Invalid type. Expected: {types}, given: {given}"))?;
                return Ok(out.as_str().to_owned());
            }
            Kind::AnyOf => ["Must validate at least one schema (anyOf)", "", "", "", ""],
            Kind::OneOf => ["Must validate one and only one schema (oneOf)", "", "", "", ""],
            Kind::AllOf => ["Must validate all the schemas (allOf)", "", "", "", ""],
            Kind::Not => ["Must not validate the schema (not)", "", "", "", ""],
            Kind::Dependency(key) => ["Has a dependency on ", text(heap, key), "", "", ""],
            Kind::Const(id) => {
                let allowed = rules(id).and_then(|it| it.constant.as_deref()).unwrap_or_default();
                [field, " does not match: ", allowed, "", ""]
            }
            Kind::Enum(id) => {
                out.push_str(field)?;
                out.push_str(" must be one of the following: ")?;
                let allowed = rules(id).and_then(|it| it.values.as_deref()).unwrap_or_default();
                for (index, it) in allowed.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " })?;
                    out.push_str(it)?;
                }
                return Ok(out.as_str().to_owned());
            }
            Kind::AdditionalItems => ["No additional items allowed on array", "", "", "", ""],
            Kind::Contains => ["At least one of the items must match", "", "", "", ""],
            Kind::AdditionalProperty(key) => {
                ["Additional property ", text(heap, key), " is not allowed", "", ""]
            }
            Kind::PropertyName(key) => ["Property name of \"", text(heap, key), "\" does not match", "", ""],
            Kind::Pattern(it) => ["Does not match pattern '", text(heap, it), "'", "", ""],
            Kind::Format(it) => ["Does not match format '", text(heap, it), "'", "", ""],
            Kind::Then => ["Must validate \"then\" as \"if\" was valid", "", "", "", ""],
            Kind::Else => ["Must validate \"else\" as \"if\" was not valid", "", "", "", ""],
            counted => {
                out.push_str(&of_count(heap, counted))?;
                return Ok(out.as_str().to_owned());
            }
        };
        around.into_iter().try_for_each(|it| out.push_str(it))?;
        Ok(out.as_str().to_owned())
    }
}

/// The words for what is counted or measured.
fn of_count(heap: &Heap, kind: Kind) -> String {
    let number = |it| match heap.view(it) {
        View::Number(it) => shown(it).unwrap_or_else(|_too_long| it.to_string()),
        _ => String::new(),
    };
    match kind {
        Kind::MinItems(it) => format!("Array must have at least {it} items"),
        Kind::MaxItems(it) => format!("Array must have at most {it} items"),
        Kind::Unique(first, second) => format!("array items[{first},{second}] must be unique"),
        Kind::MinProperties(it) => format!("Must have at least {it} properties"),
        Kind::MaxProperties(it) => format!("Must have at most {it} properties"),
        Kind::MinLength(it) => format!("String length must be greater than or equal to {it}"),
        Kind::MaxLength(it) => format!("String length must be less than or equal to {it}"),
        Kind::MultipleOf(it) => format!("Must be a multiple of {}", number(it)),
        Kind::AtLeast(it) => format!("Must be greater than or equal to {}", number(it)),
        Kind::MoreThan(it) => format!("Must be greater than {}", number(it)),
        Kind::AtMost(it) => format!("Must be less than or equal to {}", number(it)),
        Kind::LessThan(it) => format!("Must be less than {}", number(it)),
        _ => String::new(),
    }
}

fn types(rules: Option<&Rules>) -> String {
    let names: Vec<&str> = rules.into_iter().flat_map(|it| &it.types).map(|it| it.name()).collect();
    match names.as_slice() {
        [only] => (*only).to_owned(),
        many => format!("[{}]", many.join(",")),
    }
}

fn text(heap: &Heap, value: Value) -> &str {
    match heap.view(value) {
        View::String(it) => it,
        _ => "",
    }
}

impl Kind {
    /// OPA's name for it.
    const fn name(self) -> &'static str {
        match self {
            Self::False => "false",
            Self::Required(_) => "required",
            Self::Type(..) => "invalid_type",
            Self::AnyOf => "number_any_of",
            Self::OneOf => "number_one_of",
            Self::AllOf => "number_all_of",
            Self::Not => "number_not",
            Self::Dependency(_) => "missing_dependency",
            Self::Const(_) => "const",
            Self::Enum(_) => "enum",
            Self::AdditionalItems => "array_no_additional_items",
            Self::MinItems(_) => "array_min_items",
            Self::MaxItems(_) => "array_max_items",
            Self::Unique(..) => "unique",
            Self::Contains => "contains",
            Self::MinProperties(_) => "array_min_properties",
            Self::MaxProperties(_) => "array_max_properties",
            Self::AdditionalProperty(_) => "additional_property_not_allowed",
            Self::PropertyName(_) => "invalid_property_name",
            Self::MinLength(_) => "string_gte",
            Self::MaxLength(_) => "string_lte",
            Self::Pattern(_) => "pattern",
            Self::Format(_) => "format",
            Self::MultipleOf(_) => "multiple_of",
            Self::AtLeast(_) => "number_gte",
            Self::MoreThan(_) => "number_gt",
            Self::AtMost(_) => "number_lte",
            Self::LessThan(_) => "number_lt",
            Self::Then => "condition_then",
            Self::Else => "condition_else",
        }
    }
}
