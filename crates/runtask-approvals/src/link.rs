//! Makes and reads the links that people follow. A link is an address and no permission: it leads to a page, and whoever
//! comes there has to say who they are.

use crate::keys::{Keys, Purpose};
use crate::time::UnixTime;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest token that is looked at.
const MAX_BYTES: usize = 1024;

/// The form of a link.
const VERSION: u32 = 1;

/// How long after the closing time a link leads somewhere: whoever clicks late sees who decided.
pub const LINK_KEPT: Duration = Duration::from_hours(24);

/// Which of the page's buttons a link was behind. It offers, and does not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offer {
    /// The one to approve.
    #[serde(rename = "approve")]
    Approve,
    /// The one to reject.
    #[serde(rename = "reject")]
    Reject,
    /// None of them.
    #[serde(rename = "")]
    Nothing,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The task result's id: which approval.
    pub id: String,
    /// Which button the page offers first.
    pub offer: Offer,
    /// Until when it leads there.
    pub expires_at: UnixTime,
}

/// A link as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    v: u32,
    k: String,
    t: String,
    d: Offer,
    x: UnixTime,
}

impl Link {
    /// The token, for `/-/a/TOKEN`.
    #[must_use]
    pub fn token(&self, keys: &Keys) -> String {
        let Self { id, offer, expires_at } = self;
        let written =
            Written { v: VERSION, k: keys.id().to_owned(), t: id.clone(), d: *offer, x: *expires_at };
        // It cannot fail: there is no map in it.
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).unwrap_or_default());
        let mac = URL_SAFE_NO_PAD.encode(keys.mac(Purpose::Link, payload.as_bytes()));
        format!("{payload}.{mac}")
    }

    /// Where a token leads. `None` for everything that leads nowhere, be it forged, broken or expired: whoever holds it is
    /// not told which.
    #[must_use]
    pub fn read(token: &str, keys: &Keys, now: UnixTime) -> Option<Self> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let (payload, mac) = token.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let key = keys.verify(Purpose::Link, payload.as_bytes(), &mac, now)?;
        let written: Written = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let holds = written.v == VERSION && written.k == key && now < written.x;
        holds.then_some(Self { id: written.t, offer: written.d, expires_at: written.x })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Secret, tests::keys_with_id};

    const TOKEN: &str = "eyJ2IjoxLCJrIjoiYSIsInQiOiJ0YXNrcnMtYWJjMTIzIiwiZCI6ImFwcHJvdmUiLCJ4IjoxNzk2MDAzNjAwfQ.\
                         JsRIjn53lLmZcPneXqWsh7IY2JMDTNjGo9V1Jmn67xA";
    const NOW: UnixTime = UnixTime(1_796_000_000);

    fn link() -> Link {
        Link { id: "taskrs-abc123".to_owned(), offer: Offer::Approve, expires_at: UnixTime(1_796_003_600) }
    }

    fn signed(payload: &str, keys: &Keys) -> String {
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let mac = URL_SAFE_NO_PAD.encode(keys.mac(Purpose::Link, payload.as_bytes()));
        format!("{payload}.{mac}")
    }

    /// T-33: worked out independently, with the bytes 00 … 1f for the secret.
    #[test]
    fn a_link_is_written_in_the_documented_form() {
        let keys = keys_with_id("a");
        assert_eq!(link().token(&keys), TOKEN);
        assert_eq!(Link::read(TOKEN, &keys, NOW), Some(link()));
    }

    #[test]
    fn every_offer_is_read_as_it_was_written() {
        let keys = keys_with_id("a");
        for offer in [Offer::Approve, Offer::Reject, Offer::Nothing] {
            let link = Link { offer, ..link() };
            assert_eq!(Link::read(&link.token(&keys), &keys, NOW), Some(link));
        }
    }

    #[test]
    fn a_link_of_which_anything_was_changed_leads_nowhere() {
        let keys = keys_with_id("a");
        for at in 0..TOKEN.len() {
            let mut bytes = TOKEN.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(Link::read(&changed, &keys, NOW), None, "{changed}");
        }
        let long = format!("{TOKEN}{}", "A".repeat(1024));
        for token in ["", ".", "a.b", &TOKEN[..80], &TOKEN.replace('.', ""), &format!("{TOKEN}."), &long] {
            assert_eq!(Link::read(token, &keys, NOW), None, "{token}");
        }
    }

    #[test]
    fn a_link_holds_until_its_end_with_the_key_and_in_the_form_it_names() {
        let keys = keys_with_id("a");
        let read = |token: &str, seconds| Link::read(token, &keys, UnixTime(NOW.0 + seconds)).is_some();
        assert!(read(TOKEN, 3599));
        assert!(!read(TOKEN, 3600));
        let good = r#"{"v":1,"k":"a","t":"taskrs-abc123","d":"","x":1796003600}"#;
        assert!(read(&signed(good, &keys), 0));
        for bad in [
            r#"{"v":2,"k":"a","t":"taskrs-abc123","d":"","x":1796003600}"#,
            r#"{"v":1,"k":"b","t":"taskrs-abc123","d":"","x":1796003600}"#,
            r#"{"v":1,"k":"a","t":"taskrs-abc123","d":"pass","x":1796003600}"#,
            r#"{"v":1,"k":"a","t":"taskrs-abc123","x":1796003600}"#,
            "[]",
        ] {
            assert!(!read(&signed(bad, &keys), 0), "{bad}");
        }
    }

    #[test]
    fn a_link_of_the_secret_before_leads_there_until_that_ends() {
        let (old, new) = (Secret::new([1; 32]), Secret::new([2; 32]));
        let token = link().token(&Keys::new(&old, None));
        let both = Keys::new(&new, Some((&old, UnixTime(NOW.0 + 60))));
        assert_eq!(Link::read(&token, &both, NOW), Some(link()));
        assert_eq!(Link::read(&token, &both, UnixTime(NOW.0 + 60)), None);
        assert_eq!(Link::read(&token, &Keys::new(&new, None), NOW), None);
    }
}
