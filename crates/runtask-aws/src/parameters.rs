//! Reads parameters of Parameter Store through the SDK.

use crate::parameter::{Parameter, ParameterError};
use crate::sdk::{account, retries, within};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_ssm::error::SdkError;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_types::SdkConfig;
use std::time::{Duration, SystemTime};

/// Reads parameters.
#[derive(Debug, Clone)]
pub struct Parameters(Client);

impl Parameters {
    /// `budget` is the time for all attempts of one read together.
    #[must_use]
    pub fn new(config: &SdkConfig, budget: Duration) -> Self {
        let partition = RetryPartition::custom("parameters").token_bucket(TokenBucket::unlimited()).build();
        let config = aws_sdk_ssm::config::Builder::from(config)
            .retry_config(retries(5))
            .retry_partition(partition)
            .timeout_config(within(budget, budget / 2));
        Self(Client::from_conf(config.build()))
    }

    /// Reads the newest version of `name`, or `version` of it, decrypted.
    ///
    /// # Errors
    ///
    /// Tells "does not exist" from everything else.
    pub async fn read(&self, name: &str, version: Option<i64>) -> Result<Parameter, ParameterError> {
        let selector = version.map_or_else(|| name.to_owned(), |version| format!("{name}:{version}"));
        let answer = self.0.get_parameter().name(selector).with_decryption(true).send().await;
        let parameter =
            answer.map_err(|error| failed(&error))?.parameter.ok_or(ParameterError::Incomplete)?;
        let written_at = parameter.last_modified_date.and_then(|it| SystemTime::try_from(it).ok());
        match (parameter.value, written_at) {
            (Some(value), Some(written_at)) => {
                Ok(Parameter { value: value.into(), version: parameter.version, written_at })
            }
            _ => Err(ParameterError::Incomplete),
        }
    }
}

fn failed<R>(error: &SdkError<GetParameterError, R>) -> ParameterError {
    match error.as_service_error() {
        Some(it) if it.is_parameter_not_found() || it.is_parameter_version_not_found() => {
            ParameterError::NotFound
        }
        _ => ParameterError::Failed(account(error)),
    }
}
