//! Which role a job gets: by its project and its ref, as GitLab says them.

use super::world::Aws;
use gitlab_simulator::{JobSpec, Status};
use serde_json::{Value, json};

/// Asks AWS who the job is; moto knows by the key alone.
fn who_am_i(endpoint: &str) -> String {
    format!(
        r#"python3 -c '
import os, urllib.request
key = os.environ.get("AWS_ACCESS_KEY_ID", "")
if not key: raise SystemExit("nobody")
scope = "AWS4-HMAC-SHA256 Credential=" + key + "/20260101/eu-central-1/sts/aws4_request, SignedHeaders=host, Signature=0"
body = b"Action=GetCallerIdentity&Version=2011-06-15"
request = urllib.request.Request("{endpoint}/", body, {{"Authorization": scope}})
answer = urllib.request.urlopen(request).read().decode()
print("i am", answer.split("<Arn>")[1].split("</Arn>")[0])
' 2>&1 || true"#
    )
}

fn git_info(protected: Value) -> Value {
    json!({"repo_url": "", "ref": "main", "sha": "0", "ref_type": "branch", "refspecs": [], "depth": 1, "protected": protected})
}

/// G-16, G-58: a role for plans of any ref, and one for applies of protected refs.
#[tokio::test]
async fn a_role_is_chosen_by_what_gitlab_says_and_not_by_variables() {
    let aws = Aws::start().await;
    let roles = "infra/network protected arn:aws:iam::123456789012:role/apply, infra/* any arn:aws:iam::123456789012:role/plan";
    let secret = json!({"DB_PASSWORD": "password-EXAMPLE"});
    let world = aws
        .world("roles", secret, |it| {
            it.env("RUNNER_JOB_ROLES", roles)
                .env("RUNNER_ALLOWED_PROJECTS", "infra/*, team/app")
                .env("RUNNER_EXTERNAL_ID", "example")
                .env("RUNNER_SECRET_KEYS", "DB_PASSWORD")
                .env("RUNNER_PROMISED_SECONDS", "60")
                .timeout(std::time::Duration::from_secs(110))
        })
        .await;
    let script = who_am_i(aws.moto.endpoint());
    let job = |project: &str, protected: Value| {
        JobSpec::new("plan", &[&*script, "echo \"password ${DB_PASSWORD:+given}\""])
            .repository(project)
            .member("git_info", git_info(protected))
            .variable("GIT_STRATEGY", "none")
            .variable("FF_TIMESTAMPS", "0")
    };
    let own = |spec: JobSpec| spec.variable("AWS_ACCESS_KEY_ID", "AKIAOWNOWNOWNOWNOWN0");
    let forged = |spec: JobSpec| {
        spec.variable("CI_COMMIT_REF_PROTECTED", "true").variable("CI_PROJECT_PATH", "infra/network")
    };
    let cases = [
        (job("infra/network", json!(true)), "assumed-role/apply/gitlab-", "password given"),
        (job("infra/network", json!(false)), "assumed-role/plan/gitlab-", "password \n"),
        (forged(job("infra/other", json!(false))), "assumed-role/plan/gitlab-", "password \n"),
        (job("team/app", json!(true)), "nobody", "password given"),
        (own(job("infra/network", json!(true))), "", "password \n"),
    ];
    let jobs: Vec<_> =
        cases.map(|(spec, role, password)| (world.simulator.enqueue(&spec), role, password)).into();
    let refused = world.simulator.enqueue(&job("other/project", json!(true)));
    let answer = world.poll().await.payload();
    for (id, role, password) in jobs {
        let job = world.simulator.job(id).unwrap();
        let log = job.log_text();
        assert_eq!(job.status, Status::Success, "{log} {answer}");
        assert!(log.contains(role) && log.contains(password), "{role:?} {password:?}: {log}");
        assert!(!role.is_empty() || !log.contains("assumed-role"), "{log}");
    }
    let refused = world.simulator.job(refused).unwrap();
    assert!(
        refused.log_text().contains("this runner runs no jobs of this project"),
        "{}",
        refused.log_text()
    );
    world.is_innocent("roles").await;
}
