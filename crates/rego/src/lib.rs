#![doc = include_str!("../README.md")]

mod annotations;
mod arithmetic;
mod builtins;
mod display;
mod error;
mod heap;
mod json;
mod json_text;
mod number;
mod parser;
mod pattern;
mod pattern_class;
mod print;
mod quote;
pub mod syntax;
mod tokens;
mod types;
mod writer;
mod yaml;

pub use annotations::{Annotation, Scope, Target, annotations};
pub use error::ParseError;
pub use heap::{Frozen, Heap, HeapError, Mark, UnknownId, Value, View};
pub use json::{JsonError, parse as parse_json};
pub use number::Number;
pub use parser::{parse_module, parse_query, parse_term};
pub use yaml::{YamlError, parse_yaml, parse_yaml_documents};
