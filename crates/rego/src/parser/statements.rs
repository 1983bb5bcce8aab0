//! The statements of a file: its package, its imports, its rules.

use super::cursor::{Fault, Parsed, Parser};
use crate::syntax::{Import, Module, Span, Term, TermKind, Version};
use crate::tokens::{Kind, Word, word};

impl Parser<'_> {
    /// A whole file. After a mistake it goes on with the next line that begins at the left edge.
    pub(super) fn module(&mut self) -> Module {
        let mut module = Module {
            version: self.version,
            package: Vec::new(),
            package_span: Span::default(),
            imports: Vec::new(),
            rules: Vec::new(),
            comments: Vec::new(),
        };
        if !self.is_statement(Word::Package) {
            let hint = Some("a file begins with its package, as `package main`");
            let fault = self.expected("`package`", hint);
            self.report(fault);
        }
        while !self.is(Kind::End) && !self.is_full() {
            let place = self.place();
            if self.has_faults() && self.eat(Kind::RightBrace) {
                // It closes what was not understood.
                continue;
            }
            if let Err(fault) = self.statement(&mut module) {
                self.recover(place, &fault);
                self.report(fault);
            }
        }
        module.comments = std::mem::take(&mut self.comments);
        module
    }

    fn is_statement(&self, word: Word) -> bool {
        self.is_keyword(word) && !self.is_keyword_of_reference()
    }

    fn statement(&mut self, module: &mut Module) -> Parsed<()> {
        if self.is_statement(Word::Package) {
            self.package(module)
        } else if self.is_statement(Word::Import) {
            let import = self.import()?;
            module.imports.push(import);
            Ok(())
        } else {
            self.rules(&mut module.rules)
        }
    }

    /// Goes to the next token at the left edge, behind the mistake, and not behind what only closes something.
    fn recover(&mut self, statement: usize, fault: &Fault) {
        self.go_to(fault.at.max(statement));
        if self.place() == statement {
            self.advance();
        }
        let begins = |it: &Self| matches!(it.token().kind, Kind::Word(_)) && it.is_at_start_of_line();
        while !self.is(Kind::End) && !begins(self) {
            self.advance();
        }
    }

    fn package(&mut self, module: &mut Module) -> Parsed<()> {
        let start = self.span();
        self.advance();
        let path = self.path()?;
        if module.package.is_empty() {
            module.package = path;
            module.package_span = self.span_from(start);
            Ok(())
        } else {
            Err(self.fault_at(start, "a file has one package, at its beginning", None))
        }
    }

    /// A variable and texts, `a.b["c"]`. Any word may begin it.
    fn path(&mut self) -> Parsed<Vec<String>> {
        let head = self.variable()?;
        let term = self.reference(head, false)?;
        path_of(&term)
            .ok_or_else(|| self.fault_at(term.span, "expected a path of names, as `a.b[\"c\"]`", None))
    }

    fn import(&mut self) -> Parsed<Import> {
        let start = self.span();
        self.advance();
        let name = self.span();
        let path = self.path()?;
        let alias = if self.eat_keyword(Word::As) {
            if !self.is_name() {
                return Err(self.expected("a name after `as`", None));
            }
            let name = self.text_of(self.span()).to_owned();
            if matches!(name.as_str(), "input" | "data") {
                return Err(self.expected("another name after `as`", None));
            }
            self.advance();
            Some(name)
        } else {
            None
        };
        let span = self.span_from(start);
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let wrong = |message: &'static str, hint| Err(self.fault_at(name, message, hint));
        match names.as_slice() {
            ["future" | "rego", ..] if alias.is_some() && self.must_not_rename(&names) => {
                return wrong("what is imported here cannot be renamed", None);
            }
            ["future", "keywords"] => self.make_keywords(&[Word::If, Word::In, Word::Every, Word::Contains]),
            ["future", "keywords", "if"] => self.make_keywords(&[Word::If]),
            ["future", "keywords", "in"] => self.make_keywords(&[Word::In]),
            ["future", "keywords", "every"] => self.make_keywords(&[Word::Every, Word::In]),
            ["future", "keywords", "contains"] => self.make_keywords(&[Word::Contains]),
            ["future", ..] => {
                let hint =
                    Some("there are `future.keywords` and, below it, `if`, `in`, `every` and `contains`");
                return wrong("nothing of this name can be imported", hint);
            }
            ["rego", "v1"] => {
                self.make_keywords(&[Word::If, Word::In, Word::Every, Word::Contains]);
                self.is_strict = true;
            }
            ["rego", ..] => return wrong("nothing of this name can be imported", Some("there is `rego.v1`")),
            ["input" | "data", .., last] if alias.is_none() && self.is_keyword_text(last) => {
                return wrong(
                    "what is imported here has the name of a keyword",
                    Some("give it another with `as`"),
                );
            }
            ["input" | "data", ..] => {}
            _ => return wrong("an import begins with `data`, `input`, `rego` or `future`", None),
        }
        Ok(Import { span, path, alias })
    }

    fn is_keyword_text(&self, name: &str) -> bool {
        match word(name) {
            Word::Name => false,
            Word::If | Word::In | Word::Every | Word::Contains => self.version == Version::V1,
            _ => true,
        }
    }

    /// In today's language the import of `rego.v1` means nothing.
    fn must_not_rename(&self, names: &[&str]) -> bool {
        names != ["rego", "v1"] || self.version == Version::V0
    }
}

fn path_of(term: &Term) -> Option<Vec<String>> {
    match &term.kind {
        TermKind::Variable(name) => Some(vec![name.clone()]),
        TermKind::Reference(head, operands) => {
            let TermKind::Variable(name) = &head.kind else { return None };
            let text = |term: &Term| match &term.kind {
                TermKind::String(text) => Some(text.clone()),
                _ => None,
            };
            std::iter::once(Some(name.clone())).chain(operands.iter().map(text)).collect()
        }
        _ => None,
    }
}
