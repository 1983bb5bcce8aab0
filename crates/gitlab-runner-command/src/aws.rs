//! Finds region and credentials as the AWS CLI would: in the environment, or by asking the CLI itself, which knows profiles,
//! single sign-on and roles.

use anyhow::{Context, anyhow, bail, ensure};
use clap::Args;
use runtask_aws::{AccessKey, SdkConfig, sdk_config_of};
use runtask_process::{Program, find_program};
use runtask_terminal::environment::{lookup, names};
use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;

/// How long the AWS CLI may take: a sign-on may have to be renewed.
const LIMIT: Duration = Duration::from_secs(30);
/// Bytes that it may say.
const MOST_SAID: u64 = 64 * 1024;

/// Who calls AWS, and where.
#[derive(Debug, Args)]
pub(crate) struct AwsArguments {
    /// The region; else that of the ARN, of AWS_REGION, or of the profile
    #[arg(long, value_name = "REGION", help_heading = AWS)]
    pub(crate) region: Option<String>,

    /// A profile of the AWS CLI, which is then asked for credentials
    ///
    /// Without it, AWS_ACCESS_KEY_ID and its like count, and the AWS CLI is asked only where they are not set.
    #[arg(long, value_name = "NAME", help_heading = AWS)]
    pub(crate) profile: Option<String>,
}

const AWS: &str = "AWS";

/// What `aws configure export-credentials --format process` prints.
///
/// Source: AWS CLI command reference, "export-credentials".
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exported {
    access_key_id: String,
    secret_access_key: SecretString,
    session_token: Option<SecretString>,
}

impl AwsArguments {
    /// What clients are made from. `name` is what is called: a name, or an ARN with a region in it.
    pub(crate) async fn config(&self, name: &str) -> anyhow::Result<SdkConfig> {
        let set = |name: &str| lookup(name).filter(|it| !it.is_empty());
        let key = match (&self.profile, set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
            (None, Some(id), Some(secret)) => AccessKey {
                id,
                secret: secret.into(),
                session_token: set("AWS_SESSION_TOKEN").map(SecretString::from),
            },
            _ => self.exported().await?,
        };
        let given = self.region.clone().or_else(|| region_of(name));
        let region = match given.or_else(|| set("AWS_REGION")).or_else(|| set("AWS_DEFAULT_REGION")) {
            Some(region) => region,
            None => self.configured_region().await?,
        };
        Ok(sdk_config_of(lookup, Some(key), Some(region)))
    }

    /// Credentials that the AWS CLI has.
    async fn exported(&self) -> anyhow::Result<AccessKey> {
        let said = self
            .ask(&["configure", "export-credentials", "--format", "process"])
            .await
            .context("there are no credentials for AWS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with the AWS CLI")?;
        let Exported { access_key_id, secret_access_key, session_token } =
            serde_json::from_slice(&said).map_err(|_it_quotes| anyhow!("the AWS CLI gave no credentials"))?;
        Ok(AccessKey { id: access_key_id, secret: secret_access_key, session_token })
    }

    async fn configured_region(&self) -> anyhow::Result<String> {
        const ADVICE: &str = "there is no region: give --region, or set AWS_REGION";
        let said = self.ask(&["configure", "get", "region"]).await.context(ADVICE)?;
        let region = String::from_utf8_lossy(&said).trim().to_owned();
        if region.is_empty() { bail!(ADVICE) } else { Ok(region) }
    }

    /// What the AWS CLI says.
    async fn ask(&self, question: &[&str]) -> anyhow::Result<Vec<u8>> {
        let path = lookup("PATH").unwrap_or_default();
        let program = find_program("aws", &path).context("the AWS CLI (`aws`) is not on PATH")?;
        let profile = self.profile.iter().flat_map(|it| ["--profile", it]);
        let mut aws = Program::new(program).arguments(question.iter().copied().chain(profile));
        for name in names() {
            let value = lookup(&name).unwrap_or_default();
            aws = aws.variable(name, value);
        }
        let finished = aws.run(Instant::now() + LIMIT, LIMIT, MOST_SAID).await.context("aws")?;
        let words = String::from_utf8_lossy(&finished.stderr).trim().to_owned();
        ensure!(finished.code == 0, "aws {} ended with {}: {words}", question.join(" "), finished.code);
        Ok(finished.stdout)
    }
}

/// The region in an ARN.
fn region_of(name: &str) -> Option<String> {
    let region = name.strip_prefix("arn:")?.split(':').nth(2)?;
    (!region.is_empty()).then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_its_region_and_a_name_none() {
        let arn = "arn:aws:lambda:eu-west-3:123456789012:function:runner";
        assert_eq!(region_of(arn).as_deref(), Some("eu-west-3"));
        assert_eq!(region_of("runner"), None);
        assert_eq!(region_of("arn:aws:iam::123456789012:role/x"), None);
    }
}
