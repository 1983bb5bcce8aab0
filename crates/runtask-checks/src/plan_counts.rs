//! Counts the resources of a plan by what would happen to them.
//!
//! The plan is streamed: resources are counted and forgotten, values are never looked at.

use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use std::fmt;

/// The major version of `terraform show -json` that we know.
///
/// Source: Terraform, "JSON Output Format": the major version changes when an old reader would be misled.
pub(crate) const KNOWN_MAJOR: &str = "1";

/// Addresses that are kept of what a plan destroys: as many as an approval shows.
const MAX_DESTROYED: usize = 200;

/// How many resources are subject to each action. A replaced one is counted as `replace` alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) import: u64,
    pub(crate) create: u64,
    pub(crate) update: u64,
    pub(crate) replace: u64,
    pub(crate) delete: u64,
    pub(crate) forget: u64,
    pub(crate) read: u64,
    pub(crate) no_op: u64,
    pub(crate) unknown: u64,
    /// Addresses of the first that would be deleted or replaced.
    pub(crate) destroyed: Vec<String>,
}

/// How long a list is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Length(pub(crate) usize);

#[derive(Deserialize)]
struct ResourceChange {
    #[serde(default)]
    address: String,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    actions: Actions,
    importing: Option<IgnoredAny>,
}

/// The two actions at most that terraform gives one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Actions([Option<Action>; 2]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
enum Action {
    NoOp,
    Create,
    Read,
    Update,
    Delete,
    Forget,
    Unknown,
}

impl From<String> for Action {
    fn from(name: String) -> Self {
        match name.as_str() {
            "no-op" => Self::NoOp,
            "create" => Self::Create,
            "read" => Self::Read,
            "update" => Self::Update,
            "delete" => Self::Delete,
            "forget" => Self::Forget,
            _ => Self::Unknown,
        }
    }
}

impl Counts {
    fn add(&mut self, resource: ResourceChange) {
        let ResourceChange { address, change } = resource;
        use Action as A;
        self.import += u64::from(change.importing.is_some());
        let place = match change.actions.0 {
            [Some(A::NoOp), None] => &mut self.no_op,
            [Some(A::Create), None] => &mut self.create,
            [Some(A::Read), None] => &mut self.read,
            [Some(A::Update), None] => &mut self.update,
            [Some(A::Delete), None] => &mut self.delete,
            [Some(A::Forget), None] => &mut self.forget,
            [Some(A::Delete), Some(A::Create)] | [Some(A::Create), Some(A::Delete)] => &mut self.replace,
            [Some(A::Create), Some(A::Forget)] => {
                self.forget += 1;
                &mut self.create
            }
            _ => &mut self.unknown,
        };
        *place += 1;
        let is_destroyed = change.actions.0.contains(&Some(A::Delete));
        if is_destroyed && self.destroyed.len() < MAX_DESTROYED {
            self.destroyed.push(address);
        }
    }

    /// Resources that would not stay as they are.
    pub(crate) fn changed(&self) -> u64 {
        self.create + self.update + self.replace + self.delete + self.forget + self.unknown
    }

    /// As terraform says it: a replacement adds one and destroys one, and what is forgotten is not mentioned.
    pub(crate) fn headline(&self) -> String {
        let import = if self.import > 0 { format!("{} to import, ", self.import) } else { String::new() };
        let (add, destroy) = (self.create + self.replace, self.delete + self.replace);
        format!("Plan: {import}{add} to add, {} to change, {destroy} to destroy", self.update)
    }

    pub(crate) fn table(&self) -> String {
        let rows = [
            ("import", self.import),
            ("create", self.create),
            ("update", self.update),
            ("replace", self.replace),
            ("delete", self.delete),
            ("forget", self.forget),
            ("read", self.read),
            ("no-op", self.no_op),
            ("unknown", self.unknown),
        ];
        let rows = rows.iter().filter(|(_, count)| *count > 0);
        let rows: String = rows.map(|(action, count)| format!("| {action} | {count} |\n")).collect();
        if rows.is_empty() {
            String::new()
        } else {
            format!("| Action | Resources |\n| --- | ---: |\n{rows}")
        }
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counting;
        impl<'de> Visitor<'de> for Counting {
            type Value = Counts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of resource changes")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Counts, S::Error> {
                let mut counts = Counts::default();
                while let Some(resource) = list.next_element::<ResourceChange>()? {
                    counts.add(resource);
                }
                Ok(counts)
            }
        }
        deserializer.deserialize_seq(Counting)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counting;
        impl<'de> Visitor<'de> for Counting {
            type Value = Length;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Length, S::Error> {
                let mut length = 0;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    length += 1;
                }
                Ok(Length(length))
            }
        }
        deserializer.deserialize_seq(Counting)
    }
}

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Actions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of actions")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Actions, S::Error> {
                let actions = [list.next_element()?, list.next_element()?];
                let mut more = false;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    more = true;
                }
                Ok(Actions(if more { [Some(Action::Unknown), None] } else { actions }))
            }
        }
        deserializer.deserialize_seq(Reading)
    }
}
