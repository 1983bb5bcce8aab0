//! Connects to Redis, and asks again what was not answered.

use crate::settings::{RedisSettings, SettingsError};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Client, Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation, TlsCertificates,
};
use runtask_log::Chain;
use std::fmt;
use std::time::Duration;
use tracing::warn;

/// Time for one call, all attempts together.
const BUDGET: Duration = Duration::from_secs(3);

/// Time for one attempt, and for a connection.
const ATTEMPT: Duration = Duration::from_secs(1);

/// The first pause between attempts; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const ATTEMPTS: u32 = 5;

/// A connection to Redis, which is made again when it breaks. Clones share it.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    endpoint: String,
}

/// What can be asked of Redis, and asked again.
pub(crate) trait Call: Sync {
    fn make<T: FromRedisValue + Send>(
        &self,
        connection: ConnectionManager,
    ) -> impl Future<Output = RedisResult<T>> + Send;
}

impl Call for Cmd {
    async fn make<T: FromRedisValue + Send>(&self, mut connection: ConnectionManager) -> RedisResult<T> {
        self.query_async(&mut connection).await
    }
}

impl Call for Pipeline {
    async fn make<T: FromRedisValue + Send>(&self, mut connection: ConnectionManager) -> RedisResult<T> {
        self.query_async(&mut connection).await
    }
}

/// By the script's digest first, and by the script itself where the server does not know it.
impl Call for ScriptInvocation<'_> {
    async fn make<T: FromRedisValue + Send>(&self, mut connection: ConnectionManager) -> RedisResult<T> {
        self.invoke_async(&mut connection).await
    }
}

/// Redis cannot be used. A program that gets it does not start: there is no other store to fall back on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address, or the certificates.
    #[error("the settings of Redis cannot be used: {0}")]
    Settings(#[from] SettingsError),
    /// No connection, no leave to use it, or no answer.
    #[error("Redis at {endpoint} cannot be used")]
    Unreachable {
        /// Host and port.
        endpoint: String,
        /// Why.
        #[source]
        source: RedisError,
    },
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Redis {
    /// Connects, signs in and hears an answer. Warns of a Redis that may throw away what it was given.
    ///
    /// # Errors
    ///
    /// When that does not come about within seconds.
    pub async fn connect(settings: &RedisSettings) -> Result<Self, ConnectError> {
        // The library takes the process's own; that another was chosen before is as well.
        let _chosen_before = rustls::crypto::ring::default_provider().install_default();
        let endpoint = settings.endpoint();
        let unreachable = |source| ConnectError::Unreachable { endpoint: endpoint.clone(), source };
        let info = settings.connection_info()?;
        let certificates = TlsCertificates { client_tls: None, root_cert: settings.ca_bundle() };
        let client = match certificates.root_cert {
            Some(_) => Client::build_with_tls(info, certificates),
            None => Client::open(info),
        };
        let client = client.map_err(unreachable)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(ATTEMPT))
            .set_response_timeout(Some(ATTEMPT))
            .set_min_delay(FIRST_PAUSE)
            .set_number_of_retries(2);
        let connection = ConnectionManager::new_with_config(client, config).await.map_err(unreachable)?;
        let redis = Self { connection, endpoint: endpoint.clone() };
        redis.ask::<()>(&redis::cmd("PING")).await.map_err(unreachable)?;
        redis.warn_of_eviction().await;
        Ok(redis)
    }

    /// Host and port.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Makes a call, and makes it again while no answer comes and there is time. Whoever asks sees to it that a call which
    /// was done already does no harm.
    pub(crate) async fn ask<T: FromRedisValue + Send>(&self, call: &impl Call) -> RedisResult<T> {
        let attempts = async {
            let mut pause = FIRST_PAUSE;
            for _ in 1..ATTEMPTS {
                match call.make(self.connection.clone()).await {
                    Err(error) if may_pass(&error) => {
                        tokio::time::sleep(pause).await;
                        pause *= 2;
                    }
                    answer => return answer,
                }
            }
            call.make(self.connection.clone()).await
        };
        tokio::time::timeout(BUDGET, attempts).await.unwrap_or_else(|_elapsed| {
            Err(RedisError::from(std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                "not done inside the time for all attempts",
            )))
        })
    }

    /// Redis forgets what it was given when it is full and told to make room.
    async fn warn_of_eviction(&self) {
        let name = "maxmemory-policy";
        let mut call = redis::cmd("CONFIG");
        call.arg("GET").arg(name);
        match self.ask(&call).await.map(|it: Vec<String>| it.get(1).cloned()) {
            Ok(Some(policy)) if policy == "noeviction" => {}
            Ok(policy) => warn!(
                endpoint = self.endpoint,
                "Redis has the {name} `{}` and may throw approvals away when it is full: set it to `noeviction`",
                policy.unwrap_or_default()
            ),
            Err(error) => warn!(
                endpoint = self.endpoint,
                "Redis does not say whether it throws approvals away when it is full; see to it that {name} is \
                 `noeviction`: {}",
                Chain(&error)
            ),
        }
    }
}

/// Whether the next attempt may go better: the connection broke, or Redis is about to be ready.
fn may_pass(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || matches!(error.code(), Some("LOADING" | "TRYAGAIN" | "READONLY" | "CLUSTERDOWN" | "MASTERDOWN"))
}
