//! Believes a proxy in front of us that signs who somebody is: AWS load balancer, Cloudflare Access, Google IAP.
//!
//! Such a header counts only where the proxy is configured. Any other is as good as a stranger's word.
//!
//! Sources: AWS, "Authenticate users using an Application Load Balancer" (`signer`, padding, key address); Cloudflare, "Validate
//! JWTs"; Google Cloud, "Securing your app with signed headers".

use super::alb_keys::AlbKeys;
use super::key_set::{KeySet, VerifyError};
use super::provider::{PersonError, identity};
use super::settings::Provider;
use super::token::{Algorithm, Expectation, Token};
use super::token_error::TokenError;
use crate::outbound::Outbound;
use crate::person::{Identity, Proof};
use crate::time::UnixTime;
use http::HeaderMap;
use tracing::info;
use url::Url;

/// A proxy that signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxySettings {
    /// An AWS Application Load Balancer that signs people in with OpenID Connect.
    Alb {
        /// Its ARN. Without it, anybody's load balancer could sign anybody in.
        arn: String,
        /// The client id that it has at the issuer. It may sign people in for others, too.
        client_id: String,
        /// Where its public keys are: `https://public-keys.auth.elb.REGION.amazonaws.com`.
        keys: Url,
        /// The issuer that it signs people in at, as its listener rule names it.
        issuer: String,
        /// Whose ways that issuer has.
        provider: Provider,
    },
    /// Cloudflare Access.
    Cloudflare {
        /// `https://TEAM.cloudflareaccess.com`
        team: Url,
        /// The application's audience tag.
        audience: String,
    },
    /// Google's Identity-Aware Proxy.
    Iap {
        /// `/projects/NUMBER/…`
        audience: String,
        /// Where its public keys are; Google's own unless said otherwise.
        keys: Url,
    },
}

/// What Google's proxy calls itself.
const IAP_ISSUER: &str = "https://cloud.google.com/iap";

/// Why a request is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The header is missing: the request came around the proxy, or the proxy lets everybody through.
    #[error("This page is reached through the company's sign-in only.")]
    Missing,
    /// The keys cannot be had.
    #[error("Sign-in is not available at the moment. Nothing was decided; try again in a minute.")]
    Unavailable,
    /// What the proxy says proves nothing.
    #[error("The sign-in could not be verified.")]
    Token(TokenError),
    /// Another load balancer has signed.
    #[error("The sign-in could not be verified.")]
    Signer,
    /// It is right, and makes nobody.
    #[error("You cannot answer with this account: {0}.")]
    Person(PersonError),
}

impl ProxyError {
    /// One word, for metrics and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unavailable => "unavailable",
            Self::Token(error) => error.word(),
            Self::Signer => "signer",
            Self::Person(error) => error.word(),
        }
    }
}

impl From<VerifyError> for ProxyError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Token(error) => Self::Token(error),
            VerifyError::Unavailable => Self::Unavailable,
        }
    }
}

/// Knows people by what a proxy says.
#[derive(Debug)]
pub struct ProxySignIn {
    settings: ProxySettings,
    keys: KeySet,
    alb: AlbKeys,
}

impl ProxySignIn {
    /// Makes what believes this one proxy.
    #[must_use]
    pub fn new(settings: ProxySettings, outbound: Outbound) -> Self {
        Self { settings, keys: KeySet::new(outbound.clone()), alb: AlbKeys::new(outbound) }
    }

    /// Who sends a request with these headers.
    ///
    /// # Errors
    ///
    /// When nobody known does.
    pub async fn identity(&self, headers: &HeaderMap, now: UnixTime) -> Result<Identity, ProxyError> {
        let found = self.find(headers, now).await;
        if let Err(error) = &found {
            info!(why = error.word(), "a proxy's word was refused");
        }
        found
    }

    async fn find(&self, headers: &HeaderMap, now: UnixTime) -> Result<Identity, ProxyError> {
        match &self.settings {
            ProxySettings::Alb { arn, client_id, keys, issuer, provider } => {
                let token = Token::read(single(headers, "x-amzn-oidc-data")?, &[Algorithm::Es256]);
                let token = token.map_err(ProxyError::Token)?;
                let signed = self.alb.verify(keys, &token, now.0).await?;
                // The header is signed too, so this is the load balancer's own word.
                if token.signer() != Some(arn) {
                    return Err(ProxyError::Signer);
                }
                if token.client() != Some(client_id) {
                    return Err(ProxyError::Token(TokenError::Audience));
                }
                let expected = Expectation { issuer, audience: None, nonce: None };
                let claims = signed.meant_for(&expected, now.0).map_err(ProxyError::Token)?;
                identity(&claims, provider, issuer, Proof::ProxyJwt).map_err(ProxyError::Person)
            }
            ProxySettings::Cloudflare { team, audience } => {
                let keys = team.join("/cdn-cgi/access/certs").map_err(|_url| ProxyError::Unavailable)?;
                let issuer = team.as_str().trim_end_matches('/');
                let token = single(headers, "cf-access-jwt-assertion")?;
                self.vouched(token, Algorithm::Rs256, &keys, issuer, audience, now).await
            }
            ProxySettings::Iap { audience, keys } => {
                let token = single(headers, "x-goog-iap-jwt-assertion")?;
                self.vouched(token, Algorithm::Es256, keys, IAP_ISSUER, audience, now).await
            }
        }
    }

    /// Both vouch for the address: they let nobody through who has not signed in with it.
    async fn vouched(
        &self,
        token: &str,
        algorithm: Algorithm,
        keys: &Url,
        issuer: &str,
        audience: &str,
        now: UnixTime,
    ) -> Result<Identity, ProxyError> {
        let token = Token::read(token, &[algorithm]).map_err(ProxyError::Token)?;
        let signed = self.keys.verify(keys, &token, now.0).await?;
        let expected = Expectation { issuer, audience: Some(audience), nonce: None };
        let claims = signed.meant_for(&expected, now.0).map_err(ProxyError::Token)?;
        let found = identity(&claims, &Provider::Other { groups_claim: None }, issuer, Proof::ProxyJwt);
        let mut found = found.map_err(ProxyError::Person)?;
        let address = claims.text("email").map_err(ProxyError::Token)?.map(str::to_lowercase);
        found.identifiers.extend(address.clone());
        found.email = address;
        Ok(found)
    }
}

/// The value of a header that stands once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, ProxyError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(ProxyError::Missing)?;
    if values.next().is_some() {
        return Err(ProxyError::Token(TokenError::Malformed));
    }
    value.to_str().map_err(|_text| ProxyError::Token(TokenError::Malformed))
}
