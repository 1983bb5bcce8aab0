//! Builds the bodies that HCP Terraform sends.
//!
//! By hand and in words of its own, so that a mistake in our run task's types cannot hide.

use crate::fault::Fault;
use crate::random;
use crate::spec::RunSpec;
use runtask_protocol::{EnforcementLevel, Stage};
use serde_json::{Map, Value, json};
use std::time::SystemTime;

/// Ids and secrets of one task result.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    pub(crate) run: String,
    pub(crate) task_result: String,
    pub(crate) workspace: String,
    pub(crate) configuration: String,
    pub(crate) plan: String,
    pub(crate) project: String,
    /// The callback's UUID; not the task result's id.
    pub(crate) callback: String,
    /// `url_code` of the callback, with that fault.
    pub(crate) url_code: Option<String>,
}

impl Ids {
    pub(crate) fn new(spec: &RunSpec) -> Self {
        Self {
            run: random::id("run"),
            task_result: random::id("taskrs"),
            workspace: random::id("ws"),
            configuration: random::id("cv"),
            plan: random::id("plan"),
            project: random::id("prj"),
            callback: uuid::Uuid::new_v4().to_string(),
            url_code: (spec.has(Fault::CallbackUrlCode) || spec.has(Fault::TokenMissing))
                .then(|| random::alphanumeric(32)),
        }
    }
}

/// The stage as it is sent, in words of the simulator's own.
pub(crate) fn stage(spec: &RunSpec) -> &str {
    if spec.has(Fault::UnknownStage) {
        return "pre_destroy";
    }
    let hyphenated = spec.has(Fault::StageHyphenated);
    match &spec.stage {
        Stage::PrePlan if hyphenated => "pre-plan",
        Stage::PostPlan if hyphenated => "post-plan",
        Stage::PreApply if hyphenated => "pre-apply",
        Stage::PostApply if hyphenated => "post-apply",
        Stage::PrePlan => "pre_plan",
        Stage::PostPlan => "post_plan",
        Stage::PreApply => "pre_apply",
        Stage::PostApply => "post_apply",
        Stage::Test => "test",
        Stage::Other(name) => name,
    }
}

/// The enforcement level as it is sent, in words of the simulator's own.
pub(crate) fn enforcement(spec: &RunSpec) -> &str {
    match &spec.enforcement {
        EnforcementLevel::Advisory => "advisory",
        EnforcementLevel::Mandatory => "mandatory",
        EnforcementLevel::Test => "test",
        EnforcementLevel::Other(name) => name,
    }
}

/// Whether the configuration can be asked for.
pub(crate) fn offers_configuration(spec: &RunSpec) -> bool {
    !matches!(spec.configuration, crate::spec::Configuration::None)
        && !spec.has(Fault::ConfigurationNull)
        && !is_old(spec)
}

/// Whether the plan can be asked for.
pub(crate) fn offers_plan(spec: &RunSpec) -> bool {
    spec.stage != Stage::PrePlan && !spec.has(Fault::PlanUrlNull)
}

/// Whether the sender says that it takes outcomes.
pub(crate) fn takes_outcomes(spec: &RunSpec) -> bool {
    !spec.has(Fault::NoOutcomes) && !is_old(spec)
}

/// Whether the sender reads a result from the answer to its request, as some do that leave fields out.
pub(crate) fn reads_answers(spec: &RunSpec) -> bool {
    [Fault::AnswerAsResult, Fault::Beta2021, Fault::TokenMissing, Fault::TokenTest]
        .iter()
        .any(|it| spec.has(*it))
}

/// Whether the sender is older than the fields about the configuration, the commit and the capabilities.
fn is_old(spec: &RunSpec) -> bool {
    spec.has(Fault::OldEnterprise) || spec.has(Fault::Beta2021)
}

