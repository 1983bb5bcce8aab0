//! Reads what HCP Terraform sends.
//!
//! Every field is optional to read, unknown fields are ignored, and `null` is the same as absent, because fields
//! were added over the years and a probe has dummies in most of them.

use crate::enforcement_level::EnforcementLevel;
use crate::probe::{PROBE_TOKEN, Probe, is_dummy_id, is_dummy_url};
use crate::secret::AccessToken;
use crate::signature::SignedBody;
use crate::stage::Stage;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use url::Url;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes an id as HCP Terraform wrote it.
            #[must_use]
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as HCP Terraform wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// `run-…`
    RunId
}
id! {
    /// `taskrs-…`: one run task in one stage of one run. The key of all our work: a repeated request repeats it.
    TaskResultId
}

/// The capabilities of the sender; absent on Terraform Enterprise before about v202310-1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Capabilities {
    /// Whether the callback may carry outcomes.
    #[serde(default)]
    pub outcomes: Option<bool>,
}

/// A request's body, as lenient as it can be read. The fields that no code uses are left out: a job keeps the
/// original text of all of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[expect(missing_docs, reason = "named and described in HCP Terraform's \"Run Tasks Integration API\"")]
pub struct Payload {
    #[serde(default, deserialize_with = "lenient")]
    pub payload_version: Option<u64>,
    pub stage: Option<Stage>,
    pub access_token: Option<AccessToken>,
    pub capabilities: Option<Capabilities>,
    pub configuration_version_download_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub configuration_version_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_speculative: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub organization_name: Option<String>,
    pub plan_json_api_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub project_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub run_app_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub run_created_by: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub run_id: Option<RunId>,
    #[serde(default, deserialize_with = "lenient")]
    pub run_message: Option<String>,
    pub task_result_callback_url: Option<String>,
    pub task_result_enforcement_level: Option<EnforcementLevel>,
    pub task_result_id: Option<TaskResultId>,
    #[serde(default, deserialize_with = "lenient")]
    pub vcs_branch: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub vcs_commit_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub vcs_pull_request_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub workspace_name: Option<String>,
    pub workspace_working_directory: Option<String>,
}

/// Reads a field that no result needs: of another type than expected, it is as good as absent.
fn lenient<'de, D: serde::Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        // Many are, and to say what is wrong with it takes longer than to read it.
        serde_json::Value::Null => Ok(None),
        value => Ok(serde_json::from_value(value).ok()),
    }
}

/// Why a body that was signed is still no request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// Not JSON, or JSON of another shape. The parser's words name a place, never a value.
    #[error("the body is not a run task request: {category} at line {line} column {column}")]
    Shape {
        /// What is wrong: `syntax`, `data` (a value of the wrong type) or `end of input`.
        category: &'static str,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// Fields without which no result can be sent.
    #[error("the request lacks {}", .fields.join(", "))]
    Missing {
        /// Their names on the wire.
        fields: Vec<&'static str>,
    },
}

impl From<serde_json::Error> for PayloadError {
    // The text of a serde error can quote the value it stumbled on, so only its place is kept.
    fn from(error: serde_json::Error) -> Self {
        let category = match error.classify() {
            serde_json::error::Category::Io | serde_json::error::Category::Syntax => "syntax",
            serde_json::error::Category::Data => "data",
            serde_json::error::Category::Eof => "end of input",
        };
        Self::Shape { category, line: error.line(), column: error.column() }
    }
}

/// A request, told apart.
#[derive(Debug)]
pub enum Classified {
    /// HCP Terraform tries whether we are there. It wants a 200 and nothing else; its token and URLs are dummies.
    Probe(Probe),
    /// A run waits for a result.
    Run(Box<Run>),
}

/// A payload that has what is needed to send a result.
#[derive(Debug, Clone)]
pub struct Run {
    /// Authorizes the downloads and the callback of this one task result.
    pub access_token: AccessToken,
    /// Where results go, exactly as received.
    pub callback_url: String,
    /// The key of the work.
    pub task_result_id: TaskResultId,
    /// The stage, `None` when the sender did not say.
    pub stage: Option<Stage>,
    /// Whether the callback may carry outcomes.
    pub accepts_outcomes: bool,
    /// Where the configuration archive is, unless it cannot be downloaded (any more).
    pub configuration_url: Option<String>,
    /// Which configuration it is, also where it is not offered for download.
    pub configuration_version_id: Option<String>,
    /// Where the plan is; there is none before the plan.
    pub plan_url: Option<String>,
    /// The workspace's setting, as typed: may begin with a slash.
    pub working_directory: Option<String>,
    /// For logs, filters and policies, as the others below.
    pub run_id: Option<RunId>,
    /// The page of the run, as the sender says.
    pub run_page: Option<String>,
    /// The workspace.
    pub workspace_name: Option<String>,
    /// The organization.
    pub organization_name: Option<String>,
    /// The project; older senders do not say.
    pub project_name: Option<String>,
    /// Who started the run.
    pub created_by: Option<String>,
    /// What they wrote, or the commit's message.
    pub message: Option<String>,
    /// The branch, where the configuration comes from version control.
    pub branch: Option<String>,
    /// The commit's page, as the sender says.
    pub commit_page: Option<String>,
    /// The pull request's page, as the sender says.
    pub pull_request_page: Option<String>,
    /// Whether the run goes on whatever the result is.
    pub is_advisory: bool,
    /// Whether the run only plans.
    pub is_speculative: Option<bool>,
}

