//! What holds for every call of the API: who calls, which call it is, and that no secret is where proxies write it down.

use crate::call::Call;
use crate::secrets::Secrets;
use std::collections::HashMap;

/// Headers that are there to carry tokens; whether the right ones is judged elsewhere.
pub(crate) const TOKEN_HEADERS: [&str; 4] = ["authorization", "job-token", "private-token", "runner-token"];

/// Judges calls.
#[derive(Debug, Default)]
pub(crate) struct Manners {
    /// What each request id was used for.
    request_ids: HashMap<String, String>,
}

impl Manners {
    /// What is wrong with a call.
    pub(crate) fn judge(&mut self, call: &Call, secrets: &Secrets) -> Vec<String> {
        let mut violations = Vec::new();
        let name = call.name();
        let is_terraform = call.path.contains("/terraform/state/");
        let request_id = call.header("x-request-id").unwrap_or_default();
        if !is_terraform && (request_id.len() != 32 || !request_id.bytes().all(|it| it.is_ascii_hexdigit())) {
            violations.push(format!("{name} has no X-Request-Id of 32 hex digits"));
        } else if !is_terraform {
            let first = self.request_ids.entry(request_id.to_owned()).or_insert_with(|| name.clone());
            if *first != name {
                violations.push(format!("{name} has the X-Request-Id of {first}"));
            }
        }
        if call.header("user-agent").is_none_or(|it| it.starts_with("gitlab-runner")) {
            violations.push(format!("{name} has no User-Agent of its own"));
        }
        let mut seen = Vec::new();
        let address = format!("{}?{}", call.path, call.query);
        let decoded: String =
            form_urlencoded::parse(address.as_bytes()).map(|(a, b)| format!("{a}={b}&")).collect();
        for text in [&address, &decoded] {
            seen.extend(
                secrets.found_in(text.as_bytes()).into_iter().map(|it| format!("{it} is in the URL")),
            );
        }
        for (header, value) in &call.headers {
            if !TOKEN_HEADERS.contains(&header.as_str()) {
                let leaks = secrets.found_in(value.as_bytes()).into_iter();
                seen.extend(leaks.map(|it| format!("{it} is in the header {header}")));
            }
        }
        let mut body = call.json();
        if let Some(members) = body.as_object_mut().filter(|_| !is_terraform) {
            members.remove("token");
            let leaks = secrets.found_in(body.to_string().as_bytes()).into_iter();
            seen.extend(leaks.map(|it| format!("{it} is in the body")));
        }
        violations.extend(seen.into_iter().map(|it| format!("{name}: {it}")));
        violations
    }
}