/// The request, in the order of the fields on the wire, as far as that was seen.
///
/// `base` is how the run task reaches the API; it has no slash at its end.
pub(crate) fn body(spec: &RunSpec, ids: &Ids, token: &str, base: &str) -> Vec<u8> {
    let app = format!("{base}/app/{}/{}", spec.organization, spec.workspace);
    let created_at = spec.created_at.unwrap_or_else(now);
    let query = ids.url_code.as_ref().map(|it| format!("?url_code={it}")).unwrap_or_default();
    let mut fields = Fields::default();
    fields.put("payload_version", json!(1));
    if !spec.has(Fault::TokenMissing) {
        fields.put("access_token", json!(token));
    }
    if !spec.has(Fault::Beta2021) {
        fields.put("stage", json!(stage(spec)));
        fields.put("is_speculative", json!(spec.speculative));
    }
    fields.put("task_result_id", json!(ids.task_result));
    fields.put("task_result_enforcement_level", json!(enforcement(spec)));
    fields.put(
        "task_result_callback_url",
        json!(format!("{base}/api/v2/task-results/{}/callback{query}", ids.callback)),
    );
    fields.put("run_app_url", json!(format!("{app}/runs/{}", ids.run)));
    fields.put("run_id", json!(ids.run));
    fields.put("run_message", json!(spec.run_message));
    fields.put("run_created_at", json!(random::timestamp(created_at)));
    fields.put("run_created_by", json!("simulated-user"));
    fields.put("workspace_id", json!(ids.workspace));
    fields.put("workspace_name", json!(spec.workspace));
    fields.put("workspace_app_url", json!(app));
    fields.put("organization_name", json!(spec.organization));
    if spec.has(Fault::ProjectFields) {
        fields.put("project_id", json!(ids.project));
        fields.put("project_name", json!("Default Project"));
        fields.put(
            "project_app_url",
            json!(format!("{base}/app/{}/projects/DefaultProject", spec.organization)),
        );
    }
    for name in ["vcs_repo_url", "vcs_branch", "vcs_pull_request_url", "vcs_commit_url"] {
        fields.put(name, Value::Null);
    }
    if !is_old(spec) {
        fields.put("vcs_commit_hash", Value::Null);
        fields.put("configuration_version_id", json!(ids.configuration));
        let download = format!("{base}/api/v2/configuration-versions/{}/download", ids.configuration);
        fields
            .put("configuration_version_download_url", json!(offers_configuration(spec).then_some(download)));
        fields
            .put("workspace_working_directory", json!(spec.working_directory.as_deref().unwrap_or_default()));
    }
    if spec.has(Fault::PlanUrlNull) {
        fields.put("plan_json_api_url", Value::Null);
    } else if offers_plan(spec) {
        fields.put("plan_json_api_url", json!(format!("{base}/api/v2/plans/{}/json-output", ids.plan)));
    }
    if !is_old(spec) {
        fields.put("capabilities", json!({ "outcomes": takes_outcomes(spec) }));
    }
    if spec.has(Fault::UnknownFields) {
        fields.put("task_result_weather", json!({ "wind": [1, 2.5, null], "sun": true }));
        fields.put("run_tags", json!(["größe", "\u{1F980}"]));
    }
    fields.into_bytes()
}

