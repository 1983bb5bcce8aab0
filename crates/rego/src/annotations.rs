//! `# METADATA` comments: what a policy says about its package and its rules.
//!
//! ```rego
//! # METADATA
//! # title: Buckets are private
//! # custom:
//! #   severity: high
//! deny contains msg if { … }
//! ```

use crate::error::ParseError;
use crate::heap::{Heap, HeapError, Value, View};
use crate::number::Number;
use crate::parser::parse_term;
use crate::syntax::{Comment, Module, Span, Term, TermKind};
use crate::yaml::{Rules, YamlError, read};

/// What a block of comments says.
#[derive(Debug, Clone)]
pub struct Annotation {
    /// The comments.
    pub span: Span,
    /// What it is about.
    pub scope: Scope,
    /// What it stands before.
    pub target: Target,
    /// What it says, in the form that `rego.metadata.rule()` gives it: an object of `scope`, and where they are there
    /// `title`, `description`, `entrypoint`, `organizations`, `related_resources`, `authors`, `schemas`, `custom`.
    pub value: Value,
}

/// What an annotation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The definition of a rule that follows.
    Rule,
    /// All definitions of the rule that follows, in all files.
    Document,
    /// The package.
    Package,
    /// The package, and those below it.
    Subpackages,
}

/// What an annotation stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The package.
    Package,
    /// The rule at this place in the module.
    Rule(usize),
}

/// Why an annotation cannot be read: a mistake in the file, or no room.
enum Problem {
    At(Span, String),
    Heap(HeapError),
}

impl From<HeapError> for Problem {
    fn from(error: HeapError) -> Self {
        Self::Heap(error)
    }
}

/// Reads the annotations of a module, in their order.
///
/// # Errors
///
/// What is wrong with them.
pub fn annotations(heap: &mut Heap, text: &str, module: &Module) -> Result<Vec<Annotation>, Vec<ParseError>> {
    let (mut annotations, mut errors) = (Vec::new(), Vec::new());
    for block in blocks(text, &module.comments) {
        match annotation(heap, module, block) {
            Ok(annotation) => annotations.push(annotation),
            Err(Problem::At(span, message)) => errors.push(ParseError::new(text, span, message, None)),
            Err(Problem::Heap(error)) => {
                let span = block.first().map_or_else(Span::default, |it| it.span);
                errors.push(ParseError::new(text, span, error.to_string(), None));
            }
        }
    }
    if errors.is_empty() { Ok(annotations) } else { Err(errors) }
}

/// Comments that begin with `METADATA`, and those below them, line by line and at the left edge.
fn blocks<'c>(text: &str, comments: &'c [Comment]) -> Vec<&'c [Comment]> {
    let follows = |one: &Comment, next: &Comment| {
        let between = text.get(one.span.end as usize..next.span.start as usize);
        matches!(between, Some("\n" | "\r\n"))
    };
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(rest) = comments.get(at..)
        && let Some(first) = rest.first()
    {
        let mut length = 1;
        if first.text.trim().starts_with("METADATA") {
            length +=
                rest.windows(2).take_while(|it| matches!(it, [one, next] if follows(one, next))).count();
            blocks.extend(rest.get(..length));
        }
        at += length;
    }
    blocks
}

