//! Counts what a plan of Terraform does, in the form of GitLab's `terraform` report, which a merge request shows.

use serde::Deserialize;

/// What is shown is cut there.
const MAX: u64 = 999_999;

/// How many resources a plan creates, updates and deletes; a replacement counts as one created and one deleted.
///
/// Source: GitLab, `lib/gitlab/ci/parsers/terraform/tfplan.rb`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanReport {
    /// Created.
    pub create: u64,
    /// Updated.
    pub update: u64,
    /// Deleted.
    pub delete: u64,
}

/// The bytes are no plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoPlan {
    /// Not what `terraform show -json` prints.
    #[error("this is no plan as `terraform show -json PLANFILE` prints it")]
    Json(#[source] serde_json::Error),
    /// A state or something else of Terraform.
    #[error(
        "it has no resource_changes: give it what `terraform show -json PLANFILE` prints for a plan, not for a state"
    )]
    NoChanges,
}

#[derive(Deserialize)]
struct Plan {
    resource_changes: Option<Vec<ResourceChange>>,
    // A plan without any change has no list; this tells it from other files.
    planned_values: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct ResourceChange {
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    actions: Vec<String>,
}

impl PlanReport {
    /// Counts over a plan as `terraform show -json` prints it.
    ///
    /// # Errors
    ///
    /// When the bytes are something else.
    pub fn of_plan(json: &[u8]) -> Result<Self, NoPlan> {
        let plan: Plan = serde_json::from_slice(json).map_err(NoPlan::Json)?;
        let changes = match (plan.resource_changes, plan.planned_values) {
            (Some(changes), _) => changes,
            (None, Some(_)) => Vec::new(),
            (None, None) => return Err(NoPlan::NoChanges),
        };
        let mut report = Self::default();
        for action in changes.iter().flat_map(|it| &it.change.actions) {
            match action.as_str() {
                "create" => report.create += 1,
                "update" => report.update += 1,
                "delete" => report.delete += 1,
                _ => {}
            }
        }
        Ok(report)
    }

    /// The report's only form.
    #[must_use]
    pub fn to_json(&self) -> String {
        let [create, update, delete] = [self.create, self.update, self.delete].map(|it| it.min(MAX));
        format!("{{\"create\":{create},\"update\":{update},\"delete\":{delete}}}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn actions_are_counted_as_gitlab_documents_them() {
        let examples: Value =
            serde_json::from_str(include_str!("../tests/data/terraform-report.json")).unwrap();
        let examples = examples["counting"].as_array().unwrap();
        assert_eq!(examples.len(), 4);
        for example in examples {
            let actions = example["actions"].as_array().unwrap();
            let changes: Vec<Value> = actions.iter().map(|it| json!({"change": {"actions": it}})).collect();
            let plan = json!({"format_version": "1.2", "resource_changes": changes}).to_string();
            let report = PlanReport::of_plan(plan.as_bytes()).unwrap();
            let written: Value = serde_json::from_str(&report.to_json()).unwrap();
            for what in ["create", "update", "delete"] {
                assert_eq!(written[what], example[what], "{what} of {example}");
            }
        }
    }

    #[test]
    fn what_is_no_plan_is_refused_in_words() {
        let check = |json: &str, expected: &str| {
            let error = PlanReport::of_plan(json.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        };
        check("{}", "it has no resource_changes");
        check("x", "this is no plan");
        check("[]", "this is no plan");
        let empty = PlanReport::of_plan(br#"{"planned_values":{}}"#).unwrap();
        assert_eq!(empty.to_json(), "{\"create\":0,\"update\":0,\"delete\":0}\n");
        let many = PlanReport { create: 1_000_000, ..PlanReport::default() };
        assert_eq!(many.to_json(), "{\"create\":999999,\"update\":0,\"delete\":0}\n");
    }
}
