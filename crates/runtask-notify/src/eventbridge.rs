//! An event on a bus of Amazon EventBridge.
//!
//! Sources: AWS, "PutEvents", "PutEventsRequestEntry", "PutEventsResultEntry" (Amazon EventBridge API Reference), "Adding
//! events with PutEvents" (which errors to try again).

use crate::answer::Answer;
use crate::message::Message;
use crate::place::Address;
use crate::request::Request;
use http::{StatusCode, header};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

/// What rules find our events by.
const SOURCE: &str = "runtask";
const DETAIL_TYPE: &str = "run_task.finished";

const OPERATION: &str = "AWSEvents.PutEvents";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Characters of a bus's name or ARN, by AWS's limit.
const BUS: usize = 1600;

/// The way to the EventBridge of one region, with the rights of whoever runs: given by programs that have a key of AWS.
pub trait Events: Debug + Send + Sync {
    /// Where events go: `https://events.eu-central-1.amazonaws.com/`.
    fn address(&self) -> &str;

    /// What proves that a `POST` of this body to this URL is ours, with these headers: more headers. None where it cannot be
    /// signed, which AWS refuses.
    fn sign(
        &self,
        url: &str,
        headers: &[(&'static str, &'static str)],
        body: &[u8],
        now: SystemTime,
    ) -> Vec<(&'static str, SecretString)>;
}

/// Whether this can be the name of a bus, or its ARN.
pub(crate) fn is_bus(text: &str) -> bool {
    let name = match text.strip_prefix("arn:") {
        None => Some(text),
        Some(arn) => match arn.splitn(5, ':').collect::<Vec<_>>().as_slice() {
            [partition, "events", region, account, bus] => {
                let is_account = account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit());
                let is_known = partition.starts_with("aws") && !region.is_empty() && is_account;
                bus.strip_prefix("event-bus/").filter(|_| is_known)
            }
            _ => None,
        },
    };
    let plain = |it: char| it.is_ascii_alphanumeric() || "/.-_".contains(it);
    text.len() <= BUS && name.is_some_and(|it| !it.is_empty() && it.chars().all(plain))
}

/// The event, for this bus.
pub(crate) fn request(
    message: &Message,
    address: &Address,
    bus: &str,
    events: &dyn Events,
    now: SystemTime,
) -> Request {
    let mut detail = message.to_json();
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("id".to_owned(), message.event_id().into());
    }
    let request = Request::new(&json!({ "Entries": [{
        "EventBusName": bus,
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Detail": detail.to_string(),
        "Time": message.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
    }] }));
    let headers = [(header::CONTENT_TYPE.as_str(), CONTENT_TYPE), ("x-amz-target", OPERATION)];
    let proof = events.sign(address.expose().as_str(), &headers, &request.body, now);
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let request = proof.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    request.judged_by(judge)
}

/// What it says to an event: 200 may hold a refusal.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Said {
    failed_entry_count: u64,
    entries: Vec<Entry>,
    /// The name of an error, perhaps behind a namespace and `#`.
    #[serde(rename = "__type")]
    kind: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    error_code: Option<String>,
}

fn judge(status: StatusCode, body: &[u8]) -> Answer {
    let said: Option<Said> = serde_json::from_slice(body).ok();
    if !status.is_success() {
        let code = said.and_then(|it| it.kind);
        return code
            .as_deref()
            .map_or(Answer::of(status), |it| refused(it.rsplit('#').next().unwrap_or_default()));
    }
    match said {
        Some(said) if said.failed_entry_count == 0 => Answer::Taken,
        Some(said) => {
            let code = said.entries.into_iter().find_map(|it| it.error_code);
            refused(code.as_deref().unwrap_or_default())
        }
        None => refused(""),
    }
}

fn refused(code: &str) -> Answer {
    // Theirs, but by way of whoever is in between.
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    match &*plain {
        "ThrottlingException"
        | "ThrottledException"
        | "InternalException"
        | "InternalFailure"
        | "ServiceUnavailable" => Answer::Busy(plain),
        "" => Answer::Refused("an answer that is not EventBridge's".to_owned()),
        _ => Answer::Refused(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_a_name_or_an_arn() {
        for bus in ["default", "acme/results", "arn:aws:events:eu-central-1:123456789012:event-bus/acme"] {
            assert!(is_bus(bus), "{bus}");
        }
        for other in [
            "",
            "a b",
            "acme*",
            "arn:aws:sns:eu-central-1:123456789012:acme",
            "arn:aws:events:eu-central-1:123456789012:rule/acme",
            "arn:aws:events:eu-central-1:123:event-bus/acme",
            "arn:aws:events:eu-central-1:123456789012:event-bus/",
        ] {
            assert!(!is_bus(other), "{other}");
        }
    }

    /// What EventBridge answers is judged by what it says, not by its status alone.
    #[test]
    fn an_answer_of_200_may_be_a_refusal() {
        let judged = |status: u16, body: &str| judge(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let refused = |it: &str| Answer::Refused(it.to_owned());
        assert_eq!(judged(200, r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#), Answer::Taken);
        let entry = |code: &str| {
            format!(
                r#"{{"FailedEntryCount":1,"Entries":[{{"ErrorCode":"{code}","ErrorMessage":"secret"}}]}}"#
            )
        };
        assert_eq!(judged(200, &entry("MalformedDetail")), refused("MalformedDetail"));
        assert_eq!(judged(200, &entry("InternalFailure")), Answer::Busy("InternalFailure".to_owned()));
        assert_eq!(judged(200, r#"{"FailedEntryCount":1}"#), refused("an answer that is not EventBridge's"));
        assert_eq!(judged(200, "<html>"), refused("an answer that is not EventBridge's"));
        let throttled = r#"{"__type":"com.amazon.coral.availability#ThrottlingException"}"#;
        assert_eq!(judged(400, throttled), Answer::Busy("ThrottlingException".to_owned()));
        assert_eq!(judged(400, r#"{"__type":"AccessDeniedException"}"#), refused("AccessDeniedException"));
        assert_eq!(judged(503, "busy"), Answer::of(StatusCode::SERVICE_UNAVAILABLE));
    }
}
