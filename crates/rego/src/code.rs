//! What a rule becomes: instructions over registers.
//!
//! A body is nested loops. An instruction that can succeed in several ways leaves a choice behind; one that fails goes back to
//! the last choice. What was put into registers since is simply put there again, since what is bound where is known when
//! the code is made.

use crate::builtins::Builtin;
use crate::resolved::ConstantId;
use crate::syntax::Span;

/// A register of a rule's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Register(pub(crate) u32);

/// Where an instruction stands in its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position(pub(crate) u32);

/// A node of the tree of rules, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(pub(crate) u32);

/// What is read: a register, or a constant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operand {
    Register(Register),
    Constant(ConstantId),
}

/// A function that is called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Callee {
    Builtin(&'static Builtin),
    Node(NodeId),
}

/// A comprehension that hangs on nothing around it, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kept(pub(crate) u32);

/// What a block collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Collection {
    Array,
    Set,
    Object,
}

/// What is replaced for a block.
#[derive(Debug, Clone)]
pub(crate) enum Replace {
    Input(Vec<ConstantId>, Operand),
    Data(Vec<String>, Operand),
    Function(Callee, Callee),
    FunctionByValue(Callee, Operand),
}

/// One thing to do.
#[derive(Debug, Clone)]
pub(crate) enum Instruction {
    Copy {
        to: Register,
        from: Operand,
    },
    /// Fails where there is no input.
    Input {
        to: Register,
    },
    /// The base document, without rules.
    Data {
        to: Register,
    },
    /// The document of a node: its rules, and what is underneath.
    Node {
        to: Register,
        node: NodeId,
    },
    /// Fails where there is nothing.
    Index {
        to: Register,
        from: Operand,
        key: Operand,
    },
    /// One item after the other.
    Iterate {
        from: Operand,
        key: Register,
        value: Register,
    },
    /// One item after the other of those that can have a value at a path; the others need not be told apart.
    IterateWhere {
        from: Operand,
        key: Register,
        value: Register,
        path: Vec<ConstantId>,
        equals: Operand,
    },
    Array {
        to: Register,
        items: Vec<Operand>,
    },
    Set {
        to: Register,
        items: Vec<Operand>,
    },
    Object {
        to: Register,
        items: Vec<(Operand, Operand)>,
    },
    /// Fails unless they are equal.
    Equal {
        a: Operand,
        b: Operand,
    },
    /// Fails where it is false.
    Test {
        it: Operand,
    },
    /// Fails unless it is an array, an object or a set.
    IsCollection {
        it: Operand,
    },
    /// Fails unless it is an array of so many items.
    IsArray {
        it: Operand,
        length: u32,
    },
    /// Fails unless it is an object of so many items.
    IsObject {
        it: Operand,
        length: u32,
    },
    Call {
        to: Register,
        callee: Callee,
        operands: Vec<Operand>,
    },
    /// Leaves a choice: where what follows fails, goes on at `otherwise`.
    Try {
        otherwise: Position,
    },
    /// Leaves a choice: where what follows never came to [`Instruction::Taken`], goes on at `otherwise`, else fails.
    Unless {
        otherwise: Position,
        mark: Register,
    },
    /// Says to the choice in `mark` that a branch was taken.
    Taken {
        mark: Register,
    },
    /// Begins a block that collects, and goes on at `end` when it can find no more.
    /// With `keep`, the same wherever it is asked for, and computed once.
    Collect {
        to: Register,
        what: Collection,
        end: Position,
        keep: Option<Kept>,
    },
    /// Adds to the block, and fails.
    Item {
        value: Operand,
    },
    /// Adds to the block, and fails.
    Pair {
        key: Operand,
        value: Operand,
    },
    /// Begins a block that must fail, and goes on at `end` when it has.
    Not {
        end: Position,
    },
    /// The end of such a block.
    Found,
    /// Begins a block in which something is replaced.
    With {
        replace: Vec<Replace>,
    },
    /// The end of such a block.
    EndWith,
    /// Gives the rule its value, and fails to find other ones. With `enough`, others need not be looked for.
    Yield {
        value: Operand,
        enough: bool,
    },
    /// Adds to a partial rule, and fails.
    YieldAt {
        keys: Vec<Operand>,
        value: Operand,
        contains: bool,
    },
    /// Gives one solution of a query, and fails.
    Solution {
        values: Vec<Operand>,
    },
    Print {
        operands: Vec<Operand>,
    },
    /// Goes on elsewhere.
    Jump {
        to: Position,
    },
    /// Fails where it is one of these.
    NoneOf {
        it: Operand,
        names: Vec<ConstantId>,
    },
    Fail,
}

/// Instructions of a rule for which there is room from the beginning. Most rules have fewer.
const USUAL_LENGTH: usize = 64;

/// The code of a rule's definitions, one after the other, or of a query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Code {
    pub(crate) instructions: Vec<Instruction>,
    /// Where each instruction comes from.
    pub(crate) places: Vec<Place>,
    pub(crate) registers: u32,
}

impl Code {
    /// None yet, and room for what most rules are.
    pub(crate) fn with_room() -> Self {
        Self {
            instructions: Vec::with_capacity(USUAL_LENGTH),
            places: Vec::with_capacity(USUAL_LENGTH),
            registers: 0,
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The file, by its number in the order in which files were added.
    pub file: u32,
    /// Where in it.
    pub span: Span,
}
