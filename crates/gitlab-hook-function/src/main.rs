//! Runs the Lambda function: fits the library to Secrets Manager and to the runner function.

use gitlab_hook_function::{Hook, HookSecrets, HookSettings, NotStarted, ReadSecrets, StartRunner};
use lambda_http::{Body, Error, Request, Response, service_fn};
use runtask_aws::{Functions, SdkConfig, Secrets, sdk_config};
use runtask_log::Chain;
use secrecy::ExposeSecret;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::{error, warn};

/// Time for all attempts to read the secret, and to start the runner. GitLab waits for ten seconds in all.
const READ: Duration = Duration::from_secs(3);
const START: Duration = Duration::from_secs(3);

/// How long secrets are kept that were read.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// What the runner is sent.
const POLL: &[u8] = br#"{"action":"poll"}"#;

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn lookup(name: &str) -> Option<String> {
    std::env::var_os(name).map(|it| it.to_string_lossy().into_owned())
}

/// The SDK's settings, made once, and late.
fn aws() -> &'static SdkConfig {
    static CONFIG: OnceLock<SdkConfig> = OnceLock::new();
    CONFIG.get_or_init(|| sdk_config(lookup))
}

/// The secret in Secrets Manager.
struct Stored {
    id: String,
    client: OnceLock<Secrets>,
    kept: Mutex<Option<(Instant, Arc<HookSecrets>)>>,
}

impl Stored {
    async fn read(&self) -> Result<Arc<HookSecrets>, String> {
        let client = self.client.get_or_init(|| Secrets::new(aws(), READ));
        let text = client.read(&self.id).await.map_err(|error| Chain(&error).to_string())?;
        HookSecrets::parse(text.expose_secret()).map(Arc::new).map_err(|error| error.to_string())
    }
}

impl ReadSecrets for Stored {
    async fn secrets(&self) -> Result<Arc<HookSecrets>, String> {
        let mut kept = self.kept.lock().await;
        if let Some((_, secrets)) = kept.as_ref().filter(|(since, _)| since.elapsed() < FRESH) {
            return Ok(Arc::clone(secrets));
        }
        match (self.read().await, kept.as_ref()) {
            (Ok(secrets), _) => {
                *kept = Some((Instant::now(), Arc::clone(&secrets)));
                Ok(secrets)
            }
            (Err(error), Some((_, old))) => {
                warn!(error, "the secret could not be read again, and the known one holds");
                Ok(Arc::clone(old))
            }
            (Err(error), None) => Err(error),
        }
    }
}

/// The runner function.
struct RunnerFunction {
    name: String,
    client: OnceLock<Functions>,
}

impl RunnerFunction {
    fn client(&self) -> &Functions {
        self.client.get_or_init(|| Functions::new(aws(), START))
    }
}

impl StartRunner for RunnerFunction {
    async fn start(&self) -> Result<(), NotStarted> {
        let started = self.client().invoke_event(&self.name, POLL.to_vec()).await;
        started.map_err(|error| NotStarted(error.to_string()))
    }
}

// One request at a time: a second thread would cost memory and start-up time for nothing.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // The namespace of the runner's metrics is a setting of its own.
    let for_log = |name: &str| match name {
        "RUNTASK_METRICS_NAMESPACE" => lookup("RUNNER_METRICS_NAMESPACE"),
        name => lookup(name),
    };
    runtask_log::start_in_lambda(for_log, now);
    let settings = HookSettings::read(&lookup).inspect_err(|it| error!("settings are wrong: {it}"))?;
    let secrets = Stored { id: settings.secret_id, client: OnceLock::new(), kept: Mutex::default() };
    let runner = RunnerFunction { name: settings.runner_function, client: OnceLock::new() };
    let hook = Arc::new(Hook { secrets, runner, now });
    // While Lambda fetches the first request, the SDK gets ready on a thread of its own: it reads every root certificate of
    // the system.
    let preparing = Arc::clone(&hook);
    tokio::task::spawn_blocking(move || preparing.runner.client().clone());
    lambda_http::run(service_fn(move |request: Request| {
        let hook = Arc::clone(&hook);
        async move {
            let (head, body) = request.into_parts();
            let status = hook.answer(&head.method, &head.headers, body.as_ref()).await;
            Response::builder().status(status).body(Body::Empty).map_err(Error::from)
        }
    }))
    .await
}
