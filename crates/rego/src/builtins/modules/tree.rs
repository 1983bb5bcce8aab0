//! A syntax tree as OPA writes it in JSON.
//!
//! Source: OPA 1.20, what `rego.parse_module` gives; `v1/ast/policy.go`, `v1/ast/term.go`.

use super::order::{are_same, compare};
use crate::builtins::call::{Context, Failure};
use crate::heap::{HeapError, Value};
use crate::syntax::{
    Body, Comment, Else, Expression, ExpressionKind, Head, HeadValue, Import, Module, Rule, TemplatePart,
    Term, TermKind, With,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;

/// How deep terms and bodies may stand in each other: a value that is deeper there cannot be.
const MAX_DEPTH: usize = 127;

/// Writes a module.
pub(super) struct Tree<'t, 'c> {
    context: &'t mut Context<'c>,
    text: &'t str,
    comments: &'t [Comment],
    /// Texts that come again and again.
    words: HashMap<&'static str, Value>,
    /// How many variables without a name there were.
    nameless: usize,
    depth: usize,
}

/// What the value of a rule is set with.
#[derive(Debug, Clone, Copy)]
struct Heading<'s> {
    head: &'s Head,
    has_body: bool,
    is_default: bool,
}

/// What the parts of a head come to.
struct Shared {
    reference: Value,
    parameters: Option<Value>,
}

impl Heading<'_> {
    fn is_named(self) -> bool {
        let Self { head, has_body, is_default } = self;
        match (head.name.len(), &head.value) {
            (1, _) => true,
            (2, HeadValue::Is(_)) => !is_default && (has_body || head.parameters.is_none()),
            _ => false,
        }
    }
}

impl<'t, 'c> Tree<'t, 'c> {
    pub(super) fn new(context: &'t mut Context<'c>, text: &'t str, comments: &'t [Comment]) -> Self {
        Self { context, text, comments, words: HashMap::new(), nameless: 0, depth: 0 }
    }

    /// The whole module; `name` is that of its file.
    pub(super) fn module(&mut self, name: Value, module: &Module) -> Result<Value, Failure> {
        let mut path = vec![self.typed_text("var", "data")?];
        for it in &module.package {
            path.push(self.typed_text("string", it)?);
        }
        let path = self.context.heap.array(&path)?;
        let package = self.object(&[("path", path)])?;
        let mut fields = vec![("package", package)];
        if !module.imports.is_empty() {
            let imports = self.each(&module.imports, Self::import)?;
            fields.push(("imports", imports));
        }
        if !module.rules.is_empty() {
            let rules = self.each(&module.rules, Self::rule)?;
            fields.push(("rules", rules));
        }
        if !module.comments.is_empty() {
            let comments = self.all_comments(name)?;
            fields.push(("comments", comments));
        }
        self.object(&fields)
    }

    fn all_comments(&mut self, file: Value) -> Result<Value, Failure> {
        let (mut row, mut line_start) = (1, 0);
        let mut written = Vec::with_capacity(self.comments.len());
        let mut from = 0;
        for comment in self.comments {
            let start = comment.span.start as usize;
            let before = self.text.get(from..start).unwrap_or_default();
            row += before.bytes().filter(|it| *it == b'\n').count();
            line_start = before.rfind('\n').map_or(line_start, |it| from + it + 1);
            from = start;
            let column = start - line_start + 1;
            let (row, column) = (self.context.count(row)?, self.context.count(column)?);
            let location = self.object(&[("file", file), ("row", row), ("col", column)])?;
            let text = self.context.heap.string(&STANDARD.encode(&comment.text))?;
            written.push(self.object(&[("Text", text), ("Location", location)])?);
        }
        Ok(self.context.heap.array(&written)?)
    }

    fn import(&mut self, import: &Import) -> Result<Value, Failure> {
        let mut path = Vec::with_capacity(import.path.len());
        for (index, name) in import.path.iter().enumerate() {
            path.push(self.typed_text(if index == 0 { "var" } else { "string" }, name)?);
        }
        let path = self.context.heap.array(&path)?;
        let path = self.typed("ref", path)?;
        let mut fields = vec![("path", path)];
        if let Some(alias) = &import.alias {
            fields.push(("alias", self.context.heap.string(alias)?));
        }
        self.object(&fields)
    }

    fn rule(&mut self, rule: &Rule) -> Result<Value, Failure> {
        let reference = self.each(&rule.head.name, Self::head_term)?;
        let parameters = match &rule.head.parameters {
            Some(parameters) => Some(self.each(parameters, Self::term)?),
            None => None,
        };
        let shared = Shared { reference, parameters };
        let heading =
            Heading { head: &rule.head, has_body: !rule.body.is_empty(), is_default: rule.is_default };
        let head = self.head(&shared, heading)?;
        let body = self.body(&rule.body)?;
        let mut fields = vec![("head", head), ("body", body)];
        if rule.is_default {
            fields.push(("default", Value::TRUE));
        }
        let branches = self.branches(&shared, heading, &rule.elses)?;
        fields.extend(branches.map(|it| ("else", it)));
        self.object(&fields)
    }