fn annotation(heap: &mut Heap, module: &Module, block: &[Comment]) -> Result<Annotation, Problem> {
    let (Some(first), Some(last)) = (block.first(), block.last()) else {
        return Err(Problem::At(Span::default(), String::new()));
    };
    let span = Span { start: first.span.start, end: last.span.end };
    let wrong = |message: &str| Problem::At(first.span, message.to_owned());
    let lines: Vec<&str> =
        block.iter().skip(1).map(|it| it.text.strip_prefix(' ').unwrap_or(&it.text)).collect();
    let yaml = lines.join("\n");
    if yaml.trim().is_empty() {
        return Err(wrong("a METADATA block says nothing"));
    }
    let read = read(heap, &yaml, Rules::Annotations).map_err(|error| match error {
        YamlError::Syntax { line, column, problem } => {
            let comment = block.get(line.min(block.len() - 1)).unwrap_or(first);
            Problem::At(comment.span, format!("METADATA, column {column}: {problem}"))
        }
        YamlError::Heap(error) => Problem::Heap(error),
    })?;
    if !matches!(heap.view(read), View::Object(_) | View::Null) {
        return Err(wrong("a METADATA block consists of `key: value`"));
    }
    let target =
        target(module, span).ok_or_else(|| wrong("a METADATA block stands before the package or a rule"))?;
    let is_entrypoint = match heap.get_text(read, "entrypoint").map(|it| heap.view(it)) {
        None | Some(View::Null) => false,
        Some(View::Bool(it)) => it,
        Some(_) => return Err(wrong("METADATA: `entrypoint` is true or false")),
    };
    let scope = match text(heap, read, "scope").as_deref() {
        None | Some("") => match target {
            Target::Package => Scope::Package,
            Target::Rule(_) if is_entrypoint => Scope::Document,
            Target::Rule(_) => Scope::Rule,
        },
        Some("rule") => Scope::Rule,
        Some("document") => Scope::Document,
        Some("package") => Scope::Package,
        Some("subpackages") => Scope::Subpackages,
        Some(_) => return Err(wrong("METADATA: `scope` is rule, document, package or subpackages")),
    };
    match (scope, target) {
        (Scope::Rule | Scope::Document, Target::Rule(_)) => {}
        (Scope::Package | Scope::Subpackages, Target::Package) => {}
        (Scope::Rule | Scope::Document, _) => {
            return Err(wrong("METADATA of a rule or a document stands before a rule"));
        }
        _ => return Err(wrong("METADATA of a package stands before the package")),
    }
    if is_entrypoint && !matches!(scope, Scope::Document | Scope::Package) {
        return Err(wrong("METADATA: only a document or a package is an entrypoint"));
    }
    let value = value(heap, read, scope, is_entrypoint).map_err(|problem| match problem {
        Problem::At(_, message) => Problem::At(first.span, message),
        problem => problem,
    })?;
    Ok(Annotation { span, scope, target, value })
}

/// The first statement behind the comments; nothing where that is an import.
fn target(module: &Module, block: Span) -> Option<Target> {
    let is_behind = |it: Span| it.start > block.start;
    let package =
        is_behind(module.package_span).then_some((module.package_span.start, Some(Target::Package)));
    let import = module.imports.partition_point(|it| !is_behind(it.span));
    let import = module.imports.get(import).map(|it| (it.span.start, None));
    let place = module.rules.partition_point(|it| !is_behind(it.span));
    let rule = module.rules.get(place).map(|it| (it.span.start, Some(Target::Rule(place))));
    package.into_iter().chain(import).chain(rule).min_by_key(|it| it.0)?.1
}

/// A scalar as a text.
fn text(heap: &Heap, object: Value, key: &str) -> Option<String> {
    match heap.view(heap.get_text(object, key)?) {
        View::String(it) | View::Number(Number::Text(it)) => Some(it.to_owned()),
        View::Number(Number::Integer(it)) => Some(it.to_string()),
        View::Bool(it) => Some(it.to_string()),
        _ => None,
    }
}

fn value(heap: &mut Heap, read: Value, scope: Scope, is_entrypoint: bool) -> Result<Value, Problem> {
    let mut fields: Vec<(&str, Value)> = Vec::new();
    let scope = match scope {
        Scope::Rule => "rule",
        Scope::Document => "document",
        Scope::Package => "package",
        Scope::Subpackages => "subpackages",
    };
    fields.push(("scope", heap.string(scope)?));
    for key in ["title", "description"] {
        if let Some(text) = text(heap, read, key).filter(|it| !it.is_empty()) {
            fields.push((key, heap.string(&text)?));
        }
    }
    if is_entrypoint {
        fields.push(("entrypoint", Value::TRUE));
    }
    for (key, each) in [
        ("organizations", organization as fn(&mut Heap, Value) -> Result<Value, Problem>),
        ("related_resources", related_resource),
        ("authors", author),
        ("schemas", schema),
    ] {
        let Some(list) = heap.get_text(read, key) else { continue };
        let items = match heap.view(list) {
            View::Array(items) => items.to_vec(),
            View::Null => continue,
            _ => return Err(wrong(&format!("METADATA: `{key}` is a list"))),
        };
        let items = items.into_iter().map(|it| each(heap, it)).collect::<Result<Vec<_>, _>>()?;
        if !items.is_empty() {
            fields.push((key, heap.array(&items)?));
        }
    }
    if let Some(custom) = heap.get_text(read, "custom") {
        match heap.view(custom) {
            View::Null | View::Object([]) => {}
            View::Object(_) => fields.push(("custom", custom)),
            _ => return Err(wrong("METADATA: `custom` consists of `key: value`")),
        }
    }
    object(heap, &fields)
}

