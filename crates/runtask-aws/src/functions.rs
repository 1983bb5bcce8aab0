//! Invokes Lambda functions.

use crate::sdk::{account, retries, within};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::StalledStreamProtectionConfig;
use aws_sdk_lambda::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::operation::invoke::InvokeError as ServiceError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_types::SdkConfig;
use std::time::Duration;

/// Invokes functions.
#[derive(Debug, Clone)]
pub struct Functions {
    client: Client,
    budget: Duration,
}

/// What a function said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its answer, or its account of its error.
    pub payload: Vec<u8>,
    /// Whether it is an error: one that the function has told, or its end.
    pub is_error: bool,
}

/// Why a function was not invoked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The payload is over Lambda's limit for asynchronous invocations, 1 MB.
    #[error("the payload is too large for an asynchronous invocation")]
    TooLarge,
    /// As many invocations run as may, or as Lambda takes calls.
    #[error("the function is at work already, or called too often")]
    Busy,
    /// Anything else; `0` is the SDK's account of it.
    #[error("the function could not be invoked: {0}")]
    Failed(String),
}

impl Functions {
    /// `budget` is the time for all attempts together. Throttling, server errors and broken connections are tried
    /// again inside it.
    #[must_use]
    pub fn new(config: &SdkConfig, budget: Duration) -> Self {
        let partition = RetryPartition::custom("functions").token_bucket(TokenBucket::unlimited()).build();
        let config = aws_sdk_lambda::config::Builder::from(config)
            .retry_config(retries(20))
            .retry_partition(partition)
            .timeout_config(within(budget, budget / 2));
        Self { client: Client::from_conf(config.build()), budget }
    }

    /// Hands `payload` to `function` (a name or an ARN); returns once Lambda has queued it.
    ///
    /// # Errors
    ///
    /// When Lambda has not taken it inside the budget.
    pub async fn invoke_event(&self, function: &str, payload: Vec<u8>) -> Result<(), InvokeError> {
        let request = self.client.invoke().function_name(function).invocation_type(InvocationType::Event);
        match request.payload(Blob::new(payload)).send().await {
            Ok(_accepted) => Ok(()),
            Err(error) => Err(InvokeError::from(&error)),
        }
    }

    /// Hands `payload` to `function` (a name or an ARN), once, and waits for its answer as long as the budget allows, which
    /// has to be longer than the function may run. It runs on when nobody waits any more.
    ///
    /// # Errors
    ///
    /// When there is no answer: it may run all the same.
    pub async fn invoke(&self, function: &str, payload: Vec<u8>) -> Result<Answer, InvokeError> {
        // Nothing is heard until the function has ended.
        let once = aws_sdk_lambda::config::Builder::default()
            .retry_config(RetryConfig::disabled())
            .timeout_config(within(self.budget, self.budget))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let request = self.client.invoke().function_name(function).payload(Blob::new(payload));
        match request.customize().config_override(once).send().await {
            Ok(it) => Ok(Answer {
                is_error: it.function_error.is_some(),
                payload: it.payload.map(Blob::into_inner).unwrap_or_default(),
            }),
            Err(error) => Err(InvokeError::from(&error)),
        }
    }
}

impl<R> From<&SdkError<ServiceError, R>> for InvokeError {
    fn from(error: &SdkError<ServiceError, R>) -> Self {
        match error.as_service_error() {
            Some(ServiceError::RequestTooLargeException(_)) => Self::TooLarge,
            Some(ServiceError::TooManyRequestsException(_)) => Self::Busy,
            _ => Self::Failed(account(error)),
        }
    }
}
