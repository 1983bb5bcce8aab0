//! What an evaluation did, line by line: for coverage, for profiles, and to say why a rule found nothing.

use crate::code::{Instruction, Operand, Place};
use crate::heap::Value;
use std::collections::BTreeMap;

/// What happened at a place of the policies.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// How often it was come to.
    pub reached: u64,
    /// How often it did not hold, or held no more.
    pub failed: u64,
    /// What was looked at when it did not hold for the last time: the sides of a comparison, the operands of a call, what is
    /// gone into and the key. They are values of the answer's heap.
    pub values: Vec<Value>,
}

/// Notes what happens at each place.
#[derive(Debug, Default)]
pub(crate) struct Observations {
    places: BTreeMap<Place, Observation>,
}

impl Observations {
    pub(crate) fn reached(&mut self, place: Place) {
        self.places.entry(place).or_default().reached += 1;
    }

    pub(crate) fn failed(&mut self, place: Place, values: Vec<Value>) {
        let observation = self.places.entry(place).or_default();
        observation.failed += 1;
        observation.values = values;
    }

    /// What was noted since this was asked last.
    pub(crate) fn take(&mut self) -> BTreeMap<Place, Observation> {
        std::mem::take(&mut self.places)
    }
}

/// What an instruction looks at; `None` where its failing says nothing, as with the end of a loop.
pub(crate) fn looked_at(instruction: &Instruction) -> Option<Vec<Operand>> {
    match instruction {
        Instruction::Equal { a, b } => Some(vec![*a, *b]),
        Instruction::Index { from, key, .. } => Some(vec![*from, *key]),
        Instruction::Test { it }
        | Instruction::IsCollection { it }
        | Instruction::IsArray { it, .. }
        | Instruction::IsObject { it, .. } => Some(vec![*it]),
        Instruction::Call { operands, .. } => Some(operands.clone()),
        Instruction::Input { .. } | Instruction::Node { .. } | Instruction::Found => Some(Vec::new()),
        _ => None,
    }
}