fn wrong(message: &str) -> Problem {
    Problem::At(Span::default(), message.to_owned())
}

fn object(heap: &mut Heap, fields: &[(&str, Value)]) -> Result<Value, Problem> {
    let pairs = fields.iter().map(|(key, value)| Ok([heap.string(key)?, *value]));
    let pairs = pairs.collect::<Result<Vec<_>, HeapError>>()?;
    Ok(heap.object(pairs)?)
}

fn organization(heap: &mut Heap, item: Value) -> Result<Value, Problem> {
    match heap.view(item) {
        View::String(_) => Ok(item),
        _ => Err(wrong("METADATA: an organization is a text")),
    }
}

/// An address, or an object with one in `ref`, and a description.
fn related_resource(heap: &mut Heap, item: Value) -> Result<Value, Problem> {
    let (address, description) = match heap.view(item) {
        View::String(it) => (it.to_owned(), None),
        View::Object(_) => (text(heap, item, "ref").unwrap_or_default(), text(heap, item, "description")),
        _ => return Err(wrong("METADATA: a related resource is a text, or has a `ref`")),
    };
    if address.trim().is_empty() {
        return Err(wrong("METADATA: the `ref` of a related resource is empty"));
    }
    let mut fields = vec![("ref", heap.string(address.trim())?)];
    if let Some(description) = description.filter(|it| !it.trim().is_empty()) {
        fields.push(("description", heap.string(description.trim())?));
    }
    object(heap, &fields)
}

/// `Name <address>`, or an object with `name` and `email`.
fn author(heap: &mut Heap, item: Value) -> Result<Value, Problem> {
    let (name, email) = match heap.view(item) {
        View::String(it) => {
            let mut words: Vec<&str> = it.split_whitespace().collect();
            let email =
                words.last().and_then(|it| it.strip_prefix('<')?.strip_suffix('>')).map(str::to_owned);
            words.truncate(words.len() - usize::from(email.is_some()));
            (words.join(" "), email.unwrap_or_default())
        }
        View::Object(_) => {
            let trimmed = |key| text(heap, item, key).unwrap_or_default().trim().to_owned();
            (trimmed("name"), trimmed("email"))
        }
        _ => return Err(wrong("METADATA: an author is a text, or has a `name` and an `email`")),
    };
    if name.is_empty() && email.is_empty() {
        return Err(wrong("METADATA: an author has neither name nor email"));
    }
    let mut fields = Vec::new();
    for (key, text) in [("name", name), ("email", email)] {
        if !text.is_empty() {
            fields.push((key, heap.string(&text)?));
        }
    }
    object(heap, &fields)
}

/// `input.x: schema.y`, or a schema itself behind the path.
fn schema(heap: &mut Heap, item: Value) -> Result<Value, Problem> {
    let [path, schema] = match heap.view(item) {
        View::Object([pair, ..]) => *pair,
        _ => return Err(wrong("METADATA: a schema is written as `input.x: schema.y`")),
    };
    let View::String(path) = heap.view(path) else {
        return Err(wrong("METADATA: the path of a schema is a text"));
    };
    let path = parse_term(path).ok().and_then(|it| names(&it));
    let Some(path) = path else { return Err(wrong("METADATA: a schema is for a path such as `input.x`")) };
    let mut fields = vec![("path", texts(heap, &path)?)];
    match heap.view(schema) {
        View::String(it) => match parse_term(it).ok().and_then(|it| names(&it)) {
            Some(names) if names.first().is_some_and(|it| it == "schema") => {
                fields.push(("schema", texts(heap, &names)?));
            }
            _ => return Err(wrong("METADATA: a schema is named as `schema.x`")),
        },
        View::Object(_) => fields.push(("definition", schema)),
        _ => return Err(wrong("METADATA: a schema is named as `schema.x`, or written out")),
    }
    object(heap, &fields)
}

fn names(term: &Term) -> Option<Vec<String>> {
    match &term.kind {
        TermKind::Variable(name) => Some(vec![name.clone()]),
        TermKind::Reference(head, operands) => {
            let TermKind::Variable(name) = &head.kind else { return None };
            let text = |it: &Term| match &it.kind {
                TermKind::String(text) => Some(text.clone()),
                _ => None,
            };
            std::iter::once(Some(name.clone())).chain(operands.iter().map(text)).collect()
        }
        _ => None,
    }
}

