//! Finds the functions that are called, and those that others stand in for.

use super::{Hoist, Resolver};
use crate::builtins::{builtin, is_deprecated};
use crate::compile_error::ErrorCode;
use crate::constants::Constant;
use crate::resolved::{Function, Replacement, StepKind, Target, Term, With};
use crate::syntax::{self, Span, Version};

impl<'a> Resolver<'a> {
    /// A call, its operands computed before it.
    pub(super) fn call(
        &mut self,
        span: Span,
        function: &'a syntax::Term,
        operands: &'a [syntax::Term],
        output: Option<Term>,
        hoist: &mut Hoist<'_>,
    ) -> StepKind {
        let (call, outer) = self.begin_call(hoist);
        let operands: Vec<_> = operands.iter().map(|it| self.operand(it, hoist)).collect();
        self.end_call(hoist, call, outer);
        let Some((function, arity)) = self.function(function) else {
            return StepKind::Test(Term::Constant(self.constants.add(Constant::Bool(false))));
        };
        let mut operands = operands;
        let mut output = output;
        if operands.len() == arity + 1 && output.is_none() {
            output = operands.pop();
        }
        if operands.len() != arity {
            let name = function.name();
            let message =
                format!("{name} takes {arity} operand{}, and has {}", plural(arity), operands.len());
            self.error(ErrorCode::Type, span, message);
        }
        StepKind::Call(function, operands, output)
    }

    /// What is computed from now on is for the operands of a new call. Gives its number, and that of the one around it.
    pub(super) fn begin_call(&mut self, hoist: &mut Hoist<'_>) -> (u32, u32) {
        self.calls += 1;
        (self.calls, std::mem::replace(&mut hoist.call, self.calls))
    }

    pub(super) fn end_call(&mut self, hoist: &mut Hoist<'_>, call: u32, outer: u32) {
        self.last_call = call;
        hoist.call = outer;
    }

    pub(super) fn is_metadata(&self, function: &syntax::Term) -> bool {
        let path = function.text_path().unwrap_or_default();
        self.metadata.is_some()
            && matches!(*path, ["rego", "metadata", "rule" | "chain"])
            && self.global("rego").is_none()
    }

    pub(super) fn function(&mut self, term: &syntax::Term) -> Option<(Function, usize)> {
        let Some(path) = term.text_path() else {
            self.error(ErrorCode::Compile, term.span, "this is not the name of a function".to_owned());
            return None;
        };
        let (first, rest) = path.split_first()?;
        let is_local =
            self.scopes.iter().any(|it| it.declared.contains(first) || it.active.contains_key(first));
        let global = self.global(first).filter(|_| !is_local);
        if let Some(["data", whole @ ..]) = global {
            let whole = [whole, rest].concat();
            if let Some(arity) = (self.names.arity)(&whole) {
                return Some((Function::Defined(owned(&whole)), arity));
            }
        }
        let name = path.join(".");
        // A rule, an import or a variable with the name hides the built-in function.
        if is_local || global.is_some() {
            self.error(
                ErrorCode::Type,
                term.span,
                format!("{name} is no function here: the name stands for something else"),
            );
            return None;
        }
        if let Some(builtin) = builtin(&name) {
            if is_deprecated(&name) && self.names.version == Version::V1 {
                self.error(ErrorCode::Type, term.span, format!("{name} is only there in the old syntax"));
            }
            return Some((Function::Builtin(builtin), builtin.parameters.len()));
        }
        self.error(ErrorCode::Type, term.span, format!("there is no function {name}"));
        None
    }

    pub(super) fn with(&mut self, with: &'a syntax::With, hoist: &mut Hoist<'_>) -> Option<With> {
        let Some(path) = with.target.text_path() else {
            let message = "what `with` replaces is a path of names below input or data, or a function";
            self.error(ErrorCode::Compile, with.target.span, message.to_owned());
            return None;
        };
        let (first, rest) = path.split_first()?;
        let target = match self.global(first) {
            Some(["input", whole @ ..]) => Target::Input(owned(&[whole, rest].concat())),
            Some(whole) => Target::Data(owned(&[whole.get(1..).unwrap_or_default(), rest].concat())),
            None => match builtin(&path.join(".")) {
                Some(it) => Target::Builtin(it.name),
                None => {
                    let message = "`with` replaces input, data and functions that there are".to_owned();
                    self.error(ErrorCode::Compile, with.target.span, message);
                    return None;
                }
            },
        };
        let is_function = match &target {
            Target::Builtin(_) => true,
            Target::Data(path) => self.arity(path).is_some(),
            Target::Input(_) => false,
        };
        if is_function && let Some(function) = self.named_function(&with.value) {
            let arity = match &target {
                Target::Builtin(name) => builtin(name).map(|it| it.parameters.len()),
                Target::Data(path) => self.arity(path),
                Target::Input(_) => None,
            };
            let of_other = match &function {
                Function::Builtin(it) => Some(it.parameters.len()),
                Function::Defined(path) => self.arity(path),
            };
            if arity != of_other {
                let name = function.name();
                let message = format!("{name} takes another number of operands than what it stands in for");
                self.error(ErrorCode::Type, with.value.span, message);
            }
            return Some(With { target, value: Replacement::Function(function) });
        }
        let value = self.operand(&with.value, hoist);
        Some(With { target, value: Replacement::Value(value) })
    }

    fn arity(&self, path: &[String]) -> Option<usize> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        (self.names.arity)(&path)
    }

    /// The function that a term names, where it names one.
    pub(super) fn named_function(&mut self, term: &syntax::Term) -> Option<Function> {
        let path = term.text_path()?;
        let (first, rest) = path.split_first()?;
        if self.scopes.iter().any(|it| it.active.contains_key(first)) {
            return None;
        }
        match self.global(first) {
            Some(whole) => {
                let path = [whole.get(1..).unwrap_or_default(), rest].concat();
                (self.names.arity)(&path).map(|_| Function::Defined(owned(&path)))
            }
            None => builtin(&path.join(".")).map(Function::Builtin),
        }
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|it| (*it).to_owned()).collect()
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
