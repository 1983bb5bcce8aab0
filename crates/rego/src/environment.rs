//! What a rule sees around it: input, base document, what `with` replaces, and what has been computed so far.

use crate::code::{Callee, Kept, NodeId};
use crate::heap::Value;
use crate::taint::Taint;
use foldhash::{HashMap, HashSet};

/// The value of a rule or document and what it hangs on; `None` where it is undefined.
pub(crate) type Outcome = Option<(Value, Taint)>;

/// What a rule sees around it.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) input: Option<Value>,
    pub(crate) data: Value,
    /// Paths below `data` whose rules are replaced by what stands in `data`.
    pub(crate) replaced: Vec<Vec<String>>,
    pub(crate) mocks: Vec<(Callee, Mock)>,
    /// The environment around this one.
    pub(crate) outer: usize,
    known: Option<Box<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    rules: HashMap<NodeId, Outcome>,
    documents: HashMap<NodeId, Outcome>,
    begun: HashSet<NodeId>,
    kept: HashMap<Kept, Value>,
    /// Of documents that are being evaluated, the nodes that were not looked at yet.
    pending: HashMap<NodeId, Vec<NodeId>>,
}

/// What stands in for a function.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mock {
    Function(Callee),
    Value(Value),
}

/// An environment with nothing in it.
pub(crate) static NOWHERE: Environment = Environment::new(None, Value::NULL);

impl Environment {
    pub(crate) const fn new(input: Option<Value>, data: Value) -> Self {
        Self { input, data, replaced: Vec::new(), mocks: Vec::new(), outer: 0, known: None }
    }

    /// An environment in this one, the `outer`-th.
    pub(crate) fn inner(&self, outer: usize) -> Self {
        Self {
            input: self.input,
            data: self.data,
            replaced: self.replaced.clone(),
            mocks: self.mocks.clone(),
            outer,
            known: None,
        }
    }

    /// An environment in this one, the `outer`-th, in which nothing stands in for functions.
    pub(crate) fn without_mocks(&self, outer: usize) -> Self {
        Self { mocks: Vec::new(), ..self.inner(outer) }
    }

    pub(crate) fn mock(&self, callee: Callee) -> Option<&Mock> {
        self.mocks.iter().rev().find(|(it, _)| same(*it, callee)).map(|(_, mock)| mock)
    }

    pub(crate) fn is_replaced(&self, path: &[String]) -> bool {
        self.replaced.iter().any(|it| path.starts_with(it))
    }

    pub(crate) fn document(&self, node: NodeId) -> Option<Outcome> {
        self.known.as_ref()?.documents.get(&node).copied()
    }

    pub(crate) fn is_evaluated(&self, node: NodeId) -> bool {
        self.known.as_ref().is_some_and(|it| it.rules.contains_key(&node))
    }

    pub(crate) fn evaluated(&self, node: NodeId) -> Outcome {
        self.known.as_ref()?.rules.get(&node).copied().flatten()
    }

    pub(crate) fn remember(&mut self, node: NodeId, outcome: Outcome) {
        self.known.get_or_insert_default().rules.insert(node, outcome);
    }

    pub(crate) fn remember_document(&mut self, node: NodeId, outcome: Outcome) {
        self.known.get_or_insert_default().documents.insert(node, outcome);
    }

    /// Takes the nodes of a document that were not looked at yet.
    pub(crate) fn pending(&mut self, node: NodeId) -> Option<Vec<NodeId>> {
        self.known.as_mut()?.pending.remove(&node)
    }

    pub(crate) fn keep_pending(&mut self, node: NodeId, nodes: Vec<NodeId>) {
        self.known.get_or_insert_default().pending.insert(node, nodes);
    }

    pub(crate) fn kept(&self, id: Kept) -> Option<Value> {
        self.known.as_ref()?.kept.get(&id).copied()
    }

    pub(crate) fn keep(&mut self, id: Kept, value: Value) {
        self.known.get_or_insert_default().kept.insert(id, value);
    }

    /// Forgets what has been computed.
    pub(crate) fn forget(&mut self) {
        self.known = None;
    }

    /// Says that a rule is being evaluated; true where it already is.
    pub(crate) fn begin(&mut self, node: NodeId) -> bool {
        !self.known.get_or_insert_default().begun.insert(node)
    }
}

fn same(a: Callee, b: Callee) -> bool {
    match (a, b) {
        (Callee::Builtin(a), Callee::Builtin(b)) => a.name == b.name,
        (Callee::Node(a), Callee::Node(b)) => a == b,
        _ => false,
    }
}
