//! Makes and verifies HMAC-SHA-512 signatures over the raw bytes of a request.
//!
//! The signature proves who sent a request, not when: the protocol has no time stamp, so a repeated request
//! verifies again. So work on requests has to be keyed by task result.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha512;

/// Name of the header that carries the signature: 128 lowercase hex digits, or nothing when the run task has no key.
pub const SIGNATURE_HEADER: &str = "x-tfc-task-signature";

/// What senders other than HCP Terraform put before the digits.
const PREFIX: &[u8] = b"sha512=";

/// Bytes of a key that is long enough. RFC 2104 asks for the length of the hash, 64 bytes here, and nobody finds a random
/// key of half of that.
const LONG_ENOUGH: usize = 32;

/// An HMAC key: the bytes of the string that was typed into HCP Terraform, undecoded.
#[derive(Debug, Clone)]
pub struct Key(SecretSlice<u8>);

/// Why a string is no key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// An empty key would verify whatever anybody signs with it.
    #[error("the key is empty")]
    Empty,
}

impl Key {
    /// Takes a key as it was given to HCP Terraform.
    ///
    /// # Errors
    ///
    /// When it is empty.
    pub fn new(key: &str) -> Result<Self, KeyError> {
        if key.is_empty() { Err(KeyError::Empty) } else { Ok(Self(key.as_bytes().to_vec().into())) }
    }

    /// What is wrong with the key, though it can be used, for the people whose key it is.
    #[must_use]
    pub fn weakness(&self) -> Option<&'static str> {
        (self.0.expose_secret().len() < LONG_ENOUGH).then_some(
            "the HMAC key has fewer than 32 bytes: whoever sees one signed request could find it by trying, and sign \
             their own. Make one with `openssl rand -hex 32`",
        )
    }

    /// The value of `X-TFC-Task-Signature` that HCP Terraform would send with `body`.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        hex::encode(self.mac(body).finalize().into_bytes())
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha512> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
        let mac = Hmac::<Sha512>::new_from_slice(self.0.expose_secret()).expect("any length fits");
        mac.chain_update(body)
    }
}

/// Which of the keys a request was signed with; for logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyName {
    /// The key that is in force.
    Current,
    /// The one before it, for a while after a rotation.
    Previous,
}

impl KeyName {
    /// `current` or `previous`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
        }
    }
}

/// A signature as it was sent, not yet compared with anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Reads the values of the header `X-TFC-Task-Signature`. It takes nothing else to refuse most of what strangers send.
    ///
    /// # Errors
    ///
    /// Says why; a caller replies 401 to all of them and logs which.
    pub fn parse<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<Self, SignatureError> {
        let value = values.next().unwrap_or_default();
        if values.next().is_some() {
            return Err(SignatureError::Repeated);
        }
        if value.is_empty() {
            return Err(SignatureError::Missing);
        }
        let mut digest = [0; 64];
        let digits = value.strip_prefix(PREFIX).unwrap_or(value);
        hex::decode_to_slice(digits, &mut digest).map_err(|_hex| SignatureError::Malformed)?;
        Ok(Self(digest))
    }
}

/// The keys that verify a request. More than one, so that a key can be rotated without losing a run.
#[derive(Debug, Clone)]
pub struct KeyRing {
    current: Key,
    previous: Option<Key>,
}

/// A request body whose signature was checked. [`KeyRing::verify`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedBody<'a>(&'a [u8]);

impl<'a> SignedBody<'a> {
    /// Takes a body on trust. For services that were told, by an explicit setting, to run without a key.
    #[must_use]
    pub fn unsigned(body: &'a [u8]) -> Self {
        Self(body)
    }

    /// The bytes as received.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Why a signature was refused. All of them are answered alike; the log tells them apart.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[non_exhaustive]
pub enum SignatureError {
    /// No header, or an empty one, which is what HCP Terraform sends for a run task without a key.
    #[error("the request has no signature; give the run task in HCP Terraform the same HMAC key")]
    Missing,
    /// More than one header: somebody between the sender and us added one.
    #[error("the request has more than one signature header")]
    Repeated,
    /// Not 128 hex digits.
    #[error("the signature is not 128 hex digits")]
    Malformed,
    /// Well formed, and made with another key or for another body.
    #[error("the signature matches no key")]
    Mismatch,
}

impl KeyRing {
    /// A ring that accepts `current`, and `previous` when there is one.
    #[must_use]
    pub fn new(current: Key, previous: Option<Key>) -> Self {
        Self { current, previous }
    }

