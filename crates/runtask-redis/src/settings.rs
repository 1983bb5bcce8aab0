//! Reads where Redis is: `REDIS_URL` and `REDIS_PASSWORD`. Of neither anything is shown but host and port.

use redis::{ConnectionInfo, IntoConnectionInfo};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Where Redis is, and how to get in.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    url: SecretString,
    password: Option<SecretString>,
    ca_bundle: Option<Vec<u8>>,
}

/// An address that cannot be used. It is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Not the address of a Redis.
    #[error(
        "it must be `redis://HOST:PORT/DB`, `rediss://…` for TLS, or `unix:///PATH`, with `USER:PASSWORD@` before the host \
         where needed; what is special in a password is written with `%`, as `%2F` for a slash"
    )]
    Address,
    /// TLS that proves nothing.
    #[error("`#insecure` is not supported: give the certificate of your own authority instead")]
    Insecure,
    /// No certificate among those that are to be trusted.
    #[error("the certificates to be trusted hold none in PEM")]
    Certificates,
}

impl RedisSettings {
    /// Takes the values of `REDIS_URL` and `REDIS_PASSWORD`, and certificates in PEM that are trusted instead of the public
    /// ones. A user name and a password in the address are percent-decoded; `REDIS_PASSWORD` is taken as it is, and wins.
    ///
    /// # Errors
    ///
    /// When the address is none, or there is no certificate.
    pub fn new(
        url: SecretString,
        password: Option<SecretString>,
        ca_bundle: Option<Vec<u8>>,
    ) -> Result<Self, SettingsError> {
        let is_certificate = |pem: &Vec<u8>| CertificateDer::pem_slice_iter(pem).any(|it| it.is_ok());
        if !ca_bundle.as_ref().is_none_or(is_certificate) {
            return Err(SettingsError::Certificates);
        }
        let settings = Self { url, password, ca_bundle };
        settings.connection_info().map(|_good| settings)
    }

    /// Host and port, or the path of the socket: all of the address that may be shown.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.connection_info().map_or_else(|_checked| String::new(), |it| it.addr().to_string())
    }

    pub(crate) fn ca_bundle(&self) -> Option<Vec<u8>> {
        self.ca_bundle.clone()
    }

    pub(crate) fn connection_info(&self) -> Result<ConnectionInfo, SettingsError> {
        let url = Url::parse(self.url.expose_secret()).map_err(|_no_url| SettingsError::Address)?;
        match url.fragment() {
            None => {}
            Some("insecure") => return Err(SettingsError::Insecure),
            Some(_) => return Err(SettingsError::Address),
        }
        if !matches!(url.scheme(), "redis" | "rediss" | "unix") {
            return Err(SettingsError::Address);
        }
        let info = url.into_connection_info().map_err(|_no_redis| SettingsError::Address)?;
        let Some(password) = &self.password else { return Ok(info) };
        let redis = info.redis_settings().clone().set_password(password.expose_secret());
        Ok(info.set_redis_settings(redis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, password: Option<&str>) -> Result<RedisSettings, SettingsError> {
        RedisSettings::new(url.into(), password.map(SecretString::from), None)
    }

    /// The user, the password and the database that a server is told.
    fn told(url: &str, password: Option<&str>) -> (Option<String>, Option<String>, i64) {
        let info = settings(url, password).unwrap().connection_info().unwrap();
        let redis = info.redis_settings();
        (redis.username().map(str::to_owned), redis.password().map(str::to_owned), redis.db())
    }

    #[test]
    fn a_password_is_decoded_in_the_address_and_taken_as_it_is_beside_it() {
        let text = |it: &str| Some(it.to_owned());
        assert_eq!(told("redis://127.0.0.1", None), (None, None, 0));
        let url = "rediss://us%40er:p%2Fa%3As%20s@redis.example.com:6380/3";
        assert_eq!(told(url, None), (text("us@er"), text("p/a:s s"), 3));
        assert_eq!(told(url, Some("o%2Fther")), (text("us@er"), text("o%2Fther"), 3));
        assert_eq!(told("redis://:secret@127.0.0.1", None), (None, text("secret"), 0));
    }

    /// T-50: neither password nor user is shown.
    #[test]
    fn host_and_port_are_all_that_is_shown() {
        let settings = settings("rediss://ada:hunter2@redis.example.com/1", Some("hunter3")).unwrap();
        assert_eq!(settings.endpoint(), "redis.example.com:6379");
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter") && !shown.contains("ada"), "{shown}");
        let socket = self::settings("unix:///run/redis.sock", None).unwrap();
        assert_eq!(socket.endpoint(), "/run/redis.sock");
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for url in
            ["", "127.0.0.1:6379", "http://hunter2@127.0.0.1", "redis://", "redis://h/x", "redis://h#hunter2"]
        {
            let error = settings(url, None).unwrap_err();
            assert_eq!(error, SettingsError::Address, "{url}");
            assert!(!error.to_string().contains("hunter2"));
        }
        assert_eq!(settings("rediss://h#insecure", None).unwrap_err(), SettingsError::Insecure);
    }
}
