//! Puts values that are not known yet into a plan, where it says that they are known only after apply.
//!
//! Terraform leaves such a value out of `after`, or writes null, and has `true` at its place in `after_unknown`.
//! Source: Terraform's JSON output format, "Change representation".

use crate::node::Node;
use rego::{Heap, HeapError, UnknownId, Value, View};
use std::collections::HashMap;

/// Where a value is that is not known yet.
#[derive(Debug, Clone)]
pub(crate) struct UnknownPlace {
    /// The address of the resource, or the name of the output.
    pub(crate) of: Value,
    /// Whether it is an output.
    pub(crate) is_output: bool,
    /// The path of the attribute: names and indexes.
    pub(crate) path: Box<[Value]>,
}

/// A plan with unknowns in it, and the place of each, by its number.
pub(crate) fn with_unknowns(heap: &mut Heap, plan: Value) -> Result<(Value, Vec<UnknownPlace>), HeapError> {
    let mut places = Vec::new();
    let plan = Marking {
        heap,
        next: &mut |place: UnknownPlace| {
            let number = u32::try_from(places.len()).unwrap_or(u32::MAX);
            places.push(place);
            Value::unknown(UnknownId(number))
        },
        planned: HashMap::new(),
    }
    .plan(plan)?;
    Ok((plan, places))
}

/// The same for a plan that a test gives to the rules that it tests.
pub(crate) fn with_unknowns_in_test(
    heap: &mut Heap,
    plan: Value,
    next: &mut dyn FnMut() -> Value,
) -> Result<Value, HeapError> {
    Marking { heap, next: &mut |_| next(), planned: HashMap::new() }.plan(plan)
}

struct Marking<'a> {
    heap: &'a mut Heap,
    next: &'a mut dyn FnMut(UnknownPlace) -> Value,
    /// By address or name of an output: what stands in `after`, the marks, and what is there instead.
    planned: HashMap<String, [Value; 3]>,
}

