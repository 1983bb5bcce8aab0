//! Fits [`runtask_aws`] to the traits of the request handler. Nothing of the SDK is built before it is needed.

use runtask_aws::{
    Extension, Functions, InvokeError, Lookup, ParameterError, Parameters, SdkConfig, sdk_config,
};
use runtask_log::event;
use runtask_protocol::{Key, ReceivedJob};
use runtask_request_handler::{HandOver, HandOverError, KeyVersion, ReadKey, ReadKeyError, RequestSettings};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing::warn;

/// The parameter cannot be had. Its name is not shown: somebody may have taken the setting for the key itself.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the parameter that HMAC_SECRET_KEY_PARAM names")]
struct ParameterUnusable(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Time for all attempts to read one version of the key.
const READ_KEY: Duration = Duration::from_secs(2);

/// The SDK's settings, read once.
#[derive(Debug)]
pub(crate) struct Aws {
    lookup: Lookup,
    config: OnceLock<SdkConfig>,
}

impl Aws {
    pub(crate) fn new(lookup: Lookup) -> Self {
        Self { lookup, config: OnceLock::new() }
    }

    pub(crate) fn config(&self) -> &SdkConfig {
        self.config.get_or_init(|| sdk_config(self.lookup))
    }
}

/// The callback function.
pub(crate) struct Callback {
    aws: Arc<Aws>,
    functions: OnceLock<Functions>,
    name: String,
    budget: Duration,
}

impl Callback {
    pub(crate) fn new(aws: Arc<Aws>, settings: &RequestSettings) -> Self {
        let name = settings.callback_function.clone();
        Self { aws, functions: OnceLock::new(), name, budget: settings.hand_over_timeout }
    }

    /// Makes the client, so that the first request does not have to wait for that.
    pub(crate) fn prepare(&self) -> &Functions {
        self.functions.get_or_init(|| Functions::new(self.aws.config(), self.budget))
    }
}

impl HandOver for Callback {
    async fn hand_over(&self, job: &ReceivedJob<'_>) -> Result<(), HandOverError> {
        let event = job.to_event().map_err(|error| HandOverError::Unavailable(error.into()))?;
        match self.prepare().invoke_event(&self.name, event).await {
            Ok(()) => Ok(()),
            Err(InvokeError::TooLarge) => Err(HandOverError::TooLarge),
            Err(error) => Err(HandOverError::Unavailable(error.into())),
        }
    }
}

/// The parameter that holds the key.
pub(crate) struct Parameter {
    name: String,
    source: Source,
}

enum Source {
    Sdk(Arc<Aws>, OnceLock<Parameters>),
    Extension(Box<Extension>),
}

impl Parameter {
    pub(crate) fn new(
        aws: Arc<Aws>,
        name: String,
        extension_port: Option<u16>,
        session_token: Option<String>,
    ) -> Self {
        let source = match extension_port {
            Some(port) => {
                let token = SecretString::from(session_token.unwrap_or_default());
                Source::Extension(Box::new(Extension::new(port, token, READ_KEY)))
            }
            None => Source::Sdk(aws, OnceLock::new()),
        };
        Self { name, source }
    }
}

impl ReadKey for Parameter {
    async fn read(&self, version: Option<i64>) -> Result<KeyVersion, ReadKeyError> {
        let read = match &self.source {
            Source::Extension(extension) => extension.read(&self.name, version).await,
            Source::Sdk(aws, parameters) => {
                let parameters = parameters.get_or_init(|| Parameters::new(aws.config(), READ_KEY));
                parameters.read(&self.name, version).await
            }
        };
        let parameter = read.map_err(|error| match error {
            ParameterError::NotFound if version.is_some() => ReadKeyError::NotFound,
            other => unusable(other),
        })?;
        let key = Key::new(parameter.value.expose_secret()).map_err(unusable)?;
        // With every reading, which is every five minutes at most. Of the key before, nobody needs to hear any more.
        if let Some(weakness) = key.weakness().filter(|_| version.is_none()) {
            warn!(event = event::KEY_SHORT, "{weakness}");
        }
        Ok(KeyVersion { key, version: parameter.version, written_at: parameter.written_at })
    }
}

fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> ReadKeyError {
    ReadKeyError::Failed(ParameterUnusable(error.into()).into())
}
