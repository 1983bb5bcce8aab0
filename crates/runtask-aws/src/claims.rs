//! Keeps claims in a DynamoDB table that all functions of a deployment share.
//!
//! One item for each task result, with the task result's id as its key, `id`:
//!
//! | attribute | meaning |
//! | --- | --- |
//! | `holder` | which attempt holds the claim, or held it |
//! | `until_ms` | when the lease ends, or when a finished one is forgotten: milliseconds since 1970 |
//! | `finished` | there when the final result is out |
//! | `expires_at` | seconds since 1970; for the table's time to live, which is tidying up and nothing else |
//!
//! Every call is one conditional `UpdateItem`, so of two functions that ask at the same instant exactly one gets the claim.
//! `UpdateItem` is also the only permission that is needed.

use crate::table::{Item, TableError, client, milliseconds, seconds, text, time};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use runtask_state::{Claim, ClaimStore, FINISHED_FOR, Lease, StoreError};
use std::time::SystemTime;

/// Nobody has the item, or nobody has it any more: the time to live may delete it days too late.
const IS_FREE: &str = "attribute_not_exists(id) OR until_ms <= :now";
const TAKE: &str = "SET holder = :holder, until_ms = :until, expires_at = :expires REMOVE finished";

/// The item is still the caller's, and not finished.
const IS_OURS: &str = "holder = :holder AND attribute_not_exists(finished)";
const PROLONG: &str = "SET until_ms = :until, expires_at = :expires";
const FINISH: &str = "SET until_ms = :until, expires_at = :expires, finished = :finished";

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
    holder: u128,
    until: SystemTime,
    /// The one value that not all writes have.
    value: Option<(&'static str, AttributeValue)>,
}

/// What a write came to.
enum Written {
    Done,
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
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_values(":holder", AttributeValue::S(write.holder.to_string()))
            .expression_attribute_values(":until", milliseconds(write.until))
            .expression_attribute_values(":expires", seconds(write.until));
        if let Some((name, value)) = write.value {
            request = request.expression_attribute_values(name, value);
        }
        let Err(error) = request.send().await else { return Ok(Written::Done) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(Written::Refused(refusal.item().cloned()))
            }
            _ => Err(StoreError(TableError::from(error).into())),
        }
    }
}

impl ClaimStore for TableClaims {
    async fn claim(&self, id: &str, now: SystemTime, lease_end: SystemTime) -> Result<Claim, StoreError> {
        let holder = fastrand::u128(..);
        let value = Some((":now", milliseconds(now)));
        let write = Write { update: TAKE, condition: IS_FREE, id, holder, until: lease_end, value };
        match self.write(write).await? {
            Written::Done => Ok(Claim::Granted(Lease { id: id.to_owned(), holder })),
            // An attempt before this one was written, and its answer lost.
            Written::Refused(Some(item)) if is_of(&item, holder) => {
                Ok(Claim::Granted(Lease { id: id.to_owned(), holder }))
            }
            Written::Refused(item) => item.and_then(|it| standing(&it)).ok_or_else(|| {
                store_error("a claim was refused, and the answer does not say who holds it".to_owned())
            }),
        }
    }

    async fn renew(&self, lease: &Lease, lease_end: SystemTime) -> Result<bool, StoreError> {
        let Lease { id, holder } = lease;
        let write =
            Write { update: PROLONG, condition: IS_OURS, id, holder: *holder, until: lease_end, value: None };
        Ok(matches!(self.write(write).await?, Written::Done))
    }

    async fn finish(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        let Lease { id, holder } = lease;
        let value = Some((":finished", AttributeValue::Bool(true)));
        let until = now + FINISHED_FOR;
        let write = Write { update: FINISH, condition: IS_OURS, id, holder: *holder, until, value };
        self.write(write).await.map(|_was_ours| ())
    }

    async fn release(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        // A lease that ends now: free for whoever asks.
        self.renew(lease, now).await.map(|_was_ours| ())
    }
}

fn is_of(item: &Item, holder: u128) -> bool {
    text(item, "holder").is_some_and(|it| it == holder.to_string())
}

/// What an item that is still in force says.
fn standing(item: &Item) -> Option<Claim> {
    if item.contains_key("finished") {
        return Some(Claim::Finished);
    }
    Some(Claim::Held { until: time(item, "until_ms")? })
}

fn store_error(text: String) -> StoreError {
    StoreError(TableError(text).into())
}
