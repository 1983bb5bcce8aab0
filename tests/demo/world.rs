//! The stand-ins: GitLab with the repository, Lambda with the function, AWS.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use gitlab_simulator::{JobSpec, Pipeline, Simulator, SimulatorSettings};
use runtask_tests::aws::{REGION, call};
use runtask_tests::lambda::{Function, LambdaDouble};
use runtask_tests::moto::Moto;
use runtask_tests::tools::{terraform_settings, tool};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The name of the state.
pub(crate) const STATE: &str = "demo";
/// What the function has: one whole processor.
pub(crate) const MEMORY_MB: u32 = 1769;

const FUNCTION: &str = "gitlab-runner-function";
const SECRET: &str = "credentials-for-gitlab-runner";
const REPOSITORY: &str = "infra/network";
/// The longest that Lambda lets a function run.
const TIMEOUT: Duration = Duration::from_secs(900);

const PIPELINE: &str = include_str!("../../examples/gitlab/.gitlab-ci.yml");
const FILES: [(&str, &str); 3] = [
    (".gitlab-ci.yml", PIPELINE),
    ("main.tf", include_str!("../../examples/gitlab/main.tf")),
    ("versions.tf", include_str!("../../examples/gitlab/versions.tf")),
];

/// The function that jobs run in.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    /// What is set for it besides what every function of the demo has.
    settings: Vec<(String, String)>,
    /// Where its jobs work, if that is a directory of the demo's own.
    _directory: Option<TempDir>,
}

impl Program {
    /// The one that was built beside this program.
    pub(crate) fn built() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("runner-").tempdir()?;
        let settings = [
            ("PATH", path()?),
            ("TF_CLI_CONFIG_FILE", terraform_settings().display().to_string()),
            ("RUNNER_DIRECTORY", directory.path().display().to_string()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(Self { path: beside(FUNCTION)?, settings, _directory: Some(directory) })
    }

    /// Another one, with settings as `NAME=VALUE`: that of an image.
    pub(crate) fn given(path: &str, settings: &[String]) -> anyhow::Result<Self> {
        let split = |it: &String| it.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings =
            settings.iter().map(split).collect::<Option<_>>().context("write settings as NAME=VALUE")?;
        Ok(Self { path: path.into(), settings, _directory: None })
    }
}

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    lambda: LambdaDouble,
    moto: Moto,
    _program: Program,
}

impl World {
    /// Starts everything, with an empty GitLab.
    pub(crate) async fn start(program: Program) -> anyhow::Result<Self> {
        let settings = SimulatorSettings { interval_seconds: 1, ..SimulatorSettings::default() };
        let simulator = Simulator::start(settings).await?;
        let moto = Moto::start().await;
        let secret = json!({
            "GITLAB_RUNNER_TOKEN": simulator.runner_token(),
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00",
            "AWS_SECRET_ACCESS_KEY": "example-secret-of-the-cloud",
        });
        let body = json!({
            "Name": SECRET, "SecretString": secret.to_string(), "ClientRequestToken": "a".repeat(32),
        });
        call(moto.endpoint(), "secretsmanager", "secretsmanager.CreateSecret", &body).await;
        simulator.add_secret("example-secret-of-the-cloud", "the key of the cloud");
        let lambda = LambdaDouble::start().await;
        let mut function = Function::new(FUNCTION, &program.path)
            .timeout(TIMEOUT)
            .memory_mb(MEMORY_MB)
            .reserved_concurrency(1)
            .env("AWS_ENDPOINT_URL", moto.endpoint())
            .env("GITLAB_URL", simulator.url())
            .env("RUNNER_IDLE_SECONDS", "0")
            .env("RUNNER_MAX_JOBS", "1")
            .env("RUNNER_REVISION", "demo")
            .env("RUNNER_STATE_NAME", STATE);
        for (name, value) in &program.settings {
            function = function.env(name, value);
        }
        lambda.add(function).await;
        Ok(Self { simulator, lambda, moto, _program: program })
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

    /// Invokes the function, as a Job Hook has it invoked; what it answers.
    pub(crate) async fn invoke(&self) -> anyhow::Result<Value> {
        let outcome = self.lambda.invoke(FUNCTION, &json!({"action": "poll"})).await;
        let payload = outcome.payload();
        if !outcome.is_success() {
            bail!("the function answered {payload}, and has logged:\n{}", self.lambda.logs(FUNCTION));
        }
        Ok(payload)
    }

    /// How often the function ran, and how long in all.
    pub(crate) fn used(&self) -> (usize, Duration) {
        let invocations = self.lambda.invocations(FUNCTION);
        (invocations.len(), invocations.iter().map(|it| it.duration).sum())
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
