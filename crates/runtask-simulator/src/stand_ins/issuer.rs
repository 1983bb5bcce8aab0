//! Plays an identity provider: OpenID Connect with authorization code and PKCE.
//!
//! Whoever comes picks one of its accounts; there is no password. It signs with real keys, and can be told to sign wrongly.
//!
//! Sources: OpenID Connect Core 1.0; OpenID Connect Discovery 1.0; RFC 6749; RFC 7636.

use super::listener::{Listener, json, plain, with_type};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use ring::{digest, hmac};
use runtask_findings::printable;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use url::Url;
use url::form_urlencoded::{byte_serialize, parse};

/// How long a code and a token are good for.
const CODE: Duration = Duration::from_secs(60);
const TOKEN: Duration = Duration::from_secs(300);

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct Account {
    /// What to click on.
    pub name: String,
    /// What the token says of them: `sub` at least.
    pub claims: Map<String, Value>,
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signing {
    /// With the issuer's key for ES256.
    #[default]
    Es256,
    /// With the issuer's key for RS256, if it was given one.
    Rs256,
    /// With a key for ES256 that is not the issuer's, under its name.
    AnotherKey,
    /// Not at all: `"alg": "none"`.
    Nothing,
    /// With HS256, the secret being the issuer's public key.
    HmacOfPublicKey,
    /// With the issuer's key, and then one bit of the claims is changed.
    ThenAltered,
}

/// What is wrong with the tokens that follow.
#[derive(Debug, Clone, Default)]
pub struct Forgery {
    /// Fields of the header instead of the right ones; `null` leaves one out.
    pub header: Map<String, Value>,
    /// Claims instead of the right ones; `null` leaves one out.
    pub claims: Map<String, Value>,
    /// The claims as text, instead of all of the above.
    pub raw_claims: Option<String>,
    /// How it is signed.
    pub signing: Signing,
    /// Whether the parts are padded to a multiple of four, as an AWS load balancer does it against the standard.
    pub padded: bool,
}

/// An identity provider.
#[derive(Debug)]
pub struct StandInIssuer {
    listener: Listener,
    state: Arc<Mutex<State>>,
}

struct State {
    issuer: String,
    client_id: String,
    client_secret: String,
    /// Where people may be sent back to.
    redirects: Vec<String>,
    accounts: Vec<Account>,
    key: EcdsaKeyPair,
    key_id: String,
    rsa: Option<RsaKeyPair>,
    codes: HashMap<String, Code>,
    forgery: Forgery,
    key_requests: usize,
    down: bool,
    complaints: Vec<String>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

struct Code {
    account: usize,
    nonce: Option<String>,
    challenge: String,
    redirect: String,
    expires: SystemTime,
}

impl StandInIssuer {
    /// Listens at `address` for one client, which wants people back at one of `redirects`.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened at, or the system gives no random number.
    pub async fn start(
        address: SocketAddr,
        client_id: &str,
        client_secret: &str,
        redirects: Vec<String>,
        accounts: Vec<Account>,
    ) -> io::Result<Self> {
        let key = new_key()?;
        let state = State {
            issuer: String::new(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            redirects,
            accounts,
            key,
            key_id: "key-1".to_owned(),
            rsa: None,
            codes: HashMap::new(),
            forgery: Forgery::default(),
            key_requests: 0,
            down: false,
            complaints: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let listener = Listener::start(address, |origin| {
            lock(&shared).issuer = origin.to_owned();
            move |request: Request<Bytes>| lock(&shared).answer(&request)
        });
        Ok(Self { listener: listener.await?, state })
    }

    /// The issuer, as its tokens write it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.listener.origin
    }

    /// Signs RS256 too, with this key (PKCS #8, DER).
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn use_rsa_key(&self, pkcs8: &[u8]) -> io::Result<()> {
        let key = RsaKeyPair::from_pkcs8(pkcs8).map_err(|rejected| io::Error::other(rejected.to_string()))?;
        lock(&self.state).rsa = Some(key);
        Ok(())
    }

    /// Makes the tokens that follow wrong, or right again.
    pub fn forge(&self, forgery: Forgery) {
        lock(&self.state).forgery = forgery;
    }

    /// Signs with a new key under a new name from now on.
    ///
    /// # Errors
    ///
    /// When the system gives no random number.
    pub fn rotate_key(&self, key_id: &str) -> io::Result<()> {
        let key = new_key()?;
        let mut state = lock(&self.state);
        state.key = key;
        state.key_id = key_id.to_owned();
        Ok(())
    }

    /// Answers everything with 503 while `down`.
    pub fn set_down(&self, down: bool) {
        lock(&self.state).down = down;
    }

    /// How often its keys were asked for.
    #[must_use]
    pub fn key_requests(&self) -> usize {
        lock(&self.state).key_requests
    }

    /// What a real provider would have refused, a sentence each.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        lock(&self.state).complaints.clone()
    }

    /// What happens when somebody follows `url` here and picks the account `name`: the address they are sent back to.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the address, as the provider's page would.
    pub fn pick(&self, url: &Url, name: &str) -> Result<String, String> {
        lock(&self.state).pick(url.query().unwrap_or_default(), name)
    }

    /// A token for the account `name` as it would be made now, for `audience`; for proxies that pass on tokens.
    ///
    /// # Errors
    ///
    /// When there is no such account, or the key does not sign.
    pub fn token(&self, name: &str, audience: &str) -> Result<String, String> {
        let state = lock(&self.state);
        let account = state.accounts.iter().find(|it| it.name == name).ok_or("no such account")?;
        let mut claims = state.claims(account, None);
        claims.insert("aud".to_owned(), audience.into());
        state.sign(claims)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_key() -> io::Result<EcdsaKeyPair> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let document = document.map_err(|_unspecified| io::Error::other("the system gave no random number"))?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
        .map_err(|rejected| io::Error::other(rejected.to_string()))
}

impl State {
    fn answer(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        if self.down {
            return plain(503, "down");
        }
        let query = request.uri().query().unwrap_or_default();
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/.well-known/openid-configuration") => json(200, &self.discovery()),
            // The second is where Cloudflare Access has them.
            (&Method::GET, "/keys" | "/cdn-cgi/access/certs") => {
                self.key_requests += 1;
                json(200, &self.keys())
            }
            // Where an AWS load balancer's key is.
            (&Method::GET, path) if path.strip_prefix('/') == Some(self.key_id.as_str()) => {
                self.key_requests += 1;
                plain(200, &self.pem())
            }
            (&Method::GET, "/authorize") => match self.checked(query) {
                Ok(_fields) => with_type(200, "text/html; charset=utf-8", self.page(query)),
                Err(problem) => self.complain(problem),
            },
            (&Method::POST, "/authorize") => {
                let fields: HashMap<_, _> = parse(request.body()).into_owned().collect();
                let name = fields.get("account").cloned().unwrap_or_default();
                match self.pick(query, &name) {
                    Ok(location) => see_other(&location),
                    Err(problem) => self.complain(problem),
                }
            }
            (&Method::POST, "/token") => self.tokens(request),
            _ => plain(404, "not found"),
        }
    }

    fn complain(&mut self, problem: String) -> Response<Bytes> {
        let answer = plain(400, &problem);
        self.complaints.push(problem);
        answer
    }

    fn discovery(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn keys(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let coordinate = |range| point.get(range).map(|it| URL_SAFE_NO_PAD.encode(it)).unwrap_or_default();
        let mut keys = vec![json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.key_id,
            "x": coordinate(1..33), "y": coordinate(33..65),
        })];
        if let Some(rsa) = &self.rsa {
            let public = RsaPublicKeyComponents::<Vec<u8>>::from(rsa.public());
            keys.push(json!({
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa-1",
                "n": URL_SAFE_NO_PAD.encode(public.n), "e": URL_SAFE_NO_PAD.encode(public.e),
            }));
        }
        json!({ "keys": keys })
    }

    /// The public key for ES256 in PEM.
    fn pem(&self) -> String {
        // Algorithm and curve stand before the point (RFC 5480).
        let mut der =
            vec![0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06];
        der.extend([0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00]);
        der.extend(self.key.public_key().as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    /// The fields of a request to sign in, if a provider would take it.
    fn checked(&self, query: &str) -> Result<HashMap<String, String>, String> {
        let mut fields = HashMap::new();
        for (name, value) in parse(query.as_bytes()).into_owned() {
            if fields.insert(name.clone(), value).is_some() {
                return Err(format!("`{}` stands twice", printable(&name)));
            }
        }
        let is = |name: &str, value: &str| fields.get(name).is_some_and(|it| it == value);
        let has = |name: &str, length: usize| fields.get(name).is_some_and(|it| it.len() >= length);
        let checks = [
            (is("response_type", "code"), "`response_type` is not `code`"),
            (is("client_id", &self.client_id), "`client_id` is another"),
            (is("code_challenge_method", "S256"), "`code_challenge_method` is not `S256`"),
            (has("code_challenge", 43), "`code_challenge` is shorter than 43 characters"),
            (has("state", 16), "`state` is shorter than 16 characters"),
            (has("nonce", 16), "`nonce` is shorter than 16 characters"),
            (
                fields.get("redirect_uri").is_some_and(|it| self.redirects.contains(it)),
                "`redirect_uri` is not one that was registered, letter by letter",
            ),
            (
                fields.get("scope").is_some_and(|it| it.split(' ').any(|it| it == "openid")),
                "`scope` is without `openid`",
            ),
        ];
        match checks.into_iter().find(|(fine, _)| !fine) {
            Some((_, problem)) => Err(problem.to_owned()),
            None => Ok(fields),
        }
    }

    fn pick(&mut self, query: &str, name: &str) -> Result<String, String> {
        let mut fields = self.checked(query)?;
        let account =
            self.accounts.iter().position(|it| it.name == name).ok_or("there is no such account")?;
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        let (redirect, state) = (take("redirect_uri"), take("state"));
        let code = crate::random::alphanumeric(40);
        let held = Code {
            account,
            nonce: Some(take("nonce")),
            challenge: take("code_challenge"),
            redirect: redirect.clone(),
            expires: now() + CODE,
        };
        self.codes.insert(code.clone(), held);
        let mut back = Url::parse(&redirect).map_err(|error| error.to_string())?;
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &state)
            .append_pair("iss", &self.issuer);
        Ok(back.into())
    }

    fn tokens(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let refuse = |status: u16, error: &str| json(status, &json!({ "error": error }));
        let fields: HashMap<_, _> = parse(request.body()).into_owned().collect();
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let basic = request.headers().get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        // Both are written as in a form before they are joined (RFC 6749, 2.3.1).
        let encoded = |it: &str| byte_serialize(it.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&self.client_id), encoded(&self.client_secret));
        let expected = STANDARD.encode(pair);
        let known = match basic {
            Some(basic) => basic.strip_prefix("Basic ") == Some(expected.as_str()),
            None => field("client_id") == self.client_id && field("client_secret") == self.client_secret,
        };
        if !known {
            return refuse(401, "invalid_client");
        }
        if field("grant_type") != "authorization_code" {
            return refuse(400, "unsupported_grant_type");
        }
        // A code is good once, whatever becomes of it.
        let Some(code) = self.codes.remove(field("code")) else { return refuse(400, "invalid_grant") };
        let verifier = digest::digest(&digest::SHA256, field("code_verifier").as_bytes());
        let proved = URL_SAFE_NO_PAD.encode(verifier) == code.challenge;
        if !proved || field("redirect_uri") != code.redirect || code.expires <= now() {
            return refuse(400, "invalid_grant");
        }
        let Some(account) = self.accounts.get(code.account) else { return refuse(400, "invalid_grant") };
        match self.sign(self.claims(account, code.nonce)) {
            Ok(token) => json(
                200,
                &json!({
                    "access_token": crate::random::alphanumeric(40), "token_type": "Bearer",
                    "expires_in": TOKEN.as_secs(), "id_token": token,
                }),
            ),
            Err(problem) => self.complain(problem),
        }
    }

    fn claims(&self, account: &Account, nonce: Option<String>) -> Map<String, Value> {
        let at = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut claims = account.claims.clone();
        claims.insert("iss".to_owned(), self.issuer.clone().into());
        claims.insert("aud".to_owned(), self.client_id.clone().into());
        claims.insert("iat".to_owned(), at(now()).into());
        claims.insert("exp".to_owned(), at(now() + TOKEN).into());
        claims.extend(nonce.map(|it| ("nonce".to_owned(), it.into())));
        claims
    }

    fn sign(&self, claims: Map<String, Value>) -> Result<String, String> {
        let forgery = &self.forgery;
        let (algorithm, key_id) = match forgery.signing {
            Signing::Rs256 => ("RS256", "rsa-1"),
            Signing::Nothing => ("none", self.key_id.as_str()),
            Signing::HmacOfPublicKey => ("HS256", self.key_id.as_str()),
            Signing::Es256 | Signing::AnotherKey | Signing::ThenAltered => ("ES256", self.key_id.as_str()),
        };
        let header = json!({ "alg": algorithm, "kid": key_id, "typ": "JWT" });
        let header = replaced(header.as_object().cloned().unwrap_or_default(), &forgery.header);
        let claims = match &forgery.raw_claims {
            Some(raw) => raw.clone(),
            None => Value::Object(replaced(claims, &forgery.claims)).to_string(),
        };
        let base64 = if forgery.padded { URL_SAFE } else { URL_SAFE_NO_PAD };
        let part = |it: &str| base64.encode(it);
        let message = format!("{}.{}", part(&Value::Object(header).to_string()), part(&claims));
        let random = SystemRandom::new();
        let failed = |_unspecified| "the key does not sign".to_owned();
        let es256 = |key: &EcdsaKeyPair| {
            key.sign(&random, message.as_bytes()).map(|it| it.as_ref().to_vec()).map_err(failed)
        };
        let signature = match forgery.signing {
            Signing::Es256 | Signing::ThenAltered => es256(&self.key)?,
            Signing::AnotherKey => es256(&new_key().map_err(|it| it.to_string())?)?,
            Signing::Nothing => Vec::new(),
            Signing::HmacOfPublicKey => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.key.public_key().as_ref());
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            Signing::Rs256 => {
                let key = self.rsa.as_ref().ok_or("there is no key for RS256")?;
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).map_err(failed)?;
                signature
            }
        };
        let message = if forgery.signing == Signing::ThenAltered {
            let (header, _claims) = message.split_once('.').unwrap_or_default();
            let altered = claims.replacen("ada", "eve", 1);
            format!("{header}.{}", part(&altered))
        } else {
            message
        };
        Ok(format!("{message}.{}", base64.encode(signature)))
    }

    fn page(&self, query: &str) -> String {
        let text = |it: &str| it.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let buttons: String = self
            .accounts
            .iter()
            .map(|it| {
                let name = text(&it.name);
                format!("<p><button name=\"account\" value=\"{name}\">Sign in as {name}</button></p>\n")
            })
            .collect();
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>Demo sign-in</title>\n\
             <style>:root {{ color-scheme: light dark }} body {{ font: 1.1rem/1.5 system-ui, sans-serif; \
             max-width: 30rem; margin: 3rem auto; padding: 0 1rem }} button {{ font: inherit; padding: .5rem 1rem }}</style>\n\
             <h1>Demo sign-in</h1>\n<p>This stands in for a company's identity provider. There is no password.</p>\n\
             <form method=\"post\" action=\"/authorize?{}\">\n{buttons}</form>\n",
            text(query)
        )
    }
}

/// `right`, except for what `wrong` says; `null` leaves one out.
fn replaced(mut right: Map<String, Value>, wrong: &Map<String, Value>) -> Map<String, Value> {
    for (name, value) in wrong {
        if value.is_null() {
            right.remove(name);
        } else {
            right.insert(name.clone(), value.clone());
        }
    }
    right
}

#[expect(clippy::disallowed_methods, reason = "a stand-in for another machine, which has a clock of its own")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn see_other(location: &str) -> Response<Bytes> {
    let mut answer = plain(303, "");
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}
