//! Says why a request that claims to be from Slack is not listened to.

/// Why a request is not listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlackRefusal {
    /// Not signed, or with another secret.
    #[error("the request is not signed by Slack")]
    Unsigned,
    /// Signed more than five minutes ago, or in the future.
    #[error("the request is too old")]
    Stale,
    /// Signed, and not in a form that is known.
    #[error("the request is not in a form that is known")]
    Malformed,
    /// For another app, or from another workspace.
    #[error("the request is for another app or from another workspace")]
    Foreign,
}
