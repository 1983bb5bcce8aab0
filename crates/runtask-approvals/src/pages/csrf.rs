//! Marks forms, so that no other site can hand them in for somebody.
//!
//! A mark holds for ten minutes, for one link, and for one session (or the cookie that takes its place).

use crate::keys::{Keys, Purpose};
use crate::public_address::PublicAddress;
use crate::time::UnixTime;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use std::time::Duration;

/// How long a form can be handed in.
const LIFE: Duration = Duration::from_mins(10);

/// What a form belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'a> {
    /// The session, or what takes its place.
    pub(super) session: &'a str,
    /// The link that led to the page.
    pub(super) link: &'a str,
}

/// Why a form does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CsrfError {
    /// It came from another site, or from something that does not say.
    CrossSite,
    /// Its mark is another's, or not ours.
    Forged,
    /// It was open for too long.
    Expired,
}

/// The value of the hidden field.
pub(super) fn mark(keys: &Keys, owner: Owner<'_>, now: UnixTime) -> String {
    let until = now.plus(LIFE);
    let mac = keys.mac(Purpose::Csrf, &message(owner, until));
    format!("{}.{}", until.0, URL_SAFE_NO_PAD.encode(mac))
}

/// Checks the value of the hidden field.
pub(super) fn check(keys: &Keys, owner: Owner<'_>, mark: &str, now: UnixTime) -> Result<(), CsrfError> {
    let (until, mac) = mark.split_once('.').ok_or(CsrfError::Forged)?;
    let until = UnixTime(until.parse().map_err(|_number| CsrfError::Forged)?);
    let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_base64| CsrfError::Forged)?;
    keys.verify(Purpose::Csrf, &message(owner, until), &mac, now).ok_or(CsrfError::Forged)?;
    if now < until { Ok(()) } else { Err(CsrfError::Expired) }
}

/// Checks that a form came from our own page. Browsers say so in one header or the other; whatever says nothing is none.
pub(super) fn from_here(headers: &HeaderMap, address: &PublicAddress) -> Result<(), CsrfError> {
    let here = match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_some_and(|it| it.as_bytes() == address.origin().as_bytes()),
    };
    if here { Ok(()) } else { Err(CsrfError::CrossSite) }
}

/// In a form in which no two owners are the same.
fn message(owner: Owner<'_>, until: UnixTime) -> Vec<u8> {
    serde_json::json!([owner.session, owner.link, until]).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Secret;
    use crate::test_util::at;

    const OWNER: Owner<'static> = Owner { session: "s", link: "l" };

    #[test]
    fn a_mark_holds_for_its_session_and_link_and_for_ten_minutes() {
        let keys = Keys::new(&Secret::new([1; 32]), None);
        let mark = mark(&keys, OWNER, at(0));
        assert_eq!(check(&keys, OWNER, &mark, at(9)), Ok(()));
        assert_eq!(check(&keys, OWNER, &mark, at(10)), Err(CsrfError::Expired));
        for owner in [Owner { session: "t", ..OWNER }, Owner { link: "m", ..OWNER }] {
            assert_eq!(check(&keys, owner, &mark, at(0)), Err(CsrfError::Forged));
        }
        let later = mark.replacen(&at(10).0.to_string(), &at(20).0.to_string(), 1);
        for forged in [later.as_str(), "", ".", "1796000600.", "x.y", &mark[..mark.len() - 1]] {
            assert_eq!(check(&keys, OWNER, forged, at(0)), Err(CsrfError::Forged), "{forged}");
        }
        let others = Keys::new(&Secret::new([2; 32]), None);
        assert_eq!(check(&others, OWNER, &mark, at(0)), Err(CsrfError::Forged));
    }

    #[test]
    fn a_form_comes_from_our_own_page_or_from_nowhere() {
        let address = PublicAddress::new("https://approve.example.com").unwrap();
        let check = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            from_here(&pairs.collect::<HeaderMap>(), &address).is_ok()
        };
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(check(&[("origin", "https://approve.example.com")]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!check(&[("sec-fetch-site", site), ("origin", "https://approve.example.com")]), "{site}");
        }
        for origin in [
            "null",
            "https://evil.example",
            "http://approve.example.com",
            "https://approve.example.com.evil.example",
        ] {
            assert!(!check(&[("origin", origin)]), "{origin}");
        }
        assert!(!check(&[("referer", "https://approve.example.com/-/a/x")]), "it says nothing");
    }
}
