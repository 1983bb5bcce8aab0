//! Reads the approvals' key, where it is a parameter of Parameter Store.

use crate::environment::{Aws, lookup};
use crate::secrets::Secrets;
use jiff::Timestamp;
use runtask_aws::{ParameterError, Parameters};
use std::time::Duration;

/// The setting that names the parameter.
const PARAMETER: &str = "RUNTASK_APPROVALS_KEY_PARAM";

/// Time for all attempts to read one version of it.
const READ_KEY: Duration = Duration::from_secs(2);

/// For how long the version before counts: a link is good for a day after its approval has closed, and that is open for an
/// hour at most.
const PREVIOUS_FOR: Duration = Duration::from_hours(25);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("the parameter that RUNTASK_APPROVALS_KEY_PARAM names cannot be used")]
pub struct NoApprovalsKey(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The key, and the one before it, under the names of the settings that would hold them: `RUNTASK_APPROVALS_KEY` and those
/// of the previous key. Empty where `RUNTASK_APPROVALS_KEY_PARAM` names no parameter.
///
/// # Errors
///
/// When the parameter cannot be read.
pub async fn read_approvals_key(aws: &Aws) -> Result<Secrets, NoApprovalsKey> {
    let mut key = Secrets::default();
    let Some(name) = lookup(PARAMETER).filter(|it| !it.is_empty()) else { return Ok(key) };
    let parameters = Parameters::new(aws, READ_KEY);
    let current = parameters.read(&name, None).await.map_err(|error| NoApprovalsKey(error.into()))?;
    if current.version > 1 {
        match parameters.read(&name, Some(current.version - 1)).await {
            Ok(previous) => {
                let until = Timestamp::try_from(current.written_at + PREVIOUS_FOR);
                let until = until.map_err(|error| NoApprovalsKey(error.into()))?;
                key.put("RUNTASK_APPROVALS_PREVIOUS_KEY", previous.value);
                key.put("RUNTASK_APPROVALS_PREVIOUS_KEY_UNTIL", until.to_string().into());
            }
            // Parameter Store has forgotten it.
            Err(ParameterError::NotFound) => {}
            Err(error) => return Err(NoApprovalsKey(error.into())),
        }
    }
    key.put("RUNTASK_APPROVALS_KEY", current.value);
    Ok(key)
}
