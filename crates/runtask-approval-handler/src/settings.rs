//! Reads the settings of approvals: what the tasks' file says of services, the secrets that it names, and the environment.

use jiff::Timestamp;
use runtask_approvals::channels::LinkForm;
use runtask_approvals::channels::slack::{
    SLACK_REPLIES, SigningSecret, SlackButtons, SlackSettings, SlackToken,
};
use runtask_approvals::channels::teams::{CardForm, Mention, TeamsWebhook};
use runtask_approvals::identity::{OidcSettings, ProxySettings};
use runtask_approvals::{
    ApprovalSettings, Channel, Directory, Keys, Proof, PublicAddress, Secret, SlackClicks, SlackService,
    TeamsService, UnixTime,
};
use runtask_settings::{Reference, SettingsReader};
use runtask_setup::Asking;
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that approvals need to know, secrets among it.
#[derive(Debug, Clone)]
pub struct HandlerSettings {
    /// `BASE_PUBLIC_URL`: where people reach the pages.
    pub address: PublicAddress,
    /// `RUNTASK_APPROVALS_KEY`: 32 random bytes in base64 or hexadecimal, of which all keys are made. That of
    /// `RUNTASK_APPROVALS_PREVIOUS_KEY` counts until `RUNTASK_APPROVALS_PREVIOUS_KEY_UNTIL`.
    pub keys: Arc<Keys>,
    /// `[approval.people]` and `[approval.groups]`.
    pub directory: Directory,
    /// `identity`: how people say who they are.
    pub sign_in: SignInSettings,
    /// Every channel that a task names, and those of `[approval.teams]`.
    pub rooms: BTreeMap<Channel, RoomSettings>,
    /// Our app in Slack, where its requests are answered.
    pub slack: Option<SlackAppSettings>,
    /// What links in messages do: they lead to pages, unless a program says otherwise.
    pub links: LinkForm,
}

/// How people say who they are.
#[derive(Debug, Clone)]
pub enum SignInSettings {
    /// At an identity provider.
    Oidc(OidcSettings),
    /// By a proxy that signs.
    Proxy(ProxySettings),
    /// By Azure's headers.
    EasyAuth {
        /// Directory (tenant) id.
        tenant: String,
    },
    /// In Slack.
    Slack,
    /// Not at all.
    Link,
}

/// Where people are asked.
#[derive(Debug, Clone)]
pub enum RoomSettings {
    /// In Teams.
    Teams {
        /// The address of the webhook.
        webhook: TeamsWebhook,
        /// The form that the flow expects.
        card: CardForm,
        /// Who is called upon.
        mentions: Vec<Mention>,
    },
    /// In Slack.
    Slack {
        /// The channel's id.
        id: String,
        /// What the buttons do.
        buttons: SlackButtons,
        /// How Slack is called.
        api: SlackApiSettings,
    },
}

/// How Slack is called.
#[derive(Debug, Clone)]
pub struct SlackApiSettings {
    /// The bot's token.
    pub token: SlackToken,
    /// The API's address; Slack's own unless set.
    pub base: Option<url::Url>,
}

/// Our app in Slack.
#[derive(Debug, Clone)]
pub struct SlackAppSettings {
    /// What its requests are checked by.
    pub app: SlackSettings,
    /// How Slack is called.
    pub api: SlackApiSettings,
}

impl HandlerSettings {
    /// Reads them; `None` where something is wrong, which is noted. A key has to be set where what it seals outlives the
    /// process (`is_lasting`); else one is made up where none is.
    pub fn read(settings: &mut SettingsReader<'_>, asking: &Asking, is_lasting: bool) -> Option<Self> {
        let address = settings
            .required("BASE_PUBLIC_URL", "it is the address at which people reach the pages of approvals");
        let address = if address.is_empty() {
            None
        } else {
            PublicAddress::new(&address)
                .map_err(|why| settings.problem(format!("BASE_PUBLIC_URL: {why}")))
                .ok()
        };
        let keys = keys(settings, is_lasting);
        let mut reading = Reading { settings, asking };
        let slack_api = reading.slack_api();
        let sign_in = reading.sign_in();
        let rooms = reading.rooms(slack_api.as_ref());
        let slack = reading.slack_app(slack_api.as_ref());
        Some(Self {
            address: address?,
            keys: Arc::new(keys?),
            directory: asking.settings.directory.clone(),
            sign_in: sign_in?,
            rooms: rooms?,
            slack: slack?,
            links: LinkForm::default(),
        })
    }
}

