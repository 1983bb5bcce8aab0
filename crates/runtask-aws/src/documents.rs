//! Keeps documents in a DynamoDB table that all functions of a deployment share.
//!
//! One item for each document, with its key as the item's, `id`:
//!
//! | attribute | meaning |
//! | --- | --- |
//! | `version` | which write it is of |
//! | `content` | the content |
//! | `expires_ms` | from when on it is as if it had never been: milliseconds since 1970 |
//! | `expires_at` | seconds since 1970; for the table's time to live, which is tidying up and nothing else |
//! | `pending`, `due_at` | `1`, and from when on it is due, in milliseconds; there while something is to be done |
//!
//! The index `due`, by `pending` and `due_at`, has the items that have both, with `expires_ms`; it lags behind the table, and
//! nothing is decided by it. Each write is one conditional write, so of two functions that save at the same instant one does.

use crate::table::{Item, TableError, client, milliseconds, seconds, text, time};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use runtask_state::{
    Created, Document, DocumentError, DocumentStore, Due, MAX_CONTENT_BYTES, Record, Saved, Version,
};
use std::time::SystemTime;

/// The index of what is due.
const INDEX: &str = "due";

/// The value of `pending`, and so the one key of the index.
const PENDING: &str = "1";

/// How many items a query of the index looks at.
const PAGE: usize = 500;

/// There is no document; or it is of this write, an attempt of which was done and its answer lost.
const IS_NEW: &str = "attribute_not_exists(id) OR expires_ms <= :now OR version = :version";
/// It is the one that was loaded; or of this write, likewise.
const IS_LOADED: &str = "(version = :loaded AND expires_ms > :now) OR version = :version";
const MAY_GO: &str = "attribute_not_exists(id) OR expires_ms <= :now OR version = :loaded";

const SET: &str =
    "SET version = :version, content = :content, expires_ms = :expires_ms, expires_at = :expires_at";
const WITH_DUE: &str = ", pending = :pending, due_at = :due_at";
const WITHOUT_DUE: &str = " REMOVE pending, due_at";

/// Documents in a table. Clones share a client.
#[derive(Debug, Clone)]
pub struct TableDocuments {
    client: Client,
    table: String,
}

impl TableDocuments {
    /// Documents in the table with this name or ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: client(config, "documents"), table: table.into() }
    }
}

impl DocumentStore for TableDocuments {
    async fn create(&self, key: &str, record: &Record, now: SystemTime) -> Result<Created, DocumentError> {
        let content = content(record)?;
        // Once for all attempts, so that an attempt knows what the one before it did.
        let version = Version(fastrand::u128(..));
        let due = record.due_at.map(|it| [("pending", pending()), ("due_at", milliseconds(it))]);
        let item = [
            ("id", AttributeValue::S(key.to_owned())),
            ("version", written(version)),
            ("content", content),
            ("expires_ms", milliseconds(record.expires_at)),
            ("expires_at", seconds(record.expires_at)),
        ];
        let item: Item = item
            .into_iter()
            .chain(due.into_iter().flatten())
            .map(|(name, it)| (name.to_owned(), it))
            .collect();
        let request = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let answer = request
            .condition_expression(IS_NEW)
            .expression_attribute_values(":now", milliseconds(now))
            .expression_attribute_values(":version", written(version))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Created::Yes(version)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Created::Exists)
            }
            Err(error) => Err(no_answer(error)),
        }
    }

    async fn load(&self, key: &str, now: SystemTime) -> Result<Option<Document>, DocumentError> {
        let request =
            self.client.get_item().table_name(&self.table).key("id", AttributeValue::S(key.to_owned()));
        let answer = request.consistent_read(true).send().await.map_err(no_answer)?;
        let Some(item) = answer.item else { return Ok(None) };
        let document = document(&item).ok_or_else(|| {
            no_answer(TableError(
                "the table has something under the key of a document that is none".to_owned(),
            ))
        })?;
        Ok(Some(document).filter(|it| it.record.expires_at > now))
    }

    async fn save(
        &self,
        key: &str,
        loaded: Version,
        record: &Record,
        now: SystemTime,
    ) -> Result<Saved, DocumentError> {
        let content = content(record)?;
        let version = Version(fastrand::u128(..));
        let update = format!("{SET}{}", if record.due_at.is_some() { WITH_DUE } else { WITHOUT_DUE });
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(key.to_owned()))
            .update_expression(update)
            .condition_expression(IS_LOADED)
            .expression_attribute_values(":now", milliseconds(now))
            .expression_attribute_values(":loaded", written(loaded))
            .expression_attribute_values(":version", written(version))
            .expression_attribute_values(":content", content)
            .expression_attribute_values(":expires_ms", milliseconds(record.expires_at))
            .expression_attribute_values(":expires_at", seconds(record.expires_at));
        if let Some(due_at) = record.due_at {
            request = request
                .expression_attribute_values(":pending", pending())
                .expression_attribute_values(":due_at", milliseconds(due_at));
        }
        match request.send().await {
            Ok(_) => Ok(Saved::Yes(version)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Saved::Changed)
            }
            Err(error) => Err(no_answer(error)),
        }
    }

    async fn delete(&self, key: &str, version: Version, now: SystemTime) -> Result<bool, DocumentError> {
        let request =
            self.client.delete_item().table_name(&self.table).key("id", AttributeValue::S(key.to_owned()));
        let answer = request
            .condition_expression(MAY_GO)
            .expression_attribute_values(":now", milliseconds(now))
            .expression_attribute_values(":loaded", written(version))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(no_answer(error)),
        }
    }

    async fn due(&self, now: SystemTime, limit: usize) -> Result<Vec<Due>, DocumentError> {
        let mut due = Vec::new();
        let mut from = None;
        while due.len() < limit {
            let count = i32::try_from((limit - due.len()).min(PAGE)).unwrap_or(1);
            let request = self.client.query().table_name(&self.table).index_name(INDEX).limit(count);
            let answer = request
                .key_condition_expression("pending = :pending AND due_at <= :now")
                .expression_attribute_values(":pending", pending())
                .expression_attribute_values(":now", milliseconds(now))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(no_answer)?;
            let live = |it: &&Item| time(it, "expires_ms").is_some_and(|it| it > now);
            let found =
                |it: &Item| Some(Due { key: text(it, "id")?.to_owned(), due_at: time(it, "due_at")? });
            due.extend(answer.items().iter().filter(live).filter_map(found));
            from = answer.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        Ok(due)
    }
}

fn content(record: &Record) -> Result<AttributeValue, DocumentError> {
    let bytes = record.content.len();
    if bytes > MAX_CONTENT_BYTES {
        return Err(DocumentError::TooLarge { bytes });
    }
    Ok(AttributeValue::B(Blob::new(record.content.clone())))
}

fn document(item: &Item) -> Option<Document> {
    let content = item.get("content")?.as_b().ok()?.clone().into_inner();
    let record = Record { content, expires_at: time(item, "expires_ms")?, due_at: time(item, "due_at") };
    Some(Document { version: Version(text(item, "version")?.parse().ok()?), record })
}

fn written(version: Version) -> AttributeValue {
    AttributeValue::S(version.0.to_string())
}

fn pending() -> AttributeValue {
    AttributeValue::S(PENDING.to_owned())
}

fn no_answer(error: impl Into<TableError>) -> DocumentError {
    DocumentError::NoAnswer(error.into().into())
}
