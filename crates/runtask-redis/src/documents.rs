//! Keeps documents in Redis.
//!
//! For the documents called `approvals`: a hash for each, `{runtask:approvals}:rec:KEY`, with its version `v`, its content
//! `s`, and `expires` and `due` in milliseconds; and one sorted set `{runtask:approvals}:due`, keys by due time. What stands in
//! braces is the same for all, so that a cluster keeps them together and a script can change both at once. Each write is one
//! script that compares the version. Times are the callers'; Redis' own clock only tidies up.

use crate::connection::Redis;
use crate::time::{milliseconds, time};
use redis::{RedisError, RedisResult, Script};
use runtask_state::{
    Created, Document, DocumentError, DocumentStore, Due, MAX_CONTENT_BYTES, Record, Saved, Version,
};
use std::time::{Duration, SystemTime};

/// How much longer than the document Redis keeps it: clocks differ.
const MARGIN: Duration = Duration::from_hours(1);

/// How many keys are taken from the due list at a time.
const PAGE: usize = 500;

/// Documents in Redis.
#[derive(Debug, Clone)]
pub struct RedisDocuments {
    redis: Redis,
    prefix: String,
    write: Script,
    delete: Script,
}

/// A hash that none of our scripts wrote.
#[derive(Debug, thiserror::Error)]
#[error("Redis has something under the key of a document that is none")]
struct StrangeHash;

/// The fields of a hash: version, content, expiry, due time.
type Fields = (Option<String>, Option<Vec<u8>>, Option<u64>, Option<String>);

impl RedisDocuments {
    /// The documents called `name` in this Redis.
    #[must_use]
    pub fn new(redis: Redis, name: &str) -> Self {
        let write = Script::new(include_str!("scripts/write.lua"));
        let delete = Script::new(include_str!("scripts/delete.lua"));
        Self { redis, prefix: format!("{{runtask:{name}}}"), write, delete }
    }

    fn key(&self, key: &str) -> String {
        format!("{}:rec:{key}", self.prefix)
    }

    fn due_list(&self) -> String {
        format!("{}:due", self.prefix)
    }

    /// Writes a document where there is none, or in place of `loaded`; the version of this write, if it was done.
    async fn write(
        &self,
        key: &str,
        loaded: Option<Version>,
        record: &Record,
        now: SystemTime,
    ) -> Result<Option<Version>, DocumentError> {
        let bytes = record.content.len();
        if bytes > MAX_CONTENT_BYTES {
            return Err(DocumentError::TooLarge { bytes });
        }
        // Once for all attempts, so that an attempt knows what the one before it did.
        let version = fastrand::u128(..);
        let (now, expires) = (milliseconds(now), milliseconds(record.expires_at));
        let kept = expires.saturating_sub(now).saturating_add(MARGIN.as_secs() * 1000);
        let mut call = self.write.prepare_invoke();
        call.key(self.key(key))
            .key(self.due_list())
            .arg(key)
            .arg(now)
            .arg(loaded.map(|it| it.0.to_string()).unwrap_or_default())
            .arg(version.to_string())
            .arg(record.content.as_slice())
            .arg(expires)
            .arg(record.due_at.map(|it| milliseconds(it).to_string()).unwrap_or_default())
            .arg(kept);
        let written: bool = self.redis.ask(&call).await.map_err(failed)?;
        Ok(written.then_some(Version(version)))
    }

    async fn fields(&self, key: &str) -> RedisResult<Fields> {
        let mut call = redis::cmd("HMGET");
        call.arg(self.key(key)).arg(&["v", "s", "expires", "due"]);
        self.redis.ask(&call).await
    }

    async fn delete_version(
        &self,
        key: &str,
        loaded: Option<Version>,
        now: SystemTime,
    ) -> Result<bool, DocumentError> {
        let mut call = self.delete.prepare_invoke();
        call.key(self.key(key))
            .key(self.due_list())
            .arg(key)
            .arg(milliseconds(now))
            .arg(loaded.map(|it| it.0.to_string()).unwrap_or_default());
        self.redis.ask(&call).await.map_err(failed)
    }

