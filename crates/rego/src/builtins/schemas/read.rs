//! Reads schemas of the drafts 4, 6 and 7, with OPA's words for what is wrong with one.
//!
//! Source: OPA, `internal/gojsonschema` (`schema.go`, `schemaPool.go`, `draft.go`), version 1.20.

use super::address::Address;
use super::canonical;
use super::node::{Dependency, Items, Node, NodeId, Rest, Rules, Schema, Type};
use super::references::{References, id_key};
use super::wrong::{Wrong, wrong, wrong_type};
use crate::builtins::call::{Context, Failure, Pattern};
use crate::builtins::regex;
use crate::heap::{HeapError, Value, View};
use crate::number::Number;
use crate::writer::Writer;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A version of the language of schemas. Where `$schema` names none, a schema may have what is in any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Draft {
    Four,
    Six,
    Seven,
    Any,
}

/// Keywords that demand something. A schema without them takes everything.
const DEMANDING: [&str; 34] = [
    "$ref",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "dependencies",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "propertyNames",
    "required",
    "then",
    "type",
    "uniqueItems",
];

/// Reads a schema, whose values must be distinct ones: none may stand in two places.
pub(super) fn read(context: &mut Context<'_>, root: Value) -> Result<Schema, Wrong> {
    let draft = draft(context, root)?;
    let references = References::read(context, root)?;
    let mut reader = Reader {
        context,
        draft,
        references,
        nodes: Vec::new(),
        referred: HashMap::new(),
        waiting: Vec::new(),
        pattern_bytes: 0,
    };
    let root = reader.schema(root)?;
    // What is referred to is read when its turn comes, so that references in each other take no stack.
    while let Some((id, value)) = reader.waiting.pop() {
        let node = reader.node(value)?;
        reader.place(id, node);
    }
    Ok(Schema { nodes: reader.nodes, root })
}

fn draft(context: &Context<'_>, root: Value) -> Result<Draft, Wrong> {
    let heap = &context.heap;
    match heap.view(root) {
        View::Bool(_) => return Ok(Draft::Any),
        View::Object(_) => {}
        _ => return wrong("schema is invalid"),
    }
    let Some(named) = heap.get_text(root, "$schema") else { return Ok(Draft::Any) };
    let View::String(named) = heap.view(named) else { return wrong("$schema must be of type string") };
    let address = Address::read(named).map_err(Wrong::Schema)?.to_string();
    Ok(match address.as_str() {
        "http://json-schema.org/draft-04/schema" => Draft::Four,
        "http://json-schema.org/draft-06/schema" => Draft::Six,
        "http://json-schema.org/draft-07/schema" => Draft::Seven,
        _ => Draft::Any,
    })
}

struct Reader<'r, 'c> {
    context: &'r mut Context<'c>,
    draft: Draft,
    references: References,
    nodes: Vec<Node>,
    /// What is referred to, by its address.
    referred: HashMap<String, NodeId>,
    /// What is referred to and was not read yet.
    waiting: Vec<(NodeId, Value)>,
    /// What the regular expressions take that are kept here.
    pattern_bytes: usize,
}

impl Reader<'_, '_> {
    /// Reads a part of a schema.
    fn schema(&mut self, value: Value) -> Result<NodeId, Wrong> {
        let id = self.reserve()?;
        let node = self.node(value)?;
        self.place(id, node);
        Ok(id)
    }

    fn reserve(&mut self) -> Result<NodeId, Wrong> {
        self.context.spend(16)?;
        let bytes = self.nodes.len() * (size_of::<Rules>() + size_of::<Node>()) + self.pattern_bytes;
        if bytes > self.context.heap.left() {
            return Err(HeapError::Exhausted.into());
        }
        self.nodes.push(Node::Always(true));
        Ok(self.nodes.len() - 1)
    }

    fn place(&mut self, id: NodeId, node: Node) {
        if let Some(it) = self.nodes.get_mut(id) {
            *it = node;
        }
    }

