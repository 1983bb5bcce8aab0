//! `io.jwt.*`: what a token says, and tokens that are signed with a key that both sides have. Other keys are refused.

mod algorithm;
mod sign;
mod token;
mod verify;

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::{Value, View};
use crate::types::{NAMED, OBJECT, Type};
use algorithm::Algorithm;
use token::{Token, object};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("io.jwt.decode", &[Type::String], Type::Tuple(&[OBJECT, OBJECT, Type::String]), decode),
    Builtin::new(
        "io.jwt.decode_verify",
        &[Type::String, NAMED],
        Type::Tuple(&[Type::Boolean, OBJECT, OBJECT]),
        verify::decode_verify,
    ),
    Builtin::new("io.jwt.encode_sign", &[NAMED, NAMED, NAMED], Type::String, sign::encode_sign),
    Builtin::new("io.jwt.encode_sign_raw", &[Type::String; 3], Type::String, sign::encode_sign_raw),
    Builtin::new("io.jwt.verify_hs256", TWO, Type::Boolean, |context, operands| {
        verify::verify(context, operands, Algorithm::Hs256)
    }),
    Builtin::new("io.jwt.verify_hs384", TWO, Type::Boolean, |context, operands| {
        verify::verify(context, operands, Algorithm::Hs384)
    }),
    Builtin::new("io.jwt.verify_hs512", TWO, Type::Boolean, |context, operands| {
        verify::verify(context, operands, Algorithm::Hs512)
    }),
];

const TWO: &[Type] = &[Type::String, Type::String];

