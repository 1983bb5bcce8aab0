//! Resolves the names of a rule and takes its calls apart.
//!
//! As in OPA, the operands of a call are computed before it, outside of a `not` around it: `not f(g(x))` is `y = g(x); not
//! f(y)`, which is undefined where `g(x)` is. A reference that stands alone, or on a side of `=` and `==`, stays where it is.
//! Source: OPA 1.x, `v1/ast/compile.go`, the stages from `ResolveRefs` to `RewriteDynamicTerms`.

mod declarations;
mod functions;
mod names;

use crate::builtins::builtin;
use crate::compile_error::{CompileError, ErrorCode};
use crate::constants::{Constant, Constants};
use crate::metadata::Metadata;
use crate::resolved::{
    Branch, Comprehension, ComprehensionKind, Definition, Function, Root, Step, StepKind, Term, Variable,
    With,
};
use crate::syntax::{
    self, Body, Expression, ExpressionKind, HeadValue, Rule, Span, TemplatePart, TermKind, Version,
};
use declarations::declared;
use foldhash::{HashMap, HashSet};
use std::collections::BTreeMap;

/// What the names of a file mean outside of its rules' own variables.
pub(crate) struct Names<'a> {
    /// The file's number.
    pub(crate) file: usize,
    /// Which form of the language it is written in.
    pub(crate) version: Version,
    /// The package.
    pub(crate) package: &'a [String],
    /// The rules of the package, in whatever file.
    pub(crate) rules: &'a Paths<'a>,
    /// `input`, `data`, and what the file imports.
    pub(crate) globals: &'a Paths<'a>,
    /// How many parameters the function at a path below `data` has, where there is one.
    pub(crate) arity: &'a (dyn Fn(&[&str]) -> Option<usize> + Sync),
}

/// What names stand for: the whole path of each, from `data` or `input` on.
pub(crate) type Paths<'a> = HashMap<&'a str, Vec<&'a str>>;

/// Resolves one rule.
pub(crate) struct Resolver<'a> {
    names: &'a Names<'a>,
    /// What comments say of the rule.
    metadata: Option<&'a dyn Fn() -> Metadata>,
    constants: &'a Constants,
    errors: &'a mut Vec<CompileError>,
    /// The names of the rule's variables, as [`Definition::names`].
    variables: Vec<String>,
    scopes: Vec<Scope<'a>>,
    /// Variables that nothing declares.
    free: HashMap<&'a str, Variable>,
    /// Variables that `some x` and `every x` declare and nothing has used yet.
    unused: BTreeMap<Variable, Span>,
    /// How many calls there are so far.
    calls: u32,
    /// The call whose operands were resolved last.
    last_call: u32,
}

/// The names that a body declares.
#[derive(Debug, Default)]
struct Scope<'a> {
    /// All of them: they hide rules and imports in the whole body.
    declared: HashSet<&'a str>,
    /// Those declared up to here.
    active: HashMap<&'a str, Variable>,
    /// Those used before they are declared.
    used: HashSet<&'a str>,
}

