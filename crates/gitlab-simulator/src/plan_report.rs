//! Reads what a job says of its plan, as the merge request's page does.
//!
//! Source: GitLab, `lib/gitlab/ci/parsers/terraform/tfplan.rb`.

use serde_json::Value;

/// The largest count that is shown.
const MOST: u64 = 999_999;
/// Digits of a count that is a string.
const DIGITS: usize = 6;

/// The counts of a plan, as they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanCounts {
    /// Resources that are created.
    pub create: u64,
    /// Resources that are changed in place.
    pub update: u64,
    /// Resources that are destroyed.
    pub delete: u64,
}

/// What is shown instead of counts, in GitLab's word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanReportError {
    /// The report is no JSON.
    #[error("invalid_json_format")]
    NoJson,
    /// It is no object.
    #[error("unknown_error")]
    NoObject,
    /// A count is missing.
    #[error("missing_json_keys")]
    Missing,
    /// A count is no number.
    #[error("invalid_resource_count")]
    NoCount,
}

impl PlanCounts {
    /// Reads a report of the type `terraform`.
    ///
    /// # Errors
    ///
    /// When the page would show an error instead.
    pub fn read(report: &[u8]) -> Result<Self, PlanReportError> {
        let report: Value = serde_json::from_slice(report).map_err(|_error| PlanReportError::NoJson)?;
        let members = report.as_object().ok_or(PlanReportError::NoObject)?;
        let [create, update, delete] = ["create", "update", "delete"].map(|it| members.get(it));
        let (Some(create), Some(update), Some(delete)) = (create, update, delete) else {
            return Err(PlanReportError::Missing);
        };
        let count = |it| count(it).ok_or(PlanReportError::NoCount);
        Ok(Self { create: count(create)?, update: count(update)?, delete: count(delete)? })
    }
}

fn count(value: &Value) -> Option<u64> {
    let count = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) if text.len() <= DIGITS && text.bytes().all(|it| it.is_ascii_digit()) => {
            text.parse().ok()?
        }
        _ => return None,
    };
    Some(count.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read_as_the_vectors_say() {
        let vectors: Value =
            serde_json::from_str(include_str!("../tests/fixtures/terraform-report.json")).unwrap();
        let file = |it: &Value| it["file"].as_str().unwrap().to_owned();
        for case in vectors["valid"].as_array().unwrap() {
            let counts = PlanCounts::read(file(case).as_bytes()).unwrap();
            let expected = ["create", "update", "delete"].map(|it| case[it].as_u64().unwrap());
            assert_eq!([counts.create, counts.update, counts.delete], expected);
        }
        for case in vectors["invalid"].as_array().unwrap() {
            let error = PlanCounts::read(file(case).as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), case["error"].as_str().unwrap());
        }
    }
}
