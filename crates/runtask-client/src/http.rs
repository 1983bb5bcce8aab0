//! Makes the one HTTP client: TLS by rustls, bounded times, no redirects of its own.

use crate::address::PublicAddresses;
use crate::backoff::Backoff;
use runtask_protocol::AllowedOrigins;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::Arc;
use std::time::Duration;

/// What a [`Client`] is made from.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Who may receive a token.
    pub origins: AllowedOrigins,
    /// Limit for connecting, and for each wait for more of an answer.
    pub timeout: Duration,
    /// Certificates in PEM that are trusted besides the public ones: a Terraform Enterprise with a private CA.
    pub ca_bundle: Option<Vec<u8>>,
    /// Hosts of the HTTP proxies that the environment names, which may have inner addresses. Without any, no proxy is
    /// used, whatever the environment says.
    pub proxy_hosts: Vec<String>,
    /// Pauses between attempts to download.
    pub download_backoff: Backoff,
    /// Pauses between attempts to report; how long it goes on is the caller's deadline.
    pub report_backoff: Backoff,
}

impl Default for ClientSettings {
    fn default() -> Self {
        let first = Duration::from_millis(250);
        Self {
            origins: AllowedOrigins::default(),
            timeout: Duration::from_secs(10),
            ca_bundle: None,
            proxy_hosts: Vec::new(),
            download_backoff: Backoff { attempts: 5, first, cap: Duration::from_secs(4) },
            report_backoff: Backoff { attempts: u32::MAX, first, cap: Duration::from_secs(8) },
        }
    }
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The bundle is not PEM, or holds no certificate that can be used.
    #[error("the CA bundle holds no usable certificate in PEM")]
    CaBundle,
    /// The TLS library refused its settings.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP library refused its settings.
    #[error("the HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}

/// HTTP to HCP Terraform.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) settings: Arc<ClientSettings>,
}

impl Client {
    /// Makes a client; opens no connection.
    ///
    /// # Errors
    ///
    /// When the CA bundle holds nothing usable, or a library refuses its settings; a program does not start then.
    pub fn new(settings: ClientSettings) -> Result<Self, ClientError> {
        let trusted = settings.origins.hosts().map(str::to_owned);
        let http = http(&settings, trusted)?;
        Ok(Self { http, settings: Arc::new(settings) })
    }
}

/// The HTTP library's client with what `settings` say of times, certificates and proxies; who may receive a token is for the
/// caller to know. A host resolves to public addresses only, unless it is a proxy or one of `trusted`.
///
/// Its errors print URLs: whoever sends to a signed one takes them out, by `without_url`.
///
/// # Errors
///
/// As [`Client::new`].
pub fn http(
    settings: &ClientSettings,
    trusted: impl Iterator<Item = String>,
) -> Result<reqwest::Client, ClientError> {
    let trusted = trusted.chain(settings.proxy_hosts.iter().cloned());
    let proxied = !settings.proxy_hosts.is_empty();
    builder(settings.timeout, settings.ca_bundle.as_deref(), proxied)?
        .dns_resolver(Arc::new(PublicAddresses::except(trusted)))
        .build()
        .map_err(ClientError::Http)
}

/// A client for services that settings name and that are not HCP Terraform: an identity provider, a chat.
///
/// TLS, limits of time and the refusal of redirects are those of a [`Client`]. Inner addresses are reached too, because an
/// operator has named the service. `proxied` says whether the proxies of the environment are used.
///
/// # Errors
///
/// When the CA bundle holds nothing usable, or a library refuses its settings; a program does not start then.
pub fn service_client(
    timeout: Duration,
    ca_bundle: Option<&[u8]>,
    proxied: bool,
) -> Result<reqwest::Client, ClientError> {
    builder(timeout, ca_bundle, proxied)?.build().map_err(ClientError::Http)
}

fn builder(
    timeout: Duration,
    ca_bundle: Option<&[u8]>,
    proxied: bool,
) -> Result<reqwest::ClientBuilder, ClientError> {
    let builder = reqwest::Client::builder();
    let builder = if proxied { builder } else { builder.no_proxy() };
    Ok(builder
        .tls_backend_preconfigured(tls(ca_bundle)?)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(timeout)
        .read_timeout(timeout)
        .user_agent(concat!("runtask/", env!("CARGO_PKG_VERSION"))))
}

fn tls(ca_bundle: Option<&[u8]>) -> Result<rustls::ClientConfig, ClientError> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = ca_bundle {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
        let (added, _ignored) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(ClientError::CaBundle);
        }
    }
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(ClientError::Tls)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// A transport error without its URL, which can be signed.
pub(crate) fn without_url(error: reqwest::Error) -> reqwest::Error {
    error.without_url()
}
