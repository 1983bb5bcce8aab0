//! Keeps claims in Redis, for several processes that answer for the same run tasks.
//!
//! One hash for each task result, `runtask:claim:ID`: `holder`, `until` in milliseconds, and `finished` when the final result
//! is out; and `owed`, what is still to be told. Each call is one script, so of two processes that ask at the same instant one gets the claim. Times are the
//! callers'; Redis' own clock only tidies up.

use crate::connection::Redis;
use crate::time::{milliseconds, time};
use redis::Script;
use runtask_state::{Claim, ClaimStore, FINISHED_FOR, Lease, StoreError};
use std::time::{Duration, SystemTime};

/// How long Redis keeps what nobody asks for any more: longer than anything is in force.
const KEPT: Duration = Duration::from_hours(24);

/// Claims in Redis.
#[derive(Debug, Clone)]
pub struct RedisClaims {
    redis: Redis,
    claim: Script,
    settle: Script,
    owe: Script,
    told: Script,
}

/// An answer that none of our scripts gives.
#[derive(Debug, thiserror::Error)]
#[error("Redis gave an answer that is not that of a claim")]
struct StrangeAnswer;

impl RedisClaims {
    /// Claims in this Redis.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        let claim = Script::new(include_str!("scripts/claim.lua"));
        let settle = Script::new(include_str!("scripts/settle.lua"));
        let owe = Script::new(include_str!("scripts/owe.lua"));
        let told = Script::new(include_str!("scripts/told.lua"));
        Self { redis, claim, settle, owe, told }
    }

    /// `finished` is what is owed of a result that is out, perhaps nothing.
    async fn settle(
        &self,
        lease: &Lease,
        until: SystemTime,
        finished: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut call = self.settle.prepare_invoke();
        call.key(key(&lease.id))
            .arg(lease.holder.to_string())
            .arg(milliseconds(until))
            .arg(u8::from(finished.is_some()))
            .arg(KEPT.as_secs() * 1000)
            .arg(finished.unwrap_or_default());
        let settled = self.redis.ask(&call).await;
        settled.map_err(|error| StoreError(error.into()))
    }
}

impl ClaimStore for RedisClaims {
    async fn claim(&self, id: &str, now: SystemTime, lease_end: SystemTime) -> Result<Claim, StoreError> {
        let holder = fastrand::u128(..);
        let mut call = self.claim.prepare_invoke();
        call.key(key(id))
            .arg(milliseconds(now))
            .arg(milliseconds(lease_end))
            .arg(holder.to_string())
            .arg(KEPT.as_secs() * 1000);
        let answer: Vec<String> = self.redis.ask(&call).await.map_err(|error| StoreError(error.into()))?;
        match answer.as_slice() {
            [before] => Ok(Claim::Granted(Lease { id: id.to_owned(), holder, owed: owed(before) })),
            [_, finished, before] if finished == "1" => Ok(Claim::Finished { owed: owed(before) }),
            [until, _, _] => until
                .parse()
                .ok()
                .and_then(time)
                .map(|until| Claim::Held { until })
                .ok_or_else(|| StoreError(StrangeAnswer.into())),
            _ => Err(StoreError(StrangeAnswer.into())),
        }
    }

    async fn renew(&self, lease: &Lease, lease_end: SystemTime) -> Result<bool, StoreError> {
        self.settle(lease, lease_end, None).await
    }

    async fn owe(&self, lease: &Lease, owed: &str) -> Result<(), StoreError> {
        let mut call = self.owe.prepare_invoke();
        call.key(key(&lease.id)).arg(lease.holder.to_string()).arg(owed);
        let was_ours: Result<bool, _> = self.redis.ask(&call).await;
        was_ours.map(drop).map_err(|error| StoreError(error.into()))
    }

    async fn finish(&self, lease: &Lease, now: SystemTime, owed: Option<&str>) -> Result<(), StoreError> {
        let owed = owed.unwrap_or_default();
        self.settle(lease, now + FINISHED_FOR, Some(owed)).await.map(|_was_ours| ())
    }

    async fn told(&self, id: &str) -> Result<(), StoreError> {
        let mut call = self.told.prepare_invoke();
        call.key(key(id));
        let was_finished: Result<bool, _> = self.redis.ask(&call).await;
        was_finished.map(drop).map_err(|error| StoreError(error.into()))
    }

    async fn release(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        // A lease that ends now: free for whoever asks.
        self.settle(lease, now, None).await.map(|_was_ours| ())
    }
}

/// An empty text is none.
fn owed(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn key(id: &str) -> String {
    format!("runtask:claim:{id}")
}
