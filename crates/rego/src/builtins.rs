//! The functions that the language brings along, each as OPA's own.

use crate::heap::{Heap, HeapError, Value};
use crate::types::Type;

/// A function of the language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Builtin {
    /// Its name, `strings.any_prefix_match`.
    pub(crate) name: &'static str,
    /// What its operands must be. A call with more, or with others than these allow, is refused when it is compiled.
    pub(crate) parameters: &'static [Type],
    /// What it gives.
    pub(crate) result: Type,
    /// Computes it. The operands are as many as the parameters, and nothing in them is unknown.
    pub(crate) call: fn(&mut Context<'_>, &[Value]) -> Result<Value, Failure>,
}

/// What a function may use beside its operands.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// Where values are.
    pub(crate) heap: &'a mut Heap,
    /// The time of the evaluation, in nanoseconds since 1970: the same wherever it is asked.
    pub(crate) now: i64,
    /// Steps that are left. What does more than a little work for its operands takes some of it ([`Context::spend`]).
    pub(crate) steps: &'a mut u64,
}

/// Why a function gives nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The operands are not what it can work with: undefined, or an error where built-ins are strict. The text says what is
    /// wrong and holds none of the values.
    Error(String),
    /// Undefined, and no error in any mode.
    Undefined,
    /// The whole evaluation ends.
    Heap(HeapError),
    /// The whole evaluation ends: out of steps.
    OutOfSteps,
}

impl Context<'_> {
    /// Takes steps for work whose amount depends on the operands: one for about 100 nanoseconds.
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Failure> {
        *self.steps = self.steps.checked_sub(steps).ok_or(Failure::OutOfSteps)?;
        Ok(())
    }
}

impl From<HeapError> for Failure {
    fn from(error: HeapError) -> Self {
        Self::Heap(error)
    }
}

/// The function of this name.
pub(crate) fn builtin(name: &str) -> Option<&'static Builtin> {
    let _ = name;
    None
}
