//! Finds rules that need themselves, directly or by others.

use crate::code::{Callee, Instruction, NodeId, Replace};
use crate::rules::Tree;

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
    pub(crate) circles: Vec<NodeId>,
}

impl Needs {
    /// Finds them, in code that is made.
    pub(crate) fn of(tree: &Tree) -> Self {
        let mut states = vec![State::New; tree.len()];
        let mut found = Self::default();
        for start in tree.ids() {
            if tree.has_rules(start) && state(&states, start) == State::New {
                search(tree, start, &mut states, &mut found);
            }
        }
        found
    }
}

/// Goes down from one rule, without the machine's stack.
fn search(tree: &Tree, start: NodeId, states: &mut [State], found: &mut Needs) {
    let mut path = vec![(start, needs(tree, start))];
    set(states, start, State::Open);
    while let Some((node, pending)) = path.last_mut() {
        let node = *node;
        let Some(next) = pending.pop() else {
            set(states, node, State::Done);
            found.sequence.push(node);
            path.pop();
            continue;
        };
        match state(states, next) {
            State::New => {
                set(states, next, State::Open);
                path.push((next, needs(tree, next)));
            }
            State::Open if !found.circles.contains(&next) => found.circles.push(next),
            State::Open | State::Done => {}
        }
    }
}

fn state(states: &[State], node: NodeId) -> State {
    states.get(node.0 as usize).copied().unwrap_or(State::Done)
}

fn set(states: &mut [State], node: NodeId, state: State) {
    if let Some(it) = states.get_mut(node.0 as usize) {
        *it = state;
    }
}

/// The rules that a rule's code asks for.
fn needs(tree: &Tree, node: NodeId) -> Vec<NodeId> {
    let mut found = Vec::new();
    let Some(node) = tree.node(node) else { return found };
    for instruction in &node.code.instructions {
        match instruction {
            Instruction::Node { node, .. } => below(tree, *node, &mut found),
            Instruction::Call { callee: Callee::Node(node), .. } => found.push(*node),
            Instruction::With { replace } => {
                for it in replace {
                    if let Replace::Function(_, Callee::Node(node)) = it {
                        found.push(*node);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// The rules at a node and below it, and the functions: they are no part of its document, and count as in OPA.
fn below(tree: &Tree, node: NodeId, found: &mut Vec<NodeId>) {
    let mut pending = vec![node];
    while let Some(id) = pending.pop() {
        let Some(node) = tree.node(id) else { continue };
        if node.rule.is_some() {
            found.push(id);
        }
        pending.extend(node.children.values());
    }
}
