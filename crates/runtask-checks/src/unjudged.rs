//! Says what a plan leaves out, so that nobody takes what was judged for all that will happen.

use runtask_findings::{Code, Finding, Level, counted};
use serde::{Deserialize, Serialize};

/// What a plan leaves out.
///
/// Source: Terraform, "JSON Output Format": `errored`, `complete`, `deferred_changes`; and of 1.14
/// `deferred_action_invocations`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unjudged {
    /// Planning ended with an error.
    pub is_errored: bool,
    /// Another plan has to follow this one.
    pub is_incomplete: bool,
    /// Changes and actions that are put off.
    pub deferred: usize,
}

impl Unjudged {
    /// The findings about it: an error where nobody knows what is missing, a warning where terraform has left it out on
    /// purpose.
    #[must_use]
    pub fn findings(self) -> Vec<Finding> {
        let finding = |level, summary: String, body: &str| {
            Finding::new(Code::INCOMPLETE_PLAN, level, summary).body(body)
        };
        let mut findings = Vec::new();
        if self.is_errored {
            findings.push(finding(
                Level::Error,
                "The plan ended with an error, and what it does not hold was not checked".to_owned(),
                "Terraform says `errored: true` of it. It cannot be applied; mend the error and plan again.",
            ));
        }
        if self.deferred > 0 {
            findings.push(finding(
                Level::Warning,
                format!("Not checked: {} that terraform has put off", counted(self.deferred, "change")),
                "The plan lists them as `deferred_changes` or `deferred_action_invocations`; a later plan will hold them.",
            ));
        } else if self.is_incomplete && !self.is_errored {
            findings.push(finding(
                Level::Warning,
                "The plan is incomplete, and what it leaves out was not checked".to_owned(),
                "Terraform says `complete: false` of it, as with `-target`: another plan has to follow.",
            ));
        }
        findings
    }
}
