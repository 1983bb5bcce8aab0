//! Says when a run task is called, and what its failure does to the run.

use super::answer::{at, text};
use serde_json::Value;

/// When a run task is called, and what its failure does to the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The stages, as HCP Terraform spells them.
    pub stages: Vec<String>,
    /// `advisory` or `mandatory`.
    pub enforcement_level: String,
}

impl Scope {
    /// Whether both mean the same: the order of stages has no meaning.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let sorted = |it: &Self| {
            let mut stages = it.stages.clone();
            stages.sort_unstable();
            stages
        };
        self.enforcement_level == other.enforcement_level && sorted(self) == sorted(other)
    }

    /// Whether something stops a run, or is called at all, where `other` says so and this does not.
    #[must_use]
    pub fn is_weaker_than(&self, other: &Self) -> bool {
        let level = other.enforcement_level == "mandatory" && self.enforcement_level != "mandatory";
        level || other.stages.iter().any(|it| !self.stages.contains(it))
    }
}

/// Stages under the attribute `name`; Terraform Enterprise before April 2024 has one, under `stage`.
pub(super) fn scope(value: &Value, name: &str) -> Option<Scope> {
    let attribute = |name| at(value, &["attributes", name]);
    let stages = attribute(name).and_then(stages);
    let stages = stages.or_else(|| Some(vec![attribute("stage")?.as_str()?.to_owned()]));
    let level = text(value, &["attributes", "enforcement-level"])?.to_owned();
    Some(Scope { stages: stages?, enforcement_level: level })
}

pub(super) fn stages(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|it| it.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_alike_whatever_the_order_of_stages() {
        let scope = |stages: &[&str], level: &str| Scope {
            stages: stages.iter().map(|it| (*it).to_owned()).collect(),
            enforcement_level: level.to_owned(),
        };
        let one = scope(&["pre_plan", "post_plan"], "advisory");
        assert!(one.is_like(&scope(&["post_plan", "pre_plan"], "advisory")));
        assert!(!one.is_like(&scope(&["post_plan", "pre_plan"], "mandatory")));
        assert!(!one.is_like(&scope(&["post_plan"], "advisory")));
    }

    #[test]
    fn a_stage_less_is_weaker_and_so_is_advisory() {
        let scope = |stages: &[&str], level: &str| Scope {
            stages: stages.iter().map(|it| (*it).to_owned()).collect(),
            enforcement_level: level.to_owned(),
        };
        let before = scope(&["post_plan", "pre_apply"], "mandatory");
        for (stages, level, weaker) in [
            (&["pre_apply", "post_plan"][..], "mandatory", false),
            (&["pre_apply", "post_plan", "pre_plan"], "mandatory", false),
            (&["pre_apply", "post_plan"], "advisory", true),
            (&["pre_apply"], "mandatory", true),
            (&["pre_plan"], "mandatory", true),
        ] {
            assert_eq!(scope(stages, level).is_weaker_than(&before), weaker, "{stages:?} {level}");
        }
        assert!(!scope(&["post_plan"], "mandatory").is_weaker_than(&scope(&["post_plan"], "advisory")));
    }
}
