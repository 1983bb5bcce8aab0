//! Reads who may be called, and how.

use runtask_client::ClientSettings;
use runtask_protocol::AllowedOrigins;
use runtask_settings::{SettingsReader, numbers};
use url::Url;

/// Reads `RUNTASK_ALLOWED_ORIGINS`, `RUNTASK_HTTP_TIMEOUT_MS` (10 000 unless set), `RUNTASK_CA_BUNDLE` (path of a PEM file
/// with certificates to trust besides the public ones), and the proxies of `HTTPS_PROXY` and its kin.
pub fn client_settings(settings: &mut SettingsReader<'_>) -> ClientSettings {
    let default = ClientSettings::default();
    let ca_bundle = settings.text("RUNTASK_CA_BUNDLE").and_then(|path| match std::fs::read(path) {
        Ok(pem) => Some(pem),
        Err(error) => {
            settings.problem(format!("RUNTASK_CA_BUNDLE: the file could not be read: {error}"));
            None
        }
    });
    let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let proxy_hosts = proxies.iter().filter_map(|name| settings.text(name)).filter_map(|url| {
        let url =
            Url::parse(&url).ok().filter(Url::has_host).or_else(|| Url::parse(&format!("http://{url}")).ok());
        url.and_then(|it| it.host_str().map(str::to_owned))
    });
    ClientSettings {
        proxy_hosts: proxy_hosts.collect(),
        ca_bundle,
        origins: settings.parsed("RUNTASK_ALLOWED_ORIGINS", AllowedOrigins::default()),
        timeout: settings.milliseconds(&numbers::HTTP_TIMEOUT),
        ..default
    }
}
