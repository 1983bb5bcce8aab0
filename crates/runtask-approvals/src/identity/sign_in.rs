//! Signs people in with OpenID Connect: to the provider, and back with a code that only we can redeem.
//!
//! Nothing is kept on our side in between. What has to agree on return (state, nonce, PKCE verifier, the way back) goes
//! along in a sealed cookie of ten minutes, one for each sign-in, so that two tabs do not disturb each other.
//!
//! Sources: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9207 (`iss`); RFC 9700 (security).

use super::cookie::{self, SameSite, SetCookie};
use super::discovery::{Discovery, Endpoints};
use super::kept::Unavailable;
use super::key_set::{KeySet, VerifyError};
use super::provider::{PersonError, identity};
use super::random::random_text;
use super::return_path::ReturnPath;
use super::settings::OidcSettings;
use super::token::{Algorithm, Expectation, Token};
use super::token_error::TokenError;
use crate::keys::{Keys, Purpose, SealError};
use crate::outbound::{Outbound, OutboundError};
use crate::person::{Identity, Proof};
use crate::public_address::PublicAddress;
use crate::time::UnixTime;
use http::HeaderMap;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use ring::rand::SystemRandom;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};
use url::Url;

/// How long somebody may take at the provider.
const TRIP: Duration = Duration::from_mins(10);

/// Bytes of what comes back: a code of some providers has 2 000.
const QUERY_BYTES: usize = 8 * 1024;

/// Bytes of the answer with the tokens.
const TOKENS_BYTES: usize = 128 * 1024;

/// Where the provider sends people back to.
pub const CALLBACK_PATH: &str = "/-/signin/callback";

/// Why somebody is not signed in. Each `Display` is a sentence for them; nothing of what came is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The provider cannot be reached, or makes no sense.
    #[error("Sign-in is not available at the moment. Nothing was decided; try again in a minute.")]
    Unavailable,
    /// Something that the provider always sends is missing, or stands twice.
    #[error("This is not how the sign-in comes back. Start again from the link that you were sent.")]
    Malformed,
    /// The cookie is gone, too old, or of another sign-in.
    #[error(
        "This sign-in was begun in another browser, took more than ten minutes, or was finished before. Start again from the \
         link that you were sent."
    )]
    Stale,
    /// Another provider answers than the one that was asked.
    #[error("The answer came from another identity provider than the one that was asked.")]
    OtherIssuer,
    /// They said no, or may not use this application.
    #[error("The identity provider did not let you in.")]
    Denied,
    /// The provider does not take the code.
    #[error(
        "The identity provider did not accept the sign-in. Start again from the link that you were sent."
    )]
    CodeRefused,
    /// The token proves nothing.
    #[error("The identity provider's answer could not be verified.")]
    Token(TokenError),
    /// The token is right, and makes nobody.
    #[error("You cannot answer with this account: {0}.")]
    Person(PersonError),
}

impl SignInError {
    /// One word, for metrics and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Malformed => "malformed",
            Self::Stale => "stale",
            Self::OtherIssuer => "other-issuer",
            Self::Denied => "denied",
            Self::CodeRefused => "code-refused",
            Self::Token(error) => error.word(),
            Self::Person(error) => error.word(),
        }
    }
}

impl From<Unavailable> for SignInError {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl From<SealError> for SignInError {
    fn from(SealError: SealError) -> Self {
        Self::Unavailable
    }
}

impl From<VerifyError> for SignInError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Token(error) => Self::Token(error),
            VerifyError::Unavailable => Self::Unavailable,
        }
    }
}

/// Signs people in at one provider.
#[derive(Debug)]
pub struct OidcSignIn {
    settings: OidcSettings,
    address: PublicAddress,
    cookie_keys: Arc<Keys>,
    outbound: Outbound,
    discovery: Discovery,
    keys: KeySet,
}

/// Where to send somebody who wants to sign in.
#[derive(Debug)]
pub struct Departure {
    /// The provider's page.
    pub url: Url,
    /// What to set along with it.
    pub cookie: SetCookie,
}

/// Somebody who came back.
#[derive(Debug)]
pub struct Arrival {
    /// Who it is.
    pub identity: Identity,
    /// Where they wanted to go.
    pub then: ReturnPath,
    /// What to set along with it: the cookie of the trip is taken away.
    pub cookie: SetCookie,
}

/// What the sealed cookie holds.
#[derive(Serialize, Deserialize)]
struct Trip {
    state: String,
    nonce: String,
    verifier: String,
    then: String,
    until: UnixTime,
}

