//! Reads the tables of `[approval]` that name services.

use crate::channels::teams::{CardForm, Mention};
use crate::here::is_private;
use crate::identity::{IssuerUrl, Provider, ProxySettings};
use crate::services::{OidcService, Services, SlackClicks, SlackService, TeamsService};
use runtask_settings::Reference;
use runtask_tasks::{Form, Key, Kind, Notes, Table, shown, table, words, wrong_type};
use std::collections::BTreeMap;
use toml::de::DeValue;
use url::Url;

/// `[approval.oidc]`
pub(crate) static OIDC: Kind = Kind::new(
    "`[approval.oidc]`",
    &[
        Key::required("issuer", Form::Text, "The provider's address, exactly as its tokens write it"),
        Key::required("client_id", Form::Text, "What the provider calls us"),
        Key::new("client_secret", Form::Text, "Where the secret is: env:NAME, file:PATH or ssm:///NAME"),
        Key::new("provider", Form::Word(&WAY_WORDS), "Which provider it is; as the issuer says unless set"),
        Key::new("domain", Form::Text, "The domain that Google's accounts must belong to"),
        Key::new("groups_claim", Form::Text, "The claim with people's groups"),
    ],
);

/// `[approval.proxy]`
pub(crate) static PROXY: Kind = Kind::new(
    "`[approval.proxy]`",
    &[
        Key::required("kind", Form::Word(&PROXY_WORDS), "Which proxy it is"),
        Key::new("arn", Form::Text, "The ARN of the load balancer: no other may sign anybody in"),
        Key::new("client_id", Form::Text, "The client id in the load balancer's listener rule"),
        Key::new("issuer", Form::Text, "The provider's address, exactly as its tokens write it"),
        Key::new("provider", Form::Word(&WAY_WORDS), "Which provider it is; as the issuer says unless set"),
        Key::new("domain", Form::Text, "The domain that Google's accounts must belong to"),
        Key::new("groups_claim", Form::Text, "The claim with people's groups"),
        Key::new("team", Form::Text, "https://TEAM.cloudflareaccess.com"),
        Key::new("audience", Form::Text, "Whom its tokens are for"),
        Key::new("keys", Form::Text, "Where its public keys are; as the vendor says unless set"),
    ],
);

/// `[approval.easy_auth]`
pub(crate) static EASY_AUTH: Kind = Kind::new(
    "`[approval.easy_auth]`",
    &[Key::required("tenant", Form::Text, "The directory (tenant) id of your Entra ID")],
);

/// `[approval.teams.NAME]`
pub(crate) static TEAMS: Kind = Kind::new(
    "`[approval.teams.NAME]`",
    &[
        Key::new("url", Form::Text, "Where the secret URL is: env:NAME, file:PATH or ssm:///NAME"),
        Key::new("card", Form::Word(&CARD_WORDS), "How its message is built"),
        Key::new("mentions", Form::Tables(&MENTION), "Who is called upon"),
    ],
);

/// Each of `mentions`.
pub(crate) static MENTION: Kind = Kind::new(
    "`mentions = [{ name = \"…\", id = \"…\" }]`",
    &[
        Key::required("name", Form::Text, "What to call them"),
        Key::required("id", Form::Text, "Their user principal name, or their object id in Entra ID"),
    ],
);

/// `[approval.slack]`
pub(crate) static SLACK: Kind = Kind::new(
    "`[approval.slack]`",
    &[
        Key::new("token", Form::Text, "Where the bot's token is: env:NAME, file:PATH or ssm:///NAME"),
        Key::new("app", Form::Text, "The app's id, which begins with A"),
        Key::new("team", Form::Text, "The workspace's id, which begins with T"),
        Key::new("signing_secret", Form::Text, "Where the signing secret is: env:NAME, …"),
        Key::new("previous_signing_secret", Form::Text, "Where the one before is, which verifies too"),
        Key::new("api", Form::Text, "Where the API is in place of Slack's"),
        Key::new("replies", Form::Text, "Where replies to clicks go in place of Slack's"),
    ],
);

/// The most people who are called upon in one channel: Teams takes twenty.
const MAX_MENTIONS: usize = 20;

