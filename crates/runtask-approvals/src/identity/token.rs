//! Reads a signed token (JWT), in an order that its types keep: [`Token`] as sent, [`SignedClaims`] once a key has
//! checked the signature, [`RawClaims`] once they were meant for us and for now.
//!
//! Signatures are checked by `jsonwebtoken` over `ring`. Its own `decode` is not used: it reads the system's clock, takes
//! a claim twice, and cannot read the padded tokens of an AWS load balancer.
//!
//! Sources: RFC 7515, RFC 7519; OpenID Connect Core 1.0, section 3.1.3.7.

use super::claims::RawClaims;
use super::ring_provider;
use super::token_error::{TOKEN_BYTES, TokenError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm as JwtAlgorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// How far the clocks of a token's maker and of us may differ, in seconds.
const LEEWAY: u64 = 60;

/// A way to sign that is accepted. `none`, and everything with a shared secret, has no name here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// As it stands in a token's header.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    pub(super) const fn jwt(self) -> JwtAlgorithm {
        match self {
            Self::Rs256 => JwtAlgorithm::RS256,
            Self::Es256 => JwtAlgorithm::ES256,
        }
    }
}

/// A token as it was sent. Only its header was read, to find the key.
#[derive(Debug)]
pub(super) struct Token<'a> {
    /// What the signature is over.
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
    algorithm: Algorithm,
    header: Header,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
    /// An AWS load balancer's own ARN, and whom it signs people in for.
    signer: Option<String>,
    client: Option<String>,
}

impl<'a> Token<'a> {
    /// Reads what is needed to find the key of `text`, which must be signed in one of the ways `allowed`.
    pub(super) fn read(text: &'a str, allowed: &[Algorithm]) -> Result<Self, TokenError> {
        if text.len() > TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let header: Header =
            serde_json::from_slice(&decoded(header)?).map_err(|_json| TokenError::Malformed)?;
        // An extension that must be understood, and is not (RFC 7515, 4.1.11).
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let algorithm =
            allowed.iter().copied().find(|it| it.name() == header.alg).ok_or(TokenError::Algorithm)?;
        Ok(Self { message, payload, signature, algorithm, header })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Who signed, by the header of an AWS load balancer. Whoever compares it does so after the signature was checked.
    pub(super) fn signer(&self) -> Option<&str> {
        self.header.signer.as_deref()
    }

    /// For whom, by the header of an AWS load balancer, whose tokens have no audience. The same holds for it.
    pub(super) fn client(&self) -> Option<&str> {
        self.header.client.as_deref()
    }

    /// Checks the signature, and only then reads what it is over.
    pub(super) fn verified(&self, key: &DecodingKey) -> Result<SignedClaims, TokenError> {
        ring_provider::install();
        let signature = self.signature.trim_end_matches('=');
        let verified =
            jsonwebtoken::crypto::verify(signature, self.message.as_bytes(), key, self.algorithm.jwt());
        if !verified.is_ok_and(|it| it) {
            return Err(TokenError::Signature);
        }
        let claims =
            serde_json::from_slice(&decoded(self.payload)?).map_err(|_json| TokenError::Malformed)?;
        Ok(SignedClaims(claims))
    }
}

/// Padding is let through: an AWS load balancer's tokens have it, and it means nothing.
fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_base64| TokenError::Malformed)
}

/// Claims that whoever holds the key has made, for anybody and any time.
#[derive(Debug)]
pub(super) struct SignedClaims(RawClaims);

/// What a token must say to be meant for us.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expectation<'a> {
    pub(super) issuer: &'a str,
    /// An AWS load balancer's tokens have none; `signer` and `client` in their header take its place.
    pub(super) audience: Option<&'a str>,
    pub(super) nonce: Option<&'a str>,
}

impl SignedClaims {
    /// Checks whom the claims are from and for, and when; `now` is in seconds since 1970.
    pub(super) fn meant_for(self, expected: &Expectation<'_>, now: u64) -> Result<RawClaims, TokenError> {
        let claims = self.0;
        if claims.text("iss")? != Some(expected.issuer) {
            return Err(TokenError::Issuer);
        }
        if let Some(ours) = expected.audience {
            let audiences = claims.texts("aud")?.ok_or(TokenError::Audience)?;
            let party = claims.text("azp")?;
            let several = audiences.len() > 1;
            let for_us = audiences.contains(&ours);
            if !for_us || party.is_some_and(|it| it != ours) || (several && party.is_none()) {
                return Err(TokenError::Audience);
            }
        }
        let expires = claims.seconds("exp")?.ok_or(TokenError::Expired)?;
        if expires.saturating_add(LEEWAY) <= now {
            return Err(TokenError::Expired);
        }
        for name in ["iat", "nbf"] {
            if claims.seconds(name)?.is_some_and(|it| it > now.saturating_add(LEEWAY)) {
                return Err(TokenError::NotYet);
            }
        }
        if let Some(nonce) = expected.nonce
            && claims.text("nonce")? != Some(nonce)
        {
            return Err(TokenError::Nonce);
        }
        if claims.text("sub")?.is_none_or(str::is_empty) {
            return Err(TokenError::Subject);
        }
        Ok(claims)
    }
}
