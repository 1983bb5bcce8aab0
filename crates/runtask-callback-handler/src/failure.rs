//! Reports the result of a job whose function died.
//!
//! When all attempts at an event have failed, or it grew too old, Lambda sends a record of it to the function's
//! on-failure destination. The record holds the event, so all that a final result needs is there.

use crate::attempt::Attempt;
use crate::claims::{Asked, Claims, Patience};
use crate::end::{End, NotDelivered, count};
use crate::handler::{admit, span};
use runtask_client::{Client, ClientError, Delivery};
use runtask_findings::{CheckReport, OnError, verdict};
use runtask_log::event;
use runtask_protocol::{Job, JobError};
use runtask_report::task_result;
use runtask_setup::FailureSettings;
use runtask_state::ClaimStore;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::time::SystemTime;
use tracing::{Instrument, error, info, warn};

/// Reports for the dead.
#[derive(Debug)]
pub struct FailureHandler<C> {
    settings: FailureSettings,
    client: Client,
    claims: Claims<C>,
}

/// Why an event is no record of a failed job. Nobody can be told; trying again would not help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is not what Lambda sends to an on-failure destination.
    #[error("the event is not the record of an asynchronous invocation")]
    Record(#[source] serde_json::Error),
    /// The event in it is not one of ours.
    #[error("the record holds no job")]
    Job(#[source] JobError),
}

/// A job that was given up.
#[derive(Debug)]
struct Failure {
    job: Job,
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    NeverStarted,
    OutOfTime,
    OutOfMemory,
    Died,
}

/// Source: AWS Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    request_context: RequestContext,
    #[serde(borrow)]
    request_payload: &'a RawValue,
    #[serde(default)]
    response_payload: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    condition: String,
}

impl Failure {
    fn parse(record: &[u8]) -> Result<Self, RecordError> {
        let record: Record<'_> = serde_json::from_slice(record).map_err(RecordError::Record)?;
        let job = Job::parse(record.request_payload.get().as_bytes()).map_err(RecordError::Job)?;
        Ok(Self { job, reason: Reason::of(&record) })
    }
}

impl Reason {
    fn of(record: &Record<'_>) -> Self {
        if record.request_context.condition == "EventAgeExceeded" {
            return Self::NeverStarted;
        }
        let said = |key| record.response_payload.get(key).and_then(Value::as_str).unwrap_or_default();
        match said("errorType") {
            "Sandbox.Timedout" => Self::OutOfTime,
            "Runtime.OutOfMemory" => Self::OutOfMemory,
            // What a function timed out with before Lambda had names for it.
            _ if said("errorMessage").contains("Task timed out") => Self::OutOfTime,
            _ => Self::Died,
        }
    }

    const fn headline(self) -> &'static str {
        match self {
            Self::NeverStarted => "Not checked: the run task did not get to it in time",
            Self::OutOfTime => "Not checked: the run task ran out of time",
            Self::OutOfMemory => "Not checked: the run task ran out of memory",
            Self::Died => "Not checked: the run task ended unexpectedly",
        }
    }
}

impl<C: ClaimStore> FailureHandler<C> {
    /// `now` is the clock for claims and for what comes too late.
    ///
    /// # Errors
    ///
    /// When no HTTP client can be made from the settings.
    pub fn new(settings: FailureSettings, claims: C, now: fn() -> SystemTime) -> Result<Self, ClientError> {
        let client = Client::new(settings.client.clone())?;
        Ok(Self { settings, client, claims: Claims { store: claims, now } })
    }

    /// Gives HCP Terraform the final result of the job in `record`, unless it has one.
    ///
    /// An attempt that still holds the claim is waited for: the one that died does not renew it.
    ///
    /// # Errors
    ///
    /// A [`RecordError`], or [`NotDelivered`] when another attempt should try.
    pub async fn run(
        &self,
        record: &[u8],
        attempt: &Attempt,
    ) -> Result<End, Box<dyn std::error::Error + Send + Sync>> {
        let failure = Failure::parse(record)?;
        let end = self.deliver(&failure, attempt).instrument(span(&failure.job)).await;
        count(&end, &failure.job.receipt);
        Ok(end?)
    }

