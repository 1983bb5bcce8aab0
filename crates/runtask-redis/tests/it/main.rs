//! Against a real `redis-server`, which each test starts for itself.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod approvals;
mod connecting;
mod contracts;
pub mod server;
mod tls;

use runtask_redis::{ConnectError, Redis, RedisSettings};
use secrecy::SecretString;

/// The server of a test.
pub(crate) async fn connect_to(server: &server::Server) -> Redis {
    connect(&server.url(), None).await.unwrap()
}

pub(crate) async fn connect(url: &str, password: Option<&str>) -> Result<Redis, ConnectError> {
    let settings = RedisSettings::new(url.into(), password.map(SecretString::from), None)?;
    Redis::connect(&settings).await
}
