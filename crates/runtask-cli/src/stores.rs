//! Where `serve` keeps claims and approvals: in its own memory, or in Redis, which several of it may share.

use anyhow::{Context, bail};
use runtask_log::event;
use runtask_redis::{Redis, RedisClaims, RedisDocuments, RedisSettings};
use runtask_settings::SettingsReader;
use runtask_setup::client_settings;
use runtask_state::{
    Claim, ClaimStore, Created, Document, DocumentError, DocumentStore, Due, Lease, MemoryClaims,
    MemoryDocuments, Record, Saved, StoreError, Version,
};
use runtask_terminal::environment::lookup;
use secrecy::SecretString;
use std::time::SystemTime;
use tracing::info;

/// Documents that memory holds: an approval is one, and is kept for a day. Each has 128 KB at most, mostly 3.
const MAX_DOCUMENTS: usize = 10_000;

/// What Redis calls the documents of approvals.
const APPROVALS: &str = "approvals";

/// Where claims and approvals are kept.
#[derive(Debug)]
pub(crate) struct Stores {
    pub(crate) claims: Claims,
    pub(crate) documents: Documents,
    /// Redis itself; `None` where they are in memory, and lost with the process.
    pub(crate) redis: Option<Redis>,
    /// For people: `memory`, or `Redis at HOST:PORT`.
    pub(crate) name: String,
}

/// Reads `REDIS_URL` and `REDIS_PASSWORD`; `None` where everything is kept in memory. `ca_bundle` are certificates to be
/// trusted in place of the public ones.
pub(crate) fn redis_settings(
    settings: &mut SettingsReader<'_>,
    ca_bundle: Option<Vec<u8>>,
) -> Option<RedisSettings> {
    let url = settings.text("REDIS_URL").map(SecretString::from);
    let password = settings.text("REDIS_PASSWORD").map(SecretString::from);
    let Some(url) = url else {
        if password.is_some() {
            settings
                .problem("REDIS_PASSWORD is set, and REDIS_URL is not: say where Redis is, or unset both");
        }
        return None;
    };
    let read = RedisSettings::new(url, password, ca_bundle);
    read.map_err(|why| settings.problem(format!("REDIS_URL: {why}"))).ok()
}

impl Stores {
    /// Opens them.
    ///
    /// # Errors
    ///
    /// When Redis is to be used, and cannot be: there is no other store to fall back on.
    pub(crate) async fn open(redis: Option<&RedisSettings>) -> anyhow::Result<Self> {
        let Some(settings) = redis else { return Ok(Self::in_memory()) };
        let redis = Redis::connect(settings).await.context("claims and approvals cannot be kept")?;
        let name = format!("Redis at {}", redis.endpoint());
        info!(event = event::STORE_OPENED, store = name, "claims and approvals are in {name}");
        let documents = Documents::Redis(RedisDocuments::new(redis.clone(), APPROVALS));
        Ok(Self {
            claims: Claims::Redis(RedisClaims::new(redis.clone())),
            documents,
            redis: Some(redis),
            name,
        })
    }

    /// They live as long as the process.
    pub(crate) fn in_memory() -> Self {
        let documents = Documents::Memory(MemoryDocuments::new(MAX_DOCUMENTS));
        let claims = Claims::Memory(MemoryClaims::new());
        Self { claims, documents, redis: None, name: "memory".to_owned() }
    }
}

/// Where several processes keep their approvals, for whoever looks at them from outside.
///
/// # Errors
///
/// When that is the memory of a process, which nobody else sees, or Redis does not answer.
pub(crate) async fn shared_approvals() -> anyhow::Result<RedisDocuments> {
    let mut settings = SettingsReader::new(&lookup);
    let ca_bundle = client_settings(&mut settings).ca_bundle;
    let redis = redis_settings(&mut settings, ca_bundle);
    settings.finish().context("settings are wrong")?;
    let Some(redis) = redis else {
        bail!(
            "REDIS_URL is not set: without it, approvals are in the memory of the one process that serves, and nobody \
             else can look at them"
        );
    };
    Ok(RedisDocuments::new(Redis::connect(&redis).await?, APPROVALS))
}

/// Claims in one of the stores.
#[derive(Debug)]
pub(crate) enum Claims {
    Memory(MemoryClaims),
    Redis(RedisClaims),
}

/// Documents in one of the stores.
#[derive(Debug)]
pub(crate) enum Documents {
    Memory(MemoryDocuments),
    Redis(RedisDocuments),
}

impl ClaimStore for Claims {
    async fn claim(&self, id: &str, now: SystemTime, lease_end: SystemTime) -> Result<Claim, StoreError> {
        match self {
            Self::Memory(it) => it.claim(id, now, lease_end).await,
            Self::Redis(it) => it.claim(id, now, lease_end).await,
        }
    }

    async fn renew(&self, lease: &Lease, lease_end: SystemTime) -> Result<bool, StoreError> {
        match self {
            Self::Memory(it) => it.renew(lease, lease_end).await,
            Self::Redis(it) => it.renew(lease, lease_end).await,
        }
    }

    async fn owe(&self, lease: &Lease, owed: &str) -> Result<(), StoreError> {
        match self {
            Self::Memory(it) => it.owe(lease, owed).await,
            Self::Redis(it) => it.owe(lease, owed).await,
        }
    }

    async fn finish(&self, lease: &Lease, now: SystemTime, owed: Option<&str>) -> Result<(), StoreError> {
        match self {
            Self::Memory(it) => it.finish(lease, now, owed).await,
            Self::Redis(it) => it.finish(lease, now, owed).await,
        }
    }

    async fn told(&self, id: &str) -> Result<(), StoreError> {
        match self {
            Self::Memory(it) => it.told(id).await,
            Self::Redis(it) => it.told(id).await,
        }
    }

    async fn release(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        match self {
            Self::Memory(it) => it.release(lease, now).await,
            Self::Redis(it) => it.release(lease, now).await,
        }
    }
}

impl DocumentStore for Documents {
    async fn create(&self, key: &str, record: &Record, now: SystemTime) -> Result<Created, DocumentError> {
        match self {
            Self::Memory(it) => it.create(key, record, now).await,
            Self::Redis(it) => it.create(key, record, now).await,
        }
    }

    async fn load(&self, key: &str, now: SystemTime) -> Result<Option<Document>, DocumentError> {
        match self {
            Self::Memory(it) => it.load(key, now).await,
            Self::Redis(it) => it.load(key, now).await,
        }
    }

    async fn save(
        &self,
        key: &str,
        version: Version,
        record: &Record,
        now: SystemTime,
    ) -> Result<Saved, DocumentError> {
        match self {
            Self::Memory(it) => it.save(key, version, record, now).await,
            Self::Redis(it) => it.save(key, version, record, now).await,
        }
    }

    async fn delete(&self, key: &str, version: Version, now: SystemTime) -> Result<bool, DocumentError> {
        match self {
            Self::Memory(it) => it.delete(key, version, now).await,
            Self::Redis(it) => it.delete(key, version, now).await,
        }
    }

    async fn due(&self, now: SystemTime, limit: usize) -> Result<Vec<Due>, DocumentError> {
        match self {
            Self::Memory(it) => it.due(now, limit).await,
            Self::Redis(it) => it.due(now, limit).await,
        }
    }
}