    /// What holds otherwise: each branch stands in the one before it.
    fn branches(
        &mut self,
        shared: &Shared,
        heading: Heading<'_>,
        branches: &[Else],
    ) -> Result<Option<Value>, Failure> {
        let mut parts = Vec::with_capacity(branches.len());
        for branch in branches {
            let mut fields = vec![("ref", shared.reference)];
            if let Some(parameters) = &heading.head.parameters {
                fields.push(("args", self.each(parameters, Self::term)?));
            }
            // A branch that says no value is written as the rule is.
            let (value, is_assigned) = match &branch.value {
                Some(it) => (self.term(it)?, self.is_assigned(it)),
                None => {
                    let of_rule = heading.head.value.term().is_some_and(|it| self.is_assigned(it));
                    (self.typed("boolean", Value::TRUE)?, of_rule)
                }
            };
            fields.push(("value", value));
            if is_assigned {
                fields.push(("assign", Value::TRUE));
            }
            self.name(&mut fields, heading)?;
            parts.push((self.object(&fields)?, self.body(&branch.body)?));
        }
        let mut inner = None;
        for (head, body) in parts.into_iter().rev() {
            let mut fields = vec![("head", head), ("body", body)];
            fields.extend(inner.map(|it| ("else", it)));
            inner = Some(self.object(&fields)?);
        }
        Ok(inner)
    }