    async fn deliver(&self, failure: &Failure, attempt: &Attempt) -> Result<End, NotDelivered> {
        let run = &failure.job.run;
        let id = &run.task_result_id;
        error!(
            event = event::JOB_GIVEN_UP,
            reason = ?failure.reason,
            "the callback handler gave {id} up: {:?}",
            failure.reason
        );
        let url = match admit(&self.client, &failure.job, (self.claims.now)()) {
            Ok(url) => url,
            Err(end) => return Ok(end),
        };
        let patience = attempt.patience(self.settings.report_margin);
        let patience = patience.map(|it| Patience { without_answer: true, ..it });
        let hold = match self.claims.ask(id.as_str(), patience).await {
            Asked::Work(hold) => hold,
            // Whom to tell is for the callback handler to know: it has their secrets.
            Asked::Finished { .. } => return Ok(End::Finished),
            Asked::Held => return Ok(End::Held),
            Asked::Unclear => return Err(NotDelivered::Unclear),
        };
        let reports = [CheckReport::not_run("run-task", failure.reason.headline().to_owned())];
        let receipt = &failure.job.receipt;
        // Of a newer job the task is not known, and so not what its settings make of this.
        let on_error =
            if receipt.is_newer() { OnError::Failed } else { self.settings.on_error(&receipt.task) };
        let result = task_result(&reports, verdict(&reports, on_error), run.accepts_outcomes);
        let (token, until) = (&run.access_token, attempt.deliver_until());
        let report = self.client.deliver(&url, token, &result, until, attempt.cut_short());
        let delivery = tokio::select! {
            delivery = report => delivery,
            () = self.claims.keep(&hold) => return Ok(End::TakenOver),
        };
        self.claims.settle(&hold, delivery.is_ok(), None).await;
        let end = match delivery {
            Ok(Delivery::Accepted) => End::Delivered(result.status()),
            Ok(Delivery::Over(status)) => {
                warn!(
                    event = event::RESULT_NOT_WANTED,
                    http.status = status.as_u16(),
                    "HCP Terraform wants no final result (any more)"
                );
                End::NotWanted
            }
            Err(error) => return Err(NotDelivered::because(error, id)),
        };
        info!(event = event::JOB_DONE, end = end.as_str(), "done with {id}: {}", end.as_str());
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_log::Chain;
    use serde_json::json;

    const JOB: &str =
        r#"{"access_token":"t","task_result_id":"taskrs-1","task_result_callback_url":"https://h/c"}"#;

    fn record(condition: &str, response: Option<Value>) -> Vec<u8> {
        let mut record = json!({
            "version": "1.0",
            "timestamp": "2026-01-01T00:00:00.000Z",
            "requestContext": {
                "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
                "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:runtask-callback-handler:$LATEST",
                "condition": condition,
                "approximateInvokeCount": 2,
            },
            "requestPayload": serde_json::from_str::<Value>(JOB).unwrap(),
        });
        if let Some(response) = response {
            record["responsePayload"] = response;
        }
        record.to_string().into_bytes()
    }

    #[test]
    fn the_record_says_what_a_job_died_of() {
        let reason = |condition, response| Failure::parse(&record(condition, response)).unwrap().reason;
        let error = |kind: &str, text: &str| Some(json!({"errorType": kind, "errorMessage": text}));
        let retried = "RetriesExhausted";
        assert_eq!(reason("EventAgeExceeded", None), Reason::NeverStarted);
        assert_eq!(reason(retried, error("Sandbox.Timedout", "")), Reason::OutOfTime);
        assert_eq!(reason(retried, error("", "x Task timed out after 3.00 seconds")), Reason::OutOfTime);
        assert_eq!(reason(retried, error("Runtime.OutOfMemory", "")), Reason::OutOfMemory);
        assert_eq!(reason(retried, error("Runtime.ExitError", "signal: killed")), Reason::Died);
        for strange in [None, Some(json!("text")), Some(json!(null)), Some(json!([1]))] {
            assert_eq!(reason(retried, strange), Reason::Died);
        }
    }

    #[test]
    fn what_is_no_record_is_refused_without_its_contents() {
        let error = Failure::parse(b"{\"requestContext\":{}}").unwrap_err();
        assert_eq!(error.to_string(), "the event is not the record of an asynchronous invocation");
        let mut other: Value = serde_json::from_slice(&record("RetriesExhausted", None)).unwrap();
        other["requestPayload"] = json!({"access_token": "secret"});
        let error = Failure::parse(other.to_string().as_bytes()).unwrap_err();
        assert_eq!(Chain(&error).to_string().matches("secret").count(), 0, "{}", Chain(&error));
    }
}
