//! Keeps reports in a bucket, as `reports/HASH/index.html`, `reports/HASH/report.json` and `reports/HASH/report.sarif`.

use crate::objects::collect;
use crate::sdk::{account, retries, within};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use runtask_state::{ReportAnswer, ReportFile, ReportName, ReportStore, ReportStoreError, is_over};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

/// Bytes of a file of a report, at most: more could not be served.
const MAX_BYTES: usize = 4 << 20;

/// Reports in a bucket. A lifecycle rule of the bucket deletes them; until it comes to that, they are read no more.
#[derive(Debug)]
pub struct BucketReports {
    client: LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>,
    bucket: String,
    keep: Duration,
}

impl BucketReports {
    /// Each is kept for `keep`; `budget` is the time for all attempts of one call together.
    #[must_use]
    pub fn new(
        config: impl FnOnce() -> SdkConfig + Send + 'static,
        bucket: String,
        keep: Duration,
        budget: Duration,
    ) -> Self {
        let client = LazyLock::new(Box::new(move || client(&config(), budget)) as Box<_>);
        Self { client, bucket, keep }
    }

    /// Makes the client, which takes a while: the first call does it otherwise, since a function must start.
    pub fn prepare(&self) {
        LazyLock::force(&self.client);
    }

    async fn put(
        &self,
        name: ReportName,
        file: ReportFile,
        content: Vec<u8>,
    ) -> Result<(), ReportStoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key(name, file));
        let put = request.body(ByteStream::from(content)).send().await;
        put.map(drop).map_err(|error| ReportStoreError(account(&error).into()))
    }

    async fn get(
        &self,
        name: ReportName,
        file: ReportFile,
        now: SystemTime,
    ) -> Result<Option<Vec<u8>>, ReportStoreError> {
        let answer = self.client.get_object().bucket(&self.bucket).key(key(name, file)).send().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(ReportStoreError(account(&error).into())),
        };
        let kept_at = answer.last_modified.and_then(|it| SystemTime::try_from(it).ok());
        if kept_at.is_none_or(|it| is_over(it, self.keep, now)) {
            return Ok(None);
        }
        let content = collect(answer.body, MAX_BYTES).await;
        let content =
            content.map_err(|error| ReportStoreError(format!("its content broke off: {error}").into()))?;
        if content.len() > MAX_BYTES {
            return Err(ReportStoreError("it is larger than a report can be".into()));
        }
        Ok(Some(content))
    }
}

fn client(config: &SdkConfig, budget: Duration) -> Client {
    let partition = RetryPartition::custom("reports").token_bucket(TokenBucket::unlimited()).build();
    let config = aws_sdk_s3::config::Builder::from(config)
        .retry_config(retries(5))
        .retry_partition(partition)
        .timeout_config(within(budget, budget / 2));
    Client::from_conf(config.build())
}

fn key(name: ReportName, file: ReportFile) -> String {
    format!("reports/{name}/{}", file.name())
}

/// To whom may not list a bucket, S3 says of an object that is not there that access is denied.
fn is_missing<R>(error: &SdkError<GetObjectError, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("NoSuchKey" | "AccessDenied"))
}

impl ReportStore for BucketReports {
    fn put(
        &self,
        name: ReportName,
        file: ReportFile,
        content: Vec<u8>,
        _now: SystemTime,
    ) -> ReportAnswer<'_, ()> {
        Box::pin(self.put(name, file, content))
    }

    fn get(&self, name: ReportName, file: ReportFile, now: SystemTime) -> ReportAnswer<'_, Option<Vec<u8>>> {
        Box::pin(self.get(name, file, now))
    }
}