/// Header, payload and signature; those of the token within where the payload is one.
fn decode(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [token] = take(operands)?;
    let mut text = context.text(token, 1)?.to_owned();
    loop {
        // Each token within is shorter than the one around it.
        context.spend(1 + text.len() as u64 / 16)?;
        let token = Token::read(&text)?;
        let header = token.header(context)?;
        let payload = token.payload()?;
        match context.heap.get_text(header, "cty").map(|it| context.heap.view(it)) {
            Some(View::String("JWT")) => text = payload.trim_matches(['"', '\'']).to_owned(),
            None | Some(View::String(_)) => {
                let payload = object(context, &payload)?;
                let signature = hex::encode(token.signature()?);
                let signature = context.heap.string(&signature)?;
                return Ok(context.heap.array(&[header, payload, signature])?);
            }
            Some(_) => return Err(error("JWT content type is not a string")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::call::Cache;
    use crate::builtins::calls::{calls, fails, value};
    use crate::heap::Heap;

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

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyIjoiYWxpY2UiLCJhenAiOiJhbGljZSIsInN1Ym9yZGluYXRlcyI6W10sImhyIjpmYWxzZX0.rz3jTY033z-NrKfwrK89_dcLF7TN4gwCMj-fVBDyLoM";

    #[test]
    fn signatures_with_a_secret_are_verified() {
        for (secret, wanted) in [("secret", "true"), ("other", "false"), ("", "false")] {
            calls(ALL, &[("io.jwt.verify_hs256", &format!("[\"{TOKEN}\", \"{secret}\"]"), wanted)]);
            calls(ALL, &[("io.jwt.verify_hs512", &format!("[\"{TOKEN}\", \"{secret}\"]"), "false")]);
        }
        let payload = r#"{"azp": "alice", "hr": false, "subordinates": [], "user": "alice"}"#;
        let right = format!(r#"[true, {{"alg": "HS256", "typ": "JWT"}}, {payload}]"#);
        for (constraints, wanted) in [
            (r#"{"secret": "secret"}"#, right.as_str()),
            (r#"{"secret": "secret", "alg": "HS256"}"#, &right),
            (r#"{"secret": "secret", "alg": "HS384"}"#, "[false, {}, {}]"),
            (r#"{"secret": "secret", "iss": "x"}"#, "[false, {}, {}]"),
            (r#"{"secret": "secret", "aud": "x"}"#, "[false, {}, {}]"),
            (r#"{"secret": "other"}"#, "[false, {}, {}]"),
        ] {
            calls(ALL, &[("io.jwt.decode_verify", &format!("[\"{TOKEN}\", {constraints}]"), wanted)]);
        }
    }

    #[test]
    fn what_is_no_constraint_is_told() {
        for (constraints, wanted) in [
            ("{}", "no key constraint"),
            (r#"{"secret": ""}"#, "no key constraint"),
            (r#"{"secret": "x", "cert": "y"}"#, "duplicate key constraints"),
            (r#"{"secret": "x", "key": "y"}"#, "unknown token validation constraint"),
            (r#"{"secret": 1}"#, "secret constraint: must be a string"),
            (r#"{"secret": "x", "time": "now"}"#, "token time constraint: must be a number"),
            (r#"{"secret": "x", "time": -1}"#, "token time constraint: must not be negative"),
        ] {
            fails(ALL, "io.jwt.decode_verify", &format!("[\"{TOKEN}\", {constraints}]"), wanted);
        }
        fails(ALL, "io.jwt.verify_hs256", r#"["a.b", "x"]"#, "encoded JWT must have 3 sections, found 2");
    }

    /// Signs a payload, and holds the token against constraints.
    fn signed(header: &str, payload: &str, constraints: &str) -> Result<bool, Failure> {
        let mut heap = Heap::new(1 << 20);
        let operands = format!(r#"[{header}, {payload}, {{"kty": "oct", "k": "c2VjcmV0"}}]"#);
        let (mut steps, mut cache) = (100_000, Cache::default());
        let operands = value(&mut heap, &crate::parse_term(&operands).expect("JSON"));
        let constraints = value(&mut heap, &crate::parse_term(constraints).expect("JSON"));
        let mut context = Context::in_test(&mut heap, &mut steps, &mut cache);
        let operands = context.array(operands, 1)?.to_vec();
        let token = sign::encode_sign(&mut context, &operands)?;
        let verified = verify::decode_verify(&mut context, &[token, constraints])?;
        Ok(heap.shown(verified).starts_with("[true"))
    }

    #[test]
    fn tokens_are_held_against_time_and_audience() {
        let with = |payload: &str, constraints: &str| {
            let constraints = format!("{{\"secret\": \"secret\"{constraints}}}");
            signed(r#"{"alg": "HS384"}"#, payload, &constraints)
        };
        for (payload, constraints, wanted) in [
            (r#"{"exp": 1700000001}"#, "", true),
            (r#"{"exp": 1700000000}"#, "", false),
            (r#"{"nbf": 1700000000}"#, "", true),
            (r#"{"nbf": 1700000000.5}"#, "", false),
            (r#"{"exp": 2, "nbf": 1}"#, r#", "time": 1500000000"#, true),
            (r#"{"aud": "a"}"#, r#", "aud": "a""#, true),
            (r#"{"aud": ["b", "a"]}"#, r#", "aud": "a""#, true),
            (r#"{"aud": "a"}"#, "", false),
            (r#"{"iss": "a"}"#, r#", "iss": "a""#, true),
            (r#"{"iss": 1}"#, r#", "iss": "a""#, false),
        ] {
            assert_eq!(with(payload, constraints).expect("a token"), wanted, "{payload} {constraints}");
        }
        for payload in [r#"{"exp": null}"#, r#"{"nbf": "x"}"#] {
            assert!(matches!(with(payload, ""), Err(Failure::Error(_))), "{payload}");
        }
    }

    #[test]
    fn keys_that_are_no_secrets_end_the_evaluation() {
        let secret = r#"{"secret": "secret"}"#;
        for (header, constraints) in
            [(r#"{"alg": "RS256"}"#, secret), (r#"{"alg": "HS256"}"#, r#"{"cert": "x"}"#)]
        {
            assert!(matches!(signed(header, "{}", constraints), Err(Failure::Refused)), "{header}");
        }
        assert!(matches!(signed(r#"{"alg": "none"}"#, "{}", secret), Err(Failure::Error(_))));
        let critical = r#"{"alg": "HS256", "crit": ["x"], "x": 1}"#;
        assert!(matches!(signed(critical, "{}", secret), Ok(false)));
    }
}
