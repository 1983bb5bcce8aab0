//! Keeps claims in a DynamoDB table that all functions of a deployment share.
//!
//! One item for each task result, with the task result's id as its key, `id`:
//!
//! | attribute | meaning |
//! | --- | --- |
//! | `holder` | which attempt holds the claim, or held it |
//! | `until_ms` | when the lease ends, or when a finished one is forgotten: milliseconds since 1970 |
//! | `finished` | there when the final result is out |
//! | `owed` | there when something is still to be told: a text of whoever holds the claim |
//! | `expires_at` | seconds since 1970; for the table's time to live, which is tidying up and nothing else |
//!
//! Every call is one conditional `UpdateItem`, so of two functions that ask at the same instant exactly one gets the claim.
//! `UpdateItem` is also the only permission that is needed.

use crate::table::{Item, TableError, client, milliseconds, seconds, text, time};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use runtask_state::{Claim, ClaimStore, FINISHED_FOR, Lease, StoreError};
use std::time::SystemTime;

/// Nobody has the item, or nobody has it any more: the time to live may delete it days too late.
const IS_FREE: &str = "attribute_not_exists(id) OR until_ms <= :now";
const TAKE: &str = "SET holder = :holder, until_ms = :until, expires_at = :expires REMOVE finished";

/// The item is still the caller's, and not finished.
const IS_OURS: &str = "holder = :holder AND attribute_not_exists(finished)";
const PROLONG: &str = "SET until_ms = :until, expires_at = :expires";
const OWE: &str = "SET owed = :owed";
const FINISH: &str = "SET until_ms = :until, expires_at = :expires, finished = :finished REMOVE owed";
const FINISH_OWING: &str = "SET until_ms = :until, expires_at = :expires, finished = :finished, owed = :owed";

/// The item is finished, whoever finished it.
const IS_FINISHED: &str = "attribute_exists(finished)";
const TOLD: &str = "REMOVE owed";

/// Claims in a table. Clones share a client.
#[derive(Debug, Clone)]
pub struct TableClaims {
    client: Client,
    table: String,
}

/// A conditional write.
struct Write<'a> {
    update: &'static str,
    condition: &'static str,
    id: &'a str,
    /// The values that update and condition name, and no others: DynamoDB refuses what is not used.
    values: Vec<(&'static str, AttributeValue)>,
}

/// What a write came to.
enum Written {
    /// It is done; the item was this before, where there was one.
    Done(Option<Item>),
    /// Its condition does not hold for this item.
    Refused(Option<Item>),
}

impl TableClaims {
    /// Claims in the table with this name or ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: client(config, "claims"), table: table.into() }
    }

    async fn write(&self, write: Write<'_>) -> Result<Written, StoreError> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(write.id.to_owned()))
            .update_expression(write.update)
            .condition_expression(write.condition)
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in write.values {
            request = request.expression_attribute_values(name, value);
        }
        let error = match request.send().await {
            Ok(answer) => return Ok(Written::Done(answer.attributes)),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(Written::Refused(refusal.item().cloned()))
            }
            _ => Err(StoreError(TableError::from(error).into())),
        }
    }

    /// A write to what is the lease's.
    async fn ours(
        &self,
        lease: &Lease,
        update: &'static str,
        mut values: Vec<(&'static str, AttributeValue)>,
    ) -> Result<bool, StoreError> {
        values.push(holder(lease.holder));
        let write = Write { update, condition: IS_OURS, id: &lease.id, values };
        Ok(matches!(self.write(write).await?, Written::Done(_)))
    }
}

impl ClaimStore for TableClaims {
    async fn claim(&self, id: &str, now: SystemTime, lease_end: SystemTime) -> Result<Claim, StoreError> {
        let number = fastrand::u128(..);
        let mut values = vec![holder(number), (":now", milliseconds(now))];
        values.extend(until(lease_end));
        let granted = |before: Option<Item>| {
            let owed = before.and_then(|it| owed(&it));
            Claim::Granted(Lease { id: id.to_owned(), holder: number, owed })
        };
        match self.write(Write { update: TAKE, condition: IS_FREE, id, values }).await? {
            Written::Done(before) => Ok(granted(before)),
            // An attempt before this one was written, and its answer lost.
            Written::Refused(Some(item)) if is_of(&item, number) => Ok(granted(Some(item))),
            Written::Refused(item) => item.and_then(|it| standing(&it)).ok_or_else(|| {
                store_error("a claim was refused, and the answer does not say who holds it".to_owned())
            }),
        }
    }

    async fn renew(&self, lease: &Lease, lease_end: SystemTime) -> Result<bool, StoreError> {
        self.ours(lease, PROLONG, until(lease_end).into()).await
    }

    async fn owe(&self, lease: &Lease, owed: &str) -> Result<(), StoreError> {
        let values = vec![(":owed", AttributeValue::S(owed.to_owned()))];
        self.ours(lease, OWE, values).await.map(|_was_ours| ())
    }

    async fn finish(&self, lease: &Lease, now: SystemTime, owed: Option<&str>) -> Result<(), StoreError> {
        let mut values = vec![(":finished", AttributeValue::Bool(true))];
        values.extend(until(now + FINISHED_FOR));
        values.extend(owed.map(|it| (":owed", AttributeValue::S(it.to_owned()))));
        let update = if owed.is_some() { FINISH_OWING } else { FINISH };
        self.ours(lease, update, values).await.map(|_was_ours| ())
    }

    async fn told(&self, id: &str) -> Result<(), StoreError> {
        let write = Write { update: TOLD, condition: IS_FINISHED, id, values: Vec::new() };
        self.write(write).await.map(|_was_finished| ())
    }

    async fn release(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        // A lease that ends now: free for whoever asks.
        self.renew(lease, now).await.map(|_was_ours| ())
    }
}

fn holder(number: u128) -> (&'static str, AttributeValue) {
    (":holder", AttributeValue::S(number.to_string()))
}

fn until(time: SystemTime) -> [(&'static str, AttributeValue); 2] {
    [(":until", milliseconds(time)), (":expires", seconds(time))]
}

fn owed(item: &Item) -> Option<String> {
    text(item, "owed").map(str::to_owned)
}

fn is_of(item: &Item, holder: u128) -> bool {
    text(item, "holder").is_some_and(|it| it == holder.to_string())
}

/// What an item that is still in force says.
fn standing(item: &Item) -> Option<Claim> {
    if item.contains_key("finished") {
        return Some(Claim::Finished { owed: owed(item) });
    }
    Some(Claim::Held { until: time(item, "until_ms")? })
}

fn store_error(text: String) -> StoreError {
    StoreError(TableError(text).into())
}
