//! The addresses behind a message's buttons.

use crate::approval::Approval;
use crate::keys::Keys;
use crate::link::{LINK_KEPT, Link, Offer};
use crate::public_address::PublicAddress;

/// Where the buttons of one approval lead: both to its page, which offers one or the other first. They decide nothing.
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
    pub fn new(approval: &Approval, keys: &Keys, address: &PublicAddress) -> Self {
        let link = |offer| {
            let expires_at = approval.closes_at.plus(LINK_KEPT);
            let link = Link { id: approval.id.clone(), offer, expires_at };
            address.page(&format!("/-/a/{}", link.token(keys)))
        };
        Self { approve: link(Offer::Approve), reject: link(Offer::Reject) }
    }
}
