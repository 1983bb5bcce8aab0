//! Holds tokens, and other texts that nobody may see.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

macro_rules! secrets {
    ($($(#[doc = $doc:literal])+ $name:ident,)*) => {
        $(
            $(#[doc = $doc])+
            ///
            /// It prints as `[REDACTED]` and is wiped from memory when dropped.
            #[derive(Debug, Clone, Default)]
            pub struct $name(SecretString);

            impl $name {
                /// Takes the text as it stands.
                #[must_use]
                pub fn new(text: impl Into<String>) -> Self {
                    Self(SecretString::from(text.into()))
                }

                /// The text itself.
                #[must_use]
                pub fn expose(&self) -> &str {
                    self.0.expose_secret()
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    Ok(Self::new(Option::<String>::deserialize(deserializer)?.unwrap_or_default()))
                }
            }
        )*
    };
}

secrets! {
    /// A runner's authentication token, `glrt-…`: it asks for jobs.
    RunnerToken,
    /// The token of one job: a short word, `glcbt-…` or a long JWT. It is good while the job runs.
    JobToken,
    /// A text that may hold a secret: a variable's value, an address with a password in it.
    SecretText,
}

impl RunnerToken {
    /// The part of it that users see, to tell runners apart: nine characters behind the prefixes.
    ///
    /// Source: GitLab Runner, `helpers/shorten_token.go`.
    #[must_use]
    pub fn short(&self) -> String {
        let token = self.expose();
        let token = token.strip_prefix("glrt-").unwrap_or(token);
        let is_type =
            |it: &str| it.len() == 2 && it.starts_with('t') && it.ends_with(|c: char| c.is_ascii_digit());
        let token = token.split_once('_').filter(|(first, _)| is_type(first)).map_or(token, |(_, rest)| rest);
        token.chars().take(9).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_token_is_nine_characters_behind_the_prefixes() {
        for (token, short) in [
            ("glrt-t1_abcdefghijklmn", "abcdefghi"),
            ("glrt-abcdefghijklmn", "abcdefghi"),
            ("abcdefghijklmn", "abcdefghi"),
            ("glrt-tx_abcdefghij", "tx_abcdef"),
            ("é", "é"),
        ] {
            assert_eq!(RunnerToken::new(token).short(), short);
        }
        assert!(!format!("{:?}", RunnerToken::new("glrt-secret")).contains("secret"));
    }
}
