//! A cookie that says nothing: where nobody signs in, forms are bound to it.

use super::cookie::{self, SameSite, SetCookie};
use super::random::random_text;
use crate::keys::SealError;
use crate::public_address::PublicAddress;
use http::HeaderMap;

const NAME: &str = "rt";

/// How long it is kept, in seconds: as long as an approval can be open.
const SECONDS: u64 = 60 * 60;

/// A new one: its value, and what sets it.
pub(crate) fn link_cookie(address: &PublicAddress) -> Result<(String, SetCookie), SealError> {
    let value = random_text()?;
    let cookie = SetCookie::new(address, NAME, &value, SameSite::Strict, SECONDS);
    Ok((value, cookie))
}

/// The value of the one that a request brought.
pub(crate) fn read_link_cookie(headers: &HeaderMap, address: &PublicAddress) -> Option<String> {
    cookie::read(address, headers, NAME).filter(|it| it.len() == VALUE_CHARACTERS)
}

/// Characters of 256 bits in base64.
const VALUE_CHARACTERS: usize = 43;
