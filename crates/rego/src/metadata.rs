//! What `rego.metadata.rule()` and `rego.metadata.chain()` are in a rule: constants.

use crate::annotations::{Annotation, Scope, Target};
use crate::constants::{Constant, Constants};
use crate::heap::{Heap, Value, View};
use crate::resolved::ConstantId;
use crate::syntax::Module;

/// A module and what its comments say.
#[derive(Debug)]
pub(crate) struct Annotated<'m> {
    pub(crate) module: &'m Module,
    /// Where the values of the annotations are.
    pub(crate) heap: Heap,
    pub(crate) annotations: Vec<Annotation>,
}

/// What comments say about one rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metadata {
    /// `rego.metadata.rule()`: an empty object where nothing is said.
    pub(crate) rule: ConstantId,
    /// `rego.metadata.chain()`: what is said of the rule, of its document, and of the packages that it is in.
    pub(crate) chain: ConstantId,
}

impl Metadata {
    /// That of the `index`-th rule of a file, whose path below `data` is `path`.
    pub(crate) fn of(
        files: &[Annotated<'_>],
        file: &Annotated<'_>,
        index: usize,
        path: &[&str],
        constants: &Constants,
    ) -> Self {
        let package = &file.module.package;
        let names: Vec<&str> = package.iter().map(String::as_str).collect();
        let said = |file: &Annotated<'_>, wanted: Scope, is_meant: &dyn Fn(&Annotation) -> bool| {
            let found = file.annotations.iter().filter(|it| it.scope == wanted && is_meant(it));
            found.map(|it| constants.of_value(&file.heap, it.value)).collect::<Vec<_>>()
        };
        let of_rule = said(file, Scope::Rule, &|it| it.target == Target::Rule(index));
        let mut chain = Vec::new();
        let mut add = |path: &[&str], annotation| chain.push(entry(path, annotation, constants));
        if of_rule.is_empty() {
            add(path, None);
        }
        for annotation in &of_rule {
            add(path, Some(*annotation));
        }
        let name = path.last().copied();
        for other in files.iter().filter(|it| it.module.package == *package) {
            let is_meant = |it: &Annotation| match it.target {
                Target::Rule(at) => {
                    let rule = other.module.rules.get(at);
                    rule.and_then(|it| it.head.name.first()).is_some_and(|it| it.name() == name)
                }
                Target::Package => false,
            };
            for annotation in said(other, Scope::Document, &is_meant) {
                add(path, Some(annotation));
            }
        }
        for other in files.iter().filter(|it| it.module.package == *package) {
            for annotation in said(other, Scope::Package, &|_| true) {
                add(&names, Some(annotation));
            }
        }
        for length in (0..=package.len()).rev() {
            let above = names.get(..length).unwrap_or_default();
            for other in files.iter().filter(|it| it.module.package == *above) {
                for annotation in said(other, Scope::Subpackages, &|_| true) {
                    add(above, Some(annotation));
                }
            }
        }
        let nothing = constants.add(Constant::Object(Vec::new()));
        Self {
            rule: of_rule.first().copied().unwrap_or(nothing),
            chain: constants.add(Constant::Array(chain)),
        }
    }
}

fn entry(path: &[&str], annotation: Option<ConstantId>, constants: &Constants) -> ConstantId {
    let names = path.iter().map(|it| constants.text(it)).collect();
    let path = constants.add(Constant::Array(names));
    let mut fields = vec![(constants.text("path"), path)];
    if let Some(annotation) = annotation {
        fields.push((constants.text("annotations"), annotation));
    }
    constants.add(Constant::Object(fields))
}

impl Constants {
    /// The constant that is this value.
    pub(crate) fn of_value(&self, heap: &Heap, value: Value) -> ConstantId {
        let constant = match heap.view(value) {
            View::Null | View::Unknown(_) => Constant::Null,
            View::Bool(it) => Constant::Bool(it),
            View::Number(it) => Constant::Number(it.to_string()),
            View::String(it) => return self.text(it),
            View::Array(items) => Constant::Array(items.iter().map(|it| self.of_value(heap, *it)).collect()),
            View::Set(items) => Constant::Set(items.iter().map(|it| self.of_value(heap, *it)).collect()),
            View::Object(pairs) => Constant::Object(
                pairs
                    .iter()
                    .map(|[key, value]| (self.of_value(heap, *key), self.of_value(heap, *value)))
                    .collect(),
            ),
        };
        self.add(constant)
    }
}
