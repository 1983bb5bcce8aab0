//! `trace`, which holds and does nothing: what it notes is for OPA's own trace.

use super::call::Builtin;
use crate::heap::Value;
use crate::types::Type;

pub(crate) static ALL: &[Builtin] =
    &[Builtin::new("trace", &[Type::String], Type::Boolean, |_, _| Ok(Value::TRUE))];
