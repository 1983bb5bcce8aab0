//! Functions that a policy cannot have here, because they reach outside of it or a plan has no use for them. They are known,
//! so that tests can put others in their place; called, they end the evaluation, since undefined would pass for nothing found.

use super::call::{Builtin, Context, Failure};
use crate::heap::Value;
use crate::types::Type;

pub(crate) static ALL: &[Builtin] = &[
    refused("crypto.parse_private_keys", &[Type::Any; 1]),
    refused("crypto.x509.parse_and_verify_certificates", &[Type::Any; 1]),
    refused("crypto.x509.parse_and_verify_certificates_with_options", &[Type::Any; 2]),
    refused("crypto.x509.parse_certificate_request", &[Type::Any; 1]),
    refused("crypto.x509.parse_certificates", &[Type::Any; 1]),
    refused("crypto.x509.parse_keypair", &[Type::Any; 2]),
    refused("crypto.x509.parse_rsa_private_key", &[Type::Any; 1]),
    refused("graphql.is_valid", &[Type::Any; 2]),
    refused("graphql.parse", &[Type::Any; 2]),
    refused("graphql.parse_and_verify", &[Type::Any; 2]),
    refused("graphql.parse_query", &[Type::Any; 1]),
    refused("graphql.parse_schema", &[Type::Any; 1]),
    refused("graphql.schema_is_valid", &[Type::Any; 1]),
    refused("http.send", &[Type::Any; 1]),
    refused("io.jwt.verify_eddsa", &[Type::Any; 2]),
    refused("io.jwt.verify_es256", &[Type::Any; 2]),
    refused("io.jwt.verify_es384", &[Type::Any; 2]),
    refused("io.jwt.verify_es512", &[Type::Any; 2]),
    refused("io.jwt.verify_ps256", &[Type::Any; 2]),
    refused("io.jwt.verify_ps384", &[Type::Any; 2]),
    refused("io.jwt.verify_ps512", &[Type::Any; 2]),
    refused("io.jwt.verify_rs256", &[Type::Any; 2]),
    refused("io.jwt.verify_rs384", &[Type::Any; 2]),
    refused("io.jwt.verify_rs512", &[Type::Any; 2]),
    refused("net.lookup_ip_addr", &[Type::Any; 1]),
    refused("providers.aws.sign_req", &[Type::Any; 3]),
];

const fn refused(name: &'static str, parameters: &'static [Type]) -> Builtin {
    Builtin::new(name, parameters, Type::Any, refuse)
}

fn refuse(_: &mut Context<'_>, _: &[Value]) -> Result<Value, Failure> {
    Err(Failure::Refused)
}