/// What a name means.
enum Meaning<'a> {
    Variable(Variable),
    /// A path from `data` or `input` on.
    Path(&'a [&'a str]),
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(
        names: &'a Names<'a>,
        metadata: Option<&'a dyn Fn() -> Metadata>,
        constants: &'a Constants,
        errors: &'a mut Vec<CompileError>,
    ) -> Self {
        Self {
            names,
            metadata,
            constants,
            errors,
            variables: Vec::new(),
            scopes: Vec::new(),
            free: HashMap::default(),
            unused: BTreeMap::new(),
            calls: 0,
            last_call: 0,
        }
    }

    /// One definition of a rule, `keys` being the operands of its head that are not in its path.
    pub(crate) fn definition(mut self, rule: &'a Rule, keys: &'a [syntax::Term]) -> Definition {
        self.scopes.push(Scope::default());
        let parameters = rule.head.parameters.as_deref().unwrap_or_default();
        self.declare_together(parameters);
        // References and calls in a parameter are computed in the body, and compared with the operand.
        let mut computed = Vec::new();
        let mut at_start =
            Hoist { steps: &mut computed, with: &[], span: rule.head.span, closed: false, call: 0 };
        let parameters: Vec<_> = parameters.iter().map(|it| self.operand(it, &mut at_start)).collect();
        let value = match &rule.head.value {
            HeadValue::True => None,
            HeadValue::Is(it) | HeadValue::Contains(it) => Some(it),
        };
        let mut branches = vec![self.branch(&rule.body, keys, value, rule.head.span)];
        for branch in &rule.elses {
            self.free.clear();
            branches.push(self.branch(&branch.body, &[], branch.value.as_ref(), branch.span));
        }
        for branch in &mut branches {
            branch.body.splice(0..0, computed.iter().cloned());
        }
        self.check_unused();
        Definition {
            file: self.names.file,
            span: rule.span,
            head: rule.head.span,
            names: self.variables,
            parameters,
            branches,
        }
    }

    /// A query: its body, and the variables of it that have names.
    pub(crate) fn query(mut self, body: &'a Body) -> (Vec<Step>, Vec<String>, Vec<(String, Variable)>) {
        self.scopes.push(Scope { declared: declared(body), ..Scope::default() });
        let mut steps = Vec::new();
        self.steps(body, &mut steps);
        self.check_unused();
        let scope = self.scopes.pop().unwrap_or_default();
        let mut named: Vec<_> =
            self.free.iter().chain(&scope.active).map(|(name, it)| ((*name).to_owned(), *it)).collect();
        named.sort();
        (steps, self.variables, named)
    }

    fn branch(
        &mut self,
        body: &'a Body,
        keys: &'a [syntax::Term],
        value: Option<&'a syntax::Term>,
        span: Span,
    ) -> Branch {
        self.scopes.push(Scope { declared: declared(body), ..Scope::default() });
        let mut steps = Vec::new();
        self.steps(body, &mut steps);
        let mut at_end = Hoist { steps: &mut steps, with: &[], span, closed: false, call: 0 };
        let keys = keys.iter().map(|it| self.operand(it, &mut at_end)).collect();
        let value = match value {
            Some(value) => self.operand(value, &mut at_end),
            None => Term::Constant(self.constants.add(Constant::Bool(true))),
        };
        self.scopes.pop();
        Branch { span, body: steps, keys, value }
    }

    fn steps(&mut self, body: &'a Body, steps: &mut Vec<Step>) {
        for expression in body {
            self.expression(expression, steps);
        }
    }

    fn body(&mut self, body: &'a Body) -> Vec<Step> {
        let mut steps = Vec::new();
        self.scopes.push(Scope { declared: declared(body), ..Scope::default() });
        self.steps(body, &mut steps);
        self.scopes.pop();
        steps
    }

    fn expression(&mut self, expression: &'a Expression, steps: &mut Vec<Step>) {
        let span = expression.span;
        let mut before = Hoist { steps, with: &[], span, closed: false, call: 0 };
        let with: Vec<_> = expression.with.iter().filter_map(|it| self.with(it, &mut before)).collect();
        let mut hoist = Hoist { steps, with: &with, span, closed: expression.negated, call: 0 };
        let kind = match &expression.kind {
            ExpressionKind::Some(variables) => {
                for term in variables {
                    self.declare_pattern(term);
                    let TermKind::Variable(name) = &term.kind else { continue };
                    let variable = self.scopes.last().and_then(|it| it.active.get(name.as_str()));
                    self.unused.extend(variable.map(|it| (*it, term.span)));
                }
                return;
            }
            ExpressionKind::Term(term) => self.statement(term, &mut hoist),
            ExpressionKind::Unify(a, b) => {
                let a = self.side(a, &mut hoist);
                StepKind::Unify(a, self.side(b, &mut hoist))
            }
            ExpressionKind::Assign(pattern, value) => {
                let value = self.side(value, &mut hoist);
                self.check_assigned(pattern);
                self.declare_pattern(pattern);
                StepKind::Unify(self.pattern(pattern), value)
            }
            ExpressionKind::SomeIn { key, value, collection } => {
                self.declare_together(key.iter().chain([value]));
                let collection = self.operand(collection, &mut hoist);
                let collection = self.in_variable(collection, &mut hoist);
                let key = match key {
                    Some(key) => self.operand(key, &mut hoist),
                    None => Term::Variable(self.unnamed()),
                };
                let value = self.operand(value, &mut hoist);
                StepKind::Unify(value, Term::Reference(Root::Variable(collection), vec![key]))
            }
            ExpressionKind::Every { key, value, domain, body } => {
                let domain = self.operand(domain, &mut hoist);
                let domain = Term::Variable(self.in_variable(domain, &mut hoist));
                self.scopes.push(Scope::default());
                for pattern in key.iter().chain([value]) {
                    self.declare_pattern(pattern);
                }
                let key = match key {
                    Some(key) => self.pattern(key),
                    None => Term::Variable(self.unnamed()),
                };
                let value = self.pattern(value);
                let declared = self.scopes.last().map(|it| &it.active);
                self.unused.extend(declared.into_iter().flat_map(HashMap::values).map(|it| (*it, span)));
                let body = self.body(body);
                self.scopes.pop();
                StepKind::Every { key, value, domain, body }
            }
        };
        let is_call = matches!(kind, StepKind::Call(..) | StepKind::Compare(..));
        let call = if is_call { self.last_call } else { 0 };
        steps.push(Step { span, kind, negated: expression.negated, closed: false, call, with });
    }

    /// A term that stands alone.
    fn statement(&mut self, term: &'a syntax::Term, hoist: &mut Hoist<'_>) -> StepKind {
        match &term.kind {
            TermKind::Call(function, operands) => match (function.name(), operands.as_slice()) {
                (Some("eq"), [a, b]) => {
                    let a = self.side(a, hoist);
                    StepKind::Unify(a, self.side(b, hoist))
                }
                (Some("equal"), [a, b]) => {
                    let (call, outer) = self.begin_call(hoist);
                    let (a, b) = (self.side(a, hoist), self.side(b, hoist));
                    self.end_call(hoist, call, outer);
                    StepKind::Compare(a, b)
                }
                (Some("assign"), [a, b]) => {
                    let b = self.side(b, hoist);
                    StepKind::Unify(self.side(a, hoist), b)
                }
                (Some("print"), operands) => {
                    StepKind::Print(operands.iter().map(|it| self.possibilities(it, &[])).collect())
                }
                _ => self.call(term.span, function, operands, None, hoist),
            },
            _ => StepKind::Test(self.side(term, hoist)),
        }
    }

    /// A side of `=`, or what stands alone: a reference stays, with nothing but variables and constants in it.
    fn side(&mut self, term: &'a syntax::Term, hoist: &mut Hoist<'_>) -> Term {
        match &term.kind {
            TermKind::Reference(head, operands) => self.reference(head, operands, hoist),
            TermKind::Variable(_) => self.variable(term),
            TermKind::ArrayComprehension(..)
            | TermKind::SetComprehension(..)
            | TermKind::ObjectComprehension(..) => self.comprehension(term),
            _ => self.operand(term, hoist),
        }
    }

    /// A term without references and calls: what they give is computed before.
    fn operand(&mut self, term: &'a syntax::Term, hoist: &mut Hoist<'_>) -> Term {
        match &term.kind {
            TermKind::Null => self.constant(Constant::Null),
            TermKind::Bool(it) => self.constant(Constant::Bool(*it)),
            TermKind::Number(it) => self.constant(Constant::Number(it.clone())),
            TermKind::String(it) => Term::Constant(self.constants.text(it)),
            TermKind::Variable(_) => match self.variable(term) {
                reference @ Term::Reference(..) => Term::Variable(self.in_variable(reference, hoist)),
                it => it,
            },
            TermKind::Reference(head, operands) => {
                let reference = self.reference(head, operands, hoist);
                match reference {
                    Term::Reference(..) => Term::Variable(self.in_variable(reference, hoist)),
                    it => it,
                }
            }
            TermKind::Call(function, operands) if operands.is_empty() && self.is_metadata(function) => {
                let Some(metadata) = self.metadata else { return self.constant(Constant::Null) };
                let metadata = metadata();
                let is_chain = function.text_path().is_some_and(|it| it.ends_with(&["chain"]));
                Term::Constant(if is_chain { metadata.chain } else { metadata.rule })
            }
            TermKind::Call(function, operands) => {
                let output = self.unnamed();
                let closed = std::mem::take(&mut hoist.closed);
                let kind = self.call(term.span, function, operands, Some(Term::Variable(output)), hoist);
                hoist.closed = closed;
                hoist.push_call(kind, self.last_call);
                Term::Variable(output)
            }
            TermKind::Array(items) => {
                let items: Vec<_> = items.iter().map(|it| self.operand(it, hoist)).collect();
                self.constants.array(items)
            }
            TermKind::Set(items) => {
                let items: Vec<_> = items.iter().map(|it| self.operand(it, hoist)).collect();
                self.constants.set(items)
            }
            TermKind::Object(items) => {
                let items: Vec<_> = last_of_each_key(items)
                    .into_iter()
                    .map(|(key, value)| (self.operand(key, hoist), self.operand(value, hoist)))
                    .collect();
                self.constants.object(items)
            }
            TermKind::ArrayComprehension(..)
            | TermKind::SetComprehension(..)
            | TermKind::ObjectComprehension(..) => {
                let comprehension = self.comprehension(term);
                Term::Variable(self.in_variable(comprehension, hoist))
            }
            TermKind::Template(parts) => {
                let parts: Vec<_> = parts
                    .iter()
                    .map(|it| match it {
                        TemplatePart::Text(text) => Term::Constant(self.constants.text(text)),
                        TemplatePart::Term(term, with) => {
                            let with: Vec<_> = with.iter().filter_map(|it| self.with(it, hoist)).collect();
                            let possibilities = self.possibilities(term, &with);
                            Term::Variable(self.in_variable(possibilities, hoist))
                        }
                    })
                    .collect();
                let output = self.unnamed();
                match builtin("internal.template_string") {
                    Some(function) => hoist.push(StepKind::Call(
                        Function::Builtin(function),
                        vec![Term::Array(parts)],
                        Some(Term::Variable(output)),
                    )),
                    None => self.error(
                        ErrorCode::Compile,
                        term.span,
                        "texts with terms in them are not known here".to_owned(),
                    ),
                }
                Term::Variable(output)
            }
        }
    }

    /// The set of what a term can be: empty where it is undefined.
    fn possibilities(&mut self, term: &'a syntax::Term, with: &[With]) -> Term {
        self.scopes.push(Scope::default());
        let mut body = Vec::new();
        let item = self
            .operand(term, &mut Hoist { steps: &mut body, with, span: term.span, closed: false, call: 0 });
        self.scopes.pop();
        Term::Comprehension(Box::new(Comprehension {
            kind: ComprehensionKind::Set(item),
            body,
            span: term.span,
        }))
    }

    fn comprehension(&mut self, term: &'a syntax::Term) -> Term {
        let (head, body) = match &term.kind {
            TermKind::ArrayComprehension(head, body) | TermKind::SetComprehension(head, body) => {
                (vec![&**head], body)
            }
            TermKind::ObjectComprehension(head, body) => (vec![&head.0, &head.1], body),
            _ => return self.constant(Constant::Null),
        };
        self.scopes.push(Scope { declared: declared(body), ..Scope::default() });
        let mut steps = Vec::new();
        self.steps(body, &mut steps);
        let mut at_end = Hoist { steps: &mut steps, with: &[], span: term.span, closed: false, call: 0 };
        let mut head: Vec<_> = head.into_iter().map(|it| self.operand(it, &mut at_end)).collect();
        self.scopes.pop();
        let last = head.pop();
        let kind = match (&term.kind, last, head.pop()) {
            (TermKind::ArrayComprehension(..), Some(item), _) => ComprehensionKind::Array(item),
            (TermKind::ObjectComprehension(..), Some(value), Some(key)) => {
                ComprehensionKind::Object(key, value)
            }
            (_, Some(item), _) => ComprehensionKind::Set(item),
            (_, None, _) => return self.constant(Constant::Null),
        };
        Term::Comprehension(Box::new(Comprehension { kind, body: steps, span: term.span }))
    }

    fn reference(
        &mut self,
        head: &'a syntax::Term,
        operands: &'a [syntax::Term],
        hoist: &mut Hoist<'_>,
    ) -> Term {
        let (root, mut path) = match &head.kind {
            TermKind::Variable(name) => match self.meaning(name) {
                Meaning::Variable(it) => (Root::Variable(it), Vec::new()),
                Meaning::Path(path) => self.path(path),
            },
            _ => {
                let head = self.operand(head, hoist);
                (Root::Variable(self.in_variable(head, hoist)), Vec::new())
            }
        };
        path.extend(operands.iter().map(|it| self.operand(it, hoist)));
        Term::Reference(root, path)
    }

    fn path(&self, path: &[&str]) -> (Root, Vec<Term>) {
        let root = if path.first() == Some(&"input") { Root::Input } else { Root::Data };
        let rest = path.iter().skip(1).map(|it| Term::Constant(self.constants.text(it))).collect();
        (root, rest)
    }

    /// A variable, or what the name stands for.
    fn variable(&mut self, term: &'a syntax::Term) -> Term {
        let TermKind::Variable(name) = &term.kind else { return self.constant(Constant::Null) };
        match self.meaning(name) {
            Meaning::Variable(it) => Term::Variable(it),
            Meaning::Path(path) => {
                let (root, rest) = self.path(path);
                Term::Reference(root, rest)
            }
        }
    }

    /// The term in a variable: itself, or a new one that it is put into.
    fn in_variable(&mut self, term: Term, hoist: &mut Hoist<'_>) -> Variable {
        if let Term::Variable(it) = term {
            return it;
        }
        let variable = self.unnamed();
        hoist.push(StepKind::Unify(Term::Variable(variable), term));
        variable
    }

    fn constant(&mut self, it: Constant) -> Term {
        Term::Constant(self.constants.add(it))
    }

    fn error(&mut self, code: ErrorCode, span: Span, message: String) {
        CompileError { code, message, file: self.names.file, span }.add_to(self.errors);
    }
}

/// Where steps go that must come before another one.
struct Hoist<'a> {
    steps: &'a mut Vec<Step>,
    with: &'a [With],
    span: Span,
    /// Whether it is for the operands of what is negated, which bind nothing.
    closed: bool,
    /// The number of the call whose operands they are.
    call: u32,
}

impl Hoist<'_> {
    fn push(&mut self, kind: StepKind) {
        let closed = self.closed;
        let call = self.call;
        self.steps.push(Step {
            span: self.span,
            kind,
            negated: false,
            closed,
            call,
            with: self.with.to_vec(),
        });
    }

    fn push_call(&mut self, kind: StepKind, call: u32) {
        let with = self.with.to_vec();
        self.steps.push(Step { span: self.span, kind, negated: false, closed: false, call, with });
    }
}

/// The items of an object, without those whose key stands there once more: the last one counts.
fn last_of_each_key(items: &[(syntax::Term, syntax::Term)]) -> Vec<&(syntax::Term, syntax::Term)> {
    let mut names = HashSet::default();
    let mut kept: Vec<_> = items
        .iter()
        .rev()
        .filter(|(key, _)| match &key.kind {
            TermKind::String(name) => names.insert(name),
            _ => true,
        })
        .collect();
    kept.reverse();
    kept
}
