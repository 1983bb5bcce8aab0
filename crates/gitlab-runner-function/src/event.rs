//! What the function is asked to do.
//!
//! An event is trusted for no more than a poll: whoever may invoke the function can send any.

use serde::Deserialize;
use std::time::Duration;

/// For which cloud jobs get credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Amazon Web Services.
    Aws,
    /// Scaleway, whose object store takes its keys as those of AWS.
    Scaleway,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Ask for jobs, and run them.
    Poll {
        /// How long to ask when there is none; `None` for what the settings say.
        idle: Option<Duration>,
        /// For which cloud; `None` for what the settings say.
        platform: Option<Platform>,
    },
    /// See whether everything is as it has to be.
    Verify,
}

/// An event that is none of ours.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventError {
    /// It has another form.
    #[error(
        "the event is none that this function knows: send {{\"action\": \"poll\"}}, {{\"action\": \"verify\"}} or \
         {{\"TARGET_CLOUD_PLATFORM\": \"aws\"}}"
    )]
    Unknown,
    /// It names another cloud.
    #[error("TARGET_CLOUD_PLATFORM has to be `aws` or `scaleway`")]
    Platform,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    action: Option<Action>,
    idle_seconds: Option<u32>,
    #[serde(rename = "TARGET_CLOUD_PLATFORM")]
    platform: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Action {
    Poll,
    Verify,
}

impl Platform {
    /// Reads its name.
    ///
    /// # Errors
    ///
    /// When it is another cloud.
    pub fn parse(name: &str) -> Result<Self, EventError> {
        match name {
            "aws" => Ok(Self::Aws),
            "scaleway" => Ok(Self::Scaleway),
            _ => Err(EventError::Platform),
        }
    }
}

impl Event {
    /// Reads an event: `{"action": "poll"}`, with `idle_seconds` where that is not to be the usual; `{"action": "verify"}`; or
    /// `{"TARGET_CLOUD_PLATFORM": "aws"}`, which is a poll, too.
    ///
    /// # Errors
    ///
    /// Says which events there are; nothing of this one.
    pub fn parse(event: &[u8]) -> Result<Self, EventError> {
        let raw: Raw = serde_json::from_slice(event).map_err(|_another_form| EventError::Unknown)?;
        let platform = raw.platform.as_deref().map(Platform::parse).transpose()?;
        let idle = raw.idle_seconds.map(|it| Duration::from_secs(it.into()));
        match (raw.action, platform) {
            (Some(Action::Verify), _) => Ok(Self::Verify),
            (Some(Action::Poll), _) | (None, Some(_)) => Ok(Self::Poll { idle, platform }),
            (None, None) => Err(EventError::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read() {
        let poll =
            |idle: Option<u64>, platform| Ok(Event::Poll { idle: idle.map(Duration::from_secs), platform });
        for (event, expected) in [
            (r#"{"action":"poll"}"#, poll(None, None)),
            (r#"{"action":"poll","idle_seconds":0}"#, poll(Some(0), None)),
            (r#"{"action":"verify"}"#, Ok(Event::Verify)),
            (r#"{"TARGET_CLOUD_PLATFORM":"aws"}"#, poll(None, Some(Platform::Aws))),
            (r#"{"TARGET_CLOUD_PLATFORM":"scaleway"}"#, poll(None, Some(Platform::Scaleway))),
            (r#"{"TARGET_CLOUD_PLATFORM":"azure"}"#, Err(EventError::Platform)),
            (r#"{}"#, Err(EventError::Unknown)),
            (r#"{"action":"stop"}"#, Err(EventError::Unknown)),
            (r#"{"action":"poll","token":"glrt-x"}"#, Err(EventError::Unknown)),
            ("null", Err(EventError::Unknown)),
        ] {
            assert_eq!(Event::parse(event.as_bytes()), expected, "{event}");
        }
    }
}
