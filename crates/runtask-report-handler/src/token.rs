//! Holds the secret in a link.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use runtask_state::ReportName;
use sha2::{Digest, Sha256};
use std::fmt;

/// Random bytes of a token: nobody guesses 160 bits, and a link with them stays short.
const BYTES: usize = 20;

/// The secret in the link of one report. It is shown in the link and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; BYTES]);

/// The system gives no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

impl Token {
    /// A new one.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| NoRandomness)?;
        Ok(Self(bytes))
    }

    /// Reads what [`Token::in_link`] has written; nothing else is a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// As it stands in the link: 27 letters, digits, `-` and `_`.
    #[must_use]
    pub fn in_link(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Under which name the report is kept.
    #[must_use]
    pub fn name(&self) -> ReportName {
        // Of the text and not of the bytes, so that people with a link and `sha256sum` can find the report.
        ReportName::of_hash(Sha256::digest(self.in_link()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_differ_and_are_read_back() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.in_link().len(), 27);
        assert_eq!(Token::parse(&one.in_link()), Some(one.clone()));
        assert_ne!(one.name(), other.name());
        assert_eq!(format!("{one:?}"), "Token(…)");
    }

    /// As `printf %s AAAAAAAAAAAAAAAAAAAAAAAAAAA | sha256sum` says.
    #[test]
    fn the_name_is_the_hash_of_what_stands_in_the_link() {
        let token = Token([0; BYTES]);
        assert_eq!(token.in_link(), "AAAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(
            token.name().to_string(),
            "568f214d529544bf4430513c2993495a5b434611533c63d1cf095b51c5e1f8af"
        );
    }

    proptest! {
        /// One report has one link.
        #[test]
        fn nothing_else_is_a_token(text in ".{0,40}|[A-Za-z0-9_-]{25,29}") {
            if let Some(token) = Token::parse(&text) {
                prop_assert_eq!(token.in_link(), text);
            }
        }
    }
}