impl Marking<'_> {
    fn plan(mut self, plan: Value) -> Result<Value, HeapError> {
        let plan = self.each_item(plan, "resource_changes", Self::resource)?;
        let plan = self.each_item(plan, "deferred_changes", |this, deferred| {
            this.member(deferred, "resource_change", Self::resource)
        })?;
        let plan = self.member(plan, "output_changes", Self::outputs)?;
        self.member(plan, "planned_values", |this, planned| {
            let planned = this.member(planned, "outputs", Self::planned_outputs)?;
            this.member(planned, "root_module", Self::planned_module)
        })
    }

    fn resource(&mut self, resource: Value) -> Result<Value, HeapError> {
        let Some(address) = self.heap.get_text(resource, "address") else { return Ok(resource) };
        // A deposed object is not the one that `planned_values` has at the address.
        let is_planned = Node::new(self.heap, resource).get("deposed").text().is_none();
        self.member(resource, "change", |this, change| this.change(change, address, false, is_planned))
    }

    fn outputs(&mut self, outputs: Value) -> Result<Value, HeapError> {
        self.each_member(outputs, |this, name, change| this.change(change, name, true, true))
    }

    fn change(
        &mut self,
        change: Value,
        of: Value,
        is_output: bool,
        is_planned: bool,
    ) -> Result<Value, HeapError> {
        let Some(marks) = self.heap.get_text(change, "after_unknown") else { return Ok(change) };
        let after = self.heap.get_text(change, "after");
        let Some(marked) = self.marked(after, marks, of, is_output, &mut Vec::new())? else {
            return Ok(change);
        };
        if is_planned && let View::String(name) = self.heap.view(of) {
            let key = if is_output { format!("output.{name}") } else { name.to_owned() };
            self.planned.insert(key, [after.unwrap_or(Value::NULL), marks, marked]);
        }
        self.with(change, "after", marked)
    }

    /// A value with unknowns where it is marked; nothing where no mark is.
    fn marked(
        &mut self,
        value: Option<Value>,
        marks: Value,
        of: Value,
        is_output: bool,
        path: &mut Vec<Value>,
    ) -> Result<Option<Value>, HeapError> {
        match self.heap.view(marks) {
            View::Bool(true) => {
                let place = UnknownPlace { of, is_output, path: path.as_slice().into() };
                Ok(Some((self.next)(place)))
            }
            View::Object(marks) => {
                let marks = marks.to_vec();
                let mut pairs = match value.map(|it| self.heap.view(it)) {
                    Some(View::Object(pairs)) => pairs.to_vec(),
                    _ => Vec::new(),
                };
                let mut added = Vec::new();
                let mut is_changed = false;
                for [key, mark] in marks {
                    let at = pairs.binary_search_by(|it| self.heap.compare(it[0], key)).ok();
                    let there = at.and_then(|it| pairs.get(it)).map(|it| it[1]);
                    path.push(key);
                    let marked = self.marked(there, mark, of, is_output, path)?;
                    path.pop();
                    let Some(marked) = marked else { continue };
                    is_changed = true;
                    match at.and_then(|it| pairs.get_mut(it)) {
                        Some(pair) => pair[1] = marked,
                        None => added.push([key, marked]),
                    }
                }
                pairs.append(&mut added);
                if is_changed { self.heap.object(pairs).map(Some) } else { Ok(None) }
            }
            View::Array(marks) => {
                let marks = marks.to_vec();
                let mut items = match value.map(|it| self.heap.view(it)) {
                    Some(View::Array(items)) => items.to_vec(),
                    _ => Vec::new(),
                };
                let mut is_changed = false;
                for (index, mark) in marks.into_iter().enumerate() {
                    path.push(self.heap.integer(i64::try_from(index).unwrap_or(i64::MAX))?);
                    let marked = self.marked(items.get(index).copied(), mark, of, is_output, path)?;
                    path.pop();
                    let Some(marked) = marked else { continue };
                    is_changed = true;
                    while items.len() <= index {
                        items.push(Value::NULL);
                    }
                    if let Some(item) = items.get_mut(index) {
                        *item = marked;
                    }
                }
                if is_changed { self.heap.array(&items).map(Some) } else { Ok(None) }
            }
            _ => Ok(None),
        }
    }

    fn planned_outputs(&mut self, outputs: Value) -> Result<Value, HeapError> {
        self.each_member(outputs, |this, key, output| {
            let View::String(name) = this.heap.view(key) else { return Ok(output) };
            match this.planned.get(&format!("output.{name}")).copied() {
                Some([_, _, marked]) => this.with(output, "value", marked),
                None => Ok(output),
            }
        })
    }

    /// What stands in a module of `planned_values`, and in those below it.
    fn planned_module(&mut self, module: Value) -> Result<Value, HeapError> {
        let module = self.each_item(module, "child_modules", Self::planned_module)?;
        self.each_item(module, "resources", |this, resource| {
            let node = Node::new(this.heap, resource);
            let planned = node.get("address").text().and_then(|it| this.planned.get(it).copied());
            let (Some([after, marks, marked]), Some(of)) = (planned, this.heap.get_text(resource, "address"))
            else {
                return Ok(resource);
            };
            let values = this.heap.get_text(resource, "values");
            if values.is_some_and(|it| this.heap.equal(it, after)) {
                return this.with(resource, "values", marked);
            }
            match this.marked(values, marks, of, false, &mut Vec::new())? {
                Some(marked) => this.with(resource, "values", marked),
                None => Ok(resource),
            }
        })
    }

    /// An object whose list at a key has other items.
    fn each_item(
        &mut self,
        object: Value,
        key: &str,
        change: impl Fn(&mut Self, Value) -> Result<Value, HeapError>,
    ) -> Result<Value, HeapError> {
        self.member(object, key, |this, list| {
            let View::Array(items) = this.heap.view(list) else { return Ok(list) };
            let mut items = items.to_vec();
            let mut is_changed = false;
            for item in &mut items {
                let changed = change(this, *item)?;
                is_changed |= !changed.is(*item);
                *item = changed;
            }
            if is_changed { this.heap.array(&items) } else { Ok(list) }
        })
    }

    /// An object that has other values at its keys.
    fn each_member(
        &mut self,
        object: Value,
        change: impl Fn(&mut Self, Value, Value) -> Result<Value, HeapError>,
    ) -> Result<Value, HeapError> {
        let View::Object(pairs) = self.heap.view(object) else { return Ok(object) };
        let mut pairs = pairs.to_vec();
        let mut is_changed = false;
        for [key, value] in &mut pairs {
            let changed = change(self, *key, *value)?;
            is_changed |= !changed.is(*value);
            *value = changed;
        }
        if is_changed { self.heap.object(pairs) } else { Ok(object) }
    }

    /// An object that has another value at a key, where it has one.
    fn member(
        &mut self,
        object: Value,
        key: &str,
        change: impl Fn(&mut Self, Value) -> Result<Value, HeapError>,
    ) -> Result<Value, HeapError> {
        let Some(value) = self.heap.get_text(object, key) else { return Ok(object) };
        let changed = change(self, value)?;
        if changed.is(value) { Ok(object) } else { self.with(object, key, changed) }
    }

    fn with(&mut self, object: Value, key: &str, value: Value) -> Result<Value, HeapError> {
        let key = self.heap.string(key)?;
        let View::Object(pairs) = self.heap.view(object) else { return Ok(object) };
        let mut pairs = pairs.to_vec();
        match pairs.binary_search_by(|it| self.heap.compare(it[0], key)) {
            Ok(at) => {
                if let Some(pair) = pairs.get_mut(at) {
                    pair[1] = value;
                }
            }
            Err(at) => pairs.insert(at, [key, value]),
        }
        self.heap.object(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::from_json;
    use crate::plan::{Key, path_text};
    use serde_json::json;

    #[test]
    fn what_is_known_after_apply_is_unknown_and_has_a_place() {
        let plan = json!({
            "resource_changes": [
                { "address": "a.b", "change": {
                    "after": { "name": "x", "list": [{ "y": 1 }, null], "null": null },
                    "after_unknown": { "arn": true, "list": [{ "z": true }, true], "null": true, "known": false, "none": {} },
                } },
                { "address": "a.whole", "change": { "after": null, "after_unknown": true } },
                { "address": "a.known", "change": { "after": { "x": 1 }, "after_unknown": {} } },
                { "address": "a.b", "deposed": "1", "change": { "after": null, "after_unknown": {} } },
                { "address": 7, "change": { "after_unknown": true } },
                null,
            ],
            "deferred_changes": [{ "resource_change": { "address": "d.e", "change": { "after_unknown": { "x": true } } } }],
            "output_changes": { "o": { "after_unknown": true }, "p": { "after": 1, "after_unknown": false }, "q": null },
            "planned_values": {
                "outputs": { "o": { "sensitive": false }, "p": { "value": 1 } },
                "root_module": {
                    "resources": [{ "address": "a.known", "values": { "x": 1 } }],
                    "child_modules": [{ "resources": [
                        { "address": "a.b", "values": { "name": "x", "list": [{ "y": 1 }, null], "null": null } },
                        { "address": "a.b", "values": { "name": "another" } },
                    ] }],
                },
            },
        });
        let mut heap = Heap::new(1 << 20);
        let value = from_json(&mut heap, &plan).unwrap();
        let (value, places) = with_unknowns(&mut heap, value).unwrap();
        let tell = |it: &UnknownPlace| {
            let path: Vec<Key> = it.path.iter().map(|it| Key::new(Node::new(&heap, *it))).collect();
            format!("{}{} {}", if it.is_output { "output " } else { "" }, heap.shown(it.of), path_text(&path))
        };
        let places: Vec<String> = places.iter().map(tell).collect();
        let shown = heap.shown(value);
        let changes = r#"{"after": {"arn": unknown, "list": [{"y": 1, "z": unknown}, unknown], "name": "x", "null": unknown}, "after_unknown": {"#;
        let planned = r#""values": {"arn": unknown, "list": [{"y": 1, "z": unknown}, unknown], "name": "x", "null": unknown}}"#;
        for part in [
            changes,
            planned,
            r#"{"after": unknown, "after_unknown": true}"#,
            r#""values": {"arn": unknown, "list": [{"z": unknown}, unknown], "name": "another", "null": unknown}"#,
            r#""planned_values": {"outputs": {"o": {"sensitive": false, "value": unknown}, "p": {"value": 1}}"#,
            r#"{"resource_change": {"address": "d.e", "change": {"after": {"x": unknown}, "#,
            r#"{"address": "a.b", "change": {"after": null, "after_unknown": {}}, "deposed": "1"}"#,
        ] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
        insta::assert_snapshot!(places.join("\n"), @r#"
        "a.b" arn
        "a.b" list[0].z
        "a.b" list[1]
        "a.b" null
        "a.whole" 
        7 
        "d.e" x
        output "o" 
        "a.b" arn
        "a.b" list[0].z
        "a.b" list[1]
        "a.b" null
        "#);
    }

    #[test]
    fn a_plan_without_marks_stays_as_it_is() {
        for plan in [
            json!({}),
            json!([]),
            json!({ "resource_changes": 7, "planned_values": [], "output_changes": null }),
        ] {
            let mut heap = Heap::new(1 << 20);
            let value = from_json(&mut heap, &plan).unwrap();
            let (marked, places) = with_unknowns(&mut heap, value).unwrap();
            assert!(marked.is(value) && places.is_empty(), "{plan}");
        }
    }
}
