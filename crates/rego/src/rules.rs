//! The tree of rules: packages, the rules in them, and what each rule is made of.

use crate::code::{Code, NodeId};
use crate::resolved::{ConstantId, Definition, Term};
use std::collections::BTreeMap;

/// All rules, by their paths below `data`.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

/// A place in the tree.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// What its path is.
    pub(crate) path: Vec<String>,
    pub(crate) children: BTreeMap<String, NodeId>,
    pub(crate) rule: Option<Rule>,
    /// How its document is computed; of a function, how its value is.
    pub(crate) code: Code,
}

/// A rule, all its definitions together.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) kind: RuleKind,
    /// Each with whether it says `contains`.
    pub(crate) definitions: Vec<(Definition, bool)>,
    pub(crate) default: Option<ConstantId>,
    /// A default that has to be computed: a comprehension.
    pub(crate) computed_default: Option<Definition>,
}

/// The kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleKind {
    /// One value.
    Complete,
    /// One value for its operands: how many there are.
    Function(usize),
    /// A set.
    Set,
    /// An object, or objects in objects with values or sets in them.
    Object,
}

impl Rule {
    /// How many keys deep its values are.
    pub(crate) fn depth(&self) -> usize {
        let keys = self.definitions.iter().flat_map(|(it, _)| &it.branches).map(|it| it.keys.len());
        keys.max().unwrap_or(0)
    }

    fn has_computed_keys(&self) -> bool {
        let mut branches = self.definitions.iter().filter_map(|(it, _)| it.branches.first());
        branches.any(|it| it.keys.iter().any(|key| !matches!(key, Term::Constant(_))))
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Tree {
    pub(crate) fn root(&self) -> NodeId {
        NodeId(0)
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id.0 as usize)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeId)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn child(&self, id: NodeId, name: &str) -> Option<NodeId> {
        self.node(id)?.children.get(name).copied()
    }

    pub(crate) fn has_rules(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|it| it.rule.is_some())
    }

    pub(crate) fn find<N: AsRef<str>>(&self, path: &[N]) -> Option<NodeId> {
        path.iter().try_fold(self.root(), |node, name| self.child(node, name.as_ref()))
    }

    /// The function at a path.
    pub(crate) fn function<N: AsRef<str>>(&self, path: &[N]) -> Option<NodeId> {
        self.find(path).filter(|it| self.arity(*it).is_some())
    }

    /// How many parameters a node has, if it is a function.
    pub(crate) fn arity(&self, id: NodeId) -> Option<usize> {
        match self.node(id)?.rule.as_ref()?.kind {
            RuleKind::Function(arity) => Some(arity),
            _ => None,
        }
    }

    /// Whether a rule above a path has keys that are computed: then what is at the path is an item of that rule's document, and
    /// is there only if something is in it.
    pub(crate) fn is_among_keys(&self, path: &[String]) -> bool {
        let mut at = self.root();
        for name in path {
            let rule = self.node(at).and_then(|it| it.rule.as_ref());
            if rule.is_some_and(Rule::has_computed_keys) {
                return true;
            }
            let Some(child) = self.child(at, name) else { return false };
            at = child;
        }
        false
    }

    /// The node at a path, made where there is none.
    pub(crate) fn make(&mut self, path: &[&str]) -> NodeId {
        let mut at = self.root();
        for (depth, name) in path.iter().enumerate() {
            at = match self.child(at, name) {
                Some(child) => child,
                None => {
                    let child = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
                    let path = path.iter().take(depth + 1).map(|it| (*it).to_owned()).collect();
                    self.nodes.push(Node { path, ..Node::default() });
                    if let Some(node) = self.node_mut(at) {
                        node.children.insert((*name).to_owned(), child);
                    }
                    child
                }
            };
        }
        at
    }
}
