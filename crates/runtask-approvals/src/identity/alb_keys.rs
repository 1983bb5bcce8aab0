//! The public keys of AWS load balancers: one in PEM at an address that ends in its `kid`.
//!
//! Source: AWS, "Authenticate users using an Application Load Balancer".

use super::fetch::fetch;
use super::kept::{KeptDocument, Want};
use super::key_set::VerifyError;
use super::token::{SignedClaims, Token};
use super::token_error::TokenError;
use crate::outbound::Outbound;
use jsonwebtoken::DecodingKey;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::warn;
use url::Url;

/// Keys that are kept; a load balancer has one, and a new one from time to time.
const KEYS: usize = 16;

/// What stands before the point of a P-256 key in DER (RFC 5480): algorithm, curve, length.
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Bytes of such a point, uncompressed.
const POINT_BYTES: usize = 65;

type KeptKey = Arc<KeptDocument<Option<DecodingKey>>>;

/// Keys by `kid`.
#[derive(Debug)]
pub(super) struct AlbKeys {
    outbound: Outbound,
    keys: Mutex<HashMap<String, KeptKey>>,
}

impl AlbKeys {
    pub(super) fn new(outbound: Outbound) -> Self {
        Self { outbound, keys: Mutex::default() }
    }

    /// Checks the signature of `token` with the key below `base` that it names.
    pub(super) async fn verify(
        &self,
        base: &Url,
        token: &Token<'_>,
        now: u64,
    ) -> Result<SignedClaims, VerifyError> {
        // The name becomes a part of an address, so it is nothing but a UUID.
        let id = token.key_id().filter(|it| is_uuid(it)).ok_or(TokenError::UnknownKey)?;
        let url = base.join(&format!("/{id}")).map_err(|_url| VerifyError::Unavailable)?;
        let fetching = async {
            let bytes = fetch(&self.outbound, "the load balancer's key", &url).await?;
            let key = p256(&bytes);
            if key.is_none() {
                warn!("the load balancer's key is no P-256 key in PEM");
            }
            Ok(key)
        };
        let kept = self.kept(id);
        let key = kept.get(Want::Kept, now, fetching).await?;
        let key = key.as_ref().as_ref().ok_or(TokenError::UnknownKey)?;
        Ok(token.verified(key)?)
    }

    /// Where the key named `id` is kept. Whoever makes up names makes us forget the others, no more.
    fn kept(&self, id: &str) -> KeptKey {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS && !keys.contains_key(id) {
            keys.clear();
        }
        Arc::clone(keys.entry(id.to_owned()).or_insert_with(|| Arc::new(KeptDocument::new())))
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, it)| match at {
            8 | 13 | 18 | 23 => it == b'-',
            _ => it.is_ascii_hexdigit(),
        })
}

fn p256(pem: &[u8]) -> Option<DecodingKey> {
    let key = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok()?;
    let point = key.as_ref().strip_prefix(&P256_PREFIX)?;
    (point.len() == POINT_BYTES).then(|| DecodingKey::from_ec_der(point))
}
