//! Reads the secrets that scanners need, where they are parameters of Parameter Store.

use crate::environment::{Aws, lookup};
use crate::secrets::{Secrets, read_secrets};
use runtask_log::{Chain, event};
use tracing::error;

/// The setting that says which variable is in which parameter.
const LIST: &str = "RUNTASK_SCANNER_SECRETS";

/// Prefixes of variables that are ours or AWS's: no secret of a scanner has such a name.
const TAKEN: [&str; 2] = ["RUNTASK_", "AWS_"];

/// What `RUNTASK_SCANNER_SECRETS` says is no list of variables and parameters.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "RUNTASK_SCANNER_SECRETS must be variables and their parameters, as SNYK_TOKEN=ssm:///acme/snyk, separated by commas"
)]
pub struct BadScannerSecrets;

/// The secrets of `RUNTASK_SCANNER_SECRETS`, each under the name of the variable that scanners know it by. One that cannot be
/// read is missing, and the log says why: the check of the scanner that needs it then says that it could not run.
///
/// # Errors
///
/// When the setting is no such list.
pub async fn read_scanner_secrets(aws: &Aws) -> Result<Secrets, BadScannerSecrets> {
    let list = lookup(LIST).unwrap_or_default();
    let places = places(&list)?;
    let (read, failed) = read_secrets(places.iter().map(|it| it.1), aws).await;
    for (url, error) in failed {
        error!(event = event::SCANNER_SECRET_NOT_READ, error = %Chain(&error), "{url} could not be read");
    }
    let mut secrets = Secrets::default();
    for (variable, url) in places {
        if let Some(secret) = read.get(url) {
            secrets.put(variable, secret.trim().into());
        }
    }
    Ok(secrets)
}

/// Variables and the URLs of their parameters.
fn places(list: &str) -> Result<Vec<(&str, &str)>, BadScannerSecrets> {
    let entries = list.split(',').map(str::trim).filter(|it| !it.is_empty());
    entries.map(|entry| place(entry).ok_or(BadScannerSecrets)).collect()
}

fn place(entry: &str) -> Option<(&str, &str)> {
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let (variable, url) = entry.split_once('=')?;
    let is_name = !variable.is_empty() && variable.chars().all(plain);
    let is_taken = TAKEN.iter().any(|it| variable.starts_with(it));
    (is_name && !is_taken && url.starts_with("ssm:///")).then_some((variable, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_variables_and_parameters() {
        assert_eq!(
            places("INFRACOST_API_KEY=ssm:///acme/infracost, SNYK_TOKEN=ssm:///acme/snyk").unwrap(),
            [("INFRACOST_API_KEY", "ssm:///acme/infracost"), ("SNYK_TOKEN", "ssm:///acme/snyk")]
        );
        assert_eq!(places("").unwrap(), []);
        for wrong in [
            "SNYK_TOKEN",
            "SNYK_TOKEN=secret",
            "=ssm:///acme/snyk",
            "SNYK-TOKEN=ssm:///acme/snyk",
            "RUNTASK_ON_ERROR=ssm:///acme/snyk",
            "AWS_SECRET_ACCESS_KEY=ssm:///acme/snyk",
            "SNYK_TOKEN=s3://acme/snyk",
        ] {
            assert_eq!(places(wrong), Err(BadScannerSecrets), "{wrong}");
        }
    }
}
