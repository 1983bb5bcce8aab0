//! Holds what `[approval]` says of the services around: who signs people in, and where they are asked. Secrets are not in
//! it, only where they are.

use crate::channels::teams::{CardForm, Mention};
use crate::identity::{IssuerUrl, Provider, ProxySettings};
use runtask_settings::Reference;
use std::collections::BTreeMap;
use url::Url;

/// The services that settings name. Which of them are needed, `identity` and the channels of tasks say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Services {
    /// `[approval.oidc]`: the identity provider.
    pub oidc: Option<OidcService>,
    /// `[approval.proxy]`: the proxy that signs.
    pub proxy: Option<ProxySettings>,
    /// `[approval.easy_auth]`: the tenant whose people Azure's headers name.
    pub easy_auth_tenant: Option<String>,
    /// `[approval.teams.NAME]`: what is said of channels in Teams.
    pub teams: BTreeMap<String, TeamsService>,
    /// `[approval.slack]`: our app in Slack.
    pub slack: Option<SlackService>,
}

/// An identity provider, and us as its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcService {
    /// `issuer`
    pub issuer: IssuerUrl,
    /// `client_id`
    pub client_id: String,
    /// `client_secret`: where it is; `env:OIDC_CLIENT_SECRET` unless set.
    pub client_secret: Reference,
    /// `provider`, `domain`, `groups_claim`
    pub provider: Provider,
}

/// A channel in Teams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamsService {
    /// `url`: where the address of the webhook is; `env:TEAMS_WEBHOOK_URL` unless set.
    pub url: Reference,
    /// `card`: the form that the flow expects; `envelope` unless set.
    pub card: CardForm,
    /// `mentions`: who is called upon.
    pub mentions: Vec<Mention>,
}

/// The variable that has the address of a channel in Teams of which nothing is said.
pub const TEAMS_WEBHOOK_URL: &str = "TEAMS_WEBHOOK_URL";

impl Default for TeamsService {
    fn default() -> Self {
        let url = Reference::Variable(TEAMS_WEBHOOK_URL.to_owned());
        Self { url, card: CardForm::default(), mentions: Vec::new() }
    }
}

/// Our app in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackService {
    /// `token`: where the bot's token is; `env:SLACK_BOT_TOKEN` unless set.
    pub token: Reference,
    /// `app`, `team`, `signing_secret`, `previous_signing_secret`: what proves that a click is one. Without, Slack's
    /// requests are not answered.
    pub clicks: Option<SlackClicks>,
    /// `api`: another address of the API, for Slack for governments; it ends with a slash.
    pub api: Option<Url>,
    /// `replies`: where addresses for replies begin, with it.
    pub replies: Option<Url>,
}

impl Default for SlackService {
    fn default() -> Self {
        let token = Reference::Variable("SLACK_BOT_TOKEN".to_owned());
        Self { token, clicks: None, api: None, replies: None }
    }
}

/// What proves that Slack has sent a click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackClicks {
    /// `app`: the app's id, `A…`.
    pub app: String,
    /// `team`: the workspace's id, `T…`.
    pub team: String,
    /// `signing_secret`: where it is; `env:SLACK_SIGNING_SECRET` unless set.
    pub signing_secret: Reference,
    /// `previous_signing_secret`: where the one before is, while it counts.
    pub previous_signing_secret: Option<Reference>,
}

impl Services {
    /// The parameters of AWS in which secrets are, as `ssm:///NAME`. Whoever can read one gives it to the settings by this
    /// name.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        let oidc = self.oidc.iter().map(|it| &it.client_secret);
        let teams = self.teams.values().map(|it| &it.url);
        let slack = self.slack.iter().map(|it| &it.token);
        let clicks = self.slack.iter().filter_map(|it| it.clicks.as_ref());
        let clicks =
            clicks.flat_map(|it| std::iter::once(&it.signing_secret).chain(&it.previous_signing_secret));
        oidc.chain(teams).chain(slack).chain(clicks).filter_map(Reference::parameter)
    }
}