impl Payload {
    /// Reads a verified body.
    ///
    /// # Errors
    ///
    /// When it is not JSON of the right shape; sending it again would not help, so a caller replies 400.
    pub fn parse(body: SignedBody<'_>) -> Result<Self, PayloadError> {
        // JSON is UTF-8 (RFC 8259, section 8.1), in what nobody reads as well: it is handed over.
        let text = str::from_utf8(body.as_bytes()).map_err(|error| {
            let before = body.as_bytes().get(..error.valid_up_to()).unwrap_or_default();
            let last_line = before.rsplit(|it| *it == b'\n').next().unwrap_or_default();
            let line = 1 + before.iter().filter(|it| **it == b'\n').count();
            PayloadError::Shape { category: "syntax", line, column: 1 + last_line.len() }
        })?;
        Ok(serde_json::from_str(text)?)
    }

    /// What kind of probe it is, if it is one.
    ///
    /// A run that is taken for a probe goes unchecked, so what is sent with a run decides: only where nothing names one
    /// do a probe's other markers count. Nobody documents them; these were all seen. A missing stage or token counts
    /// only in what is otherwise a payload, so that `{}` stays an error.
    fn probe(&self) -> Option<Probe> {
        if self.task_result_enforcement_level == Some(EnforcementLevel::Test) {
            return Some(Probe::AtLevelTest);
        }
        let has_token = self.access_token.as_ref().is_some_and(|it| !it.expose().is_empty());
        let is_test_token = self.access_token.as_ref().is_some_and(|it| it.expose() == PROBE_TOKEN);
        let lacks = self.payload_version.is_some() && (self.stage.is_none() || !has_token);
        let is_probe = self.stage == Some(Stage::Test) || (!self.names_a_run() && (is_test_token || lacks));
        is_probe.then_some(Probe::Other)
    }

    /// Whether it has the id of a run or of a task result, or a callback: one that is not a probe's dummy.
    fn names_a_run(&self) -> bool {
        let run = self.run_id.as_ref().map(RunId::as_str);
        let task_result = self.task_result_id.as_ref().map(TaskResultId::as_str);
        let callback = self.task_result_callback_url.as_deref();
        [run, task_result].into_iter().flatten().any(|it| !it.is_empty() && !is_dummy_id(it))
            || callback.is_some_and(|it| !it.is_empty() && !is_dummy_url(it))
    }

    /// Tells a probe from a run.
    ///
    /// # Errors
    ///
    /// Names the fields that a run must have and this one has not.
    pub fn classify(self) -> Result<Classified, PayloadError> {
        match self.probe() {
            Some(probe) => Ok(Classified::Probe(probe)),
            None => self.into_run().map(Box::new).map(Classified::Run),
        }
    }

    /// Takes the payload for a run's.
    ///
    /// # Errors
    ///
    /// Names the fields that a run must have and this one has not.
    pub fn into_run(self) -> Result<Run, PayloadError> {
        let text = |it: Option<String>| it.filter(|text| !text.is_empty());
        let token = self.access_token.filter(|it| !it.expose().is_empty());
        let callback_url = text(self.task_result_callback_url);
        let id = self.task_result_id.filter(|it| !it.as_str().is_empty());
        let (Some(access_token), Some(callback_url), Some(task_result_id)) = (&token, &callback_url, &id)
        else {
            let fields = [
                ("access_token", token.is_none()),
                ("task_result_callback_url", callback_url.is_none()),
                ("task_result_id", id.is_none()),
            ];
            let fields = fields.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| name).collect();
            return Err(PayloadError::Missing { fields });
        };
        let url = |it: Option<String>| text(it).map(|it| absolute(it, callback_url));
        Ok(Run {
            access_token: access_token.clone(),
            callback_url: callback_url.clone(),
            task_result_id: task_result_id.clone(),
            stage: self.stage,
            accepts_outcomes: self.capabilities.and_then(|it| it.outcomes).unwrap_or(false),
            configuration_url: url(self.configuration_version_download_url),
            configuration_version_id: text(self.configuration_version_id),
            plan_url: url(self.plan_json_api_url),
            working_directory: text(self.workspace_working_directory),
            run_id: self.run_id,
            run_page: self.run_app_url,
            workspace_name: self.workspace_name,
            organization_name: self.organization_name,
            project_name: self.project_name,
            created_by: self.run_created_by,
            message: self.run_message,
            branch: self.vcs_branch,
            commit_page: self.vcs_commit_url,
            pull_request_page: self.vcs_pull_request_url,
            is_advisory: self.task_result_enforcement_level == Some(EnforcementLevel::Advisory),
            is_speculative: self.is_speculative,
        })
    }
}

