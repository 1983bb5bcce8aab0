//! Functions that a policy cannot have here, because they reach outside of it. They are known, so that tests can put others
//! in their place; called, they end the evaluation.

use super::call::{Builtin, Context, Failure};
use crate::heap::Value;
use crate::types::{OBJECT, Type};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("http.send", &[OBJECT], OBJECT, refuse),
    Builtin::new("net.lookup_ip_addr", &[Type::String], Type::Set(&Type::String), refuse),
    Builtin::new("providers.aws.sign_req", &[OBJECT, OBJECT, Type::Number], OBJECT, refuse),
];

fn refuse(_: &mut Context<'_>, _: &[Value]) -> Result<Value, Failure> {
    Err(Failure::Refused)
}
