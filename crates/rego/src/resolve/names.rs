//! Says what a name means where it stands, and declares variables.

use super::declarations::pattern_names;
use super::{Hoist, Meaning, Resolver};
use crate::compile_error::ErrorCode;
use crate::resolved::{Term, Variable};
use crate::syntax::{self, Span, TermKind, Version};
use foldhash::HashMap;

impl<'a> Resolver<'a> {
    pub(super) fn check_unused(&mut self) {
        for (variable, span) in std::mem::take(&mut self.unused) {
            let name = self.variables.get(variable.0 as usize).cloned().unwrap_or_default();
            self.error(ErrorCode::Compile, span, format!("`{name}` is declared and not used"));
        }
    }

    /// Says what stands left of `:=` and cannot be given a value.
    pub(super) fn check_assigned(&mut self, pattern: &syntax::Term) {
        match &pattern.kind {
            TermKind::Variable(_) => {}
            TermKind::Array(items) => items.iter().for_each(|it| self.check_assigned(it)),
            TermKind::Object(items) => items.iter().for_each(|(_, it)| self.check_assigned(it)),
            _ => {
                let message = "left of `:=` there can be variables only, in arrays and objects".to_owned();
                self.error(ErrorCode::Compile, pattern.span, message);
            }
        }
    }

    /// A pattern in which every variable is one of the rule.
    pub(super) fn pattern(&mut self, term: &'a syntax::Term) -> Term {
        let span = term.span;
        let mut steps = Vec::new();
        let pattern =
            self.operand(term, &mut Hoist { steps: &mut steps, with: &[], span, closed: false, call: 0 });
        if !steps.is_empty() {
            let message = "a pattern can hold variables and constants, and no references or calls".to_owned();
            self.error(ErrorCode::Compile, span, message);
        }
        pattern
    }

    pub(super) fn meaning(&mut self, name: &'a str) -> Meaning<'a> {
        if name == "_" {
            return Meaning::Variable(self.unnamed());
        }
        if let Some(it) = self.scopes.iter().rev().find_map(|it| it.active.get(name)) {
            self.unused.remove(it);
            return Meaning::Variable(*it);
        }
        if let Some(scope) = self.scopes.last_mut().filter(|it| it.declared.contains(name)) {
            scope.used.insert(name);
        }
        if !self.scopes.iter().any(|it| it.declared.contains(name))
            && let Some(path) = self.global(name)
        {
            return Meaning::Path(path);
        }
        if let Some(it) = self.free.get(name) {
            return Meaning::Variable(*it);
        }
        let variable = self.fresh(name);
        self.free.insert(name, variable);
        Meaning::Variable(variable)
    }

    /// The path that a name stands for, where no variable has it.
    pub(super) fn global(&self, name: &str) -> Option<&'a [&'a str]> {
        self.names.globals.get(name).or_else(|| self.names.rules.get(name)).map(Vec::as_slice)
    }

    pub(super) fn declare_pattern(&mut self, term: &'a syntax::Term) {
        match &term.kind {
            TermKind::Variable(name) if name != "_" => self.declare(name, term.span),
            TermKind::Array(items) => items.iter().for_each(|it| self.declare_pattern(it)),
            TermKind::Object(items) => items.iter().for_each(|(_, value)| self.declare_pattern(value)),
            _ => {}
        }
    }

    /// Declares the names of patterns in which a name can stand twice: it is the same variable then.
    pub(super) fn declare_together(&mut self, patterns: impl IntoIterator<Item = &'a syntax::Term>) {
        let mut names = HashMap::default();
        for pattern in patterns {
            pattern_names(pattern, &mut names);
        }
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by_key(|it| it.1.start);
        for (name, span) in names {
            self.declare(name, span);
        }
    }

    pub(super) fn declare(&mut self, name: &'a str, span: Span) {
        if (name == "input" || name == "data") && self.names.version == Version::V1 {
            self.error(ErrorCode::Compile, span, format!("a variable cannot have the name {name}"));
        }
        let variable = self.fresh(name);
        let is_parameter =
            matches!(self.scopes.as_slice(), [parameters, _] if parameters.active.contains_key(name));
        let Some(scope) = self.scopes.last_mut() else { return };
        let before = scope.active.insert(name, variable);
        if is_parameter {
            self.error(
                ErrorCode::Compile,
                span,
                format!("{name} is a parameter, and cannot be declared again"),
            );
            return;
        }
        let message = match (before, scope.used.contains(name)) {
            (Some(_), _) => format!("{name} is declared above"),
            (None, true) => format!("{name} is used above, before it is declared here"),
            (None, false) => return,
        };
        self.error(ErrorCode::Compile, span, message);
    }

    /// A variable that no name of the text stands for.
    pub(super) fn unnamed(&mut self) -> Variable {
        self.fresh("")
    }

    pub(super) fn fresh(&mut self, name: &str) -> Variable {
        let variable = Variable(u32::try_from(self.variables.len()).unwrap_or(u32::MAX));
        self.variables.push(name.to_owned());
        variable
    }
}
