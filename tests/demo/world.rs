//! The stand-ins, GitLab with the repository and AWS, and the runner between them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use gitlab_simulator::{JobSpec, Pipeline, Simulator, SimulatorSettings};
use runtask_tests::aws::REGION;
use runtask_tests::moto::Moto;
use runtask_tests::tools::{terraform_settings, tool};
use serde_json::json;
use tempfile::TempDir;

/// The name of the state.
pub(crate) const STATE: &str = "demo";

const REPOSITORY: &str = "infra/network";

const PIPELINE: &str = include_str!("../../examples/gitlab/.gitlab-ci.yml");
const FILES: [(&str, &str); 3] = [
    (".gitlab-ci.yml", PIPELINE),
    ("main.tf", include_str!("../../examples/gitlab/main.tf")),
    ("versions.tf", include_str!("../../examples/gitlab/versions.tf")),
];

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    moto: Moto,
    directory: TempDir,
    /// How often the runner ran, and how many milliseconds in all.
    times: AtomicU32,
    took_ms: AtomicU64,
}

impl World {
    /// Starts everything, with an empty GitLab.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let settings = SimulatorSettings { interval_seconds: 1, ..SimulatorSettings::default() };
        let simulator = Simulator::start(settings).await?;
        let moto = Moto::start().await;
        let directory = tempfile::Builder::new().prefix("runner-").tempdir()?;
        let credentials = json!({
            "GITLAB_RUNNER_TOKEN": simulator.runner_token(),
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00",
            "AWS_SECRET_ACCESS_KEY": "example-secret-of-the-cloud",
        });
        let file = directory.path().join("runner.json");
        std::fs::write(&file, credentials.to_string())?;
        std::fs::set_permissions(&file, Permissions::from_mode(0o600))?;
        simulator.add_secret("example-secret-of-the-cloud", "the key of the cloud");
        Ok(Self { simulator, moto, directory, times: AtomicU32::new(0), took_ms: AtomicU64::new(0) })
    }

    /// Somebody pushes the example; its pipeline, as text and read.
    pub(crate) async fn push(&self) -> anyhow::Result<(String, Pipeline)> {
        self.simulator.commit(REPOSITORY, &FILES).await?;
        Ok((PIPELINE.to_owned(), Pipeline::read(PIPELINE)?))
    }

    /// What the project adds to each of its jobs: that AWS is a stand-in.
    pub(crate) fn prepare(&self, job: JobSpec) -> JobSpec {
        job.repository(REPOSITORY)
            // As `runtask runner register` has GitLab cut it.
            .timeout_seconds(600)
            .variable("AWS_ENDPOINT_URL", self.moto.endpoint())
            .variable("AWS_REGION", REGION)
    }

    /// Has the runner run what waits; what it says of that.
    pub(crate) async fn run_jobs(&self) -> anyhow::Result<String> {
        let mut runner = Command::new(beside("runtask-runner")?);
        runner
            .args([
                "run",
                "--once",
                "--give",
                "AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY",
                "--state-name",
                STATE,
            ])
            .arg("--credentials")
            .arg(self.directory.path().join("runner.json"))
            .env_clear()
            .env("GITLAB_URL", self.simulator.url())
            .env("PATH", path()?)
            .env("TF_CLI_CONFIG_FILE", terraform_settings())
            .env("RUNTASK_LOG", "error")
            .stdin(Stdio::null());
        let began = Instant::now();
        let said = tokio::task::spawn_blocking(move || runner.output()).await??;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.times.fetch_add(1, Ordering::Relaxed);
        self.took_ms.fetch_add(took_ms, Ordering::Relaxed);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if !said.status.success() {
            bail!("the runner could not: {}", text(&said.stderr));
        }
        Ok(text(&said.stdout))
    }

    /// How often the runner ran, and how long in all.
    pub(crate) fn used(&self) -> (u32, Duration) {
        let took = Duration::from_millis(self.took_ms.load(Ordering::Relaxed));
        (self.times.load(Ordering::Relaxed), took)
    }
}

/// A program that was built beside this one.
fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name(name);
    ensure!(program.is_file(), "{} is missing; `make demo-runner` builds it", program.display());
    Ok(program)
}

/// Where jobs find terraform, git, and our own program.
fn path() -> anyhow::Result<String> {
    let directory =
        |it: PathBuf| it.parent().map(|it| it.display().to_string()).context("it has no directory");
    let (own, tools) = (directory(beside("runtask-runner")?)?, directory(tool("terraform"))?);
    Ok(format!("{own}:{tools}:/usr/local/bin:/usr/bin:/bin"))
}