    fn node(&mut self, value: Value) -> Result<Node, Wrong> {
        match self.context.heap.view(value) {
            View::Bool(it) if self.draft >= Draft::Six => return Ok(Node::Always(it)),
            View::Object(_) => {}
            _ => return wrong("Expected: Valid Schema, given: Invalid JSON"),
        }
        let id = match self.draft {
            Draft::Four => "id",
            Draft::Any => id_key(self.context.heap, value),
            Draft::Six | Draft::Seven => "$id",
        };
        if let Some(id) = self.text(value, id)? {
            Address::read(self.shown(id)).map_err(Wrong::Schema)?;
        }
        if let Some(definitions) = self.get(value, "definitions") {
            for [_, it] in self.pairs(definitions, "Array Of Schemas", "definitions")? {
                if !self.is_schema(it) {
                    return wrong_type("Array Of Schemas", "definitions");
                }
                self.schema(it)?;
            }
        }
        self.text(value, "title")?;
        self.text(value, "description")?;
        if let Some(reference) = self.text(value, "$ref")? {
            let (target, is_first) = self.reference(value, reference)?;
            if !is_first {
                // What stands beside it counts for nothing, and must be right all the same: not where it is the first of its
                // kind, as in OPA.
                self.rules(value)?;
            }
            return Ok(Node::Reference(target));
        }
        Ok(Node::Rules(self.rules(value)?))
    }

    fn rules(&mut self, value: Value) -> Result<Box<Rules>, Wrong> {
        let mut rules = Box::<Rules>::default();
        rules.is_free = !DEMANDING.iter().any(|it| self.get(value, it).is_some());
        if !rules.is_free {
            self.types(value, &mut rules)?;
            self.of_objects(value, &mut rules)?;
            self.of_arrays(value, &mut rules)?;
            self.of_numbers(value, &mut rules)?;
            self.of_texts(value, &mut rules)?;
            self.counts(value, &mut rules)?;
            self.of_all(value, &mut rules)?;
        }
        Ok(rules)
    }

    /// What is referred to, and whether it is for the first time.
    fn reference(&mut self, object: Value, reference: Value) -> Result<(NodeId, bool), Wrong> {
        Address::read(self.shown(reference)).map_err(Wrong::Schema)?;
        let address = match self.references.target(object) {
            Some(it) => it.to_owned(),
            None => self.shown(reference).to_owned(),
        };
        if let Some(id) = self.referred.get(&address) {
            return Ok((*id, false));
        }
        let target = self.references.document(self.context.heap, &address)?;
        if !self.is_schema(target) {
            return wrong("Valid Schema must be of type object");
        }
        let id = self.reserve()?;
        self.waiting.push((id, target));
        self.referred.insert(address, id);
        Ok((id, true))
    }

    fn types(&mut self, value: Value, rules: &mut Rules) -> Result<(), Wrong> {
        let Some(types) = self.get(value, "type") else { return Ok(()) };
        let names = match self.context.heap.view(types) {
            View::String(_) => vec![types],
            View::Array(names) | View::Set(names) => names.to_vec(),
            _ => return wrong_type("type", "string/Array Of Strings"),
        };
        for name in names {
            let View::String(name) = self.context.heap.view(name) else {
                return wrong_type("type", "string/Array Of Strings");
            };
            match Type::of(name) {
                Some(it) if rules.types.contains(&it) => {
                    return wrong(format!("{name} type is duplicated"));
                }
                Some(it) => rules.types.push(it),
                None => {
                    return wrong(format!(
                        "has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:\
                         [array boolean integer number null object string]"
                    ));
                }
            }
        }
        Ok(())
    }

