//! A simulator, a client of it, and a job that is reported.

use gitlab_runner_protocol::client::{Client, ClientSettings, Polled};
use gitlab_runner_protocol::job::Job;
use gitlab_runner_protocol::log::{JobLog, LogSettings, Stream};
use gitlab_runner_protocol::{
    Delivery, DeliveryError, FinalState, Identity, MoreFeatures, ReportSettings, Reporter, RunnerToken,
    SystemId,
};
use gitlab_simulator::{Injection, JobReport, JobSpec, Simulator, SimulatorSettings};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// Nothing in these tests takes so long.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
    pub(crate) runner: Identity,
}

pub(crate) fn soon() -> Instant {
    Instant::now() + LONG
}

pub(crate) fn identity(token: String) -> Identity {
    Identity {
        token: RunnerToken::new(token),
        system_id: SystemId::of("test"),
        name: "example-runner".into(),
        version: "0.1.0".into(),
        revision: "HEAD".into(),
        architecture: "amd64".into(),
        more_features: MoreFeatures::default(),
    }
}

impl World {
    pub(crate) async fn new(faults: &[Injection]) -> Self {
        let settings = SimulatorSettings {
            interval_seconds: 1,
            faults: faults.to_vec(),
            ..SimulatorSettings::default()
        };
        Self::with(settings, |it| it).await
    }

    pub(crate) async fn with(
        settings: SimulatorSettings,
        change: impl FnOnce(ClientSettings) -> ClientSettings,
    ) -> Self {
        let simulator = Simulator::start(settings).await.unwrap();
        let client = Client::new(&change(ClientSettings::new(simulator.url()))).unwrap();
        let runner = identity(simulator.runner_token());
        Self { simulator, client, runner }
    }

    /// The job that GitLab has for us.
    pub(crate) async fn job(&self) -> Job {
        match self.client.request_job(&self.runner, soon()).await.unwrap() {
            Polled::Job(job) => *job,
            other => panic!("{other:?}"),
        }
    }

    /// Begins to report a job of this spec.
    pub(crate) async fn begin(&self, spec: &JobSpec) -> Reported<'_> {
        self.begin_with(spec, ReportSettings::default()).await
    }

    pub(crate) async fn begin_with(&self, spec: &JobSpec, settings: ReportSettings) -> Reported<'_> {
        let id = self.simulator.enqueue(spec);
        let job = self.job().await;
        assert_eq!(job.id, id);
        let masks = job.variables.iter().filter(|it| it.masked).map(|it| it.value.clone()).collect();
        let log = JobLog::new(LogSettings { masks, ..LogSettings::default() });
        let settings = ReportSettings {
            first_interval: Duration::from_secs(1),
            failure_reasons: job.features.failure_reasons.clone(),
            ..settings
        };
        let client = self.client.job(job.id, job.token.clone());
        let (reporter, told) = Reporter::begin(client, log.clone(), settings, soon()).await;
        Reported { world: self, job, log, reporter, told: told.map_err(|it| it.to_string()) }
    }

    /// Nothing broke a rule.
    pub(crate) fn judge(&self) {
        assert_eq!(self.simulator.violations(), Vec::<String>::new());
    }
}

/// A job under way.
pub(crate) struct Reported<'w> {
    pub(crate) world: &'w World,
    pub(crate) job: Job,
    pub(crate) log: JobLog,
    pub(crate) reporter: Reporter,
    pub(crate) told: Result<(), String>,
}

impl Reported<'_> {
    pub(crate) fn print(&self, text: &str) {
        self.log.write(Stream::Script, Timestamp::UNIX_EPOCH, text.as_bytes());
    }

    /// Prints a line, and waits until the log has it or the job is over.
    pub(crate) async fn print_and_wait(&self, text: &str) {
        self.print(text);
        let size = self.log.bytes();
        let arrived =
            self.world.simulator.until(self.job.id, |it| it.log.len() >= size || it.status.is_final());
        tokio::time::timeout(LONG, arrived).await.unwrap();
    }

    pub(crate) async fn finish(
        self,
        state: FinalState,
        time: Duration,
    ) -> (Result<Delivery, DeliveryError>, JobReport) {
        self.log.flush(Timestamp::UNIX_EPOCH);
        let delivery = self.reporter.finish(state, Instant::now() + time).await;
        (delivery, self.world.simulator.job(self.job.id).unwrap())
    }
}
