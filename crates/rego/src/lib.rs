#![doc = include_str!("../README.md")]

mod builtins;
mod error;
mod heap;
mod number;
mod parser;
mod print;
pub mod syntax;
mod tokens;
mod types;

pub use error::ParseError;
pub use heap::{Frozen, Heap, HeapError, Mark, UnknownId, Value, View};
pub use number::Number;
pub use parser::{parse_module, parse_query, parse_term};
