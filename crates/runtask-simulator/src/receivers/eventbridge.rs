//! A bus of Amazon EventBridge.
//!
//! Source: AWS, "PutEvents" (Amazon EventBridge API Reference). Signatures are not verified: whose key it is, nobody knows
//! here.

use super::seen::{Judged, Seen, keys, text};
use serde_json::Value;

/// Bytes of an entry.
const ENTRY: usize = 256 * 1024;

pub(super) fn judge(seen: &Seen) -> Judged {
    let mut problems = Vec::new();
    for (header, expected) in
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AWSEvents.PutEvents")]
    {
        if seen.header(header) != expected {
            problems.push(format!("{header} is not {expected}"));
        }
    }
    if !seen.header("authorization").starts_with("AWS4-HMAC-SHA256 ") {
        return Judged::refused(
            400,
            r#"{"__type":"MissingAuthenticationTokenException"}"#,
            "nobody has signed it",
        );
    }
    if seen.body.len() > ENTRY {
        problems.push(format!("the body has {} bytes, and {ENTRY} are taken", seen.body.len()));
    }
    keys(&seen.json, "", &["Entries"], &mut problems);
    match seen.json.get("Entries").and_then(Value::as_array).map(Vec::as_slice) {
        Some([entry]) => judge_entry(entry, &mut problems),
        _ => problems.push("it is not one entry".to_owned()),
    }
    let taken = r#"{"FailedEntryCount":0,"Entries":[{"EventId":"11710aed-b79e-4468-a20b-bb3c0c3b4860"}]}"#;
    let refused = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InvalidArgument","ErrorMessage":"no"}]}"#;
    Judged::of(problems, (200, taken), (200, refused))
}

fn judge_entry(entry: &Value, problems: &mut Vec<String>) {
    keys(entry, "", &["EventBusName", "Source", "DetailType", "Detail", "Time"], problems);
    text(entry, "/EventBusName", 1600, problems);
    text(entry, "/Source", 256, problems);
    text(entry, "/DetailType", 128, problems);
    if !entry.get("Time").is_some_and(Value::is_number) {
        problems.push("/Time is no number".to_owned());
    }
    let detail = entry.get("Detail").and_then(Value::as_str).unwrap_or_default();
    if !serde_json::from_str::<Value>(detail).is_ok_and(|it| it.is_object()) {
        problems.push("/Detail is no object in a text".to_owned());
    }
}
