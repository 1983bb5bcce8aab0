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
