//! Says why a token proves nothing.

/// The longest token that is looked at, in bytes. One of Entra ID with 200 groups has about 10 000.
pub(super) const TOKEN_BYTES: usize = 16 * 1024;

/// Why a token proves nothing. Its maker's texts are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than any token of a person.
    #[error("the token is longer than {TOKEN_BYTES} bytes")]
    TooLong,
    /// Not three parts of base64url with JSON in the first two, or a claim of the wrong type, or one that stands twice.
    #[error("the token is malformed")]
    Malformed,
    /// Signed in a way that was not agreed on, `none` and `HS256` among them.
    #[error("the token is signed in a way that is not accepted")]
    Algorithm,
    /// No key has its `kid`, or the one that has is of another kind.
    #[error("the token's key is not one of the issuer's")]
    UnknownKey,
    /// Altered, or signed with another key.
    #[error("the token's signature is wrong")]
    Signature,
    /// From somebody else.
    #[error("the token is from another issuer")]
    Issuer,
    /// For somebody else.
    #[error("the token is meant for another application")]
    Audience,
    /// Too old.
    #[error("the token has expired")]
    Expired,
    /// From the future.
    #[error("the token is not valid yet; do the clocks agree?")]
    NotYet,
    /// Of another sign-in.
    #[error("the token belongs to another sign-in")]
    Nonce,
    /// About nobody.
    #[error("the token names nobody")]
    Subject,
}

impl TokenError {
    /// One word, for metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::UnknownKey => "unknown-key",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYet => "not-yet",
            Self::Nonce => "nonce",
            Self::Subject => "subject",
        }
    }
}
