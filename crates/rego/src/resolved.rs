//! A body whose names are resolved and whose calls are taken apart, so that each step does one thing.

use crate::builtins::Builtin;
use crate::syntax::Span;

/// A variable of a rule, by its number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Variable(pub(crate) u32);

/// A constant of the policy, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConstantId(pub(crate) u32);

/// A term in which no call is left, and no reference in another term.
#[derive(Debug, Clone)]
pub(crate) enum Term {
    Constant(ConstantId),
    Variable(Variable),
    /// At least one operand, except for `input` and `data` themselves.
    Reference(Root, Vec<Term>),
    Array(Vec<Term>),
    Set(Vec<Term>),
    Object(Vec<(Term, Term)>),
    Comprehension(Box<Comprehension>),
}

/// Where a reference begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    Input,
    Data,
    Variable(Variable),
}

/// A comprehension.
#[derive(Debug, Clone)]
pub(crate) struct Comprehension {
    pub(crate) kind: ComprehensionKind,
    pub(crate) body: Vec<Step>,
    pub(crate) span: Span,
}

/// What a comprehension collects.
#[derive(Debug, Clone)]
pub(crate) enum ComprehensionKind {
    Array(Term),
    Set(Term),
    Object(Term, Term),
}

/// One thing that must hold.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) span: Span,
    pub(crate) kind: StepKind,
    pub(crate) negated: bool,
    /// Whether it binds nothing but the variable that it is for.
    pub(crate) closed: bool,
    /// The number of the call that it is, or whose operand it computes; 0 where there is none. A reference in an operand binds
    /// its variables only where all else that the call needs is bound.
    pub(crate) call: u32,
    pub(crate) with: Vec<With>,
}

/// What must hold.
#[derive(Debug, Clone)]
pub(crate) enum StepKind {
    /// It is defined and not false.
    Test(Term),
    /// They are equal, for what can be bound in them.
    Unify(Term, Term),
    /// They are equal; nothing but the operands of references is bound.
    Compare(Term, Term),
    /// The call is defined. Where there is an output, it unifies with what the function gives; where there is none, that
    /// must not be false.
    Call(Function, Vec<Term>, Option<Term>),
    /// The body holds for each item.
    Every { key: Term, value: Term, domain: Term, body: Vec<Step> },
    /// Prints its operands, defined or not.
    Print(Vec<Term>),
}

/// A function that is called.
#[derive(Debug, Clone)]
pub(crate) enum Function {
    /// One of the language.
    Builtin(&'static Builtin),
    /// One of the policy, by its path below `data`.
    Defined(Vec<String>),
}

impl Function {
    /// Its name in messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Builtin(builtin) => builtin.name.to_owned(),
            Self::Defined(path) => format!("data.{}", path.join(".")),
        }
    }
}

/// What is replaced for a step.
#[derive(Debug, Clone)]
pub(crate) struct With {
    pub(crate) target: Target,
    pub(crate) value: Replacement,
}

/// What can be replaced.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Input(Vec<String>),
    Data(Vec<String>),
    Builtin(&'static str),
}

/// By what.
#[derive(Debug, Clone)]
pub(crate) enum Replacement {
    Value(Term),
    Function(Function),
}

/// One definition of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) file: usize,
    pub(crate) span: Span,
    /// The head alone.
    pub(crate) head: Span,
    /// Of its variables, by their numbers; empty for those that no name of the text stands for.
    pub(crate) names: Vec<String>,
    /// Of a function.
    pub(crate) parameters: Vec<Term>,
    /// What it is, and otherwise is.
    pub(crate) branches: Vec<Branch>,
}

/// A body and what holds with it.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    /// Where its head is.
    pub(crate) span: Span,
    pub(crate) body: Vec<Step>,
    /// The operands of the head that are not in the rule's path.
    pub(crate) keys: Vec<Term>,
    pub(crate) value: Term,
}
