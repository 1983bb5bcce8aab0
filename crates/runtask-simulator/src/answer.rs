//! Reads the answer to a request as some senders do: for a result.

use serde_json::Value;

/// Whether a sender could take something in this answer for a result.
pub(crate) fn says_result(body: &str) -> bool {
    match serde_json::from_str(body) {
        Ok(value) => holds_result(&value),
        Err(_no_json) => is_result(body.trim()),
    }
}

fn holds_result(value: &Value) -> bool {
    match value {
        Value::String(text) => is_result(text),
        Value::Array(items) => items.iter().any(holds_result),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| (is_result(name) && *value != Value::Null) || holds_result(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_result(word: &str) -> bool {
    ["passed", "failed"].iter().any(|it| word.eq_ignore_ascii_case(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_seen_wherever_it_stands() {
        for body in [
            r#"{"data":{"type":"task-results","attributes":{"status":"passed"}}}"#,
            r#"{"status":"PASSED"}"#,
            r#"[{"failed":true}]"#,
            "passed\n",
        ] {
            assert!(says_result(body), "{body}");
        }
        for body in
            ["", "OK", r#"{"status":"ok"}"#, r#"{"message":"nothing has passed yet"}"#, "<p>passed</p>"]
        {
            assert!(!says_result(body), "{body}");
        }
    }
}