/// The key of `RUNTASK_APPROVALS_KEY`, and the one before it.
pub(crate) fn keys(settings: &mut SettingsReader<'_>, is_lasting: bool) -> Option<Keys> {
    let current = match settings.text("RUNTASK_APPROVALS_KEY") {
        None if is_lasting => {
            let meaning = "links and runs' tokens are kept safe with it: `openssl rand -base64 32` makes one";
            settings.problem(format!("RUNTASK_APPROVALS_KEY is not set: {meaning}"));
            None
        }
        None => {
            Secret::made_up().map_err(|why| settings.problem(format!("RUNTASK_APPROVALS_KEY: {why}"))).ok()
        }
        Some(_) => secret(settings, "RUNTASK_APPROVALS_KEY"),
    };
    let previous = secret(settings, "RUNTASK_APPROVALS_PREVIOUS_KEY");
    let until = "RUNTASK_APPROVALS_PREVIOUS_KEY_UNTIL";
    if previous.is_some() && settings.text(until).is_none() {
        settings
            .problem(format!("{until} is not set: say when the previous key ends, as 2027-01-31T12:00:00Z"));
    }
    let until = settings.parsed(until, Timestamp::UNIX_EPOCH).as_second();
    let until = UnixTime(u64::try_from(until).unwrap_or(0));
    Some(Keys::new(&current?, previous.as_ref().map(|it| (it, until))))
}

fn secret(settings: &mut SettingsReader<'_>, name: &str) -> Option<Secret> {
    let text = SecretString::from(settings.text(name)?);
    let secret = text.expose_secret().trim().parse();
    secret.map_err(|why| settings.problem(format!("{name}: {why}"))).ok()
}

/// Where settings are read from, and where problems go.
struct Reading<'a, 'b> {
    settings: &'a mut SettingsReader<'b>,
    asking: &'a Asking,
}

impl Reading<'_, '_> {
    /// The secret at a place that the file names in `key` of `table`.
    fn resolve(&mut self, table: &str, key: &str, place: &Reference) -> Option<SecretString> {
        let read = place.resolve(self.settings, &self.asking.directory);
        read.map_err(|why| self.settings.problem(format!("[{table}] {key}: {why}"))).ok()
    }

    fn of(&self) -> &ApprovalSettings {
        &self.asking.settings
    }

    fn sign_in(&mut self) -> Option<SignInSettings> {
        let services = &self.asking.settings.services;
        let missing = |table: &str| {
            let identity = self.asking.settings.identity.as_str();
            format!(
                "people sign in with identity = \"{identity}\", so the tasks' file needs [approval.{table}]"
            )
        };
        match self.of().identity {
            Proof::Oidc => {
                let Some(oidc) = &services.oidc else {
                    self.settings.problem(missing("oidc"));
                    return None;
                };
                let client_secret = self.resolve("approval.oidc", "client_secret", &oidc.client_secret)?;
                Some(SignInSettings::Oidc(OidcSettings {
                    issuer: oidc.issuer.clone(),
                    client_id: oidc.client_id.clone(),
                    client_secret,
                    provider: oidc.provider.clone(),
                }))
            }
            Proof::ProxyJwt => {
                if services.proxy.is_none() {
                    self.settings.problem(missing("proxy"));
                }
                services.proxy.clone().map(SignInSettings::Proxy)
            }
            Proof::ProxyHeader => {
                if services.easy_auth_tenant.is_none() {
                    self.settings.problem(missing("easy_auth"));
                }
                services.easy_auth_tenant.clone().map(|tenant| SignInSettings::EasyAuth { tenant })
            }
            Proof::Slack => Some(SignInSettings::Slack),
            Proof::Link => Some(SignInSettings::Link),
        }
    }

