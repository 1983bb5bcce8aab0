//! Jobs that get something of a cloud.

use crate::fake::{Fake, Place, job, with};
use gitlab_runner::{Access, Cloud, Failure, Outcome, RoleRule};
use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::job::{Job, Variable};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{Read, Write};
use std::sync::Mutex;
use tokio::time::Instant;

/// A cloud in memory.
#[derive(Debug, Default)]
struct FakeCloud {
    credentials: Vec<Variable>,
    roles: Mutex<Vec<Option<String>>>,
    caches: Mutex<HashMap<String, Vec<u8>>>,
    rescued: Mutex<Vec<String>>,
}

impl Cloud for FakeCloud {
    async fn credentials(&self, _job: &Job, role: Option<&str>) -> Result<Vec<Variable>, String> {
        self.roles.lock().unwrap().push(role.map(str::to_owned));
        Ok(if role.is_some() { self.credentials.clone() } else { Vec::new() })
    }

    fn has_caches(&self) -> bool {
        true
    }

    async fn fetch_cache(&self, name: &str, into: &mut File, _end: Instant) -> Result<bool, String> {
        let found = self.caches.lock().unwrap().get(name).cloned();
        into.write_all(found.as_deref().unwrap_or_default()).unwrap();
        Ok(found.is_some())
    }

    async fn keep_cache(&self, name: &str, mut file: File, bytes: u64, _end: Instant) -> Result<(), String> {
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        assert_eq!(content.len() as u64, bytes);
        self.caches.lock().unwrap().insert(name.to_owned(), content);
        Ok(())
    }

    async fn rescue(&self, job: &Job, mut state: File, _end: Instant) -> Result<Option<String>, String> {
        let mut content = String::new();
        state.read_to_string(&mut content).unwrap();
        self.rescued.lock().unwrap().push(content);
        Ok(Some(format!("s3://rescued/{}", job.id)))
    }
}

fn cached(script: &[&str], cache: Value) -> Value {
    with(job(script), "/cache", json!([cache]))
}

/// G-50: kept by one job, there for the next, and looked for under other keys.
#[tokio::test]
async fn caches_are_restored_and_kept_as_their_policies_say() {
    let (place, cloud) = (Place::new(), FakeCloud::default());
    let run = async |job| place.run_with(&Fake::default(), &cloud, job).await;
    let cache = |key: &str, policy: &str| json!({"key": key, "paths": ["plugins"], "policy": policy, "fallback_keys": ["first"]});
    let (_, log) = run(cached(&["mkdir plugins; echo 1 > plugins/aws"], cache("first", "pull-push"))).await;
    assert!(log.contains("\nThere is no such cache yet\n") && log.contains("\nKept first\n"), "{log}");
    let (finished, log) =
        run(cached(&["cat plugins/aws", "echo 2 > plugins/aws"], cache("second", "pull"))).await;
    assert_eq!(finished.outcome, Some(Outcome::Success), "{log}");
    assert!(log.contains("\nRestored first\n") && !log.contains("Kept"), "{log}");
    let (_, log) = run(cached(&["! test -e plugins", "mkdir plugins"], cache("second", "push"))).await;
    assert!(log.contains("\nKept second\n"), "{log}");
    let names = cloud.caches.lock().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(
        names,
        ["runner/EXAMPLE12/project/42/first".into(), "runner/EXAMPLE12/project/42/second".into()].into()
    );
    // What is not there, or hostile, is a line in the log.
    cloud.caches.lock().unwrap().insert("runner/EXAMPLE12/project/42/bad".to_owned(), b"<html>".to_vec());
    let (finished, log) = run(cached(&["exit 3"], cache("bad", "pull-push"))).await;
    assert_eq!(finished.outcome, Some(Outcome::Failed(Failure::Script { code: Some(3) })));
    assert!(log.contains("WARNING: bad could not be restored: it is no archive"), "{log}");
    assert!(!log.contains("Kept"), "it is for jobs that go well: {log}");
}

#[tokio::test]
async fn without_a_place_for_caches_there_is_one_line() {
    let job = cached(&["true"], json!({"key": "a", "paths": ["x"]}));
    let (finished, log) = Place::new().run(&Fake::default(), job).await;
    assert_eq!(finished.outcome, Some(Outcome::Success));
    assert!(
        log.contains("\nThere is no place for caches: nothing is restored, and nothing will be kept\n"),
        "{log}"
    );
}

/// G-02: credentials reach only jobs that have a role, and no log.
#[tokio::test]
async fn credentials_are_given_with_a_role_and_masked_by_line() {
    let mut place = Place::new();
    place.host.access = Access {
        allowed: Vec::new(),
        roles: vec![RoleRule::parse("infra/network protected apply").unwrap()],
    };
    let credential = |key: &str, value: &str| Variable {
        key: key.to_owned(),
        value: SecretText::new(value),
        public: false,
        masked: true,
        file: false,
        raw: true,
    };
    let secret = "first line of a key\nsecond line of a key";
    let cloud =
        FakeCloud { credentials: vec![credential("AWS_SECRET_ACCESS_KEY", secret)], ..FakeCloud::default() };
    let script = ["echo \"<$AWS_SECRET_ACCESS_KEY>\"", "echo second line of a key"];
    let overriding =
        with(job(&script), "/variables/-", json!({"key": "AWS_SECRET_ACCESS_KEY", "value": "mine"}));
    let protected = with(overriding, "/git_info/protected", json!(true));
    let (_, log) = place.run_with(&Fake::default(), &cloud, protected).await;
    assert!(log.contains("\n<[MASKED]>\n") && log.contains("\n[MASKED]\n"), "{log}");
    let (_, log) = place.run_with(&Fake::default(), &cloud, job(&script)).await;
    assert!(log.contains("\n<>\n"), "{log}");
    assert_eq!(*cloud.roles.lock().unwrap(), [Some("apply".to_owned()), None]);
}

#[tokio::test]
async fn a_role_that_nobody_can_give_fails_the_job_before_its_script() {
    let mut place = Place::new();
    place.host.access.roles = vec![RoleRule::parse("infra/* any plan").unwrap()];
    let (finished, log) = place.run(&Fake::default(), job(&["echo ran"])).await;
    assert_eq!(finished.outcome, Some(Outcome::Failed(Failure::System)));
    assert!(log.contains("the job has a role") && !log.contains("\nran\n"), "{log}");
}

#[tokio::test]
async fn a_state_that_terraform_could_not_store_is_not_lost_in_silence() {
    let (place, cloud) = (Place::new(), FakeCloud::default());
    let script = ["mkdir -p envs/prod; echo state > envs/prod/errored.tfstate; exit 1"];
    let (_, log) = place.run_with(&Fake::default(), &cloud, job(&script)).await;
    assert!(log.contains("wrote errored.tfstate, which is kept as s3://rescued/50101\n"), "{log}");
    assert_eq!(*cloud.rescued.lock().unwrap(), ["state\n"]);
    let (_, log) = place.run(&Fake::default(), job(&script)).await;
    assert!(log.contains("ERROR: Terraform could not store its state, and wrote errored.tfstate"), "{log}");
}
