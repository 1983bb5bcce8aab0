//! Signs calls of Amazon EventBridge, for whoever sends them with an HTTP client of its own.
//!
//! One call is not worth an SDK's client for the service; signing is a part of every other client anyway.

use crate::sdk::{AccessKey, Lookup, flag, key, region};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use secrecy::{ExposeSecret, SecretString};
use std::time::SystemTime;

/// What signatures call the service, and endpoints too.
const SERVICE: &str = "events";

/// Why a call was not signed, in the SDK's words.
#[derive(Debug, thiserror::Error)]
#[error("the call could not be signed")]
pub struct NotSigned(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Signs calls of the EventBridge of one region. Its debug text has no key.
#[derive(Debug, Clone)]
pub struct EventSigner {
    address: String,
    region: String,
    identity: Identity,
}

impl EventSigner {
    /// Region, credentials and endpoint from the environment, as for the SDK's clients; `None` without region or credentials.
    #[must_use]
    pub fn new(lookup: Lookup) -> Option<Self> {
        let region = region(lookup)?;
        let AccessKey { id, secret, session_token } = key(lookup)?;
        let token = session_token.map(|it| it.expose_secret().to_owned());
        let credentials = Credentials::new(id, secret.expose_secret(), token, None, "given");
        let named = lookup("AWS_ENDPOINT_URL_EVENTBRIDGE").or_else(|| lookup("AWS_ENDPOINT_URL"));
        let address =
            named.unwrap_or_else(|| of_region(&region, flag(lookup, "AWS_USE_FIPS_ENDPOINT") == Some(true)));
        Some(Self { address, region, identity: credentials.into() })
    }

    /// Where calls go.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The headers that a `POST` of `body` to `url` needs besides `headers`, which are signed too.
    ///
    /// # Errors
    ///
    /// When the URL is none, or a header's value is none.
    pub fn sign(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        now: SystemTime,
    ) -> Result<Vec<(&'static str, SecretString)>, NotSigned> {
        let request = SignableRequest::new("POST", url, headers.iter().copied(), SignableBody::Bytes(body));
        let request = request.map_err(|error| NotSigned(error.into()))?;
        let params = SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(SERVICE)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| NotSigned(error.into()))?;
        let params = params.into();
        let signed = sign(request, &params).map_err(|error| NotSigned(error.into()))?;
        let (headers, _query) = signed.into_parts().0.into_parts();
        Ok(headers.into_iter().map(|it| (it.name(), SecretString::from(it.value()))).collect())
    }
}

/// Source: AWS, "Amazon EventBridge endpoints and quotas".
fn of_region(region: &str, is_fips: bool) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    // Those of the government's regions are FIPS endpoints by their usual names.
    let service = if is_fips && !region.starts_with("us-gov-") { "events-fips" } else { SERVICE };
    format!("https://{service}.{region}.{suffix}/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn lookup(name: &str) -> Option<String> {
        let value = match name {
            "AWS_REGION" => "eu-central-1",
            "AWS_ACCESS_KEY_ID" => "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY" => "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "AWS_SESSION_TOKEN" => "example-session-token",
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// What botocore 1.42 signs for the same call.
    #[test]
    fn a_call_is_signed_as_botocore_signs_it() {
        let signer = EventSigner::new(lookup).unwrap();
        assert_eq!(signer.address(), "https://events.eu-central-1.amazonaws.com/");
        let headers =
            [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AWSEvents.PutEvents")];
        let now = UNIX_EPOCH + Duration::from_secs(1_795_878_000);
        let signed = signer.sign(signer.address(), &headers, br#"{"Entries":[]}"#, now).unwrap();
        let mut shown: Vec<String> =
            signed.iter().map(|(name, it)| format!("{name}: {}", it.expose_secret())).collect();
        shown.sort();
        assert_eq!(
            shown,
            [
                "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261128/eu-central-1/events/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, \
                 Signature=390b464be64955a23787bafaee7ccd437077ba50e72ea09dbfc18c039d5df9e6",
                "x-amz-date: 20261128T150000Z",
                "x-amz-security-token: example-session-token",
            ]
        );
        assert!(!format!("{signer:?}").contains("wJalr"), "{signer:?}");
    }

    #[test]
    fn an_endpoint_is_that_of_the_region_unless_the_environment_names_one() {
        assert_eq!(of_region("cn-north-1", false), "https://events.cn-north-1.amazonaws.com.cn/");
        assert_eq!(of_region("us-east-1", true), "https://events-fips.us-east-1.amazonaws.com/");
        assert_eq!(of_region("us-gov-west-1", true), "https://events.us-gov-west-1.amazonaws.com/");
        let named = |name: &str| match name {
            "AWS_ENDPOINT_URL_EVENTBRIDGE" => Some("http://127.0.0.1:5000".to_owned()),
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:5001".to_owned()),
            name => lookup(name),
        };
        assert_eq!(EventSigner::new(named).unwrap().address(), "http://127.0.0.1:5000");
        assert!(EventSigner::new(|name| lookup(name).filter(|_| name != "AWS_REGION")).is_none());
        assert!(EventSigner::new(|name| lookup(name).filter(|_| name != "AWS_SECRET_ACCESS_KEY")).is_none());
    }
}
