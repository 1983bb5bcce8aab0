//! Says why the sweep of approvals is called: by its schedule, or by whoever has just asked people.

use serde::{Deserialize, Serialize};

/// An event for the sweep. Whatever has none of its keys, such as a test event of AWS's console, is about all approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepEvent {
    #[serde(default = "version")]
    version: u32,
    /// The id of the one approval that it is about; all that are due, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
}

/// An event that is none of the sweep's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepEventError {
    /// It is not what was agreed upon.
    #[error("this is no event for the sweep of approvals")]
    Malformed(#[source] serde_json::Error),
    /// Whoever wrote it knows more.
    #[error(
        "this event for the sweep of approvals is of version {0}, which this function does not know: deploy the same release of both"
    )]
    Newer(u32),
}

const fn version() -> u32 {
    SweepEvent::VERSION
}

impl SweepEvent {
    /// What is written and understood.
    pub const VERSION: u32 = 1;

    /// An event about one approval.
    #[must_use]
    pub fn about(id: &str) -> Self {
        Self { version: Self::VERSION, approval: Some(id.to_owned()) }
    }

    /// Reads an event.
    ///
    /// # Errors
    ///
    /// When it is none of ours, or of a later release.
    pub fn parse(json: &str) -> Result<Self, SweepEventError> {
        let event: Self = serde_json::from_str(json).map_err(SweepEventError::Malformed)?;
        if event.version > Self::VERSION { Err(SweepEventError::Newer(event.version)) } else { Ok(event) }
    }

    /// The event as it is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_about_one_approval_or_about_all_that_are_due() {
        let about = |json: &str| SweepEvent::parse(json).unwrap().approval;
        assert_eq!(about(&SweepEvent::about("taskrs-abc123").to_json()).as_deref(), Some("taskrs-abc123"));
        // What the schedule sends, and AWS's console.
        for json in ["{\"version\":1}", "{}", "{\"key1\":\"value1\"}"] {
            assert_eq!(about(json), None, "{json}");
        }
    }

    #[test]
    fn an_event_of_a_later_release_is_refused_in_words() {
        let error = SweepEvent::parse("{\"version\":2,\"approval\":\"taskrs-abc123\"}").unwrap_err();
        assert!(error.to_string().contains("of version 2"), "{error}");
        for json in ["1", "{\"version\":\"1\"}", "{\"approval\":1}"] {
            assert!(matches!(SweepEvent::parse(json), Err(SweepEventError::Malformed(_))), "{json}");
        }
    }
}