    /// A page of the due list, from the key with that number on.
    async fn page(&self, now: u64, from: usize, count: usize) -> RedisResult<Vec<(String, u64)>> {
        let mut call = redis::cmd("ZRANGEBYSCORE");
        call.arg(self.due_list()).arg("-inf").arg(now).arg("WITHSCORES").arg("LIMIT").arg(from).arg(count);
        self.redis.ask(&call).await
    }

    /// When each of these expires; nothing for one that is gone.
    async fn expiries(&self, page: &[(String, u64)]) -> RedisResult<Vec<Option<u64>>> {
        let mut calls = redis::pipe();
        for (key, _) in page {
            calls.cmd("HGET").arg(self.key(key)).arg("expires");
        }
        self.redis.ask(&calls).await
    }
}

impl DocumentStore for RedisDocuments {
    async fn create(&self, key: &str, record: &Record, now: SystemTime) -> Result<Created, DocumentError> {
        let written = self.write(key, None, record, now).await?;
        Ok(written.map_or(Created::Exists, Created::Yes))
    }

    async fn load(&self, key: &str, now: SystemTime) -> Result<Option<Document>, DocumentError> {
        let (version, content, expires, due) = self.fields(key).await.map_err(failed)?;
        let (Some(version), Some(content), Some(expires)) = (version, content, expires) else {
            return Ok(None);
        };
        if expires <= milliseconds(now) {
            return Ok(None);
        }
        let document = || {
            let due_at = match due.as_deref() {
                None | Some("") => None,
                Some(it) => Some(time(it.parse().ok()?)?),
            };
            let record = Record { content, expires_at: time(expires)?, due_at };
            Some(Document { version: Version(version.parse().ok()?), record })
        };
        document().map(Some).ok_or_else(|| DocumentError::NoAnswer(StrangeHash.into()))
    }

    async fn save(
        &self,
        key: &str,
        version: Version,
        record: &Record,
        now: SystemTime,
    ) -> Result<Saved, DocumentError> {
        let written = self.write(key, Some(version), record, now).await?;
        Ok(written.map_or(Saved::Changed, Saved::Yes))
    }

    async fn delete(&self, key: &str, version: Version, now: SystemTime) -> Result<bool, DocumentError> {
        self.delete_version(key, Some(version), now).await
    }

    async fn due(&self, now: SystemTime, limit: usize) -> Result<Vec<Due>, DocumentError> {
        let now_ms = milliseconds(now);
        let mut due = Vec::new();
        // How many keys stand in the list before those that were not looked at.
        let mut passed = 0;
        while due.len() < limit {
            let count = (limit - due.len()).min(PAGE);
            let page = self.page(now_ms, passed, count).await.map_err(failed)?;
            let is_last = page.len() < count;
            if page.is_empty() {
                break;
            }
            let expiries = self.expiries(&page).await.map_err(failed)?;
            for ((key, due_ms), expires) in page.into_iter().zip(expiries) {
                if expires.is_some_and(|it| it > now_ms) {
                    passed += 1;
                    due.extend(time(due_ms).map(|due_at| Due { key, due_at }));
                } else if !self.delete_version(&key, None, now).await? {
                    // It was written anew meanwhile.
                    passed += 1;
                }
            }
            if is_last {
                break;
            }
        }
        Ok(due)
    }
}

fn failed(error: RedisError) -> DocumentError {
    // Redis has no memory left, and was told to throw nothing away. Before version 7 it says so within another error.
    let is_full = error.code() == Some("OOM") || error.to_string().contains("OOM command not allowed");
    if is_full { DocumentError::Full } else { DocumentError::NoAnswer(error.into()) }
}
