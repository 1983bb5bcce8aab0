#![doc = include_str!("../README.md")]

mod builtins;
mod heap;
mod number;
pub mod syntax;
mod types;

pub use heap::{Frozen, Heap, HeapError, Mark, UnknownId, Value, View};
pub use number::Number;
