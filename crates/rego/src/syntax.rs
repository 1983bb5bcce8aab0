//! The syntax of a policy: what the parser makes of its text, with a place for every node.
//!
//! Infix operators are calls of the built-ins that they stand for, as in OPA: `a + b` is `plus(a, b)`, `a == b` is
//! `equal(a, b)`, `x in xs` is `internal.member_2(x, xs)`, `k, v in xs` is `internal.member_3(k, v, xs)`, `a & b` is
//! `and(a, b)`. Only `=` and `:=` are statements of their own. A minus stands before numbers alone: `-x` is refused.

/// A place in a file: the bytes from `start` up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// Which form of the language a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Before OPA 1.0: `if` and `contains` are words like others unless imported.
    V0,
    /// OPA 1.0 and later.
    V1,
}

/// A file.
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    /// Which form of the language it is written in.
    pub version: Version,
    /// Its package, `data.` left out: `["terraform", "aws"]`.
    pub package: Vec<String>,
    /// Where the package is named.
    pub package_span: Span,
    /// What it imports.
    pub imports: Vec<Import>,
    /// Its rules, in the order of the file. A chained body, `p { … } { … }`, is one more rule with the same head.
    pub rules: Vec<Rule>,
    /// Its comments, in the order of the file.
    pub comments: Vec<Comment>,
}

/// `import data.a.b as c`.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The whole statement.
    pub span: Span,
    /// What is imported, from its root on: `["data", "a", "b"]`, `["input", "x"]`, `["rego", "v1"]`, `["future",
    /// "keywords", "in"]`.
    pub path: Vec<String>,
    /// The name after `as`.
    pub alias: Option<String>,
}

/// A comment, from `#` to the end of its line.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// The place of `#` and of the text.
    pub span: Span,
    /// The text after `#`.
    pub text: String,
}

/// A rule, or one definition of several of the same rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The whole rule.
    pub span: Span,
    /// Whether it begins with `default`.
    pub is_default: bool,
    /// What it defines.
    pub head: Head,
    /// When it holds; empty where it has no body, which is true.
    pub body: Body,
    /// What holds otherwise, in order.
    pub elses: Vec<Else>,
}

/// What a rule defines.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The whole head.
    pub span: Span,
    /// The name: a variable, and what follows it, `a.b[c]`. The operands after the first are strings for `.b`, and any
    /// term for `[c]`. In v0 the key of a partial set, `p[x] { … }`, is not in it: that is [`HeadValue::Contains`].
    pub name: Vec<Term>,
    /// The parameters, where it is a function.
    pub parameters: Option<Vec<Term>>,
    /// What the rule is where its body holds.
    pub value: HeadValue,
}

/// What a rule is where its body holds.
#[derive(Debug, Clone, PartialEq)]
pub enum HeadValue {
    /// `true`, since it says nothing.
    True,
    /// `:= term` or `= term`.
    Is(Term),
    /// `contains term`: a set with the term.
    Contains(Term),
}

impl HeadValue {
    /// The term, where it says one.
    #[must_use]
    pub fn term(&self) -> Option<&Term> {
        match self {
            Self::True => None,
            Self::Is(it) | Self::Contains(it) => Some(it),
        }
    }
}

/// `else := value { body }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Else {
    /// The whole branch.
    pub span: Span,
    /// Its value; `true` where it says none.
    pub value: Option<Term>,
    /// When it holds.
    pub body: Body,
}

/// Expressions that must all hold.
pub type Body = Vec<Expression>;

/// One line of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// The whole expression, `not` and `with` included.
    pub span: Span,
    /// Whether it begins with `not`.
    pub negated: bool,
    /// What it says.
    pub kind: ExpressionKind,
    /// What is replaced while it is evaluated, in order.
    pub with: Vec<With>,
}

/// What an expression says.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpressionKind {
    /// A term, which must be defined and not false.
    Term(Term),
    /// `a = b`.
    Unify(Term, Term),
    /// `a := b`.
    Assign(Term, Term),
    /// `some x, y`.
    Some(Vec<Term>),
    /// `some x in xs`, `some k, v in xs`; key and value are patterns.
    SomeIn {
        /// The pattern before the comma.
        key: Option<Term>,
        /// The pattern before `in`.
        value: Term,
        /// What is gone through.
        collection: Term,
    },
    /// `every x in xs { … }`, `every k, v in xs { … }`.
    Every {
        /// The variable before the comma.
        key: Option<Term>,
        /// The variable before `in`.
        value: Term,
        /// What is gone through.
        domain: Term,
        /// What must hold for each.
        body: Body,
    },
}

/// `with target as value`.
#[derive(Debug, Clone, PartialEq)]
pub struct With {
    /// The whole of it.
    pub span: Span,
    /// What is replaced: a reference into `input` or `data`, or the name of a function.
    pub target: Term,
    /// By what.
    pub value: Term,
}

/// A term.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The whole term.
    pub span: Span,
    /// What it is.
    pub kind: TermKind,
}