/// The verification probe: as seen in March 2024, unless a fault asks for another form.
pub(crate) fn probe(spec: &RunSpec) -> Vec<u8> {
    if spec.has(Fault::ProbeMinimal) {
        return br#"{"access_token":"test-token"}"#.to_vec();
    }
    let of_2021 = spec.has(Fault::Probe2021);
    let api = "https://app.terraform.io/api/v2";
    let app = "https://app.terraform.io/app/test-org/test-workspace";
    let repository = "https://github.com/test-org/test-repo";
    let since_2024 = |value: String| if of_2021 { json!(value) } else { Value::Null };
    let mut fields = Fields::default();
    fields.put("payload_version", json!(1));
    fields.put("access_token", json!("test-token"));
    if spec.has(Fault::ProbeStageNull) {
        fields.put("stage", Value::Null);
    } else if !of_2021 {
        fields.put("stage", json!("test"));
    }
    if !of_2021 {
        fields.put("is_speculative", json!(false));
    }
    fields.put("task_result_id", json!("taskrs-xxxxxxxxxxxxxxxx"));
    fields.put("task_result_enforcement_level", json!("test"));
    fields.put(
        "task_result_callback_url",
        json!(format!("{api}/task-results/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx/callback")),
    );
    fields.put("run_app_url", json!(format!("{app}/runs/run-xxxxxxxxxxxxxxxx")));
    fields.put("run_id", json!("run-xxxxxxxxxxxxxxxx"));
    fields.put("run_message", json!("Test run message"));
    fields.put("run_created_at", json!("2021-01-01T00:00:00.000Z"));
    fields.put("run_created_by", json!("test-user"));
    fields.put("workspace_id", json!("ws-xxxxxxxxxxxxxxxx"));
    fields.put("workspace_name", json!("test-workspace"));
    fields.put("workspace_app_url", json!(app));
    fields.put("organization_name", json!("test-org"));
    fields.put("vcs_repo_url", since_2024(repository.to_owned()));
    fields.put("vcs_branch", since_2024("main".to_owned()));
    fields.put("vcs_pull_request_url", since_2024(format!("{repository}/pull/1")));
    fields.put("vcs_commit_url", since_2024(format!("{repository}/commit/1234567sha")));
    if of_2021 {
        fields.put("plan_json_api_url", json!(format!("{api}/plans/plan-xxxxxxxxxxxxxxxx/json-output")));
    } else {
        fields.put("configuration_version_id", json!("cv-xxxxxxxxxxxxxxxx"));
        fields.put(
            "configuration_version_download_url",
            json!(format!("{api}/configuration-versions/cv-xxxxxxxxxxxxxxxx/download")),
        );
        fields.put("workspace_working_directory", json!(""));
        // A plan's id below `runs`, as it was seen.
        fields.put("plan_json_api_url", json!(format!("{api}/runs/plan-xxxxxxxxxxxxxxxx/plan/json-output")));
        fields.put("capabilities", json!({ "outcomes": true }));
    }
    fields.into_bytes()
}

/// A JSON object that keeps its fields in order, whether or not serde_json was built to.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn put(&mut self, name: &'static str, value: Value) {
        self.0.push((name, value));
    }

    fn into_bytes(self) -> Vec<u8> {
        let fields: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    }
}

