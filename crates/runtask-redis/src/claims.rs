//! Keeps claims in Redis, for several processes that answer for the same run tasks.
//!
//! One hash for each task result, `runtask:claim:ID`: `holder`, `until` in milliseconds, and `finished` when the final result
//! is out. Each call is one script, so of two processes that ask at the same instant one gets the claim. Times are the
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
        Self { redis, claim, settle }
    }

    async fn settle(&self, lease: &Lease, until: SystemTime, is_finished: bool) -> Result<bool, StoreError> {
        let mut call = self.settle.prepare_invoke();
        call.key(key(&lease.id))
            .arg(lease.holder.to_string())
            .arg(milliseconds(until))
            .arg(u8::from(is_finished))
            .arg(KEPT.as_secs() * 1000);
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
        let answer: Vec<u64> = self.redis.ask(&call).await.map_err(|error| StoreError(error.into()))?;
        match answer.as_slice() {
            [] => Ok(Claim::Granted(Lease { id: id.to_owned(), holder })),
            [_, 1] => Ok(Claim::Finished),
            [until, 0] => time(*until)
                .map(|until| Claim::Held { until })
                .ok_or_else(|| StoreError(StrangeAnswer.into())),
            _ => Err(StoreError(StrangeAnswer.into())),
        }
    }

    async fn renew(&self, lease: &Lease, lease_end: SystemTime) -> Result<bool, StoreError> {
        self.settle(lease, lease_end, false).await
    }

    async fn finish(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        self.settle(lease, now + FINISHED_FOR, true).await.map(|_was_ours| ())
    }

    async fn release(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        // A lease that ends now: free for whoever asks.
        self.settle(lease, now, false).await.map(|_was_ours| ())
    }
}

fn key(id: &str) -> String {
    format!("runtask:claim:{id}")
}
