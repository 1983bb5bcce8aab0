//! Reads what tests put in the place of an input.

use crate::heap::{Heap, HeapError, Value};

/// Makes of a value that `with input as` puts in the place of the input what policies see instead, with unknowns in it where
/// it says so: each call of the function gives one more.
pub type InputReader = fn(&mut Heap, Value, &mut dyn FnMut() -> Value) -> Result<Value, HeapError>;
