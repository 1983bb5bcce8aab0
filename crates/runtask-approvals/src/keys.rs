//! Makes and checks what only we can have made: from one secret, a key for each purpose.

use crate::seal::Sealed;
use crate::time::UnixTime;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretBox};
use std::fmt;
use std::str::FromStr;

/// What a key is for. What was made for one purpose is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To mark links.
    Link,
    /// To seal runs' tokens.
    Token,
    /// To seal what a browser keeps for us.
    Session,
    /// To mark forms.
    Csrf,
    /// To seal jobs, which have runs' tokens in them.
    Job,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Link => "runtask approvals link v1",
            Self::Token => "runtask approvals seal v1",
            Self::Session => "runtask approvals session v1",
            Self::Csrf => "runtask approvals csrf v1",
            Self::Job => "runtask approvals job v1",
        }
    }
}

/// 32 bytes that nobody else knows, as 64 hexadecimal digits or in base64. It prints as nothing.
#[derive(Debug)]
pub struct Secret(SecretBox<[u8; 32]>);

/// A text that is no secret. The text itself is not repeated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("it must be 32 random bytes in base64 or hexadecimal: `openssl rand -base64 32` makes such a text")]
pub struct SecretError;

impl Secret {
    /// Makes one up.
    ///
    /// # Errors
    ///
    /// When the system has no randomness.
    pub fn made_up() -> Result<Self, SealError> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| SealError)?;
        Ok(Self::new(bytes))
    }

    /// Takes the bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }
}

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let mut bytes = [0; 32];
        if hex::decode_to_slice(text, &mut bytes).is_ok() {
            return Ok(Self::new(bytes));
        }
        let decoded = STANDARD.decode(text).or_else(|_other_alphabet| URL_SAFE_NO_PAD.decode(text));
        let decoded = decoded.ok().and_then(|it| it.try_into().ok());
        decoded.map(Self::new).ok_or(SecretError)
    }
}

/// The keys that are made of one secret.
struct KeySet {
    /// Names the secret without telling it.
    id: String,
    prk: Prk,
}

/// Sealing failed: the system has no randomness, or the text is longer than a cipher takes.
#[derive(Debug, thiserror::Error)]
#[error("the text could not be sealed")]
pub struct SealError;

/// Keys made of the current secret, and of the one before while that still counts.
pub struct Keys {
    current: KeySet,
    previous: Option<(KeySet, UnixTime)>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("current", &self.current.id).finish_non_exhaustive()
    }
}

impl KeySet {
    fn new(secret: &Secret) -> Self {
        let mut set = Self::with_id("", secret);
        let mut id = [0; 6];
        set.derive(&["runtask approvals key id v1"], &mut id);
        set.id = URL_SAFE_NO_PAD.encode(id);
        set
    }

    fn with_id(id: &str, secret: &Secret) -> Self {
        let salt = Salt::new(HKDF_SHA256, &[]);
        Self { id: id.to_owned(), prk: salt.extract(secret.0.expose_secret()) }
    }

    #[expect(clippy::expect_used, reason = "HKDF gives up to 255 times 32 bytes, and here are at most 32")]
    fn derive(&self, label: &[&str], key: &mut [u8]) {
        let label: Vec<&[u8]> = label.iter().map(|it| it.as_bytes()).collect();
        let length = Length(key.len());
        self.prk.expand(&label, length).and_then(|it| it.fill(key)).expect("a short key");
    }

    fn mac(&self, purpose: Purpose) -> hmac::Key {
        let mut key = [0; 32];
        self.derive(&[purpose.label()], &mut key);
        hmac::Key::new(hmac::HMAC_SHA256, &key)
    }

    #[expect(clippy::expect_used, reason = "the algorithm takes 32 bytes, and here are 32")]
    fn cipher(&self, purpose: Purpose) -> LessSafeKey {
        let mut key = [0; 32];
        self.derive(&[purpose.label()], &mut key);
        LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("a key of 32 bytes"))
    }
}