impl OidcSignIn {
    /// Makes what signs people in who come to `address`. Asks nobody anything yet.
    #[must_use]
    pub fn new(
        settings: OidcSettings,
        address: PublicAddress,
        cookie_keys: Arc<Keys>,
        outbound: Outbound,
    ) -> Self {
        Self {
            discovery: Discovery::new(settings.issuer.clone(), outbound.clone()),
            keys: KeySet::new(outbound.clone()),
            settings,
            address,
            cookie_keys,
            outbound,
        }
    }

    /// Sends somebody to the provider, who is to come back to `then`.
    ///
    /// # Errors
    ///
    /// When the provider cannot be reached: answer 503.
    pub async fn depart(&self, then: &ReturnPath, now: UnixTime) -> Result<Departure, SignInError> {
        let endpoints = self.discovery.endpoints(now.0).await?;
        let trip = Trip {
            state: random_text()?,
            nonce: random_text()?,
            verifier: random_text()?,
            then: then.as_str().to_owned(),
            until: now.plus(TRIP),
        };
        let verifier = PkceCodeVerifier::new(trip.verifier.clone());
        let state = CsrfToken::new(trip.state.clone());
        let client = self.client(&endpoints)?;
        let (url, _state) = client
            .authorize_url(|| state)
            .add_scopes(["openid", "profile", "email"].map(|it| Scope::new(it.to_owned())))
            .add_extra_param("nonce", trip.nonce.clone())
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        let plain = serde_json::to_vec(&trip).unwrap_or_default();
        let random = SystemRandom::new();
        let sealed =
            cookie::written(&self.cookie_keys.seal(Purpose::Session, &self.context(), &plain, &random)?);
        let cookie =
            SetCookie::new(&self.address, &cookie_name(&trip.state), &sealed, SameSite::Lax, TRIP.as_secs());
        Ok(Departure { url, cookie })
    }

    /// Takes somebody back who comes to [`CALLBACK_PATH`] with `query`.
    ///
    /// # Errors
    ///
    /// When they are not who they say, or nobody can tell.
    pub async fn arrive(
        &self,
        query: &str,
        headers: &HeaderMap,
        now: UnixTime,
    ) -> Result<Arrival, SignInError> {
        let arrived = self.arrival(query, headers, now).await;
        if let Err(error) = &arrived {
            info!(why = error.word(), "a sign-in was refused");
        }
        arrived
    }

    async fn arrival(&self, query: &str, headers: &HeaderMap, now: UnixTime) -> Result<Arrival, SignInError> {
        let returned = Returned::read(query)?;
        let name = cookie_name(&returned.state);
        let trip = self.trip(&name, headers, now).filter(|it| it.until > now).ok_or(SignInError::Stale)?;
        if !same(&trip.state, &returned.state) {
            return Err(SignInError::Stale);
        }
        let endpoints = self.discovery.endpoints(now.0).await?;
        match &returned.issuer {
            Some(issuer) if *issuer != self.settings.issuer.as_str() => return Err(SignInError::OtherIssuer),
            None if endpoints.authorization_response_iss_parameter_supported => {
                return Err(SignInError::OtherIssuer);
            }
            _ => {}
        }
        let code = returned.code?;
        let token = self.redeem(&endpoints, code, trip.verifier).await?;
        let identity = self.identity(&endpoints, &token, &trip.nonce, now).await?;
        let then = ReturnPath::new(&trip.then).ok_or(SignInError::Stale)?;
        Ok(Arrival { identity, then, cookie: SetCookie::clear(&self.address, &name) })
    }

    fn trip(&self, name: &str, headers: &HeaderMap, now: UnixTime) -> Option<Trip> {
        let sealed = cookie::sealed(&cookie::read(&self.address, headers, name)?)?;
        let plain = self.cookie_keys.open(Purpose::Session, &self.context(), &sealed, now)?;
        serde_json::from_slice(plain.expose_secret()).ok()
    }

