//! Makes instructions of references: into values, and into the documents of rules.

use super::Emitter;
use crate::code::{Instruction, NodeId, Operand, Position};
use crate::constants::Constant;
use crate::resolved::{Root, Term};
use crate::variables::is_bound;

impl Emitter<'_> {
    pub(super) fn reference(&mut self, root: Root, operands: &[Term]) -> Operand {
        match root {
            Root::Variable(it) => {
                let from = Operand::Register(self.register(it));
                self.path(from, operands)
            }
            Root::Input => {
                let to = self.fresh();
                self.push(Instruction::Input { to });
                self.path(Operand::Register(to), operands)
            }
            Root::Data => {
                self.alternatives = 0;
                self.document(self.tree.root(), Vec::new(), operands)
            }
        }
    }

    /// What is at a path in a value.
    pub(super) fn path(&mut self, from: Operand, operands: &[Term]) -> Operand {
        let mut from = from;
        for operand in operands {
            let to = self.fresh();
            if is_bound(operand, &self.bound) {
                let key = self.value(operand);
                self.push(Instruction::Index { to, from, key });
            } else {
                let key = self.fresh();
                self.push(Instruction::Iterate { from, key, value: to });
                self.unify_value(operand, Operand::Register(key));
            }
            from = Operand::Register(to);
        }
        from
    }

    /// What a path below a node leads to; `before` is the way to the node, below `data`.
    fn document(&mut self, node: NodeId, before: Vec<Operand>, operands: &[Term]) -> Operand {
        let (mut node, mut before, mut rest) = (node, before, operands);
        while let Some((first, after)) = rest.split_first() {
            if self.tree.has_rules(node) {
                break;
            }
            let Some(next) = self.constants.text_of(first).and_then(|it| self.tree.child(node, &it)) else {
                break;
            };
            before.push(self.value(first));
            (node, rest) = (next, after);
        }
        let to = self.fresh();
        let Some((first, after)) = rest.split_first().filter(|_| !self.tree.has_rules(node)) else {
            self.push(Instruction::Node { to, node });
            return self.path(Operand::Register(to), rest);
        };
        if let Term::Constant(id) = first {
            // Paths into the base document are texts: 2 stands for "2".
            let id = match &*self.constants.get(*id) {
                Constant::Number(text) => Constant::String(text.as_str().into()),
                other => other.clone(),
            };
            before.push(Operand::Constant(self.constants.add(id)));
            let from = self.base(&before);
            return self.path(from, after);
        }
        let children: Vec<(String, NodeId)> = self
            .tree
            .node(node)
            .into_iter()
            .flat_map(|it| &it.children)
            .map(|(name, id)| (name.clone(), *id))
            .collect();
        self.alternatives += children.len();
        if self.alternatives > MAX_ALTERNATIVES {
            self.push(Instruction::Node { to, node });
            return self.path(Operand::Register(to), rest);
        }
        // One alternative for each child, and one for what only the base document has.
        let key = is_bound(first, &self.bound).then(|| self.value(first));
        let bound = self.bound.mark();
        let mut ends = Vec::new();
        let mut names = Vec::new();
        for (name, child) in children {
            let otherwise = self.push(Instruction::Try { otherwise: Position(0) });
            self.bound.restore(bound);
            let id = self.constants.text(&name);
            names.push(id);
            let name = Operand::Constant(id);
            match key {
                Some(key) => {
                    self.push(Instruction::Equal { a: key, b: name });
                }
                None => self.unify_value(first, name),
            }
            let mut before = before.clone();
            before.push(name);
            let from = self.document(child, before, after);
            self.push(Instruction::Copy { to, from });
            ends.push(self.push(Instruction::Jump { to: Position(0) }));
            self.land(otherwise);
        }
        self.bound.restore(bound);
        let from = self.base(&before);
        let found = self.fresh();
        match key {
            Some(key) => {
                self.push(Instruction::NoneOf { it: key, names });
                self.push(Instruction::Index { to: found, from, key });
            }
            None => {
                let key = self.fresh();
                self.push(Instruction::Iterate { from, key, value: found });
                self.push(Instruction::NoneOf { it: Operand::Register(key), names });
                self.unify_value(first, Operand::Register(key));
            }
        }
        let from = self.path(Operand::Register(found), after);
        self.push(Instruction::Copy { to, from });
        for end in ends {
            self.land(end);
        }
        Operand::Register(to)
    }

    /// What the base document has at a path.
    fn base(&mut self, path: &[Operand]) -> Operand {
        let to = self.fresh();
        self.push(Instruction::Data { to });
        let mut from = Operand::Register(to);
        for key in path {
            let to = self.fresh();
            self.push(Instruction::Index { to, from, key: *key });
            from = Operand::Register(to);
        }
        from
    }
}

/// How many children of nodes one path tells apart, where it goes through all of them; where there are more, it goes through
/// the whole document.
const MAX_ALTERNATIVES: usize = 128;
