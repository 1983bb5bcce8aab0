//! `io.jwt.decode`: what a token says, whoever signed it.

use super::call::{Builtin, Context, Failure, error, take};
use super::encoding::{base64url_bytes, text_of};
use crate::heap::{Value, View};
use crate::json::{JsonError, parse};
use crate::types::{OBJECT, Type};

pub(crate) static ALL: &[Builtin] =
    &[Builtin::new("io.jwt.decode", &[Type::String], Type::Tuple(&[OBJECT, OBJECT, Type::String]), decode)];

/// Header, payload and signature; those of the token within where the payload is one.
fn decode(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [token] = take(operands)?;
    let mut token = context.text(token, 1)?.to_owned();
    loop {
        // Each token within is shorter than the one around it.
        context.spend(1 + token.len() as u64 / 16)?;
        if !token.contains('.') {
            return Err(error("encoded JWT had no period separators"));
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(error(format!("encoded JWT must have 3 sections, found {}", parts.len())));
        };
        let header = text_of(&bytes(header, "header")?);
        let header = object(context, &header)?;
        if context.heap.get_text(header, "enc").is_some() {
            return Err(error("JWT is a JWE object, which is not supported"));
        }
        let payload = text_of(&bytes(payload, "payload")?);
        match context.heap.get_text(header, "cty").map(|it| context.heap.view(it)) {
            Some(View::String("JWT")) => token = payload.trim_matches(['"', '\'']).to_owned(),
            None | Some(View::String(_)) => {
                let payload = object(context, &payload)?;
                let signature = hex::encode(bytes(signature, "signature")?);
                let signature = context.heap.string(&signature)?;
                return Ok(context.heap.array(&[header, payload, signature])?);
            }
            Some(_) => return Err(error("JWT content type is not a string")),
        }
    }
}

fn bytes(section: &str, name: &str) -> Result<Vec<u8>, Failure> {
    match base64url_bytes(section) {
        Err(Failure::Error(why)) => Err(error(format!("JWT {name} had invalid encoding: {why}"))),
        result => result,
    }
}

fn object(context: &mut Context<'_>, json: &str) -> Result<Value, Failure> {
    let value = parse(context.heap, json.as_bytes()).map_err(|failure| match failure {
        JsonError::Heap(failure) => failure.into(),
        JsonError::Syntax { .. } => error("a section of the JWT is no JSON"),
    })?;
    match context.heap.view(value) {
        View::Object(_) => Ok(value),
        _ => Err(error("decoded JSON type was not an Object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::calls::{calls, fails};

    #[test]
    fn tokens_are_read_as_in_opa() {
        const INNER: &str = r#"[{"alg": "HS256", "typ": "JWT"}, {"iss": "opa", "sub": "0"}, "5e65682e81c8de9c4cb4c3bf59138d3122731940cff690e3cbc269d3fb5d4576"]"#;
        for (token, wanted) in [
            (
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwIiwiaXNzIjoib3BhIn0.XmVoLoHI3pxMtMO_WRONMSJzGUDP9pDjy8Jp0_tdRXY",
                INNER,
            ),
            (
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImN0eSI6IkpXVCJ9.ImV5SmhiR2NpT2lKSVV6STFOaUlzSW5SNWNDSTZJa3BYVkNKOS5leUp6ZFdJaU9pSXdJaXdpYVhOeklqb2liM0JoSW4wLlhtVm9Mb0hJM3B4TXRNT19XUk9OTVNKekdVRFA5cERqeThKcDBfdGRSWFki.8W0qx4mLxslmZl7wEMUWBxH7tST3XsEuWXxesXqFnRI",
                INNER,
            ),
            (
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiAiMCIsImlzcyI6ICJub3Qgb3BhIiwgImlzcyI6ICJhbHNvIG5vdCBvcGEiLCAiaXNzIjogIm9wYSJ9.XmVoLoHI3pxMtMO_WRONMSJzGUDP9pDjy8Jp0_tdRXY",
                INNER,
            ),
            (
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.c2ln",
                r#"[{"alg": "HS256", "typ": "JWT"}, {"sub": "x"}, "736967"]"#,
            ),
        ] {
            calls(ALL, &[("io.jwt.decode", &format!("[\"{token}\"]"), wanted)]);
        }
    }

    #[test]
    fn what_is_no_token_is_told() {
        for (token, wanted) in [
            ("e30", "encoded JWT had no period separators"),
            ("e30.e30", "encoded JWT must have 3 sections, found 2"),
            ("e^0.e30.e30", "JWT header had invalid encoding: illegal base64 data"),
            ("e30.e/0.e30", "JWT payload had invalid encoding: illegal base64 data"),
            ("e30.e30.e(0", "JWT signature had invalid encoding: illegal base64 data"),
            ("eyJlbmMiOiJibGFoIn0.e30.e30", "JWT is a JWE object, which is not supported"),
            ("W10.e30.e30", "decoded JSON type was not an Object"),
            ("e30.W10.e30", "decoded JSON type was not an Object"),
            ("e30.eA.e30", "a section of the JWT is no JSON"),
            ("eyJjdHkiOjF9.e30.e30", "JWT content type is not a string"),
            ("eyJjdHkiOiJKV1QifQ.e30.e30", "encoded JWT had no period separators"),
        ] {
            fails(ALL, "io.jwt.decode", &format!("[\"{token}\"]"), wanted);
        }
    }
}