    /// OPA names a head where rules once could have no others.
    fn name(&mut self, fields: &mut Vec<(&'static str, Value)>, heading: Heading<'_>) -> Result<(), Failure> {
        if heading.is_named()
            && let Some(name) = heading.head.name.first().and_then(Term::name)
        {
            fields.push(("name", self.context.heap.string(name)?));
        }
        Ok(())
    }

    fn head(&mut self, shared: &Shared, heading: Heading<'_>) -> Result<Value, Failure> {
        let Heading { head, has_body, is_default } = heading;
        let mut fields = vec![("ref", shared.reference)];
        fields.extend(shared.parameters.map(|it| ("args", it)));
        match &head.value {
            HeadValue::Contains(key) => fields.push(("key", self.term(key)?)),
            HeadValue::Is(value) => {
                if self.is_assigned(value) {
                    fields.push(("assign", Value::TRUE));
                }
                fields.push(("value", self.term(value)?));
            }
            HeadValue::True => fields.push(("value", self.typed("boolean", Value::TRUE)?)),
        }
        if let [_, key] = head.name.as_slice()
            && head.parameters.is_none()
            && !is_default
            && !matches!(head.value, HeadValue::Contains(_))
        {
            let is_open = matches!(key.kind, TermKind::Variable(_) | TermKind::Reference(..));
            let has_value = matches!(head.value, HeadValue::Is(_));
            if is_open || has_value && !has_body {
                let key = self.context.array(shared.reference, 1)?.get(1).copied();
                fields.extend(key.map(|it| ("key", it)));
            }
        }
        self.name(&mut fields, heading)?;
        self.object(&fields)
    }

    /// Whether a value comes after `:=`, and not after `=`.
    fn is_assigned(&self, value: &Term) -> bool {
        let mut before = self.text.get(..value.span.start as usize).unwrap_or_default();
        loop {
            before = before.trim_end().trim_end_matches('(').trim_end();
            let end = before.len();
            let at = self.comments.partition_point(|it| (it.span.end as usize) < end);
            match self.comments.get(at) {
                Some(it) if (it.span.start as usize) < end => {
                    before = self.text.get(..it.span.start as usize).unwrap_or_default();
                }
                _ => return before.ends_with(":="),
            }
        }
    }

    fn body(&mut self, body: &Body) -> Result<Value, Failure> {
        let mut expressions = Vec::with_capacity(body.len());
        for (index, expression) in body.iter().enumerate() {
            expressions.push(self.expression(index, expression)?);
        }
        if body.is_empty() {
            // One that is not written holds.
            let index = self.context.count(0)?;
            let terms = self.typed("boolean", Value::TRUE)?;
            expressions.push(self.object(&[("index", index), ("terms", terms)])?);
        }
        Ok(self.context.heap.array(&expressions)?)
    }

    fn expression(&mut self, index: usize, expression: &Expression) -> Result<Value, Failure> {
        let terms = match &expression.kind {
            ExpressionKind::Term(term) => self.terms(term)?,
            ExpressionKind::Unify(a, b) => self.operation("eq", a, b)?,
            ExpressionKind::Assign(a, b) => self.operation("assign", a, b)?,
            ExpressionKind::Some(terms) => {
                let symbols = self.each(terms, Self::term)?;
                self.object(&[("symbols", symbols)])?
            }
            ExpressionKind::SomeIn { key, value, collection } => {
                let member = if key.is_some() { "member_3" } else { "member_2" };
                let mut call = vec![self.path(&["internal", member])?];
                for it in key.iter().chain([value, collection]) {
                    call.push(self.term(it)?);
                }
                let call = self.context.heap.array(&call)?;
                let call = self.typed("call", call)?;
                let symbols = self.context.heap.array(&[call])?;
                self.object(&[("symbols", symbols)])?
            }
            ExpressionKind::Every { key, value, domain, body } => {
                let key = match key {
                    Some(it) => self.term(it)?,
                    None => Value::NULL,
                };
                let value = self.term(value)?;
                let domain = self.term(domain)?;
                let body = self.deeper(|tree| tree.body(body))?;
                self.object(&[("key", key), ("value", value), ("domain", domain), ("body", body)])?
            }
        };
        let index = self.context.count(index)?;
        let mut fields = vec![("index", index), ("terms", terms)];
        if expression.negated {
            fields.push(("negated", Value::TRUE));
        }
        if !expression.with.is_empty() {
            fields.push(("with", self.each(&expression.with, Self::with)?));
        }
        self.object(&fields)
    }

    /// The term of an expression: of a call, the function and its operands.
    fn terms(&mut self, term: &Term) -> Result<Value, Failure> {
        match &term.kind {
            TermKind::Call(function, operands) => self.call(function, operands),
            _ => self.term(term),
        }
    }

    fn operation(&mut self, name: &'static str, a: &Term, b: &Term) -> Result<Value, Failure> {
        let terms = [self.path(&[name])?, self.term(a)?, self.term(b)?];
        Ok(self.context.heap.array(&terms)?)
    }

    fn with(&mut self, with: &With) -> Result<Value, Failure> {
        let target = self.term(&with.target)?;
        let value = self.term(&with.value)?;
        self.object(&[("target", target), ("value", value)])
    }

    fn call(&mut self, function: &Term, operands: &[Term]) -> Result<Value, Failure> {
        let mut terms = vec![self.reference_of(function)?];
        for it in operands {
            terms.push(self.term(it)?);
        }
        Ok(self.context.heap.array(&terms)?)
    }

    /// A name of one part or several as a reference.
    fn reference_of(&mut self, term: &Term) -> Result<Value, Failure> {
        match &term.kind {
            TermKind::Variable(name) => {
                let name = self.typed_text("var", name)?;
                let path = self.context.heap.array(&[name])?;
                self.typed("ref", path)
            }
            _ => self.term(term),
        }
    }

    fn path(&mut self, names: &[&'static str]) -> Result<Value, Failure> {
        let mut path = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            path.push(self.typed_text(if index == 0 { "var" } else { "string" }, name)?);
        }
        let path = self.context.heap.array(&path)?;
        self.typed("ref", path)
    }

    /// A part of a head's name, of which the first is a variable whatever it is called.
    fn head_term(&mut self, term: &Term) -> Result<Value, Failure> {
        match &term.kind {
            TermKind::Variable(name) if name != "_" => self.typed_text("var", name),
            _ => self.term(term),
        }
    }

    fn term(&mut self, term: &Term) -> Result<Value, Failure> {
        self.deeper(|tree| tree.term_here(term))
    }

    fn term_here(&mut self, term: &Term) -> Result<Value, Failure> {
        match &term.kind {
            TermKind::Null => {
                let nothing = self.context.heap.object(Vec::new())?;
                self.typed("null", nothing)
            }
            TermKind::Bool(it) => self.typed("boolean", Value::bool(*it)),
            TermKind::Number(it) => {
                let number = self.context.heap.number(it)?;
                self.typed("number", number)
            }
            TermKind::String(it) => self.typed_text("string", it),
            TermKind::Template(parts) => self.template(term, parts),
            TermKind::Variable(name) if name == "_" => {
                let name = format!("${}", self.nameless);
                self.nameless += 1;
                self.typed_text("var", &name)
            }
            TermKind::Variable(name) if name == "input" || name == "data" => self.reference_of(term),
            TermKind::Variable(name) => self.typed_text("var", name),
            TermKind::Reference(head, operands) => {
                let mut path = vec![self.head_term(head)?];
                for it in operands {
                    path.push(self.term(it)?);
                }
                let path = self.context.heap.array(&path)?;
                self.typed("ref", path)
            }
            TermKind::Call(function, operands) => {
                let call = self.call(function, operands)?;
                self.typed("call", call)
            }
            TermKind::Array(items) => {
                let items = self.each(items, Self::term)?;
                self.typed("array", items)
            }
            TermKind::Set(items) => {
                let mut written = Vec::with_capacity(items.len());
                for it in items {
                    written.push((it, self.term(it)?));
                }
                self.sort(items.len())?;
                written.sort_by(|a, b| compare(a.0, b.0));
                written.dedup_by(|a, b| are_same(a.0, b.0));
                let items: Vec<Value> = written.into_iter().map(|it| it.1).collect();
                let items = self.context.heap.array(&items)?;
                self.typed("set", items)
            }
            TermKind::Object(pairs) => {
                let mut written = Vec::with_capacity(pairs.len());
                for (key, value) in pairs {
                    let pair = [self.term(key)?, self.term(value)?];
                    written.push((key, self.context.heap.array(&pair)?));
                }
                self.sort(pairs.len())?;
                written.sort_by(|a, b| compare(a.0, b.0));
                let pairs: Vec<Value> = written.into_iter().map(|it| it.1).collect();
                let pairs = self.context.heap.array(&pairs)?;
                self.typed("object", pairs)
            }
            TermKind::ArrayComprehension(term, body) => self.comprehension("arraycomprehension", term, body),
            TermKind::SetComprehension(term, body) => self.comprehension("setcomprehension", term, body),
            TermKind::ObjectComprehension(pair, body) => {
                let (key, value) = (self.term(&pair.0)?, self.term(&pair.1)?);
                let body = self.body(body)?;
                let it = self.object(&[("key", key), ("value", value), ("body", body)])?;
                self.typed("objectcomprehension", it)
            }
        }
    }

    /// Takes steps for sorting terms.
    fn sort(&mut self, count: usize) -> Result<(), Failure> {
        let count = count as u64;
        self.context.spend(count * u64::from(count.checked_ilog2().unwrap_or_default()))
    }

    fn comprehension(&mut self, kind: &'static str, term: &Term, body: &Body) -> Result<Value, Failure> {
        let term = self.term(term)?;
        let body = self.body(body)?;
        let it = self.object(&[("term", term), ("body", body)])?;
        self.typed(kind, it)
    }

    fn template(&mut self, term: &Term, parts: &[TemplatePart]) -> Result<Value, Failure> {
        let mut written = Vec::with_capacity(parts.len());
        for part in parts {
            written.push(match part {
                TemplatePart::Text(text) => self.typed_text("string", text)?,
                // What is known without an evaluation is told as it is.
                TemplatePart::Term(term, _)
                    if matches!(
                        term.kind,
                        TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_)
                    ) =>
                {
                    self.term(term)?
                }
                TemplatePart::Term(term, with) => {
                    let (index, terms) = (self.context.count(0)?, self.terms(term)?);
                    let mut fields = vec![("index", index), ("terms", terms)];
                    if !with.is_empty() {
                        fields.push(("with", self.each(with, Self::with)?));
                    }
                    self.object(&fields)?
                }
            });
        }
        let written = match parts {
            [] => Value::NULL,
            _ => self.context.heap.array(&written)?,
        };
        let opening = self.text.get(term.span.start as usize..).unwrap_or_default();
        let is_raw = Value::bool(opening.starts_with("$`"));
        let it = self.object(&[("multi_line", is_raw), ("parts", written)])?;
        self.typed("templatestring", it)
    }

