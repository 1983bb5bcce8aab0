//! Knows people and groups, as `[approval]` names them, and says who somebody is.

use crate::person::{Identity, Person, Voter};
use crate::text::fitted;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of an issuer, a subject, an address.
const IDENTIFIER_BYTES: usize = 255;

/// Bytes of the name that people read.
const NAME_BYTES: usize = 100;

/// `[approval.people]` and `[approval.groups]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directory {
    /// Users of HCP Terraform, and all that identifies each: none for one that is nobody, such as a bot.
    pub people: BTreeMap<String, BTreeSet<String>>,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
}

/// A group of people who can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Roles in this application; whoever has one is in the group.
    pub roles: BTreeSet<String>,
    /// Groups of the issuer; whoever is in one is in the group.
    pub groups: BTreeSet<String>,
    /// Identifiers of people who are in the group.
    pub people: BTreeSet<String>,
}

impl Directory {
    /// Who somebody is: groups by what identifies for certain, users of HCP Terraform by anything that may.
    #[must_use]
    pub fn person(&self, identity: &Identity) -> Person {
        let names: BTreeSet<String> = identity.identifiers.union(&identity.hints).cloned().collect();
        let users = self.people.iter().filter(|(_, theirs)| any_same(theirs, &names));
        let users = users.map(|(user, _)| user.clone()).collect();
        let groups = self.groups.iter().filter(|(_, group)| includes(group, identity));
        let groups = groups.map(|(name, _)| name.clone()).collect();
        let voter = Voter {
            issuer: fitted(&identity.issuer, IDENTIFIER_BYTES),
            subject: fitted(&identity.subject, IDENTIFIER_BYTES),
            email: identity.email.as_ref().map(|it| fitted(it, IDENTIFIER_BYTES)),
            name: identity.name.as_ref().map(|it| fitted(it, NAME_BYTES)).filter(|it| !it.is_empty()),
            users,
            proof: identity.proof,
        };
        Person { voter, groups, groups_unknown: identity.groups.is_none(), names }
    }

    /// Whether a user of HCP Terraform is one of the people.
    #[must_use]
    pub fn knows(&self, user: &str) -> bool {
        self.people.keys().any(|it| it.eq_ignore_ascii_case(user))
    }

    /// One name for whoever has this identifier: the same for all identifiers of one user.
    pub(crate) fn one_name_of(&self, identifier: &str) -> String {
        let mut users = self.people.iter();
        let user = users.find(|(_, theirs)| theirs.iter().any(|it| it.eq_ignore_ascii_case(identifier)));
        user.map_or_else(|| identifier.to_ascii_lowercase(), |(user, _)| format!("user {user}"))
    }
}

fn includes(group: &Group, identity: &Identity) -> bool {
    let told = identity.groups.as_ref().is_some_and(|it| !it.is_disjoint(&group.groups));
    told || !identity.roles.is_disjoint(&group.roles) || any_same(&group.people, &identity.identifiers)
}

/// Addresses are the same in upper and lower case; so is what else identifies people.
fn any_same(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    one.iter().any(|it| other.iter().any(|theirs| it.eq_ignore_ascii_case(theirs)))
}