/// Where Google's proxy has its public keys.
///
/// Source: Google Cloud, "Securing your app with signed headers".
const IAP_KEYS: &str = "https://www.gstatic.com/iap/verify/public_key-jwk";

/// Reads them. What is wrong is noted, and left out.
pub(crate) fn read_services(settings: &Table<'_>, notes: &mut Notes<'_>) -> Services {
    Services {
        oidc: settings.table("oidc", notes).and_then(|it| oidc(&it, notes)),
        proxy: settings.table("proxy", notes).and_then(|it| proxy(&it, notes)),
        easy_auth_tenant: settings
            .table("easy_auth", notes)
            .and_then(|it| required(&it, "tenant", "the directory (tenant) id of your Entra ID", notes)),
        teams: teams(settings, notes),
        slack: settings.table("slack", notes).map(|it| slack(&it, notes)),
    }
}

fn oidc(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<OidcService> {
    let issuer = issuer(table, notes);
    let client_id = required(table, "client_id", "what the provider calls us", notes);
    let client_secret = secret(table, "client_secret", notes);
    let client_secret = client_secret.unwrap_or_else(|| variable("OIDC_CLIENT_SECRET"));
    let issuer = issuer?;
    let provider = provider(table, issuer.as_str(), notes)?;
    Some(OidcService { issuer, client_id: client_id?, client_secret, provider })
}

fn issuer(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<IssuerUrl> {
    if table.entry("issuer").is_none() {
        table.missing("issuer", "the provider's address, exactly as its tokens write it", notes);
    }
    let text = table.text("issuer", notes)?;
    let issuer = IssuerUrl::new(text.text);
    issuer.map_err(|why| notes.error(text.place, why.to_string())).ok()
}

/// A kind of provider, as settings call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ways {
    Entra,
    Google,
    Okta,
    Other,
}

const WAYS: [(&str, Ways); 4] =
    [("entra", Ways::Entra), ("google", Ways::Google), ("okta", Ways::Okta), ("other", Ways::Other)];
const WAY_WORDS: [&str; 4] = words(&WAYS);

fn provider(table: &Table<'_>, issuer: &str, notes: &mut Notes<'_>) -> Option<Provider> {
    let url = Url::parse(issuer).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let is_below = |name: &str| host == name || host.ends_with(&format!(".{name}"));
    let known = if is_below("login.microsoftonline.com") || is_below("login.microsoftonline.us") {
        Ways::Entra
    } else if is_below("accounts.google.com") {
        Ways::Google
    } else if is_below("okta.com") || is_below("oktapreview.com") {
        Ways::Okta
    } else {
        Ways::Other
    };
    let ways = match table.entry("provider") {
        Some(_) => table.word("provider", &WAYS, notes)?,
        None => known,
    };
    let place = |key| table.entry(key).map_or_else(|| table.place(), |(_, value)| value.span());
    if known != Ways::Other && ways != known {
        let word = WAYS.iter().find(|it| it.1 == known).map_or("other", |it| it.0);
        notes.error(
            place("provider"),
            format!("this issuer is of the provider `{word}`: take `provider` out"),
        );
    }
    for (key, of) in [("domain", &[Ways::Google][..]), ("groups_claim", &[Ways::Okta, Ways::Other])] {
        if table.entry(key).is_some() && !of.contains(&ways) {
            notes.error(place(key), format!("`{key}` is not for this provider: take it out"));
        }
    }
    let groups_claim = table.text("groups_claim", notes).map(|it| it.text.to_owned());
    match ways {
        Ways::Entra => {
            let tenant = url.as_ref().and_then(|it| it.path_segments()?.next().map(str::to_owned));
            let tenant = tenant.filter(|it| !it.is_empty());
            if tenant.is_none() {
                notes.error(place("issuer"), "the issuer must have the tenant's id in its path");
            }
            Some(Provider::Entra { tenant: tenant? })
        }
        Ways::Google => {
            let domain = required(table, "domain", "the domain that accounts must belong to", notes)?;
            Some(Provider::Google { domain })
        }
        Ways::Okta => {
            Some(Provider::Okta { groups_claim: groups_claim.unwrap_or_else(|| "groups".to_owned()) })
        }
        Ways::Other => Some(Provider::Other { groups_claim }),
    }
}

/// A proxy, as settings call it, and the keys that are for it.
const PROXIES: [(&str, &[&str]); 3] = [
    ("alb", &["kind", "arn", "client_id", "issuer", "provider", "domain", "groups_claim", "keys"]),
    ("cloudflare", &["kind", "team", "audience"]),
    ("iap", &["kind", "audience", "keys"]),
];
const PROXY_WORDS: [&str; 3] = words(&PROXIES);

const CARDS: [(&str, CardForm); 3] =
    [("envelope", CardForm::Envelope), ("bare", CardForm::Bare), ("text", CardForm::Text)];
const CARD_WORDS: [&str; 3] = words(&CARDS);

fn proxy(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<ProxySettings> {
    if table.entry("kind").is_none() {
        table.missing("kind", "write which proxy it is: `alb`, `cloudflare` or `iap`", notes);
    }
    let (kind, keys) = table.word("kind", &PROXIES.map(|it| (it.0, it)), notes)?;
    for key in PROXY.names().filter(|it| !keys.contains(it)) {
        if let Some((name, _)) = table.entry(key) {
            notes.error(name.span(), format!("`{key}` is not for the proxy `{kind}`: take it out"));
        }
    }
    let keys = address(table, "keys", notes);
    match kind {
        "alb" => {
            let arn =
                required(table, "arn", "the ARN of your load balancer: no other may sign anybody in", notes);
            let client_id =
                required(table, "client_id", "the client id in the load balancer's listener rule", notes);
            let issuer = issuer(table, notes).map(|it| it.as_str().to_owned());
            let provider = provider(table, issuer.as_deref().unwrap_or_default(), notes);
            let arn = arn?;
            let keys = keys.or_else(|| alb_keys(&arn));
            if keys.is_none() {
                let place = table.entry("arn").map_or_else(|| table.place(), |(_, value)| value.span());
                notes.error(
                    place,
                    "this is no ARN of a load balancer: `arn:aws:elasticloadbalancing:REGION:…`",
                );
            }
            Some(ProxySettings::Alb {
                arn,
                client_id: client_id?,
                keys: keys?,
                issuer: issuer?,
                provider: provider?,
            })
        }
        "cloudflare" => {
            let audience = required(table, "audience", "the application's audience (AUD) tag", notes);
            if table.entry("team").is_none() {
                table.missing("team", "write `https://TEAM.cloudflareaccess.com`", notes);
            }
            Some(ProxySettings::Cloudflare { team: address(table, "team", notes)?, audience: audience? })
        }
        _ => {
            let audience =
                required(table, "audience", "`/projects/NUMBER/…`, as the console shows it", notes);
            let keys = keys.or_else(|| Url::parse(IAP_KEYS).ok());
            Some(ProxySettings::Iap { audience: audience?, keys: keys? })
        }
    }
}

/// Where the load balancers of an ARN's region have their public keys.
///
/// Source: AWS, "Authenticate users using an Application Load Balancer".
fn alb_keys(arn: &str) -> Option<Url> {
    let mut parts = arn.split(':');
    let is_alb =
        parts.next() == Some("arn") && parts.next().is_some() && parts.next() == Some("elasticloadbalancing");
    let region = parts.next().filter(|_| is_alb)?;
    let plain = !region.is_empty() && region.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    Url::parse(&format!("https://public-keys.auth.elb.{region}.amazonaws.com")).ok().filter(|_| plain)
}

fn teams(settings: &Table<'_>, notes: &mut Notes<'_>) -> BTreeMap<String, TeamsService> {
    let mut teams = BTreeMap::new();
    let Some((_, value)) = settings.entry("teams") else { return teams };
    let Some(entries) = table(value, "teams", notes) else { return teams };
    for (name, value) in entries {
        let text = name.get_ref().as_ref();
        if TEAMS.has(text) && !value.get_ref().is_table() {
            let message =
                format!("a channel has a name: write `[approval.teams.payments]`, and there `{text}`");
            notes.error(name.span(), message);
            continue;
        }
        let Some(entries) = table(value, &format!("channel `{}`", shown(text)), notes) else { continue };
        let Some(below) = settings.below("teams", entries, name.span(), notes) else { continue };
        let default = TeamsService::default();
        let service = TeamsService {
            url: secret(&below, "url", notes).unwrap_or(default.url),
            card: below.word("card", &CARDS, notes).unwrap_or(default.card),
            mentions: mentions(&below, notes),
        };
        teams.insert(text.to_owned(), service);
    }
    teams
}

fn mentions(channel: &Table<'_>, notes: &mut Notes<'_>) -> Vec<Mention> {
    let Some((_, value)) = channel.entry("mentions") else { return Vec::new() };
    let DeValue::Array(items) = value.get_ref() else {
        wrong_type(value, "mentions", "a list: `[{ name = \"…\", id = \"…\" }]`", notes);
        return Vec::new();
    };
    if items.len() > MAX_MENTIONS {
        notes.error(
            value.span(),
            format!("`mentions` is a list of {}, and {MAX_MENTIONS} are allowed", items.len()),
        );
        return Vec::new();
    }
    let mut mentions = Vec::new();
    for item in items.iter() {
        let Some(entries) = table(item, "each of `mentions`", notes) else { continue };
        let Some(below) = channel.below("mentions", entries, item.span(), notes) else { continue };
        let name = required(&below, "name", "what to call them", notes);
        let id = required(&below, "id", "their user principal name, or their object id in Entra ID", notes);
        mentions.extend(name.zip(id).map(|(name, id)| Mention { name, id }));
    }
    mentions
}

fn slack(table: &Table<'_>, notes: &mut Notes<'_>) -> SlackService {
    let default = SlackService::default();
    let keys = ["app", "team", "signing_secret", "previous_signing_secret"];
    let clicks = if keys.iter().any(|it| table.entry(it).is_some()) { clicks(table, notes) } else { None };
    SlackService {
        token: secret(table, "token", notes).unwrap_or(default.token),
        clicks,
        api: address(table, "api", notes),
        replies: address(table, "replies", notes),
    }
}

fn clicks(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<SlackClicks> {
    let app = required(table, "app", "the app's id, which begins with A", notes);
    let team = required(table, "team", "the workspace's id, which begins with T", notes);
    let signing_secret = secret(table, "signing_secret", notes);
    let previous_signing_secret = secret(table, "previous_signing_secret", notes);
    let signing_secret = signing_secret.unwrap_or_else(|| variable("SLACK_SIGNING_SECRET"));
    Some(SlackClicks { app: app?, team: team?, signing_secret, previous_signing_secret })
}

fn variable(name: &str) -> Reference {
    Reference::Variable(name.to_owned())
}

/// A text that must be there.
fn required(table: &Table<'_>, key: &str, meaning: &str, notes: &mut Notes<'_>) -> Option<String> {
    if table.entry(key).is_none() {
        table.missing(key, meaning, notes);
    }
    table.text(key, notes).map(|it| it.text.to_owned())
}

/// An address to which things are sent that nobody may read on the way.
fn address(table: &Table<'_>, key: &str, notes: &mut Notes<'_>) -> Option<Url> {
    let text = table.text(key, notes)?;
    let url = Url::parse(text.text).ok().filter(is_private);
    if url.is_none() {
        let message =
            format!("`{}` is no address: write `https://…` (http:// only on this machine)", shown(text.text));
        notes.error(text.place, message);
    }
    url
}

/// Where a secret is, if that is said.
fn secret(table: &Table<'_>, key: &str, notes: &mut Notes<'_>) -> Option<Reference> {
    let text = table.text(key, notes)?;
    let reference = Reference::parse(text.text);
    if reference.is_none() {
        // Not at the line itself, which would be shown, and may hold the secret.
        let message = format!(
            "`{key}` is a secret and does not belong into this file: write where it is, `env:NAME` for a variable, \
             `file:PATH`, or `ssm:///NAME`"
        );
        notes.error(table.place(), message);
    }
    reference
}
