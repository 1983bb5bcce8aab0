//! Says who somebody is: first as an identity that was proved, then as a person of whom the settings know groups.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How an identity was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A sign-in with OpenID Connect.
    Oidc,
    /// A token that a proxy signed.
    ProxyJwt,
    /// A header that a proxy set, unsigned.
    ProxyHeader,
    /// A request that Slack signed.
    Slack,
    /// Nothing but the link: unverified.
    Link,
}

impl Proof {
    /// The word in settings and in what people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::ProxyJwt => "proxy-jwt",
            Self::ProxyHeader => "proxy-header",
            Self::Slack => "slack",
            Self::Link => "link",
        }
    }
}

/// What a sign-in, a proxy or Slack says of somebody. Whoever makes one has checked its proof.
///
/// [`Directory::person`](crate::Directory::person) makes a person of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// How it was proved.
    pub proof: Proof,
    /// Who says so: the issuer's URL, or `slack:TEAM`.
    pub issuer: String,
    /// Who it is there: unique for the issuer, and never given to somebody else.
    pub subject: String,
    /// The e-mail address, only if the issuer has verified it.
    pub email: Option<String>,
    /// How the person is called, for people to read and nothing else.
    pub name: Option<String>,
    /// What identifies the person for certain, as settings write it: `sub:…`, `oid:…`, `slack:TEAM/USER`, the verified
    /// e-mail address. It allows, and it denies.
    pub identifiers: BTreeSet<String>,
    /// What may identify the person: an unverified address, a user principal name. It denies and never allows.
    pub hints: BTreeSet<String>,
    /// The roles that the issuer gives the person in this application.
    pub roles: BTreeSet<String>,
    /// The person's groups at the issuer; `None` when the issuer left them out or cut them off.
    pub groups: Option<BTreeSet<String>>,
}

/// Somebody who wants to answer, as the settings know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who it is, as a vote keeps it.
    pub voter: Voter,
    /// Groups of the settings that the person is in for certain.
    pub groups: BTreeSet<String>,
    /// Whether the person may be in other groups, too: the issuer did not tell all.
    pub groups_unknown: bool,
    /// Every name that may be the person's: identifiers and hints.
    pub names: BTreeSet<String>,
}

/// Who voted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voter {
    /// Who said who it is: the issuer's URL, or `slack:TEAM`.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// Who it is there.
    #[serde(rename = "sub")]
    pub subject: String,
    /// The e-mail address, if it was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// How the person is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The users of HCP Terraform that the person is, as far as the settings know.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub users: BTreeSet<String>,
    /// How it was proved.
    pub proof: Proof,
}

impl Voter {
    /// Whether both are one person: the same subject of one issuer, or users of HCP Terraform in common, or the same
    /// verified address.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let same_subject = self.issuer == other.issuer && self.subject == other.subject;
        let same_address = match (&self.email, &other.email) {
            (Some(one), Some(another)) => one.eq_ignore_ascii_case(another),
            _ => false,
        };
        same_subject || same_address || !self.users.is_disjoint(&other.users)
    }

    /// What people are shown: address, else name, else subject. `(unverified)` stands behind a name that nobody checked.
    #[must_use]
    pub fn shown(&self) -> String {
        let name = self.email.as_ref().or(self.name.as_ref()).unwrap_or(&self.subject);
        if self.proof == Proof::Link { format!("{name} (unverified)") } else { name.clone() }
    }
}
