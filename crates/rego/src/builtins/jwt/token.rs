//! A token: header, payload and signature.

use crate::builtins::call::{Context, Failure, error};
use crate::builtins::encoding::{base64url_bytes, text_of};
use crate::heap::Value;
use crate::heap::View;
use crate::json::{JsonError, parse};

/// A token, its parts as they are written.
#[derive(Debug)]
pub(super) struct Token<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    /// What is signed: header and payload with the point between them.
    pub(super) signed: &'t str,
}

impl<'t> Token<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, Failure> {
        if !text.contains('.') {
            return Err(error("encoded JWT had no period separators"));
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(error(format!("encoded JWT must have 3 sections, found {}", parts.len())));
        };
        let signed = text.rsplit_once('.').map_or("", |it| it.0);
        Ok(Self { header, payload, signature, signed })
    }

    pub(super) fn header(&self, context: &mut Context<'_>) -> Result<Value, Failure> {
        let header = text_of(&bytes(self.header, "header")?);
        let header = object(context, &header)?;
        if context.heap.get_text(header, "enc").is_some() {
            return Err(error("JWT is a JWE object, which is not supported"));
        }
        Ok(header)
    }

    pub(super) fn payload(&self) -> Result<String, Failure> {
        Ok(text_of(&bytes(self.payload, "payload")?))
    }

    pub(super) fn signature(&self) -> Result<Vec<u8>, Failure> {
        bytes(self.signature, "signature")
    }
}

fn bytes(section: &str, name: &str) -> Result<Vec<u8>, Failure> {
    match base64url_bytes(section) {
        Err(Failure::Error(why)) => Err(error(format!("JWT {name} had invalid encoding: {why}"))),
        result => result,
    }
}

/// A section that must be an object.
pub(super) fn object(context: &mut Context<'_>, json: &str) -> Result<Value, Failure> {
    let value = parse(context.heap, json.as_bytes()).map_err(|failure| match failure {
        JsonError::Heap(failure) => failure.into(),
        JsonError::Syntax { .. } => error("a section of the JWT is no JSON"),
    })?;
    match context.heap.view(value) {
        View::Object(_) => Ok(value),
        _ => Err(error("decoded JSON type was not an Object")),
    }
}
