//! Real terraform, with its state in GitLab.

use super::runner::Runner;
use gitlab_runner::terraform_state_variables;
use gitlab_simulator::{JobReport, JobSpec, LockKind, Status};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(120);

/// A resource that needs no provider, and takes its time where it is told to.
const CONFIGURATION: &str = r#"
terraform {
  backend "http" {}
}

variable "seconds" {
  default = 0
}

resource "terraform_data" "this" {
  input = "planned"

  provisioner "local-exec" {
    command = "echo creating; sleep ${var.seconds}"
  }
}
"#;

/// Where terraform is: on `PATH`, or where `make setup` puts it.
fn terraform() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a test has no settings; it looks where a shell would")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin");
    let mut directories = std::env::split_paths(&path).chain([ours]);
    directories
        .find(|it| it.join("terraform").is_file())
        .unwrap_or_else(|| panic!("this test needs terraform: run `make setup`"))
}

/// A runner with terraform, and a repository with the configuration.
async fn start() -> Runner {
    let mut runner = Runner::start().await;
    let host = &mut runner.place.host;
    host.variables = terraform_state_variables("prod");
    for (name, value) in &mut host.environment {
        if name == "PATH" {
            *value = format!("{}:{value}", terraform().display());
        }
    }
    runner.simulator.commit("infra/network", &[("main.tf", CONFIGURATION)]).await.unwrap();
    runner
}

fn job(name: &str, script: &[&str]) -> JobSpec {
    JobSpec::new(name, script).repository("infra/network").variable("FF_TIMESTAMPS", "0")
}

/// A job that plans, with its plan as an artifact.
fn plan() -> JobSpec {
    job("plan", &["terraform init -no-color", "terraform plan -no-color -out=plan.cache"]).artifact(
        json!({"name": "plan", "paths": ["plan.cache"], "artifact_type": "archive", "artifact_format": "zip"}),
    )
}

/// Every lock was given back by who had it.
fn locks_are_paired(runner: &Runner) {
    let mut held = Vec::new();
    for event in runner.simulator.lock_events() {
        match event.kind {
            LockKind::Locked => held.push((event.job, event.lock)),
            LockKind::Unlocked => assert_eq!(held.pop(), Some((event.job, event.lock))),
            LockKind::Refused => {}
        }
    }
    assert!(held.is_empty(), "{held:?}");
}

/// G-01: a plan in one job, its application in the next.
#[tokio::test]
async fn a_plan_is_applied_in_another_job() {
    let runner = start().await;
    let id = runner.simulator.enqueue(&plan());
    assert_eq!(timeout(LIMIT, runner.poll()).await.unwrap().jobs.len(), 1);
    let planned = runner.simulator.job(id).unwrap();
    assert_eq!(planned.status, Status::Success, "{}", planned.log_text());
    let apply = job("apply", &["terraform init -no-color", "terraform apply -no-color plan.cache"]).needs(id);
    let applied: JobReport = timeout(LIMIT, runner.run(&apply)).await.unwrap();
    assert_eq!(applied.status, Status::Success, "{}", applied.log_text());
    assert!(applied.log_text().contains("Apply complete! Resources: 1 added"), "{}", applied.log_text());
    let state = runner.simulator.terraform_state("prod").unwrap();
    assert!(String::from_utf8_lossy(&state).contains("terraform_data"));
    locks_are_paired(&runner);
    assert!(runner.simulator.lock_events().len() >= 4);
    runner.is_innocent();
}

/// G-48: an apply that is cancelled writes its state and frees its lock before GitLab hears of the end, after which the
/// job's token is good for nothing.
#[tokio::test]
async fn an_apply_that_is_canceled_frees_its_lock() {
    let runner = start().await;
    let script = ["terraform init -no-color", "terraform apply -no-color -auto-approve || true", "echo next"];
    let id = runner.simulator.enqueue(&job("apply", &script).variable("TF_VAR_seconds", "600"));
    let cancel = async {
        runner.simulator.until(id, |it| it.log_text().contains("creating\n")).await;
        runner.simulator.cancel(id);
    };
    timeout(LIMIT, async { tokio::join!(runner.poll(), cancel) }).await.unwrap();
    let job = runner.simulator.job(id).unwrap();
    let log = job.log_text();
    assert_eq!(job.status, Status::Canceled, "{log}");
    assert!(
        log.contains("Interrupt received") && !log.contains("Two interrupts") && !log.contains("echo next"),
        "{log}"
    );
    assert!(log.contains("WARNING: terraform was interrupted: what it was creating may exist"), "{log}");
    assert!(runner.simulator.terraform_state("prod").is_some(), "what is half done is known");
    assert_eq!(runner.simulator.locked_states(), [""; 0]);
    locks_are_paired(&runner);
    runner.is_innocent();
}

/// G-57: what is to be done about a lock is said.
#[tokio::test]
async fn a_locked_state_says_how_to_free_it() {
    let runner = start().await;
    runner.simulator.lock_state("prod", "ada@example.com");
    let job = timeout(LIMIT, runner.run(&plan())).await.unwrap();
    let log = job.log_text();
    assert_eq!(job.status, Status::Failed, "{log}");
    let (_, held) = log.split_once("remote state already locked:\nID=").unwrap();
    let held = held.lines().next().unwrap();
    assert!(log.contains("WARNING: the Terraform state is locked by somebody whom GitLab names"), "{log}");
    assert!(log.contains(&format!("free it with `terraform force-unlock {held}`")), "{log}");
    runner.is_innocent();
}
