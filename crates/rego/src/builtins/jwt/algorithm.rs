//! How tokens are signed: with a key that both sides have.

use crate::builtins::call::{Context, Failure};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

/// A hash with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
}

/// Those that OPA knows and that need other keys than texts.
const OTHERS: [&str; 10] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

impl Algorithm {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "HS256" => Self::Hs256,
            "HS384" => Self::Hs384,
            "HS512" => Self::Hs512,
            _ => return None,
        })
    }

    /// Whether OPA knows one of this name that is not here.
    pub(super) fn is_other(name: &str) -> bool {
        OTHERS.contains(&name)
    }

    pub(super) fn sign(self, context: &mut Context<'_>, key: &[u8], text: &[u8]) -> Result<Vec<u8>, Failure> {
        context.spend(8 + (key.len() + text.len()) as u64 / 16)?;
        let code = match self {
            Self::Hs256 => code::<Hmac<Sha256>>(key, text).map(|it| it.finalize().into_bytes().to_vec()),
            Self::Hs384 => code::<Hmac<Sha384>>(key, text).map(|it| it.finalize().into_bytes().to_vec()),
            Self::Hs512 => code::<Hmac<Sha512>>(key, text).map(|it| it.finalize().into_bytes().to_vec()),
        };
        code.ok_or(Failure::Undefined)
    }

    pub(super) fn verify(
        self,
        context: &mut Context<'_>,
        key: &[u8],
        text: &[u8],
        signature: &[u8],
    ) -> Result<bool, Failure> {
        context.spend(8 + (key.len() + text.len()) as u64 / 16)?;
        let is_right = match self {
            Self::Hs256 => code::<Hmac<Sha256>>(key, text).map(|it| it.verify_slice(signature).is_ok()),
            Self::Hs384 => code::<Hmac<Sha384>>(key, text).map(|it| it.verify_slice(signature).is_ok()),
            Self::Hs512 => code::<Hmac<Sha512>>(key, text).map(|it| it.verify_slice(signature).is_ok()),
        };
        Ok(is_right == Some(true))
    }
}

/// Keys of every length are keys.
fn code<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Option<M> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    mac.update(text);
    Some(mac)
}
