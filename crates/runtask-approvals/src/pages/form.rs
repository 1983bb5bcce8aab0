//! Reads what somebody hands in.

use super::csrf::{CsrfError, Owner, check, from_here};
use crate::keys::Keys;
use crate::public_address::PublicAddress;
use crate::time::UnixTime;
use http::{HeaderMap, header};

/// Bytes of a form, and of a request to Slack's route.
pub const FORM_BYTES: usize = 16 * 1024;

/// Fields of a form that is ours; empty where they are missing.
#[derive(Debug, Default)]
pub(super) struct Fields {
    csrf: String,
    /// Which button.
    pub(super) decision: String,
    /// Why.
    pub(super) reason: String,
    /// The workspace's name, typed.
    pub(super) confirm: String,
    /// Who, where nobody signs in.
    pub(super) name: String,
}

/// Why a form is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormError {
    /// It is none, or a field stands twice.
    Malformed,
    /// It is not from our page.
    Csrf(CsrfError),
}

/// A form that was handed in from our own page, by whom it was made for. Only [`verified`] makes one.
#[derive(Debug)]
pub(super) struct VerifiedForm(pub(super) Fields);

/// Reads a form of `owner`.
pub(super) fn verified(
    headers: &HeaderMap,
    body: &[u8],
    address: &PublicAddress,
    keys: &Keys,
    owner: Owner<'_>,
    now: UnixTime,
) -> Result<VerifiedForm, FormError> {
    from_here(headers, address).map_err(FormError::Csrf)?;
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(FormError::Malformed);
    }
    let mut fields = Fields::default();
    let mut seen = Vec::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        let place = match name.as_ref() {
            "csrf" => &mut fields.csrf,
            "decision" => &mut fields.decision,
            "reason" => &mut fields.reason,
            "confirm" => &mut fields.confirm,
            "name" => &mut fields.name,
            _ => continue,
        };
        if seen.contains(&name) {
            return Err(FormError::Malformed);
        }
        *place = value.into_owned();
        seen.push(name);
    }
    check(keys, owner, &fields.csrf, now).map_err(FormError::Csrf)?;
    Ok(VerifiedForm(fields))
}