    fn of_objects(&mut self, value: Value, rules: &mut Rules) -> Result<(), Wrong> {
        if let Some(properties) = self.get(value, "properties") {
            let View::Object(pairs) = self.context.heap.view(properties) else {
                return wrong("Properties must be of type object");
            };
            let pairs = pairs.to_vec();
            for [key, it] in pairs {
                rules.properties.push((key, self.schema(it)?));
            }
        }
        rules.additional_properties = self.rest(value, "additionalProperties")?;
        if let Some(patterns) = self.get(value, "patternProperties") {
            for [key, it] in self.pairs(patterns, "Valid Schema", "patternProperties")? {
                let Some(pattern) = self.pattern(key)? else {
                    return wrong(format!("Invalid regex pattern '{}'", self.shown(key)));
                };
                rules.pattern_properties.push((pattern, self.schema(it)?));
            }
        }
        if self.draft >= Draft::Six
            && let Some(names) = self.get(value, "propertyNames")
        {
            if !self.is_schema(names) {
                return wrong_type("Valid Schema", "patternProperties");
            }
            rules.property_names = Some(self.schema(names)?);
        }
        if let Some(dependencies) = self.get(value, "dependencies") {
            let View::Object(pairs) = self.context.heap.view(dependencies) else {
                return wrong("dependencies must be of type object");
            };
            let pairs = pairs.to_vec();
            for [key, it] in pairs {
                let dependency = self.dependency(it)?;
                rules.dependencies.push((key, dependency));
            }
        }
        Ok(())
    }

    fn dependency(&mut self, value: Value) -> Result<Dependency, Wrong> {
        const NEITHER: &str = "Dependency must be of type Schema Or Array Of Strings";
        match self.context.heap.view(value) {
            View::Array(keys) | View::Set(keys) => {
                if !keys.iter().all(|it| matches!(self.context.heap.view(*it), View::String(_))) {
                    return wrong(NEITHER);
                }
                Ok(Dependency::Keys(keys.to_vec()))
            }
            View::Bool(_) | View::Object(_) => Ok(Dependency::Schema(self.schema(value)?)),
            _ => wrong(NEITHER),
        }
    }

    fn of_arrays(&mut self, value: Value, rules: &mut Rules) -> Result<(), Wrong> {
        if let Some(items) = self.get(value, "items") {
            rules.items = match self.context.heap.view(items) {
                View::Array(schemas) | View::Set(schemas) => {
                    let schemas = schemas.to_vec();
                    let mut list = Vec::with_capacity(schemas.len());
                    for it in schemas {
                        if !self.is_schema(it) {
                            return wrong_type("Valid Schema/Array Of Schemas", "items");
                        }
                        list.push(self.schema(it)?);
                    }
                    Items::List(list)
                }
                View::Bool(_) | View::Object(_) => Items::Each(self.schema(items)?),
                _ => return wrong_type("Valid Schema/Array Of Schemas", "items"),
            };
        }
        rules.additional_items = self.rest(value, "additionalItems")?;
        Ok(())
    }

    /// What must be everything of which nothing is said: any, nothing, or of a form.
    fn rest(&mut self, value: Value, key: &str) -> Result<Rest, Wrong> {
        let Some(rest) = self.get(value, key) else { return Ok(Rest::Any) };
        match self.context.heap.view(rest) {
            View::Bool(true) => Ok(Rest::Any),
            View::Bool(false) => Ok(Rest::Nothing),
            View::Object(_) => Ok(Rest::Schema(self.schema(rest)?)),
            _ => wrong_type("boolean/Valid Schema", key),
        }
    }

    fn of_numbers(&mut self, value: Value, rules: &mut Rules) -> Result<(), Wrong> {
        if let Some(it) = self.get(value, "multipleOf") {
            match self.context.heap.view(it) {
                View::Number(number) if number.compare(Number::Integer(0)).is_le() => {
                    return wrong("multipleOf must be strictly greater than 0");
                }
                View::Number(_) => rules.multiple_of = Some(it),
                _ => return wrong_type("Number", "multipleOf"),
            }
        }
        (rules.minimum, rules.exclusive_minimum) = self.bound(value, "minimum", "exclusiveMinimum")?;
        (rules.maximum, rules.exclusive_maximum) = self.bound(value, "maximum", "exclusiveMaximum")?;
        Ok(())
    }