/// A plan without changes, as `terraform show -json` prints it.
pub(crate) fn empty_plan() -> Vec<u8> {
    let plan: Map<String, Value> = [
        ("format_version", json!("1.2")),
        ("terraform_version", json!("1.13.0")),
        ("planned_values", json!({ "root_module": {} })),
        ("resource_changes", json!([])),
        ("configuration", json!({ "root_module": {} })),
        ("timestamp", json!("2026-01-01T00:00:00Z")),
        ("applyable", json!(false)),
        ("complete", json!(true)),
        ("errored", json!(false)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    Value::Object(plan).to_string().into_bytes()
}

#[expect(clippy::disallowed_methods, reason = "the other side of the wire has a clock of its own")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Configuration;

    fn names(bytes: &[u8]) -> Vec<String> {
        let value: Value = serde_json::from_slice(bytes).unwrap();
        let text = std::str::from_utf8(bytes).unwrap();
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        names.sort_by_key(|name| text.find(&format!("\"{name}\":")));
        names
    }

    fn request(stage: Stage, faults: &[Fault]) -> Value {
        let spec = RunSpec {
            stage,
            faults: faults.to_vec(),
            configuration: Configuration::Archive(bytes::Bytes::new()),
            ..RunSpec::default()
        };
        serde_json::from_slice(&body(&spec, &Ids::new(&spec), "token", "https://hcp.example")).unwrap()
    }

    /// P-06: the forms of the probe that were seen.
    #[test]
    fn probes_have_their_markers() {
        let form = |faults: &[Fault]| -> Value {
            let spec = RunSpec { faults: faults.to_vec(), ..RunSpec::default() };
            serde_json::from_slice(&probe(&spec)).unwrap()
        };
        let today = form(&[]);
        assert_eq!((&today["stage"], &today["vcs_branch"]), (&json!("test"), &Value::Null));
        let old = form(&[Fault::Probe2021]);
        assert!(old.get("stage").is_none() && old.get("capabilities").is_none());
        assert_eq!(old["vcs_branch"], "main");
        let null = form(&[Fault::ProbeStageNull]);
        assert!(null["stage"].is_null() && null.get("stage").is_some());
        assert_eq!(form(&[Fault::ProbeMinimal]), json!({ "access_token": "test-token" }));
        for probe in [today, old, null] {
            assert_eq!(probe["access_token"], "test-token");
            assert_eq!(probe["task_result_enforcement_level"], "test");
        }
    }

    #[test]
    fn fields_come_in_the_order_of_the_wire() {
        let spec = RunSpec::default();
        let bytes = body(&spec, &Ids::new(&spec), "token", "https://hcp.example");
        assert!(!bytes.contains(&b'\n'));
        let order = [
            "payload_version access_token stage is_speculative",
            "task_result_id task_result_enforcement_level task_result_callback_url",
            "run_app_url run_id run_message run_created_at run_created_by",
            "workspace_id workspace_name workspace_app_url organization_name",
            "vcs_repo_url vcs_branch vcs_pull_request_url vcs_commit_url vcs_commit_hash",
            "configuration_version_id configuration_version_download_url workspace_working_directory",
            "plan_json_api_url capabilities",
        ];
        assert_eq!(names(&bytes).join(" "), order.join(" "));
    }

    /// The words are HCP Terraform's, whatever our own types call them.
    #[test]
    fn stages_and_levels_are_sent_as_hcp_terraform_names_them() {
        for (stage, word) in [
            (Stage::PrePlan, "pre_plan"),
            (Stage::PostPlan, "post_plan"),
            (Stage::PreApply, "pre_apply"),
            (Stage::PostApply, "post_apply"),
        ] {
            assert_eq!(request(stage, &[])["stage"], word);
        }
        for (enforcement, word) in
            [(EnforcementLevel::Advisory, "advisory"), (EnforcementLevel::Mandatory, "mandatory")]
        {
            let spec = RunSpec { enforcement, ..RunSpec::default() };
            let body = body(&spec, &Ids::new(&spec), "token", "https://hcp.example");
            let sent: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(sent["task_result_enforcement_level"], word);
        }
    }

    /// P-20: each stage has what it has.
    #[test]
    fn stages_and_faults_shape_the_request() {
        assert!(request(Stage::PrePlan, &[]).get("plan_json_api_url").is_none());
        assert!(request(Stage::PostPlan, &[])["plan_json_api_url"].is_string());
        assert!(request(Stage::PrePlan, &[Fault::PlanUrlNull])["plan_json_api_url"].is_null());
        assert!(
            request(Stage::PostApply, &[Fault::ConfigurationNull])["configuration_version_download_url"]
                .is_null()
        );
        assert_eq!(
            request(Stage::PostPlan, &[Fault::NoOutcomes])["capabilities"],
            json!({ "outcomes": false })
        );
        assert_eq!(request(Stage::PostPlan, &[Fault::UnknownStage])["stage"], "pre_destroy");
        let old = request(Stage::PostPlan, &[Fault::OldEnterprise]);
        for name in [
            "capabilities",
            "configuration_version_id",
            "configuration_version_download_url",
            "vcs_commit_hash",
        ] {
            assert!(old.get(name).is_none(), "{name}");
        }
        let url = request(Stage::PostPlan, &[Fault::CallbackUrlCode])["task_result_callback_url"].clone();
        assert!(url.as_str().unwrap().contains("/callback?url_code="));
        let beta = request(Stage::PostPlan, &[Fault::Beta2021]);
        for name in ["stage", "is_speculative", "capabilities", "configuration_version_id"] {
            assert!(beta.get(name).is_none(), "{name}");
        }
        assert!(beta["access_token"].is_string() && beta["plan_json_api_url"].is_string());
        assert_eq!(request(Stage::PreApply, &[Fault::StageHyphenated])["stage"], "pre-apply");
        let anonymous = request(Stage::PostPlan, &[Fault::TokenMissing]);
        assert!(anonymous.get("access_token").is_none());
        assert!(anonymous["task_result_callback_url"].as_str().unwrap().contains("?url_code="));
        assert!(request(Stage::PostPlan, &[Fault::ProjectFields])["project_id"].is_string());
        assert!(request(Stage::PostPlan, &[Fault::UnknownFields]).get("run_tags").is_some());
    }
}
