//! The public keys of an issuer (JWKS): fetched, kept, and chosen by a token's `kid`.
//!
//! Source: RFC 7517.

use super::fetch::fetch;
use super::kept::{KeptDocument, Unavailable, Want};
use super::token::{Algorithm, SignedClaims, Token};
use super::token_error::TokenError;
use crate::outbound::Outbound;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;
use tracing::warn;
use url::Url;

/// Keys of one issuer that are looked at.
const KEYS: usize = 64;

/// Why a token was not verified.
#[derive(Debug)]
pub(super) enum VerifyError {
    /// The token's fault.
    Token(TokenError),
    /// The keys could not be had.
    Unavailable,
}

impl From<TokenError> for VerifyError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<Unavailable> for VerifyError {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// The keys at an address.
#[derive(Debug)]
pub(super) struct KeySet {
    outbound: Outbound,
    kept: KeptDocument<Vec<Jwk>>,
}

impl KeySet {
    pub(super) fn new(outbound: Outbound) -> Self {
        Self { outbound, kept: KeptDocument::new() }
    }

    /// Checks the signature of `token` with the key at `url` that it names. An unknown name has the keys fetched again.
    pub(super) async fn verify(
        &self,
        url: &Url,
        token: &Token<'_>,
        now: u64,
    ) -> Result<SignedClaims, VerifyError> {
        let id = token.key_id().ok_or(TokenError::UnknownKey)?;
        for want in [Want::Kept, Want::Newer] {
            let keys = self.kept.get(want, now, keys(&self.outbound, url)).await?;
            if let Some(key) = chosen(&keys, id, token.algorithm()) {
                let key = DecodingKey::from_jwk(key).map_err(|_key| TokenError::UnknownKey)?;
                return Ok(token.verified(&key)?);
            }
        }
        Err(TokenError::UnknownKey.into())
    }
}

/// The key named `id`, where it is of the kind that `algorithm` needs.
fn chosen<'a>(keys: &'a [Jwk], id: &str, algorithm: Algorithm) -> Option<&'a Jwk> {
    keys.iter().find(|it| it.common.key_id.as_deref() == Some(id) && fits(it, algorithm))
}

fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let for_signatures = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let (kind, declared) = match algorithm {
        Algorithm::Rs256 => (matches!(key.algorithm, AlgorithmParameters::RSA(_)), KeyAlgorithm::RS256),
        Algorithm::Es256 => (
            matches!(&key.algorithm, AlgorithmParameters::EllipticCurve(it) if it.curve == EllipticCurve::P256),
            KeyAlgorithm::ES256,
        ),
    };
    for_signatures && kind && key.common.key_algorithm.is_none_or(|it| it == declared)
}

async fn keys(outbound: &Outbound, url: &Url) -> Result<Vec<Jwk>, Unavailable> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<Value>,
    }
    let bytes = fetch(outbound, "the issuer's keys", url).await?;
    let document: Document = serde_json::from_slice(&bytes).map_err(|_json| {
        warn!(host = url.host_str(), "the issuer's keys are not in a form that is known");
        Unavailable
    })?;
    // A key of a kind that is not known is nobody's fault; the others count.
    Ok(document.keys.into_iter().take(KEYS).filter_map(|it| serde_json::from_value(it).ok()).collect())
}