    fn deeper(&mut self, write: impl FnOnce(&mut Self) -> Result<Value, Failure>) -> Result<Value, Failure> {
        self.context.spend(2)?;
        if self.depth >= MAX_DEPTH {
            return Err(HeapError::TooDeep.into());
        }
        self.depth += 1;
        let written = write(self);
        self.depth -= 1;
        written
    }

    fn each<T>(
        &mut self,
        items: &[T],
        write: impl Fn(&mut Self, &T) -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        let mut written = Vec::with_capacity(items.len());
        for it in items {
            written.push(write(self, it)?);
        }
        Ok(self.context.heap.array(&written)?)
    }

    fn typed_text(&mut self, kind: &'static str, text: &str) -> Result<Value, Failure> {
        let text = self.context.heap.string(text)?;
        self.typed(kind, text)
    }

    fn typed(&mut self, kind: &'static str, value: Value) -> Result<Value, Failure> {
        let kind = self.word(kind)?;
        self.object(&[("type", kind), ("value", value)])
    }

    fn object(&mut self, fields: &[(&'static str, Value)]) -> Result<Value, Failure> {
        let mut pairs = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            pairs.push([self.word(key)?, *value]);
        }
        Ok(self.context.heap.object(pairs)?)
    }

    fn word(&mut self, text: &'static str) -> Result<Value, HeapError> {
        if let Some(it) = self.words.get(text) {
            return Ok(*it);
        }
        let value = self.context.heap.string(text)?;
        self.words.insert(text, value);
        Ok(value)
    }
}