    /// A bound that counts, and one that does not. In draft 4 the second keyword says which the first one is.
    fn bound(
        &mut self,
        value: Value,
        key: &str,
        exclusive_key: &str,
    ) -> Result<(Option<Value>, Option<Value>), Wrong> {
        let bound = self.get(value, key);
        if bound.is_some_and(|it| !self.is_number(it)) {
            return wrong(format!("{key} must be of a Number"));
        }
        let Some(exclusive) = self.get(value, exclusive_key) else { return Ok((bound, None)) };
        match self.context.heap.view(exclusive) {
            View::Bool(is_exclusive) if matches!(self.draft, Draft::Four | Draft::Any) => match bound {
                None => wrong(format!("{exclusive_key} cannot be used without {key}")),
                Some(_) if is_exclusive => Ok((None, bound)),
                Some(_) => Ok((bound, None)),
            },
            View::Number(_) if self.draft != Draft::Four => Ok((bound, Some(exclusive))),
            _ => wrong_type(
                match self.draft {
                    Draft::Four => "boolean",
                    Draft::Any => "boolean/number",
                    Draft::Six | Draft::Seven => "number",
                },
                exclusive_key,
            ),
        }
    }

    fn of_texts(&mut self, value: Value, rules: &mut Rules) -> Result<(), Wrong> {
        rules.min_length = self.count(value, "minLength")?;
        rules.max_length = self.count(value, "maxLength")?;
        is_in_order(rules.min_length, rules.max_length, "minLength", "maxLength")?;
        if let Some(text) = self.text(value, "pattern")? {
            let Some(pattern) = self.pattern(text)? else { return wrong("pattern must be a valid regex") };
            rules.pattern = Some((text, pattern));
        }
        rules.format = self.text(value, "format")?;
        Ok(())
    }

    fn counts(&mut self, value: Value, rules: &mut Rules) -> Result<(), Wrong> {
        rules.min_properties = self.count(value, "minProperties")?;
        rules.max_properties = self.count(value, "maxProperties")?;
        is_in_order(rules.min_properties, rules.max_properties, "minProperties", "maxProperties")?;
        let mut seen = HashSet::new();
        for it in self.list(value, "required")? {
            let View::String(key) = self.context.heap.view(it) else {
                return wrong_type("string", "required");
            };
            if !seen.insert(key.to_owned()) {
                return wrong("required items must be unique");
            }
            rules.required.push(it);
        }
        rules.min_items = self.count(value, "minItems")?;
        rules.max_items = self.count(value, "maxItems")?;
        if let Some(it) = self.get(value, "uniqueItems") {
            match self.context.heap.view(it) {
                View::Bool(it) => rules.are_unique = it,
                _ => return wrong("uniqueItems must be of a boolean"),
            }
        }
        if self.draft >= Draft::Six
            && let Some(it) = self.get(value, "contains")
        {
            rules.contains = Some(self.schema(it)?);
        }
        Ok(())
    }

    fn of_all(&mut self, value: Value, rules: &mut Rules) -> Result<(), Wrong> {
        if self.draft >= Draft::Six
            && let Some(it) = self.get(value, "const")
        {
            rules.constant = Some(self.written(it)?);
        }
        if self.get(value, "enum").is_some() {
            let mut values = Vec::new();
            let mut seen = HashSet::new();
            for it in self.list(value, "enum")? {
                let text = self.written(it)?;
                if !seen.insert(text.clone()) {
                    return wrong("enum items must be unique");
                }
                values.push(text);
            }
            rules.values = Some(values);
        }
        rules.one_of = self.schemas(value, "oneOf")?;
        rules.any_of = self.schemas(value, "anyOf")?;
        rules.all_of = self.schemas(value, "allOf")?;
        rules.not = self.only_schema(value, "not")?;
        if self.draft >= Draft::Seven {
            rules.condition = self.only_schema(value, "if")?;
            rules.then = self.only_schema(value, "then")?;
            rules.otherwise = self.only_schema(value, "else")?;
        }
        Ok(())
    }

