//! Reads the settings that all clients of the SDK share, and says in one line why a call failed.
//!
//! They come from the environment, where Lambda puts them, and from nowhere else. `aws-config` would also look through
//! profiles, STS, containers and instance metadata: code that a function carries into every cold start and never runs.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// `|name| std::env::var(name).ok()` where settings are read.
pub type Lookup = fn(&str) -> Option<String>;

/// Who calls.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// `AWS_ACCESS_KEY_ID`.
    pub id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret: SecretString,
    /// `AWS_SESSION_TOKEN`, where the key is of a session.
    pub session_token: Option<SecretString>,
}

/// Time to connect; the SDK's own default.
const CONNECT: Duration = Duration::from_millis(3100);

/// Region, credentials and endpoints from the environment, as Lambda sets them; TLS by rustls with ring.
///
/// Credentials are read once: those of a function's role stay the same for as long as its process lives.
#[must_use]
pub fn sdk_config(lookup: Lookup) -> SdkConfig {
    sdk_config_of(lookup, key(lookup), None)
}

/// The same, for whoever has other credentials, or says which region is meant.
#[must_use]
pub fn sdk_config_of(lookup: Lookup, key: Option<AccessKey>, region: Option<String>) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client())
        .service_config(ServiceEndpoints(lookup));
    config
        .set_region(region.or_else(|| self::region(lookup)).map(Region::new))
        .set_credentials_provider(key.map(credentials))
        .set_endpoint_url(lookup("AWS_ENDPOINT_URL"))
        .set_use_fips(flag(lookup, "AWS_USE_FIPS_ENDPOINT"))
        .set_use_dual_stack(flag(lookup, "AWS_USE_DUALSTACK_ENDPOINT"));
    config.build()
}

/// `None` where the environment does not say.
pub(crate) fn flag(lookup: Lookup, name: &str) -> Option<bool> {
    lookup(name).map(|it| it.eq_ignore_ascii_case("true"))
}

pub(crate) fn region(lookup: Lookup) -> Option<String> {
    lookup("AWS_REGION").or_else(|| lookup("AWS_DEFAULT_REGION"))
}

pub(crate) fn key(lookup: Lookup) -> Option<AccessKey> {
    let secret = |name| lookup(name).map(SecretString::from);
    Some(AccessKey {
        id: lookup("AWS_ACCESS_KEY_ID")?,
        secret: secret("AWS_SECRET_ACCESS_KEY")?,
        session_token: secret("AWS_SESSION_TOKEN"),
    })
}

fn credentials(key: AccessKey) -> SharedCredentialsProvider {
    let token = key.session_token.map(|it| it.expose_secret().to_owned());
    let credentials = Credentials::new(key.id, key.secret.expose_secret(), token, None, "given");
    SharedCredentialsProvider::new(credentials)
}

/// One connector for all clients. Left to itself, the SDK makes one for each client, and one more to see if it can: each
/// of them parses every root certificate of the system.
fn http_client() -> SharedHttpClient {
    let connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).build())
        .build();
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_settings, _components| connector.clone())
}

/// The endpoint of one service: `AWS_ENDPOINT_URL_LAMBDA` and its like.
#[derive(Debug)]
struct ServiceEndpoints(Lookup);

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (self.0)(&format!("{}_{}", key.env(), key.service_id().to_uppercase().replace(' ', "_")))
    }
}

/// Tries again after throttling, server errors and broken connections, up to `attempts` times in all, with pauses that fit
/// our callers' time: the SDK's own are up to a second.
///
/// The SDK's own bound on retries is for processes that make many calls at once: after a hundred throttled ones it would
/// stop trying again for as long as the process lives. Here [`within`] is the bound, and clients take an unlimited bucket.
pub(crate) fn retries(attempts: u32) -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(400))
}

/// `budget` for all attempts together, and `attempt` for one: a connection that died while Lambda had the process frozen
/// says nothing, and another attempt needs time, too.
pub(crate) fn within(budget: Duration, attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().operation_timeout(budget).operation_attempt_timeout(attempt).build()
}

/// What went wrong, in one line for the log: the service's own code and sentence, or why there was no answer. The whole
/// error would print request and answer.
pub(crate) fn account<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ServiceError(answer) => {
            let error = answer.err();
            let code = error.code().unwrap_or("unknown error");
            format!("{code}: {}", error.message().unwrap_or("no message"))
        }
        // The SDK does not keep why the attempts before failed.
        SdkError::TimeoutError(_) => {
            "not done inside the time for all attempts: throttled, failing or not answering".to_owned()
        }
        SdkError::DispatchFailure(failure) => failure
            .as_connector_error()
            .map_or_else(|| "no connection".to_owned(), |it| DisplayErrorContext(it).to_string()),
        SdkError::ConstructionFailure(_) => {
            "the request could not be built; are region and credentials set?".to_owned()
        }
        _ => "an answer that is not the service's".to_owned(),
    }
}
