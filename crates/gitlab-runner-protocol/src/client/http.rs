//! Makes the one HTTP client: TLS by rustls, bounded times, no redirects of its own.

use super::backoff::Backoff;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What a [`Client`] is made from.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The instance's address, as its users know it: `https://gitlab.example.com`, with a path where it has one.
    pub url: String,
    /// `User-Agent`.
    pub user_agent: String,
    /// Limit for connecting, and for each wait for more of an answer.
    pub timeout: Duration,
    /// Certificates in PEM that are trusted besides the public ones.
    pub ca_bundle: Option<Vec<u8>>,
    /// Whether the proxies are used that the environment names.
    pub use_proxies: bool,
    /// Other addresses of the instance, to which it may send an upload on; origins such as `https://gitlab.example.org`.
    pub upload_origins: Vec<String>,
    /// How often a call is made again by itself, and after what pauses.
    pub backoff: Backoff,
}

impl ClientSettings {
    /// For the instance at `url`, as GitLab's own runner would do it.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            user_agent: concat!("runtask-runner/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: Duration::from_secs(30),
            ca_bundle: None,
            use_proxies: false,
            upload_origins: Vec::new(),
            backoff: Backoff { attempts: 5, first: Duration::from_millis(100), cap: Duration::from_secs(60) },
        }
    }
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address is none.
    #[error("the address of GitLab is no http:// or https:// URL without login, query and fragment")]
    Url,
    /// An origin to which uploads may be sent on is none.
    #[error("an origin for uploads is no http:// or https:// URL")]
    UploadOrigin,
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

/// HTTP to one GitLab instance.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) http: reqwest::Client,
    pub(super) api: Url,
    pub(super) upload_origins: Arc<[url::Origin]>,
    pub(super) backoff: Backoff,
}

impl Client {
    /// Makes a client; opens no connection.
    ///
    /// # Errors
    ///
    /// When the settings cannot be right; a program does not start then.
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder();
        let http = if settings.use_proxies { http } else { http.no_proxy() };
        let http = http
            .tls_backend_preconfigured(tls(settings.ca_bundle.as_deref())?)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.timeout)
            .read_timeout(settings.timeout)
            .user_agent(settings.user_agent.as_str())
            .build()
            .map_err(ClientError::Http)?;
        let origins = settings.upload_origins.iter();
        let origins = origins.map(|it| web_url(it).map(|it| it.origin()).ok_or(ClientError::UploadOrigin));
        Ok(Self {
            http,
            api: api_url(&settings.url).ok_or(ClientError::Url)?,
            upload_origins: origins.collect::<Result<_, _>>()?,
            backoff: settings.backoff,
        })
    }

    /// The address of a call.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.api.clone();
        url.set_path(&format!("{}/{path}", self.api.path()));
        url
    }
}

/// The address of the API. The runner's users write the instance's with a slash at its end, or `/ci`, as they like.
fn api_url(text: &str) -> Option<Url> {
    let mut url = web_url(text)?;
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/ci").unwrap_or(path).trim_end_matches('/');
    let path = format!("{path}/api/v4");
    url.set_path(&path);
    Some(url)
}

fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_bare =
        url.username().is_empty() && url.password().is_none() && url.query().or(url.fragment()).is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && is_bare).then_some(url)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_below_the_path_that_the_instance_has() {
        for (text, api) in [
            ("https://gitlab.com", "https://gitlab.com/api/v4"),
            ("https://gitlab.example.com/", "https://gitlab.example.com/api/v4"),
            ("https://gitlab.example.com/ci", "https://gitlab.example.com/api/v4"),
            ("http://host:8080/gitlab/", "http://host:8080/gitlab/api/v4"),
            ("https://host/gitlab/ci/", "https://host/gitlab/api/v4"),
        ] {
            let client = Client::new(&ClientSettings::new(text)).unwrap();
            assert_eq!(client.api.as_str(), api);
            assert_eq!(client.url("jobs/request").as_str(), format!("{api}/jobs/request"));
        }
        for text in
            ["", "gitlab.com", "ftp://host", "https://user:pass@host", "https://host/?a=b", "https://host#x"]
        {
            assert!(matches!(Client::new(&ClientSettings::new(text)), Err(ClientError::Url)), "{text}");
        }
    }

    #[test]
    fn a_bundle_without_a_certificate_and_a_strange_origin_are_refused() {
        let url = "https://gitlab.example.com";
        let settings = ClientSettings { ca_bundle: Some(b"no PEM".to_vec()), ..ClientSettings::new(url) };
        assert!(matches!(Client::new(&settings), Err(ClientError::CaBundle)));
        let settings = ClientSettings { upload_origins: vec!["other".into()], ..ClientSettings::new(url) };
        assert!(matches!(Client::new(&settings), Err(ClientError::UploadOrigin)));
    }
}