impl Run {
    /// Where the API has the configuration, by its id: for a token that may read it where the sender offers no download to
    /// the run's own.
    #[must_use]
    pub fn configuration_url_by_id(&self) -> Option<String> {
        let id = self.configuration_version_id.as_ref()?;
        let mut url = Url::parse(&self.callback_url).ok()?.join("/api/v2/configuration-versions").ok()?;
        url.path_segments_mut().ok()?.push(id).push("download");
        Some(url.into())
    }
}

/// A URL as it was sent; one without scheme and host is below the callback's origin.
fn absolute(url: String, callback: &str) -> String {
    // Nearly all begin so, and need no parser to be told from a path.
    let has_scheme = ["https://", "http://"].iter().any(|it| url.starts_with(it));
    if has_scheme || Url::parse(&url) != Err(url::ParseError::RelativeUrlWithoutBase) {
        return url;
    }
    let root = Url::parse(callback).and_then(|it| it.join("/"));
    root.and_then(|it| it.join(&url)).map_or(url, String::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sample(stage: &str) -> Value {
        let path =
            format!("{}/../../tests/fixtures/payloads/request-{stage}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn classify(body: &Value) -> Result<Classified, PayloadError> {
        let body = body.to_string();
        Payload::parse(SignedBody::unsigned(body.as_bytes()))?.classify()
    }

    fn probe(body: &Value) -> Option<Probe> {
        match classify(body) {
            Ok(Classified::Probe(probe)) => Some(probe),
            _ => None,
        }
    }

    /// P-20: each stage's payload is read.
    #[test]
    fn every_stage_is_read() {
        for (name, stage, plan, configuration) in [
            ("pre_plan", Stage::PrePlan, false, true),
            ("post_plan", Stage::PostPlan, true, true),
            ("pre_apply", Stage::PreApply, true, true),
            ("post_apply", Stage::PostApply, true, false),
        ] {
            let Ok(Classified::Run(run)) = classify(&sample(name)) else { panic!("{name} is a run") };
            assert_eq!(run.stage, Some(stage));
            assert_eq!(
                (run.plan_url.is_some(), run.configuration_url.is_some()),
                (plan, configuration),
                "{name}"
            );
            assert!(run.accepts_outcomes);
        }
    }

    fn with(changes: &[(&str, Value)]) -> Value {
        let mut body = sample("post_plan");
        for (key, value) in changes {
            body[*key] = value.clone();
        }
        body
    }

    /// P-06: the forms of a probe that were seen.
    #[test]
    fn probes_are_recognized() {
        assert_eq!(probe(&sample("test")), Some(Probe::AtLevelTest));
        assert_eq!(
            probe(&with(&[("task_result_enforcement_level", json!("test"))])),
            Some(Probe::AtLevelTest)
        );
        assert_eq!(probe(&with(&[("stage", json!("test"))])), Some(Probe::Other));
        let without_a_run = [
            json!({ "access_token": "test-token" }),
            json!({ "payload_version": 1, "stage": null, "access_token": "x" }),
            json!({ "payload_version": 1, "stage": "post_plan", "access_token": null }),
            json!({ "payload_version": 1, "stage": "post_plan", "access_token": "" }),
        ];
        for body in without_a_run {
            assert_eq!(probe(&body), Some(Probe::Other), "{body}");
        }
        for (key, value) in [("stage", Value::Null), ("access_token", Value::Null)] {
            let mut body = sample("test");
            body["task_result_enforcement_level"] = json!("mandatory");
            body["stage"] = json!("post_plan");
            body["access_token"] = json!("x");
            assert_eq!(probe(&body), None, "dummies alone do not make a probe");
            body[key] = value;
            assert_eq!(probe(&body), Some(Probe::Other), "{key}, and dummies for the rest");
        }
    }

    /// V-16: what names a run is one, whatever its token and stage are; without a token it is an error.
    #[test]
    fn a_run_is_no_probe() {
        for changes in [
            &[("access_token", json!("test-token"))][..],
            &[("stage", Value::Null)],
            &[("stage", json!("post-plan"))],
            // What was sent by the beta of run tasks.
            &[("stage", Value::Null), ("is_speculative", Value::Null)],
        ] {
            assert!(matches!(classify(&with(changes)), Ok(Classified::Run(_))), "{changes:?}");
        }
        let lacks = |body: &Value| classify(body).unwrap_err().to_string();
        for token in [Value::Null, json!("")] {
            let body = with(&[("access_token", token)]);
            assert_eq!(lacks(&body), "the request lacks access_token");
        }
        // Any one of the three names a run.
        let names = ["run_id", "task_result_id", "task_result_callback_url"];
        for kept in names {
            let others = names.iter().filter(|it| **it != kept).map(|it| (*it, Value::Null));
            let changes: Vec<_> = others.chain([("access_token", Value::Null)]).collect();
            assert!(lacks(&with(&changes)).starts_with("the request lacks access_token"), "{kept}");
        }
    }

    /// P-07: what cannot be answered is named; what is merely new is tolerated.
    #[test]
    fn missing_fields_are_named_and_new_ones_tolerated() {
        let error = classify(&json!({})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the request lacks access_token, task_result_callback_url, task_result_id"
        );

        let mut body = sample("post_plan");
        body["payload_version"] = json!(2);
        body["something_new"] = json!({ "a": [1] });
        body["run_id"] = json!(5);
        body["workspace_name"] = json!([]);
        body["stage"] = json!("mid_plan");
        let Ok(Classified::Run(run)) = classify(&body) else { panic!("still a run") };
        assert_eq!(run.stage, Some(Stage::Other("mid_plan".into())));

        body["task_result_callback_url"] = json!("");
        assert_eq!(classify(&body).unwrap_err().to_string(), "the request lacks task_result_callback_url");
    }

    #[test]
    fn an_error_names_a_place_and_no_value() {
        let error = Payload::parse(SignedBody::unsigned(br#"{"access_token": 12345678}"#)).unwrap_err();
        assert_eq!(error.to_string(), "the body is not a run task request: data at line 1 column 25");
        let error = Payload::parse(SignedBody::unsigned(b"secret")).unwrap_err();
        assert_eq!(error.to_string(), "the body is not a run task request: syntax at line 1 column 1");
        // In what nobody reads, too.
        let error = Payload::parse(SignedBody::unsigned(b"{\n\"future\": \"secret \xff\"}")).unwrap_err();
        assert_eq!(error.to_string(), "the body is not a run task request: syntax at line 2 column 19");
    }

    #[test]
    fn tokens_do_not_print() {
        let Ok(Classified::Run(run)) = classify(&sample("post_plan")) else { panic!() };
        assert!(!format!("{run:?}").contains("atlasv1"));
    }

    #[test]
    fn a_sender_without_capabilities_gets_no_outcomes() {
        let mut body = sample("post_plan");
        body["capabilities"] = Value::Null;
        let Ok(Classified::Run(run)) = classify(&body) else { panic!() };
        assert!(!run.accepts_outcomes);
    }

    /// V-18: what has no host of its own is at the callback's.
    #[test]
    fn urls_are_completed_by_the_callback() {
        let run = |changes: &[(&str, Value)]| match classify(&with(changes)) {
            Ok(Classified::Run(run)) => run,
            other => panic!("{other:?}"),
        };
        let origin = "https://app.terraform.io";
        for (sent, read) in [
            ("/api/v2/plans/plan-1/json-output", format!("{origin}/api/v2/plans/plan-1/json-output")),
            ("api/v2/plans/plan-1/json-output?a=b", format!("{origin}/api/v2/plans/plan-1/json-output?a=b")),
            // Whether that origin is listed is judged where it is called.
            ("//evil.example/x", "https://evil.example/x".to_owned()),
            ("https://evil.example/x", "https://evil.example/x".to_owned()),
            ("file:///etc/passwd", "file:///etc/passwd".to_owned()),
        ] {
            let run = run(&[
                ("plan_json_api_url", json!(sent)),
                ("configuration_version_download_url", json!(sent)),
            ]);
            assert_eq!((run.plan_url, run.configuration_url), (Some(read.clone()), Some(read)), "{sent}");
        }
        for (id, place) in [("cv-1", "cv-1/download"), ("a/b?c", "a%2Fb%3Fc/download")] {
            let run = run(&[("configuration_version_id", json!(id))]);
            let expected = format!("{origin}/api/v2/configuration-versions/{place}");
            assert_eq!(run.configuration_url_by_id(), Some(expected));
        }
        assert_eq!(run(&[("configuration_version_id", Value::Null)]).configuration_url_by_id(), None);
    }
}
