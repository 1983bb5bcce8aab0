//! Holds what all tables share: the client, its patience, how times are written, and what is said when one does not answer.

use crate::sdk::{account, retries, within};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time for one call, all attempts together. A table that cannot be reached delays whoever asks by this much.
const BUDGET: Duration = Duration::from_secs(3);

/// Time for one attempt.
const ATTEMPT: Duration = Duration::from_millis(700);

/// An item of a table.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// What the table answered, or why it did not. Neither its name nor what was asked is in here.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TableError(pub(crate) String);

impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for TableError {
    fn from(error: SdkError<E, R>) -> Self {
        Self(account(&error))
    }
}

/// A client for the tables of one kind, which does not pay for the trouble of others.
pub(crate) fn client(config: &SdkConfig, kind: &'static str) -> Client {
    let partition = RetryPartition::custom(kind).token_bucket(TokenBucket::unlimited()).build();
    let config = aws_sdk_dynamodb::config::Builder::from(config)
        .retry_config(retries(5))
        .retry_partition(partition)
        .timeout_config(within(BUDGET, ATTEMPT))
        .build();
    Client::from_conf(config)
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A time for comparing.
pub(crate) fn milliseconds(time: SystemTime) -> AttributeValue {
    AttributeValue::N(since_epoch(time).as_millis().to_string())
}

/// A time for the table's time to live, not before it.
pub(crate) fn seconds(time: SystemTime) -> AttributeValue {
    AttributeValue::N((since_epoch(time).as_secs() + 1).to_string())
}

/// The time in an attribute.
pub(crate) fn time(item: &Item, name: &str) -> Option<SystemTime> {
    let milliseconds = item.get(name)?.as_n().ok()?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))
}

/// The text in an attribute.
pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}
