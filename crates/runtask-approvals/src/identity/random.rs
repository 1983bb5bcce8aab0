//! Makes texts that nobody can guess.

use crate::keys::SealError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

/// 256 random bits as 43 letters, digits, `-` and `_`.
pub(crate) fn random_text() -> Result<String, SealError> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| SealError)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
