//! Starts an instance, and lets a test put jobs into it and look at what became of them.

use crate::fault::Injection;
use crate::git::{Repositories, RepositoryError};
use crate::hook::{self, Delivery, HookSecret};
use crate::instance::{Addresses, Instance, Received, Role};
use crate::job::{FinalState, Job, Status, StoredArtifact};
use crate::job_spec::JobSpec;
use crate::plan_report::{PlanCounts, PlanReportError};
use crate::server::{World, serve};
use crate::terraform_state::LockEvent;
use bytes::Bytes;
use runtask_process::PrivateDirectory;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// How an instance is.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Where it listens; a port that the system chooses on loopback unless said otherwise.
    pub address: SocketAddr,
    /// The path at which it is installed: empty, or `/gitlab`.
    pub base_path: String,
    /// Seconds between patches of a log that it asks for: 3, as GitLab does while somebody watches.
    pub interval_seconds: u64,
    /// What goes differently.
    pub faults: Vec<Injection>,
    /// The largest artifact, in bytes: 100 MiB, as GitLab's default.
    pub max_artifact_bytes: usize,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            base_path: String::new(),
            interval_seconds: 3,
            faults: Vec::new(),
            max_artifact_bytes: 100 * 1024 * 1024,
        }
    }
}

/// What became of a job.
#[derive(Debug, Clone)]
pub struct JobReport {
    /// Where it stands.
    pub status: Status,
    /// The bytes of its log.
    pub log: Vec<u8>,
    /// How the runner said that it ended, if that was taken.
    pub final_state: Option<FinalState>,
    /// How often a final state was sent.
    pub finals_sent: usize,
    /// How often the runner said `running`.
    pub signs_of_life: u32,
    /// How many patches came.
    pub patches: u32,
    /// What it has uploaded.
    pub artifacts: Vec<StoredArtifact>,
}

impl JobReport {
    fn of(job: &Job) -> Self {
        Self {
            status: job.status,
            log: job.log.clone(),
            final_state: job.settled.clone(),
            finals_sent: job.finals.len(),
            signs_of_life: job.touches,
            patches: job.patches,
            artifacts: job.artifacts.clone(),
        }
    }

    /// What the merge request's page shows of the job's plan; `None` without a report of it.
    #[must_use]
    pub fn plan(&self) -> Option<Result<PlanCounts, PlanReportError>> {
        let report = self.artifacts.iter().find(|it| it.artifact_type == "terraform")?;
        Some(PlanCounts::read(&report.content))
    }

    /// The log as text.
    #[must_use]
    pub fn log_text(&self) -> String {
        String::from_utf8_lossy(&self.log).into_owned()
    }
}

/// A GitLab instance with one runner. It ends when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    world: Arc<World>,
    addresses: Addresses,
    _listeners: JoinSet<()>,
    _directory: PrivateDirectory,
}

impl Simulator {
    /// Starts an instance.
    ///
    /// # Errors
    ///
    /// When the address is taken, or no temporary directory can be made.
    pub async fn start(settings: SimulatorSettings) -> io::Result<Self> {
        let directory = PrivateDirectory::new()?;
        let any_port = SocketAddr::new(settings.address.ip(), 0);
        let listener = TcpListener::bind(settings.address).await?;
        let mirror = TcpListener::bind(any_port).await?;
        let object_store = TcpListener::bind(any_port).await?;
        let origin = |it: &TcpListener| it.local_addr().map(|it| format!("http://{it}"));
        let base_path = settings.base_path.trim_end_matches('/').to_owned();
        let addresses = Addresses {
            instance: format!("{}{base_path}", origin(&listener)?),
            mirror: format!("{}{base_path}", origin(&mirror)?),
            object_store: origin(&object_store)?,
        };
        let mut instance =
            Instance::new(addresses.clone(), settings.interval_seconds, settings.max_artifact_bytes);
        instance.faults = settings.faults;
        let world = Arc::new(World {
            instance: Mutex::new(instance),
            changed: Notify::new(),
            repositories: Repositories::below(directory.path()),
            base_path,
            max_artifact_bytes: settings.max_artifact_bytes,
        });
        let mut listeners = JoinSet::new();
        listeners.spawn(serve(listener, Role::Instance, Arc::clone(&world)));
        listeners.spawn(serve(mirror, Role::Mirror, Arc::clone(&world)));
        listeners.spawn(serve(object_store, Role::ObjectStore, Arc::clone(&world)));
        Ok(Self { world, addresses, _listeners: listeners, _directory: directory })
    }

