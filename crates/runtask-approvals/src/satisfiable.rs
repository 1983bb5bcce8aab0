//! Finds rules that nobody could ever satisfy, as far as settings name people.

use crate::directory::Directory;
use crate::rules::MAX_GROUPS;
use runtask_findings::counted;
use std::collections::BTreeSet;
use std::fmt;

/// Groups of which more are required than there can be, and the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TooFew {
    /// The groups, taken together.
    pub groups: Vec<String>,
    /// How many are required of them.
    pub required: usize,
    /// How many people settings name for them.
    pub people: usize,
}

impl fmt::Display for TooFew {
    /// "3 approvals of `a` and `b` are required, and there is 1 person"
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.groups.iter().map(|it| format!("`{it}`")).collect();
        let people =
            if self.people == 1 { "is 1 person".to_owned() } else { format!("are {} people", self.people) };
        let (are, names) = (if self.required == 1 { "is" } else { "are" }, names.join(" and "));
        write!(f, "{} of {names} {are} required, and there {people}", counted(self.required, "approval"))
    }
}

/// Finds the first set of groups that has too few people. Of a group that somebody else fills nobody knows.
///
/// `absent` are people who may not approve: whoever started the run.
pub(crate) fn too_few(
    directory: &Directory,
    required: &[(&str, u32)],
    distinct: bool,
    absent: usize,
) -> Option<TooFew> {
    let named: Vec<_> = required
        .iter()
        .filter_map(|(name, count)| Some((*name, *count as usize, people(directory, name)?)))
        .take(MAX_GROUPS)
        .collect();
    (1..1_u32 << named.len())
        .filter(|bits| distinct || bits.is_power_of_two())
        .map(|bits| {
            let set = named.iter().enumerate().filter(|(number, _)| bits >> number & 1 == 1);
            let mut found = TooFew { groups: Vec::new(), required: 0, people: 0 };
            let mut all = BTreeSet::new();
            for (_, (name, count, people)) in set {
                found.groups.push((*name).to_owned());
                found.required += count;
                all.extend(people);
            }
            found.people = all.len();
            found
        })
        .find(|it| it.people.saturating_sub(absent) < it.required)
}

/// The people whom settings name for a group, each once; `None` where others fill it, and where there is nobody, which is
/// told elsewhere.
fn people(directory: &Directory, group: &str) -> Option<BTreeSet<String>> {
    let group = directory.groups.get(group)?;
    let named_only = group.roles.is_empty() && group.groups.is_empty() && !group.people.is_empty();
    named_only.then(|| group.people.iter().map(|it| directory.one_name_of(it)).collect())
}
