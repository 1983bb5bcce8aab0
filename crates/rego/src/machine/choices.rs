//! What is left to try: the stack of choices, in place of the machine's own.

use crate::code::{Code, Collection, Kept, NodeId, Position, Register};
use crate::heap::Value;
use crate::taint::Taint;

/// Where to go on when what follows fails.
#[derive(Debug)]
pub(super) struct Choice<'p> {
    pub(super) kind: ChoiceKind<'p>,
    pub(super) taint: Taint,
    pub(super) environment: usize,
    /// The instruction after the one that left it.
    pub(super) position: usize,
}

#[derive(Debug)]
pub(super) enum ChoiceKind<'p> {
    Iterate {
        from: Value,
        next: usize,
        key: Register,
        value: Register,
    },
    Try {
        otherwise: Position,
    },
    Unless {
        otherwise: Position,
        taken: bool,
        maybe: Taint,
    },
    Collect {
        to: Register,
        what: Collection,
        end: Position,
        first: usize,
        keep: Option<Kept>,
    },
    /// Some of the items.
    Pick {
        from: Value,
        numbers: Box<[u32]>,
        next: usize,
        key: Register,
        value: Register,
    },
    Not {
        end: Position,
        maybe: Taint,
    },
    With,
    Call {
        node: NodeId,
        to: Option<Register>,
        code: &'p Code,
        base: usize,
        first: usize,
    },
}
