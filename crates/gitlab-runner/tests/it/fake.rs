//! A GitLab in memory, and a place for jobs.

use gitlab_runner::{
    Access, Asked, Budget, Cloud, Coordinator, Finished, Host, NoCloud, Outcome, Reports, Reserve, Sandbox,
    Stop, Stopper, environment, run_job,
};
use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::client::Upload;
use gitlab_runner_protocol::job::{Dependency, Job};
use gitlab_runner_protocol::log::JobLog;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What GitLab would have heard, and what it does.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    /// Jobs to hand out.
    pub(crate) jobs: Mutex<Vec<Job>>,
    /// What is in archives of other jobs, by their numbers.
    pub(crate) archives: HashMap<u64, Vec<u8>>,
    /// As soon as the log holds this text, this is said.
    pub(crate) stops: Vec<(&'static str, Stop)>,
    /// The job is not wanted any more when it is said that it is running.
    pub(crate) is_unwanted: bool,
    /// Everything that was uploaded: name, type and bytes.
    pub(crate) uploads: Mutex<Vec<(String, String, Vec<u8>)>>,
    /// The last log and every final state.
    pub(crate) finals: Finals,
}

type Finals = Arc<Mutex<Vec<(Outcome, String)>>>;

impl Coordinator for Fake {
    type Reports = FakeReports;

    async fn request(&self) -> Asked {
        match self.jobs.lock().unwrap().pop() {
            Some(job) => Asked::Job(Box::new(job)),
            None => Asked::Nothing,
        }
    }

    async fn begin(&self, _job: &Job, log: &JobLog, _debug_trace: bool) -> FakeReports {
        FakeReports {
            log: log.clone(),
            is_wanted: !self.is_unwanted,
            stops: self.stops.clone(),
            finals: Arc::clone(&self.finals),
        }
    }

    async fn upload(&self, _job: &Job, upload: Upload<'_>, _end: Instant) -> Result<(), String> {
        let mut bytes = Vec::new();
        { upload.file }.read_to_end(&mut bytes).unwrap();
        if upload.artifact.artifact_type == "refused" {
            return Err("413: too large".to_owned());
        }
        let kind = upload.artifact.artifact_type.clone();
        self.uploads.lock().unwrap().push((upload.filename.to_owned(), kind, bytes));
        Ok(())
    }

    async fn download(
        &self,
        dependency: &Dependency,
        mut into: &File,
        _attempts: u32,
        _end: Instant,
    ) -> Result<(), String> {
        if dependency.name == "slow" {
            return std::future::pending().await;
        }
        let archive = self.archives.get(&dependency.id).ok_or("404: there is none")?;
        into.write_all(archive).unwrap();
        Ok(())
    }
}

/// What GitLab hears of one job.
pub(crate) struct FakeReports {
    log: JobLog,
    is_wanted: bool,
    stops: Vec<(&'static str, Stop)>,
    finals: Finals,
}

impl Reports for FakeReports {
    fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    async fn listen(&self, stopper: &Stopper) {
        for (text, stop) in &self.stops {
            while !text_of(&self.log).contains(text) {
                sleep(LOOK).await;
            }
            stopper.stop(*stop);
        }
        std::future::pending().await
    }

    async fn finish(self, outcome: Outcome, end: Instant) -> bool {
        assert!(Instant::now() < end, "there is time left for the final state");
        self.finals.lock().unwrap().push((outcome, text_of(&self.log)));
        true
    }
}

/// A log without colours, time stamps and markers.
pub(crate) fn text_of(log: &JobLog) -> String {
    log.flush(Timestamp::UNIX_EPOCH);
    let text = String::from_utf8(log.part(0, usize::MAX)).unwrap();
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = after.split_once(['m', 'K']).map_or("", |it| it.1);
    }
    plain + rest
}

/// Where jobs run.
pub(crate) struct Place {
    pub(crate) directory: TempDir,
    pub(crate) host: Host,
    pub(crate) budget: Budget,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["builds", "home"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        let own = |name: &str| (name == "PATH").then(|| "/usr/local/bin:/usr/bin:/bin".to_owned());
        let host = Host {
            identity: vec!["Running with the runner of a test".to_owned()],
            version: "0.1.0".to_owned(),
            revision: "test".to_owned(),
            short_token: "EXAMPLE12".to_owned(),
            builds: path("builds"),
            bash: "/bin/bash".into(),
            environment: environment(own, path("home").to_str().unwrap()),
            variables: Vec::new(),
            certificates: None,
            access: Access::default(),
            allows_debug_trace: false,
            log_limit_bytes: 1 << 20,
            secrets: vec![SecretText::new("glrt-runner")],
            clock: || Timestamp::UNIX_EPOCH,
            sandbox: Sandbox { leftovers: None, directories: vec![path("builds"), path("home")] },
        };
        let budget = Budget {
            deadline: None,
            promised: Duration::from_secs(60),
            reserve: Reserve::default(),
            margin: Duration::from_secs(1),
        };
        Self { directory, host, budget }
    }

    /// Runs a job; what became of it, and its log.
    pub(crate) async fn run(&self, fake: &Fake, job: Value) -> (Finished, String) {
        self.run_with(fake, &NoCloud, job).await
    }

    /// Runs a job beside a cloud.
    pub(crate) async fn run_with(&self, fake: &Fake, cloud: &impl Cloud, job: Value) -> (Finished, String) {
        let job = Job::parse(job.to_string().as_bytes()).unwrap();
        let (_shutdown, shutdown) = Stopper::new();
        let finished = run_job(&job, &self.host, fake, cloud, &self.budget, &shutdown).await;
        let mut finals = fake.finals.lock().unwrap();
        assert!(finals.len() <= 1, "one final state: {finals:?}");
        let last = finals.pop();
        assert_eq!(last.as_ref().map(|it| it.0), finished.outcome);
        (finished, last.map(|it| it.1).unwrap_or_default())
    }
}

/// What terraform does when it is interrupted once.
pub(crate) const COOPERATIVE: &str =
    "bash -c 'trap \"sleep 0.2; echo unlocked; exit 1\" INT; trap \"echo torn; exit 1\" TERM
    echo ready; while :; do sleep 0.05; done' || true";

/// A job without sources.
pub(crate) fn job(script: &[&str]) -> Value {
    json!({
        "id": 50101,
        "token": "glcbt-64_secret",
        "job_info": {"name": "plan", "project_id": 42, "project_full_path": "infra/network"},
        "git_info": {"repo_url": "https://gitlab-ci-token:glcbt-64_secret@gitlab.example.com/infra/network.git"},
        "runner_info": {"timeout": 60},
        "variables": [{"key": "GIT_STRATEGY", "value": "none"}, {"key": "FF_TIMESTAMPS", "value": "false"}],
        "steps": [{"name": "script", "script": script}],
    })
}

/// The same with something else in it.
pub(crate) fn with(mut job: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match job.pointer_mut(parent).unwrap() {
        Value::Array(list) => list.push(value),
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        other => panic!("{other}"),
    }
    job
}
