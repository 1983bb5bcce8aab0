//! Seals a run's token for its record, and opens it where it is sent.

use crate::approval::Approval;
use crate::keys::{Keys, Purpose, SealError};
use crate::seal::Sealed;
use crate::time::UnixTime;
use ring::rand::SecureRandom;
use runtask_protocol::AccessToken;
use secrecy::ExposeSecret;

/// Seals the token of a task result. It opens for this task result and this address only: moved to another record, or
/// beside another address, it is worth nothing.
///
/// # Errors
///
/// When the system has no randomness.
pub fn seal_token(
    keys: &Keys,
    token: &AccessToken,
    id: &str,
    callback_url: &str,
    random: &dyn SecureRandom,
) -> Result<Sealed, SealError> {
    keys.seal(Purpose::Token, &[id, callback_url], token.expose().as_bytes(), random)
}

/// Opens the token of an approval; `None` when it is gone, or our keys do not open it (any more).
#[must_use]
pub fn open_token(keys: &Keys, approval: &Approval, now: UnixTime) -> Option<AccessToken> {
    let sealed = approval.sealed_token.as_ref()?;
    let token = keys.open(Purpose::Token, &[&approval.id, &approval.callback_url], sealed, now)?;
    std::str::from_utf8(token.expose_secret()).ok().map(AccessToken::new)
}