fn texts(heap: &mut Heap, texts: &[String]) -> Result<Value, Problem> {
    let texts = texts.iter().map(|it| heap.string(it)).collect::<Result<Vec<_>, _>>()?;
    Ok(heap.array(&texts)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::parse_module;

    fn read(heap: &mut Heap, text: &str) -> Result<Vec<Annotation>, Vec<String>> {
        let module = parse_module(text, None).expect(text);
        let tell = |it: ParseError| format!("{}:{} {}", it.line, it.column, it.message);
        annotations(heap, text, &module).map_err(|errors| errors.into_iter().map(tell).collect())
    }

    #[test]
    fn blocks_are_read_as_in_opa() {
        let text = r#"# METADATA
# title: A package
# authors:
# - Jane Doe <jane@example.com>
# - {name: John}
# organizations: [Example]
package p

import data.x

# METADATA
# description: |
#   Two
#   lines
# custom:
#   severity: 1
#   on: yes
# related_resources:
# - https://example.com
# - ref: https://example.org
#   description: more
# schemas:
# - input: schema.plan
# - data.x: {type: string}

# No more of it.
p := 1

# METADATA
# entrypoint: true
q if true

    # METADATA
# scope: document
# title: 5
q if false
"#;
        let mut heap = Heap::new(1 << 20);
        let found = read(&mut heap, text).expect("annotations");
        let places: Vec<_> = found.iter().map(|it| (it.scope, it.target)).collect();
        assert_eq!(
            places,
            [
                (Scope::Package, Target::Package),
                (Scope::Rule, Target::Rule(0)),
                (Scope::Document, Target::Rule(1)),
                (Scope::Document, Target::Rule(2)),
            ]
        );
        for (annotation, wanted) in found.iter().zip([
            r#"{"scope": "package", "title": "A package", "organizations": ["Example"],
                "authors": [{"name": "Jane Doe", "email": "jane@example.com"}, {"name": "John"}]}"#,
            r#"{"scope": "rule", "description": "Two\nlines\n", "custom": {"severity": 1, "on": "yes"},
                "related_resources": [{"ref": "https://example.com"}, {"ref": "https://example.org", "description": "more"}],
                "schemas": [{"path": ["input"], "schema": ["schema", "plan"]}, {"path": ["data", "x"], "definition": {"type": "string"}}]}"#,
            r#"{"scope": "document", "entrypoint": true}"#,
            r#"{"scope": "document", "title": "5"}"#,
        ]) {
            // JSON is YAML.
            let wanted = crate::yaml::read(&mut heap, wanted, Rules::Annotations).expect(wanted);
            assert!(heap.equal(annotation.value, wanted), "{:?}", annotation.scope);
        }
    }

    #[test]
    fn what_is_wrong_is_told_at_its_line() {
        for (block, before, wanted) in [
            ("", "p := 1", "3:1 a METADATA block says nothing"),
            ("# title: [", "p := 1", "4:1 METADATA, column 1: this is not valid YAML"),
            ("# a: b\n# title: 'x", "p := 1", "5:1 METADATA, column 8: this is not valid YAML"),
            ("# title", "p := 1", "3:1 a METADATA block consists of `key: value`"),
            ("# title: x", "", "3:1 a METADATA block stands before the package or a rule"),
            ("# title: x", "import data.x", "3:1 a METADATA block stands before the package or a rule"),
            ("# scope: file", "p := 1", "3:1 METADATA: `scope` is rule, document, package or subpackages"),
            ("# scope: package", "p := 1", "3:1 METADATA of a package stands before the package"),
            (
                "# scope: rule\n# entrypoint: true",
                "p := 1",
                "3:1 METADATA: only a document or a package is an entrypoint",
            ),
            ("# authors: x", "p := 1", "3:1 METADATA: `authors` is a list"),
            ("# authors: ['']", "p := 1", "3:1 METADATA: an author has neither name nor email"),
            ("# related_resources: [{}]", "p := 1", "3:1 METADATA: the `ref` of a related resource is empty"),
            ("# schemas: [{input: x}]", "p := 1", "3:1 METADATA: a schema is named as `schema.x`"),
            ("# custom: x", "p := 1", "3:1 METADATA: `custom` consists of `key: value`"),
        ] {
            let text = format!("package p\n\n# METADATA\n{block}\n{before}\n");
            let errors = read(&mut Heap::new(1 << 20), &text).expect_err(block);
            assert_eq!(errors, [wanted], "{block}");
        }
    }
}
