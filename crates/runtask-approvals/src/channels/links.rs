//! The addresses behind a message's buttons.

use crate::approval::Approval;
use crate::keys::Keys;
use crate::link::{LINK_KEPT, Link, Offer};
use crate::public_address::PublicAddress;
use url::form_urlencoded::byte_serialize;

/// What the buttons of messages do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkForm {
    /// They lead to the page, and decide nothing.
    #[default]
    Pages,
    /// They lead to `/approve` and `/reject`, where whoever follows them has decided: a person, or a program that looks at
    /// links. Only for those who ask for it by name.
    OneClick,
}

/// Where the buttons of one approval lead: both to its page, which offers one or the other first, unless asked otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// To approve.
    pub approve: String,
    /// To reject.
    pub reject: String,
}

impl Links {
    /// The links of `approval`, good for a day longer than it is open.
    #[must_use]
    pub fn new(approval: &Approval, keys: &Keys, address: &PublicAddress, form: LinkForm) -> Self {
        let link = |offer, path: &str| {
            let expires_at = approval.closes_at.plus(LINK_KEPT);
            let token = Link { id: approval.id.clone(), offer, expires_at }.token(keys);
            let run_id = || byte_serialize(approval.run.run_id.as_bytes()).collect::<String>();
            match form {
                LinkForm::Pages => address.page(&format!("/-/a/{token}")),
                LinkForm::OneClick => address.page(&format!("{path}?run_id={}&token={token}", run_id())),
            }
        };
        Self { approve: link(Offer::Approve, "/approve"), reject: link(Offer::Reject, "/reject") }
    }
}
