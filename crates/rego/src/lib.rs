#![doc = include_str!("../README.md")]

mod annotations;
mod arithmetic;
mod builtins;
mod check_types;
mod code;
mod compile;
mod compile_error;
mod constants;
mod display;
mod emit;
mod engine;
mod environment;
mod error;
mod evaluation_error;
mod heap;
mod index;
mod item;
mod json;
mod json_text;
mod machine;
mod metadata;
mod number;
mod observation;
mod order;
mod parser;
mod pattern;
mod pattern_class;
mod print;
mod quote;
mod recursion;
mod resolve;
mod resolved;
mod rules;
mod shape;
pub mod syntax;
mod taint;
mod tokens;
mod types;
mod unknowns;
mod writer;
mod yaml;

pub use annotations::{Annotation, Scope, Target, annotations};
pub use code::Place;
pub use compile_error::{CompileError, ErrorCode};
pub use engine::{
    Answer, AskError, Compiled, Documents, Item, Policies, Query, QueryError, Session, Solution,
};
pub use error::ParseError;
pub use evaluation_error::EvaluationError;
pub use heap::{Frozen, Heap, HeapError, Mark, UnknownId, Value, View};
pub use json::{JsonError, parse as parse_json};
pub use machine::Limits;
pub use number::Number;
pub use observation::Observation;
pub use parser::{parse_module, parse_query, parse_term};
pub use yaml::{YamlError, parse_yaml, parse_yaml_documents};
