//! Runs the Lambda functions as they are deployed, under the Lambda double.

use std::sync::Mutex;
use std::time::Duration;

use crate::binaries::binary;
use crate::lambda::{Asynchronous, Destination, Function, LambdaDouble};
use crate::log_events::LogEvents;
use crate::secrets::assert_no_secrets;
use crate::serve::{KEY, SECRET_PARTS};
use crate::terraform::terraform;

/// The name of the function that HCP Terraform calls.
pub const REQUEST_HANDLER: &str = "request-handler";
/// The name of the function that does the work.
pub const CALLBACK_HANDLER: &str = "callback-handler";
/// The name of the function that reports for the dead.
pub const FAILURE_HANDLER: &str = "failure-handler";

/// What [`crate::lambda`] gives a function to identify itself by.
const CREDENTIALS: [&str; 2] = ["example-session-token", "example-secret-access-key"];

/// The pair, and the failure handler behind it. Dropping them kills their processes, and looks for secrets in what they
/// logged.
#[derive(Debug)]
pub struct Pair {
    /// The platform they run on.
    pub double: LambdaDouble,
    secrets: Mutex<Vec<String>>,
}

impl Pair {
    /// All functions, with these settings.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        Self::with(settings, |callback_handler| callback_handler).await
    }

    /// All functions, with these settings; `change` what else is special about the callback handler.
    pub async fn with(settings: &[(&str, &str)], change: impl FnOnce(Function) -> Function) -> Self {
        let double = LambdaDouble::start().await;
        let mut request_handler = Function::new(REQUEST_HANDLER, binary("request-handler"))
            .env("HMAC_KEY", KEY)
            .env("RUNTASK_CALLBACK_FUNCTION", CALLBACK_HANDLER)
            .timeout(Duration::from_secs(30))
            .with_url();
        let mut callback_handler = Function::new(CALLBACK_HANDLER, binary("callback-handler"))
            .env("RUNTASK_TERRAFORM", terraform())
            .env("RUNTASK_REPORT_MARGIN_MS", "2000")
            .timeout(Duration::from_secs(60))
            .asynchronous(Asynchronous {
                maximum_retry_attempts: 1,
                on_failure: Some(Destination::Function(FAILURE_HANDLER.to_owned())),
                ..Asynchronous::default()
            });
        let mut failure_handler = Function::new(FAILURE_HANDLER, binary("failure-handler"))
            .timeout(Duration::from_secs(60))
            .asynchronous(Asynchronous { on_failure: Some(Destination::Capture), ..Asynchronous::default() });
        for (name, value) in settings {
            request_handler = request_handler.env(*name, *value);
            callback_handler = callback_handler.env(*name, *value);
            failure_handler = failure_handler.env(*name, *value);
        }
        double.add(request_handler).await;
        double.add(change(callback_handler)).await;
        double.add(failure_handler).await;
        Self { double, secrets: Mutex::new(vec![KEY.to_owned()]) }
    }

    /// The URL that HCP Terraform would have.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/", self.double.function_url(REQUEST_HANDLER))
    }

    /// What the functions logged.
    #[must_use]
    pub fn logs(&self) -> String {
        [REQUEST_HANDLER, CALLBACK_HANDLER, FAILURE_HANDLER].map(|it| self.double.logs(it)).concat()
    }

    /// The events that the functions logged.
    #[must_use]
    pub fn events(&self) -> LogEvents {
        LogEvents::read(&self.logs())
    }

    /// Something more that must not be in the logs.
    pub fn keeps_secret(&self, secret: impl Into<String>) {
        self.secrets.lock().unwrap().push(secret.into());
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // A test that fails has something else to say.
        if !std::thread::panicking() {
            let secrets = self.secrets.lock().unwrap();
            let secrets = secrets.iter().map(String::as_str).chain(SECRET_PARTS).chain(CREDENTIALS);
            assert_no_secrets(&self.logs(), &secrets.collect::<Vec<_>>());
        }
    }
}
