//! Says in numbers what a plan would do, for whoever asks people about it.

use crate::plan_counts::{Counts, KNOWN_MAJOR, Length};
use serde::Deserialize;
use std::io::{BufReader, Read};

/// What a plan would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanChanges {
    /// How many resources it would create.
    pub add: u64,
    /// How many it would change or forget, and how many actions it would invoke.
    pub change: u64,
    /// How many it would destroy, replaced ones among them, which count as created, too.
    pub destroy: u64,
    /// Addresses of the first of those.
    pub destroyed: Vec<String>,
}

#[derive(Deserialize)]
struct Plan {
    format_version: String,
    resource_changes: Option<Counts>,
    action_invocations: Option<Length>,
    errored: Option<bool>,
}

/// What `plan`, as `terraform show -json` prints it, would do; `None` where nobody can tell: it cannot be read, it says
/// something that this version does not know, or planning ended with an error.
#[must_use]
pub fn plan_changes(plan: impl Read) -> Option<PlanChanges> {
    let plan: Plan = serde_json::from_reader(BufReader::new(plan)).ok()?;
    let counts = plan.resource_changes.unwrap_or_default();
    let is_known = plan.format_version.split('.').next() == Some(KNOWN_MAJOR) && counts.unknown == 0;
    let actions = plan.action_invocations.unwrap_or_default().0;
    (is_known && plan.errored != Some(true)).then(|| PlanChanges {
        add: counts.create + counts.replace,
        change: (counts.update + counts.forget).saturating_add(u64::try_from(actions).unwrap_or(u64::MAX)),
        destroy: counts.delete + counts.replace,
        destroyed: counts.destroyed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn plan(actions: &[&[&str]]) -> Value {
        let change = |(number, it): (usize, &&[&str])| json!({ "address": format!("a.b[{number}]"), "change": { "actions": it, "after": { "x": "secret" } } });
        let changes: Vec<_> = actions.iter().enumerate().map(change).collect();
        json!({ "format_version": "1.2", "resource_changes": changes })
    }

    fn changes(plan: &Value) -> Option<PlanChanges> {
        plan_changes(plan.to_string().as_bytes())
    }

    #[test]
    fn what_is_destroyed_is_named() {
        let mut plan =
            plan(&[&["create"], &["delete", "create"], &["update"], &["delete"], &["no-op"], &["forget"]]);
        plan["action_invocations"] = json!([{}]);
        let destroyed = vec!["a.b[1]".to_owned(), "a.b[3]".to_owned()];
        assert_eq!(changes(&plan), Some(PlanChanges { add: 2, change: 3, destroy: 2, destroyed }));
        let many = vec![&["delete"][..]; 300];
        let found = changes(&self::plan(&many)).unwrap();
        assert_eq!((found.destroy, found.destroyed.len()), (300, 200));
    }

    #[test]
    fn of_a_plan_that_does_not_say_all_nothing_is_known() {
        assert_eq!(changes(&plan(&[])), Some(PlanChanges::default()));
        assert_eq!(changes(&plan(&[&["evaporate"]])), None);
        let with = |key: &str, value: Value| {
            let mut plan = plan(&[]);
            plan[key] = value;
            changes(&plan)
        };
        assert_eq!(with("errored", json!(true)), None);
        assert_eq!(with("format_version", json!("2.0")), None);
        assert_eq!(with("resource_changes", json!("none")), None);
        assert_eq!(plan_changes(&b"{"[..]), None);
    }
}
