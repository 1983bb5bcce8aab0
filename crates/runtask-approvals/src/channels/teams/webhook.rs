//! The address of a Teams webhook, which is a secret: whoever has it can post.

use crate::here::is_private;
use secrecy::{ExposeSecret, SecretString};
use std::str::FromStr;
use url::Url;

/// Where messages are posted. It does not print.
#[derive(Debug, Clone)]
pub struct TeamsWebhook(SecretString);

/// Why a text is no such address. The text is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// A connector of Office 365.
    #[error(
        "this is a webhook of an Office 365 connector, and Microsoft switched those off in May 2026. In Teams, make a workflow \
         from the template “Send webhook alerts to a channel”, and use the address that it shows"
    )]
    Connector,
    /// Not https, and not on this machine.
    #[error("the address of a webhook must begin with https://")]
    Scheme,
    /// No address at all.
    #[error("this is no address of a webhook")]
    Malformed,
}

impl FromStr for TeamsWebhook {
    type Err = WebhookError;

    fn from_str(text: &str) -> Result<Self, WebhookError> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|_url| WebhookError::Malformed)?;
        let host = url.host_str().ok_or(WebhookError::Malformed)?;
        if !is_private(&url) {
            return Err(WebhookError::Scheme);
        }
        let connector = host.ends_with(".webhook.office.com")
            || matches!(host, "outlook.office.com" | "outlook.office365.com");
        if connector {
            return Err(WebhookError::Connector);
        }
        Ok(Self(text.to_owned().into()))
    }
}

impl TeamsWebhook {
    /// The address as it was given, for the request line and nothing else: its signature is over its query as it stands.
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectors_are_refused_with_the_news_and_workflows_of_both_kinds_are_not() {
        let check = |text: &str| text.parse::<TeamsWebhook>().map(|it| it.expose().to_owned());
        let older = "https://prod-12.westeurope.logic.azure.com:443/workflows/ID/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=SIG";
        let newer = "https://default0a.12.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/ID/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=SIG";
        for text in [older, newer, "http://127.0.0.1:8080/workflows/x?sig=y"] {
            assert_eq!(check(text).as_deref(), Ok(text), "byte for byte");
        }
        for text in [
            "https://acme.webhook.office.com/webhookb2/G@G/IncomingWebhook/HEX/G",
            "https://outlook.office.com/webhook/G@G/IncomingWebhook/HEX/G",
        ] {
            assert_eq!(check(text), Err(WebhookError::Connector));
        }
        assert_eq!(check("http://prod-12.westeurope.logic.azure.com/x"), Err(WebhookError::Scheme));
        assert_eq!(check("payments"), Err(WebhookError::Malformed));
        assert!(WebhookError::Connector.to_string().contains("May 2026"));
    }

    #[test]
    fn it_does_not_print() {
        let webhook: TeamsWebhook =
            "https://prod-12.westeurope.logic.azure.com/x?sig=SECRET".parse().unwrap();
        assert!(!format!("{webhook:?}").contains("SECRET"));
    }
}