    /// The ID token that the provider gives for the code.
    async fn redeem(
        &self,
        endpoints: &Endpoints,
        code: String,
        verifier: String,
    ) -> Result<String, SignInError> {
        let client = self.client(endpoints)?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&TokenCalls(self.outbound.clone()))
            .await;
        match tokens {
            Ok(tokens) => Ok(tokens.extra_fields().id_token.clone()),
            Err(RequestTokenError::ServerResponse(error)) => {
                // Its text may repeat what we sent, so the log gets the standard's word alone.
                match error.error() {
                    BasicErrorResponseType::InvalidGrant => Err(SignInError::CodeRefused),
                    other => {
                        warn!("the identity provider refuses us: {}", word(other));
                        Err(SignInError::Unavailable)
                    }
                }
            }
            Err(RequestTokenError::Request(error)) => {
                warn!("the identity provider gave no tokens: {error}");
                Err(SignInError::Unavailable)
            }
            Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
                warn!("the identity provider's tokens are not in the form of OpenID Connect");
                Err(SignInError::Unavailable)
            }
        }
    }

    async fn identity(
        &self,
        endpoints: &Endpoints,
        token: &str,
        nonce: &str,
        now: UnixTime,
    ) -> Result<Identity, SignInError> {
        let token = Token::read(token, &[Algorithm::Rs256, Algorithm::Es256]).map_err(SignInError::Token)?;
        let signed = self.keys.verify(&endpoints.jwks_uri, &token, now.0).await?;
        let issuer = self.settings.issuer.as_str();
        let expected = Expectation { issuer, audience: Some(&self.settings.client_id), nonce: Some(nonce) };
        let claims = signed.meant_for(&expected, now.0).map_err(SignInError::Token)?;
        identity(&claims, &self.settings.provider, issuer, Proof::Oidc).map_err(SignInError::Person)
    }

    fn client(&self, endpoints: &Endpoints) -> Result<OidcClient, SignInError> {
        let callback = RedirectUrl::new(self.address.page(CALLBACK_PATH));
        let callback = callback.map_err(|_url| SignInError::Unavailable)?;
        let secret = self.settings.client_secret.expose_secret().to_owned();
        let method = if endpoints.secret_in_body() { AuthType::RequestBody } else { AuthType::BasicAuth };
        Ok(oauth2::Client::new(ClientId::new(self.settings.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret))
            .set_auth_type(method)
            .set_auth_uri(AuthUrl::from_url(endpoints.authorization_endpoint.clone()))
            .set_token_uri(TokenUrl::from_url(endpoints.token_endpoint.clone()))
            .set_redirect_uri(callback))
    }

    /// A cookie is worth nothing at another address, nor for another issuer.
    fn context(&self) -> [&str; 3] {
        ["trip", self.address.origin(), self.settings.issuer.as_str()]
    }
}

type OidcClient = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<IdToken, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Makes the calls of `oauth2`, within our bounds. A type of its own, because compilers cannot tell of a closure in its place
/// whether its futures may change threads.
struct TokenCalls(Outbound);

impl<'c> AsyncHttpClient<'c> for TokenCalls {
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.send(request, TOKENS_BYTES).await?;
            let mut response = HttpResponse::new(answer.body);
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok(response)
        })
    }
}

/// What OpenID Connect adds to the tokens of OAuth.
#[derive(Clone, Serialize, Deserialize)]
struct IdToken {
    id_token: String,
}

impl std::fmt::Debug for IdToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdToken").finish_non_exhaustive()
    }
}

impl ExtraTokenFields for IdToken {}

/// What the provider sends back in the address.
struct Returned {
    state: String,
    issuer: Option<String>,
    code: Result<String, SignInError>,
}

impl Returned {
    fn read(query: &str) -> Result<Self, SignInError> {
        if query.len() > QUERY_BYTES {
            return Err(SignInError::Malformed);
        }
        let (mut state, mut issuer, mut code, mut error) = (None, None, None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "state" => &mut state,
                "iss" => &mut issuer,
                "code" => &mut code,
                "error" => &mut error,
                _ => continue,
            };
            // Of two values, each reader may take another.
            if place.replace(value.into_owned()).is_some() {
                return Err(SignInError::Malformed);
            }
        }
        let state = state.filter(|it| it.len() >= STATE_PREFIX && is_base64url(it));
        let code = match (code, error.as_deref()) {
            (Some(code), None) => Ok(code),
            (None, Some("temporarily_unavailable" | "server_error")) => Err(SignInError::Unavailable),
            (None, Some(_)) => Err(SignInError::Denied),
            _ => return Err(SignInError::Malformed),
        };
        Ok(Self { state: state.ok_or(SignInError::Malformed)?, issuer, code })
    }
}

/// Characters of the state that stand in the cookie's name.
const STATE_PREFIX: usize = 8;

fn cookie_name(state: &str) -> String {
    format!("rt-trip-{}", state.get(..STATE_PREFIX).unwrap_or_default())
}

fn is_base64url(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
}

/// Whether two texts agree, without telling by the time it takes how far they do.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0
}

/// The standard's word for an error (RFC 6749, 5.2), and none of the server's own.
fn word(error: &BasicErrorResponseType) -> &'static str {
    match error {
        BasicErrorResponseType::InvalidClient => "invalid_client: do client id and secret agree?",
        BasicErrorResponseType::InvalidGrant => "invalid_grant",
        BasicErrorResponseType::InvalidRequest => "invalid_request",
        BasicErrorResponseType::InvalidScope => "invalid_scope",
        BasicErrorResponseType::UnauthorizedClient => "unauthorized_client",
        BasicErrorResponseType::UnsupportedGrantType => "unsupported_grant_type",
        BasicErrorResponseType::Extension(_) => "an error of its own",
    }
}
