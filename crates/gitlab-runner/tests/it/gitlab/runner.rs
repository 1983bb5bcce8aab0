//! A runner for the simulated GitLab.

use crate::fake::Place;
use gitlab_runner::{GitLab, NoCloud, PollSettings, Polled, Stopper, Stopping, poll};
use gitlab_runner_protocol::client::{Backoff, Client, ClientSettings};
use gitlab_runner_protocol::{Identity, MoreFeatures, RunnerToken, SystemId};
use gitlab_simulator::{JobReport, JobSpec, Simulator, SimulatorSettings};
use std::time::Duration;

/// An instance and a runner of it.
pub(crate) struct Runner {
    pub(crate) simulator: Simulator,
    pub(crate) place: Place,
    gitlab: GitLab,
}

impl Runner {
    pub(crate) async fn start() -> Self {
        let settings = SimulatorSettings { interval_seconds: 1, ..SimulatorSettings::default() };
        let simulator = Simulator::start(settings).await.unwrap();
        let mut settings = ClientSettings::new(simulator.url());
        settings.backoff =
            Backoff { attempts: 5, first: Duration::from_millis(10), cap: Duration::from_millis(50) };
        let identity = Identity {
            token: RunnerToken::new(simulator.runner_token()),
            system_id: SystemId::of("a test"),
            name: "gitlab-runner".to_owned(),
            version: "0.1.0".to_owned(),
            revision: "test".to_owned(),
            architecture: "amd64".to_owned(),
            more_features: MoreFeatures { cache: false, multi_build_steps: true },
        };
        let gitlab = GitLab::new(Client::new(&settings).unwrap(), identity);
        Self { simulator, place: Place::new(), gitlab }
    }

    /// Runs every job that there is.
    pub(crate) async fn poll(&self) -> Polled {
        let (_nobody, told) = Stopper::new();
        self.poll_until(&told).await
    }

    pub(crate) async fn poll_until(&self, told: &Stopping) -> Polled {
        let settings = PollSettings { idle: Some(Duration::ZERO), max_jobs: 5 };
        poll(&self.place.host, &self.gitlab, &NoCloud, &self.place.budget, &settings, told).await
    }

    /// Runs one job, and says what became of it.
    pub(crate) async fn run(&self, spec: &JobSpec) -> JobReport {
        let id = self.simulator.enqueue(spec);
        let polled = self.poll().await;
        assert_eq!(polled.jobs.iter().map(|it| it.id).collect::<Vec<_>>(), [id], "{polled:?}");
        self.simulator.job(id).unwrap()
    }

    /// What GitLab would have against it.
    pub(crate) fn is_innocent(&self) {
        assert_eq!(self.simulator.violations(), [""; 0]);
    }
}
