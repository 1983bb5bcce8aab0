//! Reads `[approval]`, and lists the keys of every table of approvals.

use crate::directory::{Directory, Group};
use crate::person::Proof;
use crate::read_services::{EASY_AUTH, OIDC, PROXY, SLACK, TEAMS, read_services};
use crate::settings::{ApprovalSettings, UnknownCreator};
use runtask_tasks::{Form, Key, Kind, Notes, Table, Text, shown, table, texts, words};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The most people and groups that are read.
const MAX_PEOPLE: usize = 2000;
const MAX_GROUPS: usize = 200;

/// The longest name of a group, in bytes.
const GROUP_BYTES: usize = 64;

const PROOFS: [(&str, Proof); 5] = [
    ("oidc", Proof::Oidc),
    ("proxy-jwt", Proof::ProxyJwt),
    ("proxy-header", Proof::ProxyHeader),
    ("slack", Proof::Slack),
    ("link", Proof::Link),
];
const PROOF_WORDS: [&str; 5] = words(&PROOFS);

const CREATORS: [(&str, UnknownCreator); 2] =
    [("refuse", UnknownCreator::Refuse), ("allow", UnknownCreator::Allow)];
const CREATOR_WORDS: [&str; 2] = words(&CREATORS);

/// The table for all tasks.
pub(crate) static APPROVAL: Kind = Kind::new(
    "`[approval]`",
    &[
        Key::new("identity", Form::Word(&PROOF_WORDS), "How people prove who they are; oidc unless set"),
        Key::new(
            "unknown_creator",
            Form::Word(&CREATOR_WORDS),
            "What becomes of answers where nobody knows who started the run; refuse unless set",
        ),
        Key::new(
            "people",
            Form::NamedTexts,
            "Users of HCP Terraform, and what identifies each: addresses, oid:…, slack:…",
        ),
        Key::new("groups", Form::NamedTables(&GROUP), "Who may approve: groups of people"),
        Key::new("oidc", Form::Table(&OIDC), "The provider with which people sign in"),
        Key::new("proxy", Form::Table(&PROXY), "The proxy that signs people in"),
        Key::new("easy_auth", Form::Table(&EASY_AUTH), "Azure's Easy Auth, which signs people in"),
        Key::new("teams", Form::NamedTables(&TEAMS), "Channels of Teams"),
        Key::new("slack", Form::Table(&SLACK), "The app of Slack"),
    ],
);

/// The table of a group.
pub(crate) static GROUP: Kind = Kind::new(
    "`[approval.groups]`",
    &[
        Key::new("roles", Form::Texts, "Roles of the provider that its members have"),
        Key::new("groups", Form::Texts, "Groups of the provider that its members are in"),
        Key::new("people", Form::Texts, "Its members: addresses, oid:…, sub:…, slack:TEAM/USER"),
    ],
);

/// Reads `[approval]`.
pub(crate) fn read_settings(table: &Table<'_>, notes: &mut Notes<'_>) -> ApprovalSettings {
    let identity = table.word("identity", &PROOFS, notes);
    let unknown_creator = table.word("unknown_creator", &CREATORS, notes);
    let people = people(table, notes);
    let groups = groups(table, notes);
    ApprovalSettings {
        identity: identity.unwrap_or(Proof::Oidc),
        unknown_creator: unknown_creator.unwrap_or_default(),
        directory: Directory { people, groups },
        services: read_services(table, notes),
    }
}

/// Users of HCP Terraform and what identifies them. What identifies two would let one of them approve for the other.
fn people(settings: &Table<'_>, notes: &mut Notes<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut people: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut users: BTreeMap<String, String> = BTreeMap::new();
    for (user, place, value) in entries(settings, "people", MAX_PEOPLE, notes) {
        if people.keys().any(|it| it.eq_ignore_ascii_case(&user)) {
            notes.error(place, format!("`{}` is there twice: remove one", shown(&user)));
        }
        let mut theirs = BTreeSet::new();
        for text in texts(value, &user, notes).unwrap_or_default() {
            let Some(identifier) = identifier(&text, notes) else { continue };
            match users.insert(identifier.to_ascii_lowercase(), user.clone()) {
                Some(other) if other != user => {
                    let message = format!(
                        "`{}` identifies the user `{}` already: one of both is wrong",
                        shown(&identifier),
                        shown(&other)
                    );
                    notes.error(text.place, message);
                }
                _ => {
                    theirs.insert(identifier);
                }
            }
        }
        people.insert(user, theirs);
    }
    people
}

fn groups(settings: &Table<'_>, notes: &mut Notes<'_>) -> BTreeMap<String, Group> {
    let mut groups = BTreeMap::new();
    for (name, place, value) in entries(settings, "groups", MAX_GROUPS, notes) {
        let proper = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
        if name.is_empty() || name.len() > GROUP_BYTES || !name.chars().all(proper) {
            let message = format!(
                "`{}` cannot be the name of a group: a name has letters, digits, `-`, `_` and `.`, at most {GROUP_BYTES}",
                shown(&name)
            );
            notes.error(place.clone(), message);
        }
        let Some(entries) = table(value, &format!("group `{}`", shown(&name)), notes) else { continue };
        let Some(below) = settings.below("groups", entries, place.clone(), notes) else { continue };
        let mut list = |key| -> Vec<Text<'_>> { below.texts(key, notes).unwrap_or_default() };
        let (roles, members, people) = (list("roles"), list("groups"), list("people"));
        let people = people.iter().filter_map(|it| identifier(it, notes)).collect();
        let set = |texts: Vec<Text<'_>>| texts.iter().map(|it| it.text.to_owned()).collect();
        let group = Group { roles: set(roles), groups: set(members), people };
        if entries.is_empty() {
            let advice = "say who is in it: `roles`, `groups` or `people`";
            notes.missing(place, format!("nobody is in the group `{}`: {advice}", shown(&name)));
        }
        groups.insert(name, group);
    }
    groups
}

type Entry<'a> = (String, std::ops::Range<usize>, &'a Spanned<DeValue<'a>>);

/// The entries of a table whose keys are names of the user's own.
fn entries<'a>(settings: &Table<'a>, key: &str, most: usize, notes: &mut Notes<'_>) -> Vec<Entry<'a>> {
    let Some((_, value)) = settings.entry(key) else { return Vec::new() };
    let entries: Option<&DeTable<'a>> = table(value, key, notes);
    let Some(entries) = entries else { return Vec::new() };
    if entries.len() > most {
        notes.error(value.span(), format!("`{key}` has {} entries, and {most} are allowed", entries.len()));
        return Vec::new();
    }
    entries.iter().map(|(name, value)| (name.get_ref().to_string(), name.span(), value)).collect()
}

/// What identifies somebody: an address, or one of the forms that begin with a word.
fn identifier(text: &Text<'_>, notes: &mut Notes<'_>) -> Option<String> {
    let good = match text.text.split_once(':') {
        Some(("oid" | "sub", id)) => !id.is_empty(),
        Some(("slack", id)) => id
            .split_once('/')
            .is_some_and(|(team, user)| team.starts_with('T') && user.starts_with(['U', 'W'])),
        _ => text.text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !text.text.contains(char::is_whitespace)
        }),
    };
    if !good {
        let message = format!(
            "`{}` identifies nobody: write an e-mail address, `oid:…`, `sub:…` or `slack:TEAM/USER`",
            shown(text.text)
        );
        notes.error(text.place.clone(), message);
    }
    good.then(|| text.text.to_owned())
}
