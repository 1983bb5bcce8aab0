//! Finds rules that need themselves, directly or by others.

use crate::code::{Callee, Instruction, NodeId, Replace};
use crate::rules::Tree;
use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// Which rules need which.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// All rules, each after those that it needs.
    pub(crate) sequence: Vec<NodeId>,
    /// Rules that need themselves: one of each circle.
    pub(crate) circles: BTreeSet<NodeId>,
}

/// What is gone through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Rule(NodeId),
    /// The document of a node: its rule, and the documents below it. Its functions are no part of it, and count as in OPA.
    Document(NodeId),
}

impl Needs {
    /// Finds them, in code that is made.
    pub(crate) fn of(tree: &Tree) -> Self {
        let mut states =
            States { rules: vec![State::New; tree.len()], documents: vec![State::New; tree.len()] };
        let mut found = Self::default();
        for start in tree.ids() {
            if tree.has_rules(start) && states.get(Item::Rule(start)) == State::New {
                search(tree, start, &mut states, &mut found);
            }
        }
        found
    }
}

struct States {
    rules: Vec<State>,
    documents: Vec<State>,
}

impl States {
    fn get(&self, item: Item) -> State {
        let state = match item {
            Item::Rule(node) => self.rules.get(node.0 as usize),
            Item::Document(node) => self.documents.get(node.0 as usize),
        };
        state.copied().unwrap_or(State::Done)
    }

    fn set(&mut self, item: Item, state: State) {
        let place = match item {
            Item::Rule(node) => self.rules.get_mut(node.0 as usize),
            Item::Document(node) => self.documents.get_mut(node.0 as usize),
        };
        if let Some(it) = place {
            *it = state;
        }
    }
}

/// Goes down from one rule, without the machine's stack.
fn search(tree: &Tree, start: NodeId, states: &mut States, found: &mut Needs) {
    let mut path = vec![(Item::Rule(start), needs(tree, start))];
    // The rules on the path.
    let mut rules = vec![start];
    states.set(Item::Rule(start), State::Open);
    while let Some((item, pending)) = path.last_mut() {
        let item = *item;
        let Some(next) = pending.pop() else {
            states.set(item, State::Done);
            if let Item::Rule(node) = item {
                found.sequence.push(node);
                rules.pop();
            }
            path.pop();
            continue;
        };
        match (states.get(next), next) {
            (State::New, Item::Rule(node)) => {
                states.set(next, State::Open);
                rules.push(node);
                path.push((next, needs(tree, node)));
            }
            (State::New, Item::Document(node)) => {
                states.set(next, State::Open);
                path.push((next, below(tree, node)));
            }
            (State::Open, Item::Rule(node)) => {
                found.circles.insert(node);
            }
            // Of the rules on the path, the last one needs it, and is in it.
            (State::Open, Item::Document(_)) => found.circles.extend(rules.last()),
            (State::Done, _) => {}
        }
    }
}

/// What a rule's code asks for.
fn needs(tree: &Tree, node: NodeId) -> Vec<Item> {
    let mut found = Vec::new();
    let Some(node) = tree.node(node) else { return found };
    for instruction in &node.code.instructions {
        match instruction {
            Instruction::Node { node, .. } => found.push(Item::Document(*node)),
            Instruction::Call { callee: Callee::Node(node), .. } => found.push(Item::Rule(*node)),
            Instruction::With { replace } => {
                for it in replace {
                    match it {
                        Replace::Data(path, _) => found.extend(tree.find(path).map(Item::Document)),
                        Replace::Function(target, other) => {
                            found.extend([target, other].into_iter().filter_map(function))
                        }
                        Replace::FunctionByValue(target, _) => found.extend(function(target)),
                        Replace::Input(..) => {}
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn function(callee: &Callee) -> Option<Item> {
    match callee {
        Callee::Node(node) => Some(Item::Rule(*node)),
        Callee::Builtin(_) => None,
    }
}

/// What the document of a node consists of.
fn below(tree: &Tree, id: NodeId) -> Vec<Item> {
    let Some(node) = tree.node(id) else { return Vec::new() };
    let rule = node.rule.is_some().then_some(Item::Rule(id));
    rule.into_iter().chain(node.children.values().map(|it| Item::Document(*it))).collect()
}
