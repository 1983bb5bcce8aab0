//! The bodies of files and blocks: arguments and blocks.

use super::cursor::Parser;
use crate::kind::Kind;
use crate::summary::Summary;
use crate::work;
use std::collections::HashSet;

/// What a body is the body of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    File,
    /// A block `variable` that is in no other block: its `type` is rewritten in a way of its own.
    Variable,
    Block,
}

/// Up to how many names are compared with each other, and not by a table.
const FEW: usize = 16;

impl<'f> Parser<'f> {
    pub(super) fn file(&mut self) {
        self.body(Owner::File, 0);
    }

    /// Arguments and blocks to the brace that ends them, which is read; for a file to its end.
    fn body(&mut self, owner: Owner, opener: usize) {
        if !self.descend() {
            return;
        }
        let first = self.found.arguments.len();
        let (close, skipped) = match owner {
            Owner::File => (Kind::End, Kind::End),
            Owner::Variable | Owner::Block => (Kind::CloseBrace, Kind::CloseBrace),
        };
        loop {
            match self.peek() {
                Kind::Newline => {
                    self.read();
                }
                Kind::Name => self.item(owner),
                kind if kind == close => {
                    self.read();
                    break;
                }
                Kind::End => {
                    self.report_first(Summary::UnclosedConfigurationBlock, opener);
                    self.is_quiet = true;
                    break;
                }
                kind => {
                    let summary = if kind == Kind::OpenQuote {
                        Summary::InvalidArgumentName
                    } else {
                        Summary::ArgumentOrBlockDefinitionRequired
                    };
                    self.read();
                    self.report_first(summary, self.last);
                    self.skip_past(skipped);
                    break;
                }
            }
        }
        self.find_redefined(first);
        self.found.arguments.truncate(first);
        self.depth -= 1;
    }

    /// What begins with a name.
    fn item(&mut self, owner: Owner) {
        self.read();
        let name = self.last;
        match self.peek() {
            Kind::Assign => {
                self.read();
                self.note_argument(name);
                self.argument(owner, name);
            }
            Kind::Name | Kind::OpenQuote | Kind::OpenBrace => self.block(owner, name),
            _ => {
                self.report(Summary::ArgumentOrBlockDefinitionRequired, name);
                self.skip_item();
            }
        }
    }

    fn note_argument(&mut self, name: usize) {
        self.found.arguments.push(u32::try_from(name).unwrap_or(u32::MAX));
    }

    /// A value, and the line break behind it.
    fn argument(&mut self, owner: Owner, name: usize) {
        let failed = self.value(owner, name);
        if failed && self.is_quiet {
            return self.skip_item();
        }
        match self.peek() {
            Kind::End => {}
            Kind::Newline => {
                self.read();
            }
            kind => {
                let next = self.next();
                let summary = if kind == Kind::Comma {
                    Summary::UnexpectedCommaAfterArgument
                } else {
                    Summary::MissingNewlineAfterArgument
                };
                self.report_first(summary, next);
                self.skip_item();
            }
        }
    }

    fn value(&mut self, owner: Owner, name: usize) -> bool {
        let first = self.next();
        self.found.deletions.clear();
        let failed = self.expression();
        if self.found.faults.is_empty() && self.found.doubt.is_none() {
            let is_type = owner == Owner::Variable && self.bytes(name) == b"type";
            self.rewrite_value(first, self.last, is_type);
        }
        failed
    }

    /// A block, from behind its type.
    fn block(&mut self, owner: Owner, name: usize) {
        let Some(opener) = self.header(name) else { return };
        let inner = match owner {
            Owner::File if self.bytes(name) == b"variable" => Owner::Variable,
            _ => Owner::Block,
        };
        match self.peek() {
            Kind::Newline | Kind::End | Kind::CloseBrace => self.body(inner, opener),
            _ => self.one_line_body(inner, opener),
        }
        match self.peek() {
            Kind::End => {}
            Kind::Newline => {
                self.read();
            }
            _ => {
                let next = self.next();
                self.report_first(Summary::MissingNewlineAfterBlockDefinition, next);
                self.skip_item();
            }
        }
    }

    /// One argument and the brace behind it, without a line break.
    fn one_line_body(&mut self, owner: Owner, opener: usize) {
        let order = self.found.faults.len();
        self.one_line_argument(owner);
        match self.peek() {
            Kind::CloseBrace => {
                self.read();
            }
            kind => {
                let next = self.next();
                let is_reported = !self.is_quiet || matches!(kind, Kind::Comma | Kind::Newline);
                let (summary, place) = match kind {
                    Kind::End => (Summary::UnclosedConfigurationBlock, opener),
                    _ => (Summary::InvalidSingleArgumentBlockDefinition, next),
                };
                if is_reported {
                    self.report_before(summary, place, order);
                }
                self.skip_past(Kind::CloseBrace);
            }
        }
    }

    fn one_line_argument(&mut self, owner: Owner) {
        let is_name = self.read() == Kind::Name;
        let name = self.last;
        if !is_name {
            self.report(Summary::ArgumentOrBlockDefinitionRequired, name);
            return self.skip_item();
        }
        match self.peek() {
            Kind::Assign => {
                self.read();
                let failed = self.value(owner, name);
                if failed && self.is_quiet {
                    self.skip_item();
                }
            }
            Kind::Name | Kind::OpenQuote | Kind::OpenBrace => {
                self.report(Summary::ArgumentDefinitionRequired, name);
                self.skip_item();
            }
            _ => {
                self.report(Summary::ArgumentOrBlockDefinitionRequired, name);
                self.skip_item();
            }
        }
    }

    /// Reports arguments of a body that have a name which an earlier one has.
    fn find_redefined(&mut self, first: usize) {
        let end = self.found.arguments.len();
        if end - first <= FEW {
            for later in first + 1..end {
                if (first..later).any(|earlier| self.argument_name(earlier) == self.argument_name(later)) {
                    self.report_redefined(later);
                }
            }
            return;
        }
        let mut seen = HashSet::with_capacity(end - first);
        for index in first..end {
            if !seen.insert(self.argument_name(index)) {
                self.report_redefined(index);
            }
        }
    }

    fn argument_name(&self, index: usize) -> &'f [u8] {
        work::step();
        self.found.arguments.get(index).map_or(&[], |it| self.bytes(*it as usize))
    }

    fn report_redefined(&mut self, index: usize) {
        if let Some(&name) = self.found.arguments.get(index) {
            self.report(Summary::AttributeRedefined, name as usize);
        }
    }
}