/// How many bytes HKDF is to give.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Keys {
    /// The keys of `current`; those of `previous` check and open until the moment beside it.
    #[must_use]
    pub fn new(current: &Secret, previous: Option<(&Secret, UnixTime)>) -> Self {
        let previous = previous.map(|(secret, until)| (KeySet::new(secret), until));
        Self { current: KeySet::new(current), previous }
    }

    /// The id of the current secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.current.id
    }

    /// Marks `text` as ours: 32 bytes.
    #[must_use]
    pub fn mac(&self, purpose: Purpose, text: &[u8]) -> Vec<u8> {
        hmac::sign(&self.current.mac(purpose), text).as_ref().to_vec()
    }

    /// The id of the secret that `text` was marked with, in constant time; `None` when we did not.
    #[must_use]
    pub fn verify(&self, purpose: Purpose, text: &[u8], mac: &[u8], now: UnixTime) -> Option<&str> {
        let made_with = |it: &&KeySet| hmac::verify(&it.mac(purpose), text, mac).is_ok();
        self.valid(now).find(made_with).map(|it| it.id.as_str())
    }

    /// Seals `plain`: only these keys open it, and only together with the same `context`.
    ///
    /// # Errors
    ///
    /// When the system has no randomness.
    pub fn seal(
        &self,
        purpose: Purpose,
        context: &[&str],
        plain: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Sealed, SealError> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce).map_err(|_unspecified| SealError)?;
        let mut text = plain.to_vec();
        let cipher = self.current.cipher(purpose);
        let aad = Aad::from(additional_data(context, &self.current.id));
        cipher
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text)
            .map_err(|_unspecified| SealError)?;
        Ok(Sealed {
            key: self.current.id.clone(),
            nonce: STANDARD.encode(nonce),
            text: STANDARD.encode(text),
        })
    }

    /// Opens what was sealed; `None` when we did not seal it, or for another purpose or context, or with a secret that does
    /// not count any more.
    #[must_use]
    pub fn open(
        &self,
        purpose: Purpose,
        context: &[&str],
        sealed: &Sealed,
        now: UnixTime,
    ) -> Option<SecretBox<Vec<u8>>> {
        let keys = self.valid(now).find(|it| it.id == sealed.key)?;
        let nonce = STANDARD.decode(&sealed.nonce).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(&nonce).ok()?;
        let mut text = STANDARD.decode(&sealed.text).ok()?;
        let aad = Aad::from(additional_data(context, &keys.id));
        let length = keys.cipher(purpose).open_in_place(nonce, aad, &mut text).ok()?.len();
        text.truncate(length);
        Some(SecretBox::new(Box::new(text)))
    }

    fn valid(&self, now: UnixTime) -> impl Iterator<Item = &KeySet> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until).map(|(keys, _)| keys);
        std::iter::once(&self.current).chain(previous)
    }
}