    /// Every channel that can be asked.
    fn rooms(&mut self, slack: Option<&SlackApiSettings>) -> Option<BTreeMap<Channel, RoomSettings>> {
        let described = self.of().services.teams.keys().map(|it| Channel(format!("teams:{it}")));
        let all: BTreeSet<Channel> = self.asking.channels().cloned().chain(described).collect();
        let teams = all.iter().filter(|it| it.0.starts_with("teams:")).count();
        let mut rooms = BTreeMap::new();
        let mut complete = true;
        for channel in all {
            let room = match channel.0.split_once(':') {
                Some(("teams", name)) => self.teams_room(name, teams == 1),
                Some(("slack", id)) => slack.map(|api| RoomSettings::Slack {
                    id: id.to_owned(),
                    buttons: self.buttons(),
                    api: api.clone(),
                }),
                _ => None,
            };
            match room {
                Some(room) => drop(rooms.insert(channel, room)),
                None => complete = false,
            }
        }
        complete.then_some(rooms)
    }

    fn teams_room(&mut self, name: &str, is_only_one: bool) -> Option<RoomSettings> {
        let table = format!("approval.teams.{name}");
        let service = match self.asking.settings.services.teams.get(name) {
            Some(service) => service.clone(),
            None if is_only_one => TeamsService::default(),
            // One variable cannot lead to all of them.
            None => {
                self.settings.problem(format!(
                    "there is more than one channel in Teams, so the tasks' file needs [{table}] with `url`"
                ));
                return None;
            }
        };
        let url = self.resolve(&table, "url", &service.url)?;
        let webhook = url.expose_secret().parse::<TeamsWebhook>();
        let webhook = webhook.map_err(|why| self.settings.problem(format!("[{table}] url: {why}"))).ok()?;
        Some(RoomSettings::Teams { webhook, card: service.card, mentions: service.mentions })
    }

    fn buttons(&self) -> SlackButtons {
        match self.of().identity {
            Proof::Slack => SlackButtons::Votes,
            _ => SlackButtons::Links,
        }
    }

    fn slack_api(&mut self) -> Option<SlackApiSettings> {
        let is_used = self.asking.channels().any(|it| it.0.starts_with("slack:"));
        let service = match &self.asking.settings.services.slack {
            Some(service) => service.clone(),
            None if is_used => SlackService::default(),
            None => return None,
        };
        let token = self.resolve("approval.slack", "token", &service.token)?;
        let token = SlackToken::new(token.expose_secret());
        if token.is_none() {
            self.settings.problem("[approval.slack] token: it is not a bot's token, which begins with xoxb-");
        }
        Some(SlackApiSettings { token: token?, base: service.api })
    }

    /// Nothing inside where Slack's requests are not answered; nothing at all where something is wrong.
    #[expect(clippy::option_option, reason = "there may be none, and it may be wrong")]
    fn slack_app(&mut self, api: Option<&SlackApiSettings>) -> Option<Option<SlackAppSettings>> {
        let service = self.asking.settings.services.slack.clone().unwrap_or_default();
        let Some(clicks) = service.clicks else {
            if self.of().identity == Proof::Slack {
                self.settings.problem(
                    "people answer with identity = \"slack\", so the tasks' file needs [approval.slack] with `app` and \
                     `team`",
                );
                return None;
            }
            return Some(None);
        };
        let SlackClicks { app, team, signing_secret, previous_signing_secret } = clicks;
        let mut signing_secrets = Vec::new();
        let current = [("signing_secret", signing_secret)].into_iter();
        let previous = previous_signing_secret.into_iter().map(|it| ("previous_signing_secret", it));
        for (key, place) in current.chain(previous) {
            let secret = self.resolve("approval.slack", key, &place)?;
            let secret = SigningSecret::new(secret.expose_secret());
            let secret =
                secret.map_err(|why| self.settings.problem(format!("[approval.slack] {key}: {why}")));
            signing_secrets.push(secret.ok()?);
        }
        let replies = service.replies.map_or_else(|| SLACK_REPLIES.to_owned(), String::from);
        let app = SlackSettings { app, team, signing_secrets, replies };
        Some(Some(SlackAppSettings { app, api: api?.clone() }))
    }
}
