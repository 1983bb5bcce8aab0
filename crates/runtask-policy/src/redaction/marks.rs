//! Finds the places of a plan that are marked as sensitive.
//!
//! Source: Terraform's JSON output format, and plans of Terraform 1.11.

use crate::node::Node;
use rego::View;

/// The members of a change that are values of attributes, and most of a plan's bytes.
const OF_A_CHANGE: [&str; 5] = ["before", "after", "after_unknown", "before_sensitive", "after_sensitive"];
/// The same of a resource.
const OF_A_RESOURCE: [&str; 2] = ["values", "sensitive_values"];

/// A step of the way from a plan to a value in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step<'h> {
    /// To a member of an object.
    Name(&'h str),
    /// To an item of a list.
    Index(usize),
}

/// Calls `found` with the place of each value that a plan marks, and with the value; some are found twice.
pub(super) fn each_marked<'h>(plan: Node<'h>, found: impl FnMut(&[Step<'h>], Node<'h>)) {
    let mut walk = Walk { place: Vec::new(), found };
    walk.marked(plan);
    walk.variables(plan);
}

struct Walk<'h, F> {
    /// Where it is.
    place: Vec<Step<'h>>,
    found: F,
}

impl<'h, F: FnMut(&[Step<'h>], Node<'h>)> Walk<'h, F> {
    /// Walks a plan for values with marks beside them, wherever terraform puts such pairs: `before` and
    /// `before_sensitive`, `after` and `after_sensitive`, `values` and `sensitive_values`, and a `value` or `default`
    /// with `sensitive: true`.
    fn marked(&mut self, node: Node<'h>) {
        for (index, inner) in node.items().enumerate() {
            self.at(Step::Index(index), |walk| walk.marked(inner));
        }
        if !node.is_object() {
            return;
        }
        for (values, marks) in
            [("before", "before_sensitive"), ("after", "after_sensitive"), ("values", "sensitive_values")]
        {
            self.at(Step::Name(values), |walk| walk.by_mark(node.get(values), node.get(marks)));
        }
        if node.get("sensitive").is(true) {
            for value in ["value", "default"] {
                self.at(Step::Name(value), |walk| walk.found(node.get(value)));
            }
        }
        // Elsewhere these are names that somebody chose, of outputs or modules, or the values of a state.
        let passed_over: &[&str] = if matches!(node.get("actions").view(), Some(View::Array(_))) {
            &OF_A_CHANGE
        } else if node.get("address").text().is_some() {
            &OF_A_RESOURCE
        } else {
            &[]
        };
        for (key, inner) in node.pairs() {
            if let Some(key) = key.text().filter(|it| !passed_over.contains(it)) {
                self.at(Step::Name(key), |walk| walk.marked(inner));
            }
        }
    }

    /// The values of variables stand in one place, and which of them are sensitive in another.
    fn variables(&mut self, plan: Node<'h>) {
        let root = plan.get("configuration").get("root_module");
        for (name, variable) in root.get("variables").pairs() {
            if let (true, Some(name)) = (variable.get("sensitive").is(true), name.text()) {
                let value = plan.get("variables").get(name).get("value");
                let place = [Step::Name("variables"), Step::Name(name), Step::Name("value")];
                self.at_all(&place, |walk| walk.found(value));
            }
        }
        let place = [Step::Name("configuration"), Step::Name("root_module")];
        self.at_all(&place, |walk| walk.calls(root));
    }

    /// Finds the literal values with which a module is called for its sensitive variables.
    fn calls(&mut self, module: Node<'h>) {
        for (name, call) in module.get("module_calls").pairs() {
            let Some(name) = name.text() else { continue };
            self.at_all(&[Step::Name("module_calls"), Step::Name(name)], |walk| walk.call(call));
        }
    }

    fn call(&mut self, call: Node<'h>) {
        for (name, variable) in call.get("module").get("variables").pairs() {
            if let (true, Some(name)) = (variable.get("sensitive").is(true), name.text()) {
                let value = call.get("expressions").get(name).get("constant_value");
                let place = [Step::Name("expressions"), Step::Name(name), Step::Name("constant_value")];
                self.at_all(&place, |walk| walk.found(value));
            }
        }
        self.at(Step::Name("module"), |walk| walk.calls(call.get("module")));
    }

    /// `marks` is shaped as `value` is, with `true` where everything from there on is sensitive.
    fn by_mark(&mut self, value: Node<'h>, marks: Node<'h>) {
        if marks.is(true) {
            self.found(value);
        }
        for (key, marks) in marks.pairs() {
            if let Some(key) = key.text() {
                self.at(Step::Name(key), |walk| walk.by_mark(value.get(key), marks));
            }
        }
        for (index, (value, marks)) in value.items().zip(marks.items()).enumerate() {
            self.at(Step::Index(index), |walk| walk.by_mark(value, marks));
        }
    }

    fn found(&mut self, value: Node<'h>) {
        if value.exists() {
            (self.found)(&self.place, value);
        }
    }

    fn at(&mut self, step: Step<'h>, work: impl FnOnce(&mut Self)) {
        self.at_all(&[step], work);
    }

    fn at_all(&mut self, steps: &[Step<'h>], work: impl FnOnce(&mut Self)) {
        let above = self.place.len();
        self.place.extend_from_slice(steps);
        work(self);
        self.place.truncate(above);
    }
}