/// What a sealed text is bound to, in a form in which no two lists are the same.
fn additional_data(context: &[&str], key: &str) -> Vec<u8> {
    serde_json::json!([context, key]).to_string().into_bytes()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_796_000_000);

    /// The bytes 00 01 … 1f.
    fn secret() -> Secret {
        Secret::new(std::array::from_fn(|it| u8::try_from(it).unwrap()))
    }

    /// With a key id as somebody chose it.
    pub(crate) fn keys_with_id(id: &str) -> Keys {
        Keys { current: KeySet::with_id(id, &secret()), previous: None }
    }

    fn other() -> Secret {
        Secret::new([7; 32])
    }

    /// HKDF-SHA256 (RFC 5869) of the bytes 00 … 1f, with an empty salt and the label of links.
    #[test]
    fn keys_are_those_that_hkdf_makes() {
        let mut key = [0; 32];
        KeySet::with_id("a", &secret()).derive(&[Purpose::Link.label()], &mut key);
        assert_eq!(hex::encode(key), "52e46027abae047895d4fd7fb626f6dd16bac450fca3c8175a398864cc27cfb6");
    }

    #[test]
    fn a_secret_is_32_bytes_in_one_of_two_forms_and_does_not_print() {
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        for text in [hex, base64, base64.trim_end_matches('=')] {
            let secret: Secret = text.parse().unwrap();
            assert_eq!(Keys::new(&secret, None).id(), Keys::new(&self::secret(), None).id());
            assert!(!format!("{secret:?}").contains('1'));
        }
        for text in ["", "hunter2", &hex[2..], &format!("{hex}00"), "AAEC"] {
            assert_eq!(text.parse::<Secret>().unwrap_err(), SecretError, "{text}");
        }
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_purpose_and_context_only() {
        let keys = Keys::new(&secret(), None);
        let sealed = keys.seal(Purpose::Token, &["a", "b"], b"plain", &SystemRandom::new()).unwrap();
        let open = |keys: &Keys, purpose, context: &[&str], sealed: &Sealed| {
            keys.open(purpose, context, sealed, NOW).map(|it| it.expose_secret().clone())
        };
        assert_eq!(open(&keys, Purpose::Token, &["a", "b"], &sealed), Some(b"plain".to_vec()));
        assert_eq!(open(&keys, Purpose::Session, &["a", "b"], &sealed), None);
        for context in [&["a", "c"][..], &["a"], &["ab"], &["a", "b", ""], &["", "a", "b"], &["a\",\"b"]] {
            assert_eq!(open(&keys, Purpose::Token, context, &sealed), None, "{context:?}");
        }
        let again = keys.seal(Purpose::Token, &["a", "b"], b"plain", &SystemRandom::new()).unwrap();
        assert_ne!((&sealed.nonce, &sealed.text), (&again.nonce, &again.text));
        let broken = [
            Sealed { nonce: again.nonce.clone(), ..sealed.clone() },
            Sealed { text: again.text, ..sealed.clone() },
            Sealed { nonce: "AAAA".to_owned(), ..sealed.clone() },
            Sealed { text: "not base64!".to_owned(), ..sealed.clone() },
            Sealed { text: String::new(), ..sealed.clone() },
            Sealed { key: "other".to_owned(), ..sealed.clone() },
        ];
        for it in broken {
            assert_eq!(open(&keys, Purpose::Token, &["a", "b"], &it), None, "{}", it.nonce);
        }
    }

    #[test]
    fn the_secret_before_checks_and_opens_until_its_end() {
        let old = Keys::new(&other(), None);
        let sealed = old.seal(Purpose::Token, &[], b"plain", &SystemRandom::new()).unwrap();
        let mac = old.mac(Purpose::Csrf, b"text");
        let new = Keys::new(&secret(), Some((&other(), UnixTime(NOW.0 + 10))));
        assert_ne!(new.id(), old.id());
        for (seconds, holds) in [(0, true), (9, true), (10, false)] {
            let now = UnixTime(NOW.0 + seconds);
            assert_eq!(new.open(Purpose::Token, &[], &sealed, now).is_some(), holds, "{seconds}");
            assert_eq!(new.verify(Purpose::Csrf, b"text", &mac, now).is_some(), holds, "{seconds}");
        }
        let sealed = new.seal(Purpose::Token, &[], b"plain", &SystemRandom::new()).unwrap();
        assert!(old.open(Purpose::Token, &[], &sealed, NOW).is_none());
    }

    #[test]
    fn a_mark_holds_for_its_text_and_purpose() {
        let keys = Keys::new(&secret(), None);
        let mac = keys.mac(Purpose::Csrf, b"text");
        assert_eq!(keys.verify(Purpose::Csrf, b"text", &mac, NOW), Some(keys.id()));
        assert_eq!(keys.verify(Purpose::Csrf, b"other", &mac, NOW), None);
        assert_eq!(keys.verify(Purpose::Link, b"text", &mac, NOW), None);
        assert_eq!(keys.verify(Purpose::Csrf, b"text", &mac[..31], NOW), None);
        assert_eq!(keys.verify(Purpose::Csrf, b"text", b"", NOW), None);
    }
}