impl Term {
    /// The names of a reference that consists of nothing else: `a.b["c"]`.
    #[must_use]
    pub fn text_path(&self) -> Option<Vec<&str>> {
        match &self.kind {
            TermKind::Variable(name) => Some(vec![name]),
            TermKind::Reference(head, operands) => {
                let mut path = head.text_path()?;
                for operand in operands {
                    let TermKind::String(name) = &operand.kind else { return None };
                    path.push(name);
                }
                Some(path)
            }
            _ => None,
        }
    }

    /// Calls `visit` with this term, and then with those inside of it.
    pub fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s Self)) {
        visit(self);
        match &self.kind {
            TermKind::Null
            | TermKind::Bool(_)
            | TermKind::Number(_)
            | TermKind::String(_)
            | TermKind::Variable(_) => {}
            TermKind::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Term(term, with) = part {
                        term.each(visit);
                        with.iter().for_each(|it| it.value.each(visit));
                    }
                }
            }
            TermKind::Reference(head, operands) | TermKind::Call(head, operands) => {
                head.each(visit);
                operands.iter().for_each(|it| it.each(visit));
            }
            TermKind::Array(items) | TermKind::Set(items) => items.iter().for_each(|it| it.each(visit)),
            TermKind::Object(pairs) => {
                for (key, value) in pairs {
                    key.each(visit);
                    value.each(visit);
                }
            }
            TermKind::ArrayComprehension(term, body) | TermKind::SetComprehension(term, body) => {
                term.each(visit);
                each_of_body(body, visit);
            }
            TermKind::ObjectComprehension(pair, body) => {
                pair.0.each(visit);
                pair.1.each(visit);
                each_of_body(body, visit);
            }
        }
    }

    /// The name that it is, where it is a variable.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            TermKind::Variable(name) => Some(name),
            _ => None,
        }
    }
}

/// What a term is.
#[derive(Debug, Clone, PartialEq)]
pub enum TermKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text, its escapes resolved.
    String(String),
    /// `$"…{term}…"`: texts and terms in turn.
    Template(Vec<TemplatePart>),
    /// A variable; `_` is one that is never the same twice. `input` and `data` are variables too.
    Variable(String),
    /// `head.a[b]`: at least one operand. The head is a variable, a call, a composite or a comprehension.
    Reference(Box<Term>, Vec<Term>),
    /// `f(x)`, `a.b.f(x)`. The function is a variable or a reference of strings.
    Call(Box<Term>, Vec<Term>),
    /// `[a, b]`.
    Array(Vec<Term>),
    /// `{a, b}`, `set()`.
    Set(Vec<Term>),
    /// `{a: b}`.
    Object(Vec<(Term, Term)>),
    /// `[term | body]`.
    ArrayComprehension(Box<Term>, Body),
    /// `{term | body}`.
    SetComprehension(Box<Term>, Body),
    /// `{key: value | body}`.
    ObjectComprehension(Box<(Term, Term)>, Body),
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum TemplatePart {
    /// Text, its escapes resolved.
    Text(String),
    /// A term between braces, and what is replaced while it is evaluated: `{x with input as y}`.
    Term(Term, Vec<With>),
}

impl Rule {
    /// Calls `visit` with every term of the rule, each before those inside of it.
    pub fn each_term<'s>(&'s self, visit: &mut dyn FnMut(&'s Term)) {
        let head =
            self.head.name.iter().chain(self.head.parameters.iter().flatten()).chain(self.head.value.term());
        head.for_each(|it| it.each(visit));
        each_of_body(&self.body, visit);
        for branch in &self.elses {
            branch.value.iter().for_each(|it| it.each(visit));
            each_of_body(&branch.body, visit);
        }
    }

    /// Calls `visit` with every expression of the rule, those of bodies in bodies included, each before those inside of it.
    pub fn each_expression<'s>(&'s self, visit: &mut dyn FnMut(&'s Expression)) {
        expressions(&self.body, visit);
        self.elses.iter().for_each(|it| expressions(&it.body, visit));
        self.each_term(&mut |term| match &term.kind {
            TermKind::ArrayComprehension(_, body)
            | TermKind::SetComprehension(_, body)
            | TermKind::ObjectComprehension(_, body) => expressions(body, visit),
            _ => {}
        });
    }
}

/// The expressions of a body, and of `every` in it.
fn expressions<'s>(body: &'s Body, visit: &mut dyn FnMut(&'s Expression)) {
    for expression in body {
        visit(expression);
        if let ExpressionKind::Every { body, .. } = &expression.kind {
            expressions(body, visit);
        }
    }
}

fn each_of_body<'s>(body: &'s Body, visit: &mut dyn FnMut(&'s Term)) {
    for expression in body {
        match &expression.kind {
            ExpressionKind::Term(it) => it.each(visit),
            ExpressionKind::Unify(a, b) | ExpressionKind::Assign(a, b) => {
                a.each(visit);
                b.each(visit);
            }
            ExpressionKind::Some(terms) => terms.iter().for_each(|it| it.each(visit)),
            ExpressionKind::SomeIn { key, value, collection } => {
                key.iter().chain([value, collection]).for_each(|it| it.each(visit));
            }
            ExpressionKind::Every { key, value, domain, body } => {
                key.iter().chain([value, domain]).for_each(|it| it.each(visit));
                each_of_body(body, visit);
            }
        }
        for with in &expression.with {
            with.target.each(visit);
            with.value.each(visit);
        }
    }
}
