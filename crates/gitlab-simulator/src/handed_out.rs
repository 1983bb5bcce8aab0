//! Writes what is handed out for a job: as it is, or with a fault in it.

use crate::fault::Fault;
use serde_json::{Value, json};

/// The body of the answer 201.
pub(crate) fn body(payload: &Value, fault: Option<Fault>) -> String {
    let mut payload = payload.clone();
    match fault {
        Some(Fault::JobUnknownMembers) => add_unknown_members(&mut payload),
        Some(Fault::JobNulls) => nullify(&mut payload),
        Some(Fault::JobTimeoutZero) => {
            if let Some(timeout) = payload.pointer_mut("/runner_info/timeout") {
                *timeout = 0.into();
            }
        }
        _ => {}
    }
    let mut body = payload.to_string();
    if fault == Some(Fault::JobTruncated) {
        // Id and token are in what is left; GitLab writes them first.
        let first = json!({"id": payload.get("id"), "token": payload.get("token")}).to_string();
        body = format!("{},{}", first.trim_end_matches('}'), body.trim_start_matches('{'));
        body.truncate(body.floor_char_boundary(body.len() / 2));
    }
    body
}

fn add_unknown_members(payload: &mut Value) {
    let strange = json!({"nested": [1, 2, {"deep": true}]});
    for place in ["/variables/0", "/steps/0", "/job_info", "/git_info", "/runner_info", "/features", ""] {
        if let Some(Value::Object(members)) = payload.pointer_mut(place) {
            members.insert("something_new".to_owned(), strange.clone());
        }
    }
}

/// `null` for every list and object without which there still is a job.
fn nullify(payload: &mut Value) {
    let Some(members) = payload.as_object_mut() else { return };
    for (name, value) in members.iter_mut() {
        let is_needed =
            ["steps", "git_info", "job_info", "variables", "runner_info"].contains(&name.as_str());
        if !is_needed && (value.is_array() || value.is_object()) {
            *value = Value::Null;
        }
    }
    if let Some(Value::Object(members)) = members.get_mut("runner_info") {
        members.insert("runner_session_url".to_owned(), Value::Null);
    }
}
