use super::*;
use crate::job::{ArtifactFormat, RefType, When};
use proptest::prelude::*;
use std::time::Duration;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn job(name: &str) -> Job {
    Job::parse(&fixture(name)).unwrap()
}

#[test]
fn a_plan_on_a_branch_is_read() {
    let job = job("job-plan-branch.json");
    assert_eq!((job.id, job.token.expose()), (50101, "glcbt-64_EXAMPLEplanTOKEN001"));
    assert_eq!((job.job_info.project_id, job.job_info.project_full_path.as_str()), (42, "infra/network"));
    assert_eq!((job.job_info.name.as_str(), job.job_info.stage.as_str()), ("plan", "plan"));
    assert_eq!(job.git_info.refspecs.len(), 2);
    assert_eq!((job.git_info.depth, job.git_info.protected), (20, Some(true)));
    assert_eq!(job.runner_info.timeout(), Duration::from_secs(600));
    assert_eq!(job.steps[0].script.len(), 4);
    assert_eq!((job.steps[1].name.as_str(), job.steps[1].when), ("after_script", When::Always));
    assert!(job.steps[1].allow_failure);
    let [archive, report] = job.artifacts.as_slice() else { panic!("{:?}", job.artifacts) };
    assert_eq!((archive.when, archive.artifact_type.as_str()), (When::OnSuccess, "archive"));
    assert_eq!(archive.artifact_format, ArtifactFormat::Zip);
    assert_eq!((report.when, report.artifact_format.as_str()), (When::Always, "raw"));
    assert_eq!(report.expire_in.as_deref(), Some("1 week"));
    assert!(job.features.trace_sections);
    assert!(job.features.failure_reasons.contains(&"runner_interrupted".to_owned()));
    assert_eq!(job.unread, Vec::<String>::new());
}

#[test]
fn an_apply_with_everything_is_read() {
    let job = job("job-apply-protected.json");
    assert_eq!(job.image.as_deref(), Some("hashicorp/terraform:1.12"));
    assert_eq!(job.hooks.len(), 2);
    let value = |key: &str| job.variables.iter().rfind(|it| it.key == key).unwrap();
    assert_eq!(value("OVERRIDDEN").value.expose(), "second");
    assert!(value("DB_PASSWORD").raw && value("DB_PASSWORD").masked);
    assert!(value("KUBECONFIG").file && !value("KUBECONFIG").raw);
    assert_eq!(job.artifacts[0].exclude, ["logs/secret/**/*"]);
    assert_eq!(job.cache[0].fallback_keys, ["plugins-protected"]);
    let [with, without] = job.dependencies.as_slice() else { panic!("{:?}", job.dependencies) };
    assert_eq!(with.artifacts_file.as_ref().unwrap().size, Some(20480));
    assert!(without.artifacts_file.is_none());
    assert_eq!(job.unread, Vec::<String>::new());
}

#[test]
fn the_smallest_answer_of_an_old_server_is_a_job() {
    let job = job("job-sparse-old-server.json");
    assert_eq!((job.id, job.git_info.ref_type), (7, RefType::Tag));
    assert!(job.git_info.refspecs.is_empty() && job.cache.is_empty() && job.artifacts.is_empty());
    assert_eq!(job.git_info.protected, None);
    assert_eq!(job.variables[2].value.expose(), "");
    assert_eq!(job.runner_info.timeout(), Duration::from_secs(3600));
    assert_eq!(job.unread, Vec::<String>::new());
}

#[test]
fn a_job_of_run_has_no_steps_and_says_so() {
    let run = job("job-run-steps.json");
    assert!(run.steps.is_empty());
    assert!(run.run.unwrap().starts_with("[{\"name\":\"one\""));
    assert_eq!(job("job-tag-full-history.json").services, ["docker:dind"]);
}

#[test]
fn every_answer_of_gitlab_s_own_examples_is_read() {
    let examples: Vec<serde_json::Value> = serde_json::from_slice(&fixture("gitlab/yamls.json")).unwrap();
    assert_eq!(examples.len(), 12);
    for example in examples {
        let mut answer = example["request_response"].clone();
        answer["id"] = 1.into();
        answer["token"] = "word".into();
        let job = Job::parse(answer.to_string().as_bytes()).unwrap();
        assert_eq!(job.unread, Vec::<String>::new(), "{}", example["name"]);
        assert_eq!(job.image.is_some(), answer["image"].is_object(), "{}", example["name"]);
        assert_eq!(job.services.len(), answer["services"].as_array().map_or(0, Vec::len));
        assert!(!job.steps.is_empty() || job.run.is_some(), "{}", example["name"]);
    }
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_a_job() {
    let body = br#"{"id":1,"token":"t","steps":"none","job_info":7,"runner_info":{"timeout":"soon"},
        "variables":[{"key":"A","value":"1"},7,{"value":"2"},{"key":"B","masked":"yes"},null]}"#;
    let job = Job::parse(body).unwrap();
    assert_eq!(job.unread, ["job_info", "variables[1]", "variables[2]", "variables[3]", "steps"]);
    assert_eq!(job.variables.len(), 1);
    assert_eq!(job.runner_info.timeout(), Duration::from_secs(3600));
}

#[test]
fn secrets_of_a_vault_are_noticed_where_there_are_any() {
    for (secrets, has) in [("null", false), ("{}", false), ("[ ]", false), (r#"{"A":{}}"#, true)] {
        let body = format!(r#"{{"id":1,"token":"t","secrets":{secrets}}}"#);
        assert_eq!(Job::parse(body.as_bytes()).unwrap().has_secrets, has, "{secrets}");
    }
}

#[test]
fn nothing_that_is_secret_is_printed() {
    let printed = format!("{:?}", job("job-apply-protected.json"));
    for secret in ["EXAMPLEapplyTOKEN03", "pa$$word", "0123456789abcdef"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn a_job_that_is_cut_off_still_says_whose_it_is() {
    let body = fixture("job-plan-branch.json");
    let broken = Job::parse(&body[..body.len() / 2]).unwrap_err();
    assert_eq!(broken.id, Some(50101));
    assert_eq!(broken.token.unwrap().expose(), "glcbt-64_EXAMPLEplanTOKEN001");
    assert!(broken.reason.starts_with("no JSON object from line"), "{}", broken.reason);
    let broken = Job::parse(b"[]").unwrap_err();
    assert!(broken.id.is_none() && broken.token.is_none());
    assert_eq!(Job::parse(br#"{"id":5}"#).unwrap_err().id, Some(5));
}

#[test]
fn depth_costs_nothing() {
    let deep = "[".repeat(200_000);
    let body = format!(
        r#"{{"id":1,"token":"t","odd":{deep}{},"variables":{deep}{}}}"#,
        "]".repeat(200_000),
        "]".repeat(200_000)
    );
    assert_eq!(Job::parse(body.as_bytes()).unwrap().unread, ["variables[0]"]);
}

proptest! {
    #[test]
    fn no_damage_makes_it_panic(at in 0_usize..12_000, byte: u8, cut in 0_usize..12_000) {
        let mut body = fixture("job-plan-branch.json");
        let at = at % body.len();
        body[at] = byte;
        let _whatever = Job::parse(&body);
        body.truncate(cut);
        let _whatever = Job::parse(&body);
    }
}
