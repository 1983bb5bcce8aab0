//! Runs the Lambda function `report-handler`: reads reports out of a bucket, for whoever has the link.

use lambda_http::{Body, Error, Request, service_fn};
use runtask_aws::{BucketReports, sdk_config};
use runtask_log::event;
use runtask_report_handler::{PATH, Pages};
use runtask_settings::{SettingsReader, numbers, unknown_settings};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tracing::warn;

/// Time for all attempts to read a report: a person waits for it.
const READING: Duration = Duration::from_secs(8);

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn lookup(name: &str) -> Option<String> {
    // What is no UTF-8 must not count as unset: as it is shown, no check of a setting passes it.
    std::env::var_os(name).map(|it| it.to_string_lossy().into_owned())
}

// One request at a time: a second thread would cost memory and start-up time for nothing.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    runtask_log::start_in_lambda(lookup, now);
    for warning in unknown_settings(std::env::vars_os().map(|it| it.0.to_string_lossy().into_owned())) {
        warn!(event = event::SETTING_UNKNOWN, "{warning}");
    }
    let mut settings = SettingsReader::new(&lookup);
    let place = settings.required("RUNTASK_REPORTS", "it is s3:// and the bucket with the reports");
    let bucket = place.strip_prefix("s3://").unwrap_or_default().to_owned();
    if !place.is_empty() && bucket.is_empty() {
        settings.problem("RUNTASK_REPORTS: write s3:// and the name of a bucket");
    }
    let keep = settings.days(&numbers::REPORT_DAYS);
    settings.finish()?;
    let reports = Arc::new(BucketReports::new(|| sdk_config(lookup), bucket, keep, READING));
    // While Lambda fetches the first request, the SDK gets ready on a thread of its own: it reads every root certificate of
    // the system.
    let preparing = Arc::clone(&reports);
    tokio::task::spawn_blocking(move || preparing.prepare());
    let pages = Arc::new(Pages::new(reports, now));
    lambda_http::run(service_fn(move |request: Request| {
        let pages = Arc::clone(&pages);
        async move {
            let path = request.uri().path();
            let path = if path.starts_with(PATH) { path } else { "" };
            let answer = pages.answer(request.method(), path).await;
            // As bytes, whatever it is: as text, each quote would count twice against what Lambda takes for an answer.
            Ok::<_, Error>(answer.map(|it| Body::Binary(it.into())))
        }
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
