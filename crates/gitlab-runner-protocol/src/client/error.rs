//! Why a call came to nothing, in texts that are fit for a job's log: no token, no URL, no foreign control characters.

use reqwest::StatusCode;
use serde_json::Value;
use std::time::Duration;

/// The longest message of GitLab's that is repeated, in characters.
const MESSAGE: usize = 300;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// An answer that making the call again does not mend, or did not.
    #[error("GitLab answered {status} to {call}{}", said(.message))]
    Refused {
        /// Which call.
        call: &'static str,
        /// With what.
        status: StatusCode,
        /// What GitLab said, shortened, on one line.
        message: Option<String>,
        /// How long it wants to be left alone.
        pause: Option<Duration>,
    },
    /// No answer, or a broken one.
    #[error("GitLab could not be reached for {call}")]
    Transport {
        /// Which call.
        call: &'static str,
        /// What went wrong, without the URL.
        #[source]
        source: reqwest::Error,
    },
    /// The deadline passed first.
    #[error("there was no time left for {call}")]
    Late {
        /// Which call.
        call: &'static str,
    },
    /// A success that is none: a page of a proxy, most likely.
    #[error("the answer to {call} is not GitLab's: {defect}")]
    Strange {
        /// Which call.
        call: &'static str,
        /// What is wrong with it.
        defect: &'static str,
    },
    /// GitLab sends the call to an address that may not be given the token.
    #[error("GitLab sent {call} on to another address, which no setting allows")]
    Redirected {
        /// Which call.
        call: &'static str,
    },
    /// A file of the runner's own could not be read or written.
    #[error("the file for {call} could not be used")]
    File {
        /// Which call.
        call: &'static str,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
}

impl CallError {
    /// The status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

fn said(message: &Option<String>) -> String {
    message.as_ref().map(|it| format!(": {it}")).unwrap_or_default()
}

/// What GitLab says in the body of an error: a text, or texts by field. An object store answers XML, which says nothing to
/// anybody.
pub(super) fn message(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let message = body.get("message").or_else(|| body.get("error"))?;
    let text = match message {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let text = |it: &Value| match it {
                Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
                other => other.as_str().unwrap_or_default().to_owned(),
            };
            fields.iter().map(|(name, it)| format!("{name}: {}", text(it))).collect::<Vec<_>>().join("; ")
        }
        _ => return None,
    };
    let line: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).take(MESSAGE).collect();
    Some(line).filter(|it| !it.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_text_or_texts_by_field_on_one_line() {
        for (body, expected) in [
            (r#"{"message":"403 Forbidden"}"#, Some("403 Forbidden")),
            (r#"{"message":{"file":["too large","empty"],"b":"x"}}"#, Some("b: x; file: too large, empty")),
            (r#"{"error":"a\u001b[31mb\nc"}"#, Some("a [31mb c")),
            (r#"{"message":7}"#, None),
            ("<Error/>", None),
            (r#"{"message":""}"#, None),
        ] {
            assert_eq!(message(body.as_bytes()).as_deref(), expected, "{body}");
        }
        assert_eq!(
            message(format!(r#"{{"message":"{}"}}"#, "x".repeat(1000)).as_bytes()).unwrap().len(),
            MESSAGE
        );
    }
}