    /// Checks `signature` against `body` as received, in constant time.
    ///
    /// # Errors
    ///
    /// When no key has made it.
    pub fn verify<'a>(
        &self,
        signature: &Signature,
        body: &'a [u8],
    ) -> Result<(SignedBody<'a>, KeyName), SignatureError> {
        let made_with = |key: &Key| key.mac(body).verify_slice(&signature.0).is_ok();
        if made_with(&self.current) {
            return Ok((SignedBody(body), KeyName::Current));
        }
        if self.previous.as_ref().is_some_and(made_with) {
            return Ok((SignedBody(body), KeyName::Previous));
        }
        Err(SignatureError::Mismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ring(current: &str, previous: Option<&str>) -> KeyRing {
        KeyRing::new(Key::new(current).unwrap(), previous.map(|it| Key::new(it).unwrap()))
    }

    fn check(header: Option<&str>, body: &[u8]) -> Result<KeyName, SignatureError> {
        let signature = Signature::parse(header.map(str::as_bytes).into_iter())?;
        ring("example-hmac-key", Some("older-key")).verify(&signature, body).map(|(_, name)| name)
    }

    /// Q-04: the digests are what Python's `hmac.new(key, body, sha512).hexdigest()` gives.
    #[test]
    fn known_vectors_are_reproduced() {
        let key = Key::new("example-hmac-key").unwrap();
        let vectors = [
            (
                &br#"{"payload_version":1}"#[..],
                "b0db2f037bdf0439ffbe06bc536462a667ab319c4476ba9eb02a1ef344fd6933245de86ac69ef112090029c9d8ad0c1781ef687f5669d8a19a8266336077e86c",
            ),
            (
                r#"{"run_message":"größe \u00e9"}"#.as_bytes(),
                "fadcdebc760e68c1a2885614e23305880999a563eb38f9929b36b6bef8f5c9cc78aca334d488b53570e7ef037938488c90f468df701006c6e34f453157e7b5ae",
            ),
            (
                &b""[..],
                "b3fa101b561e1fdfa275cfef1d5820ba4bbcca1de9dad3c25ef9a66e7ab9fe1a673c032047928c2dfbd0b43320612387a392aa57999b61a89ced192fb8a11906",
            ),
        ];
        for (body, digest) in vectors {
            assert_eq!(key.sign(body), digest);
            assert_eq!(check(Some(digest), body), Ok(KeyName::Current));
        }
    }

    /// P-03: each kind of bad signature is told apart for the log.
    #[test]
    fn bad_signatures_are_refused() {
        let good = Key::new("example-hmac-key").unwrap().sign(b"{}");
        assert_eq!(check(None, b"{}"), Err(SignatureError::Missing));
        for second in [good.as_str(), ""] {
            let both = [good.as_bytes(), second.as_bytes()];
            assert_eq!(Signature::parse(both.into_iter()), Err(SignatureError::Repeated));
        }
        assert_eq!(check(Some(""), b"{}"), Err(SignatureError::Missing));
        assert_eq!(check(Some("zz"), b"{}"), Err(SignatureError::Malformed));
        assert_eq!(check(Some(&good[..126]), b"{}"), Err(SignatureError::Malformed));
        assert_eq!(check(Some(&format!("{good}00")), b"{}"), Err(SignatureError::Malformed));
        for prefix in ["sha256=", "sha512:", "sha512=sha512=", "SHA512="] {
            assert_eq!(
                check(Some(&format!("{prefix}{good}")), b"{}"),
                Err(SignatureError::Malformed),
                "{prefix}"
            );
        }
        assert_eq!(check(Some("sha512="), b"{}"), Err(SignatureError::Malformed));
        assert_eq!(
            check(Some(&Key::new("other").unwrap().sign(b"{}")), b"{}"),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(check(Some(&good), b"{} "), Err(SignatureError::Mismatch));
    }

    #[test]
    fn uppercase_hex_is_accepted() {
        let good = Key::new("example-hmac-key").unwrap().sign(b"{}");
        assert_eq!(check(Some(&good.to_uppercase()), b"{}"), Ok(KeyName::Current));
    }

    /// V-19: a sender that is not HCP Terraform names the algorithm; the signature has to match all the same.
    #[test]
    fn the_name_of_the_algorithm_may_stand_before_it() {
        let good = Key::new("example-hmac-key").unwrap().sign(b"{}");
        assert_eq!(check(Some(&format!("sha512={good}")), b"{}"), Ok(KeyName::Current));
        assert_eq!(check(Some(&format!("sha512={good}")), b"{} "), Err(SignatureError::Mismatch));
    }

    /// P-05: the previous key verifies and is named.
    #[test]
    fn the_previous_key_verifies_and_is_named() {
        let signed = Key::new("older-key").unwrap().sign(b"{}");
        assert_eq!(check(Some(&signed), b"{}"), Ok(KeyName::Previous));
    }

    #[test]
    fn an_empty_key_is_no_key() {
        assert_eq!(Key::new("").unwrap_err(), KeyError::Empty);
    }

    #[test]
    fn keys_do_not_print() {
        assert!(!format!("{:?}", ring("example-hmac-key", None)).contains("example"));
    }

    proptest! {
        #[test]
        fn a_flipped_bit_never_verifies(body in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
            let ring = ring("k", None);
            let signature = Key::new("k").unwrap().sign(&body);
            let verify = |signature: &str, body: &[u8]| {
                let signature = Signature::parse(std::iter::once(signature.as_bytes())).unwrap();
                ring.verify(&signature, body).map(drop)
            };
            prop_assert!(verify(&signature, &body).is_ok());

            let mut digest = hex::decode(&signature).unwrap();
            let bit = at.index(digest.len() * 8);
            digest[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify(&hex::encode(digest), &body).is_err());

            if !body.is_empty() {
                let mut changed = body.clone();
                let bit = at.index(changed.len() * 8);
                changed[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(verify(&signature, &changed).is_err());
            }
        }
    }
}
