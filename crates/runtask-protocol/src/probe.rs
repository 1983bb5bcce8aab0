//! Recognizes the request with which HCP Terraform tries out a run task that is created or changed.

/// The `access_token` of a probe.
///
/// Source: `hashicorp/terraform-run-task-scaffolding-go`, constant `VerificationToken`.
pub(crate) const PROBE_TOKEN: &str = "test-token";

/// How a probe is known for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Its enforcement level is `test`, which no run has.
    AtLevelTest,
    /// By another marker, which a sender that is not HCP Terraform may also send with a run.
    Other,
}

impl Probe {
    /// What it is answered. HCP Terraform reads the status 200 only; the document is for people who look.
    ///
    /// There are servers that take an answer's body for the result of a run, so only a probe that cannot be a run hears of
    /// a status.
    #[must_use]
    pub const fn answer(self) -> &'static str {
        match self {
            Self::AtLevelTest => {
                r#"{"data":{"type":"task-results","attributes":{"status":"passed","message":"Configuration successful"}}}"#
            }
            Self::Other => r#"{"message":"The run task answers"}"#,
        }
    }
}

/// Whether an id is a dummy, such as `run-xxxxxxxxxxxxxxxx`.
pub(crate) fn is_dummy_id(id: &str) -> bool {
    id.rsplit('-').next().is_some_and(is_dummy)
}

/// Whether a URL names a dummy, such as `https://app.terraform.io/api/v2/task-results/xxxxxxxx-xxxx-…/callback`.
pub(crate) fn is_dummy_url(url: &str) -> bool {
    let (_, rest) = url.split_once("/task-results/").unwrap_or_default();
    rest.split('/').next().is_some_and(|it| is_dummy(&it.replace('-', "")))
}

fn is_dummy(text: &str) -> bool {
    text.len() >= 8 && text.bytes().all(|it| it == b'x')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dummies_are_told_from_ids() {
        for id in ["run-xxxxxxxxxxxxxxxx", "taskrs-xxxxxxxxxxxxxxxx"] {
            assert!(is_dummy_id(id), "{id}");
        }
        for id in ["run-CZcmD7eagjhyX0vN", "run-x", "run-xxxxxxxxxxxxxxxy", "run-", ""] {
            assert!(!is_dummy_id(id), "{id}");
        }
        let callback = |id: &str| format!("https://app.terraform.io/api/v2/task-results/{id}/callback");
        assert!(is_dummy_url(&callback("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")));
        for url in [
            callback("5ea8d46c-2ceb-42cd-83f2-82e54697bddd"),
            callback("xxx"),
            "https://xxxxxxxx/callback".into(),
        ] {
            assert!(!is_dummy_url(&url), "{url}");
        }
    }

    /// V-16: only a probe that cannot be a run hears of a status.
    #[test]
    fn an_answer_says_nothing_that_a_run_could_pass_by() {
        assert!(Probe::AtLevelTest.answer().contains("passed"));
        assert!(!Probe::Other.answer().contains("status") && !Probe::Other.answer().contains("pass"));
    }
}