    fn schemas(&mut self, value: Value, key: &str) -> Result<Vec<NodeId>, Wrong> {
        self.list(value, key)?.into_iter().map(|it| self.schema(it)).collect()
    }

    fn only_schema(&mut self, value: Value, key: &str) -> Result<Option<NodeId>, Wrong> {
        match self.get(value, key) {
            None => Ok(None),
            Some(it) if self.is_schema(it) => Ok(Some(self.schema(it)?)),
            Some(_) => wrong(format!("{key} must be of an object")),
        }
    }

    /// A regular expression; `None` where it is none that RE2 has.
    fn pattern(&mut self, text: Value) -> Result<Option<Arc<Pattern>>, Wrong> {
        match regex::compiled(self.context, text, 1) {
            Ok(pattern) => {
                self.pattern_bytes += pattern.regex.memory_usage();
                Ok(Some(pattern))
            }
            Err(Failure::Error(_)) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// A value as it is compared.
    fn written(&mut self, value: Value) -> Result<String, Wrong> {
        let mut out = Writer::new(self.context.heap);
        canonical::write(self.context.heap, value, &mut out)?;
        self.context.spend(out.as_str().len() as u64 / 16)?;
        Ok(out.as_str().to_owned())
    }

    /// How many of something there may be.
    fn count(&self, value: Value, key: &str) -> Result<Option<i64>, Wrong> {
        let Some(it) = self.get(value, key) else { return Ok(None) };
        match self.context.heap.view(it) {
            View::Number(number) => match number.as_integer() {
                Some(it) if it < 0 => wrong(format!("{key} must be greater than or equal to 0")),
                Some(it) => Ok(Some(it)),
                None => wrong(format!("{key} must be of an integer")),
            },
            _ => wrong(format!("{key} must be of an integer")),
        }
    }

    fn text(&self, value: Value, key: &str) -> Result<Option<Value>, Wrong> {
        match self.get(value, key) {
            Some(it) if !matches!(self.context.heap.view(it), View::String(_)) => wrong_type("string", key),
            it => Ok(it),
        }
    }

    fn list(&self, value: Value, key: &str) -> Result<Vec<Value>, Wrong> {
        let Some(it) = self.get(value, key) else { return Ok(Vec::new()) };
        match self.context.heap.view(it) {
            View::Array(items) | View::Set(items) => Ok(items.to_vec()),
            _ => wrong(format!("{key} must be of an array")),
        }
    }

    fn pairs(&self, object: Value, expected: &str, given: &str) -> Result<Vec<[Value; 2]>, Wrong> {
        match self.context.heap.view(object) {
            View::Object(pairs) => Ok(pairs.to_vec()),
            _ => wrong_type(expected, given),
        }
    }

    fn get(&self, object: Value, key: &str) -> Option<Value> {
        self.context.heap.get_text(object, key)
    }

    fn is_schema(&self, value: Value) -> bool {
        matches!(self.context.heap.view(value), View::Bool(_) | View::Object(_))
    }

    fn is_number(&self, value: Value) -> bool {
        matches!(self.context.heap.view(value), View::Number(_))
    }

    fn shown(&self, text: Value) -> &str {
        self.context.text(text, 1).unwrap_or_default()
    }
}

fn is_in_order(least: Option<i64>, most: Option<i64>, key: &str, other: &str) -> Result<(), Wrong> {
    match (least, most) {
        (Some(least), Some(most)) if least > most => wrong(format!("{key} cannot be greater than {other}")),
        _ => Ok(()),
    }
}
