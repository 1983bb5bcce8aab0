//! An instance of GitLab, an AWS, and the runner's functions between them.

use gitlab_simulator::{Simulator, SimulatorSettings};
use runtask_tests::aws;
use runtask_tests::binaries::binary;
use runtask_tests::lambda::{Asynchronous, Destination, Function, LambdaDouble, Outcome};
use runtask_tests::moto::Moto;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;

/// The names of the functions.
pub(super) const RUNNER: &str = "example-runner";
pub(super) const FAILURE: &str = "example-failure";

/// The secret of the runner, and the table of its tickets.
const SECRET: &str = "example-runner-secret";
const TABLE: &str = "example-tickets";

/// What a job may take until it is stopped, what comes after it, and what is left for the function's end.
pub(super) const PROMISED: u64 = 4;
pub(super) const RESERVE: u64 = 9;
pub(super) const MARGIN: u64 = 1;

/// How long a function lives.
pub(super) const LIFE: Duration = Duration::from_secs(18);

/// An AWS that several worlds share.
pub(super) struct Aws {
    pub(super) moto: Moto,
}

/// A GitLab with its runner.
pub(super) struct World {
    pub(super) simulator: Simulator,
    pub(super) double: LambdaDouble,
    /// Where jobs work.
    pub(super) directory: TempDir,
    endpoint: String,
    table: String,
    /// Texts that must be in no log and no answer.
    pub(super) secrets: Vec<String>,
}

impl Aws {
    pub(super) async fn start() -> Self {
        Self { moto: Moto::start().await }
    }

    /// Makes a secret.
    pub(super) async fn put_secret(&self, name: &str, value: &Value) {
        put_secret(self.moto.endpoint(), name, value).await;
    }

    /// Gives a secret another value.
    pub(super) async fn change_secret(&self, name: &str, value: &Value) {
        let body = json!({"SecretId": name, "SecretString": value.to_string(), "ClientRequestToken": uuid::Uuid::new_v4().to_string()});
        aws::call(self.moto.endpoint(), "secretsmanager", "secretsmanager.PutSecretValue", &body).await;
    }

    /// A world of its own; `name` tells it from others of this AWS. `secret` are members of the runner's secret besides its
    /// token, `change` is what is special about the runner's function.
    pub(super) async fn world(
        &self,
        name: &str,
        secret: Value,
        change: impl Fn(Function) -> Function,
    ) -> World {
        let settings = SimulatorSettings { interval_seconds: 1, ..SimulatorSettings::default() };
        let simulator = Simulator::start(settings).await.unwrap();
        let endpoint = self.moto.endpoint().to_owned();
        let (secret_id, table) = (format!("{SECRET}-{name}"), format!("{TABLE}-{name}"));
        let mut members = json!({"GITLAB_RUNNER_TOKEN": simulator.runner_token()});
        members.as_object_mut().unwrap().extend(secret.as_object().unwrap().clone());
        put_secret(&endpoint, &secret_id, &members).await;
        aws::create_documents_table(&endpoint, &table).await;
        let directory = tempfile::Builder::new().prefix("runner-").tempdir().unwrap();
        let double = LambdaDouble::start().await;
        let common = |function: Function| {
            function
                .timeout(LIFE)
                .memory_mb(2048)
                .env("AWS_ENDPOINT_URL", &*endpoint)
                .env("GITLAB_URL", simulator.url())
                .env("RUNNER_SECRET_ID", &*secret_id)
                .env("RUNNER_TICKET_TABLE", &*table)
        };
        let runner = common(Function::new(RUNNER, binary("gitlab-runner-function")))
            .reserved_concurrency(1)
            .env("RUNNER_DIRECTORY", directory.path().to_str().unwrap())
            .env("RUNNER_PROMISED_SECONDS", PROMISED.to_string())
            .env("RUNNER_RESERVE_SECONDS", RESERVE.to_string())
            .env("RUNNER_MARGIN_SECONDS", MARGIN.to_string())
            .env("RUNNER_IDLE_SECONDS", "0")
            .env("RUNNER_METRICS_NAMESPACE", "example")
            .asynchronous(Asynchronous {
                maximum_retry_attempts: 0,
                on_failure: Some(Destination::Function(FAILURE.to_owned())),
                ..Asynchronous::default()
            });
        double.add(change(runner)).await;
        let failure = common(Function::new(FAILURE, binary("gitlab-failure-function")))
            .timeout(Duration::from_secs(90))
            .env("RUNNER_FUNCTION", RUNNER);
        double.add(failure).await;
        let texts = members.as_object().unwrap().values().map(|it| it.as_str().unwrap().to_owned());
        let own = ["example-secret-access-key", "example-session-token"].map(str::to_owned);
        let secrets: Vec<String> = texts.chain(own).filter(|it| it.len() >= 8).collect();
        for it in &secrets {
            simulator.add_secret(it, "a secret of the runner");
        }
        World { simulator, double, directory, endpoint, table, secrets }
    }
}

impl World {
    /// Runs the runner, and waits for its answer.
    pub(super) async fn poll(&self) -> Outcome {
        self.double.invoke(RUNNER, &json!({"action": "poll"})).await
    }

    /// Everything that is in the table of tickets.
    pub(super) async fn tickets(&self) -> Vec<Value> {
        let scan = json!({"TableName": self.table});
        let answer = aws::call(&self.endpoint, "dynamodb", "DynamoDB_20120810.Scan", &scan).await;
        answer["Items"].as_array().unwrap().clone()
    }

    /// Nothing was done that GitLab would mind, nothing is left, and no secret is where it does not belong: in what was sent
    /// to GitLab, in the functions' logs and answers.
    pub(super) async fn is_innocent(&self, what: &str) {
        assert_eq!(self.simulator.violations(), [""; 0], "{what}");
        assert_eq!(self.tickets().await, [Value::Null; 0], "{what}");
        self.keeps_secrets(what);
    }

    pub(super) fn keeps_secrets(&self, what: &str) {
        for function in [RUNNER, FAILURE] {
            let answers =
                self.double.invocations(function).into_iter().map(|it| it.outcome.payload().to_string());
            let said = answers.chain([self.double.logs(function)]).collect::<Vec<_>>().join("\n");
            assert_eq!(self.simulator.leaks_in(said.as_bytes()), [""; 0], "{what}: {function}");
            let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
            runtask_tests::secrets::assert_no_secrets(&said, &secrets);
        }
    }
}

async fn put_secret(endpoint: &str, name: &str, value: &Value) {
    let body = json!({"Name": name, "SecretString": value.to_string(), "ClientRequestToken": "a".repeat(32)});
    aws::call(endpoint, "secretsmanager", "secretsmanager.CreateSecret", &body).await;
}
