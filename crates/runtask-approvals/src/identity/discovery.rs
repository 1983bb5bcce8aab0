//! Asks an issuer where its sign-in page, its tokens and its keys are.
//!
//! Source: OpenID Connect Discovery 1.0, section 4.

use super::fetch::fetch;
use super::kept::{KeptDocument, Unavailable, Want};
use super::settings::IssuerUrl;
use crate::here::is_private;
use crate::outbound::Outbound;
use serde::Deserialize;
use std::sync::Arc;
use tracing::warn;
use url::Url;

/// What an issuer says of itself.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Whether it names itself when it sends people back (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Endpoints {
    /// Whether the client's secret goes into the body of a request for tokens. The header is the default.
    pub(super) fn secret_in_body(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        let has = |name: &str| methods.iter().any(|it| it == name);
        has("client_secret_post") && !has("client_secret_basic")
    }
}

/// An issuer's discovery document, fetched when it is first needed.
#[derive(Debug)]
pub(super) struct Discovery {
    issuer: IssuerUrl,
    outbound: Outbound,
    kept: KeptDocument<Endpoints>,
}

impl Discovery {
    pub(super) fn new(issuer: IssuerUrl, outbound: Outbound) -> Self {
        Self { issuer, outbound, kept: KeptDocument::new() }
    }

    pub(super) async fn endpoints(&self, now: u64) -> Result<Arc<Endpoints>, Unavailable> {
        self.kept.get(Want::Kept, now, self.ask()).await
    }

    async fn ask(&self) -> Result<Endpoints, Unavailable> {
        let base = self.issuer.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}/.well-known/openid-configuration"));
        let url = url.map_err(|_url| Unavailable)?;
        let bytes = fetch(&self.outbound, "the issuer's discovery document", &url).await?;
        let refused = |why: &str| {
            warn!(issuer = self.issuer.as_str(), "the issuer's discovery document is of no use: {why}");
            Unavailable
        };
        let found: Endpoints = serde_json::from_slice(&bytes)
            .map_err(|_json| refused("it is not in the form of OpenID Connect"))?;
        if found.issuer != self.issuer.as_str() {
            return Err(refused(
                "it names another issuer than the settings, which must agree letter by letter",
            ));
        }
        let all = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        if !all.into_iter().all(is_private) {
            return Err(refused("it names an address without https"));
        }
        Ok(found)
    }
}