    /// The instance's address, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.addresses.instance
    }

    /// The instance's other address, to which an upload may be sent on.
    #[must_use]
    pub fn mirror_url(&self) -> &str {
        &self.addresses.mirror
    }

    /// The token that asks for jobs.
    #[must_use]
    pub fn runner_token(&self) -> String {
        self.world.instance().runner.token.clone()
    }

    /// The token of a person who may create runners.
    #[must_use]
    pub fn personal_token(&self) -> String {
        self.world.instance().personal_token.clone()
    }

    /// From now on, this goes differently.
    pub fn inject(&self, fault: impl Into<Injection>) {
        self.world.instance().faults.push(fault.into());
    }

    /// From now on, this text must not appear in anything that the runner sends; `what` names it in violations.
    pub fn add_secret(&self, text: &str, what: &str) {
        self.world.instance().secrets.add(text, what);
    }

    /// Makes a repository (`infra/network`), or a further commit in it, with these files; the commit.
    ///
    /// # Errors
    ///
    /// When git cannot be started, or refuses.
    pub async fn commit(&self, repository: &str, files: &[(&str, &str)]) -> Result<String, RepositoryError> {
        let sha = self.world.repositories.commit(repository, files).await?;
        self.world.instance().commits.insert(repository.to_owned(), sha.clone());
        Ok(sha)
    }

    /// Points a further ref of a repository at a commit: a tag, or another pipeline's.
    ///
    /// # Errors
    ///
    /// When git cannot be started, or refuses.
    pub async fn point(&self, repository: &str, reference: &str, sha: &str) -> Result<(), RepositoryError> {
        self.world.repositories.point(repository, reference, sha).await
    }

    /// Puts a job into the queue; its number.
    #[must_use]
    pub fn enqueue(&self, spec: &JobSpec) -> u64 {
        self.world.instance().enqueue(spec, Instant::now())
    }

    /// Somebody cancels the job: it is asked to end.
    pub fn cancel(&self, job: u64) {
        self.change(job, Job::cancel);
    }

    /// Somebody cancels the job once more: its token is good for nothing.
    pub fn cancel_hard(&self, job: u64) {
        self.change(job, |it| it.status = Status::Canceled);
    }

    /// The job's runner has died; from now on somebody else may end it, who does not know its log.
    pub fn abandon(&self, job: u64) {
        self.change(job, |it| it.abandoned = true);
    }

    /// From now on, patches of the job's log are wanted every so many seconds.
    pub fn set_interval(&self, job: u64, seconds: u64) {
        self.change(job, |it| it.interval = seconds);
    }

    fn change(&self, job: u64, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.world.instance().jobs.get_mut(&job).filter(|it| !it.status.is_final()) {
            change(job);
        }
        self.world.changed.notify_waiters();
    }

    /// What became of a job until now; `None` if there is no such job.
    #[must_use]
    pub fn job(&self, job: u64) -> Option<JobReport> {
        self.world.instance().jobs.get(&job).map(JobReport::of)
    }

    /// Waits until `is_reached` of the job, and says what became of it. Whoever calls bounds the time.
    pub async fn until(&self, job: u64, is_reached: impl Fn(&JobReport) -> bool) -> JobReport {
        loop {
            let changed = self.world.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(report) = self.job(job).filter(&is_reached) {
                return report;
            }
            changed.await;
        }
    }

    /// Waits until the job has ended, and says how.
    pub async fn ended(&self, job: u64) -> JobReport {
        self.until(job, |it| it.status.is_final()).await
    }

    /// Every call that came.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.world.instance().received.clone()
    }

    /// Everything that broke a rule until now; each says which call broke which.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.world.instance().judge(Instant::now())
    }

    /// Which of the secrets are in a text that is not sent to the instance, such as a function's answer: what each is.
    #[must_use]
    pub fn leaks_in(&self, bytes: &[u8]) -> Vec<String> {
        self.world.instance().secrets.found_in(bytes).into_iter().map(str::to_owned).collect()
    }

    /// How often a runner manager was removed.
    #[must_use]
    pub fn managers_removed(&self) -> u32 {
        self.world.instance().runner.managers_removed
    }

    /// The Terraform state of this name.
    #[must_use]
    pub fn terraform_state(&self, name: &str) -> Option<Bytes> {
        self.world.instance().states.content(name)
    }

    /// Everything that was done to locks of Terraform states, in order.
    #[must_use]
    pub fn lock_events(&self) -> Vec<LockEvent> {
        self.world.instance().states.events()
    }

    /// The Terraform states that are locked now.
    #[must_use]
    pub fn locked_states(&self) -> Vec<String> {
        self.world.instance().states.locked()
    }

    /// Somebody else takes the lock of a Terraform state.
    pub fn lock_state(&self, name: &str, who: &str) {
        self.world.instance().states.lock(name, who);
    }

    /// The hook that tells of a job as it stands, with this id, at this time in seconds since 1970; `None` if there is no
    /// such job.
    #[must_use]
    pub fn hook(&self, job: u64, id: &str, timestamp: u64, secret: &HookSecret) -> Option<Delivery> {
        let body = self.world.instance().jobs.get(&job).map(hook::body)?;
        Some(Delivery::new(body, id, timestamp, secret))
    }
}
