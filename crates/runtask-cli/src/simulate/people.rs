//! Plays the people whom a task asks, and the services around them: an identity provider and a channel.
//!
//! Whatever services the tasks' file names, they are not called: stand-ins take their places, in which everybody has the roles
//! and groups of the provider that the file knows. Who is who, and who has to approve, is the file's.

use super::arguments::SimulateArguments;
use anyhow::{Context, anyhow, bail};
use runtask_approval_handler::{HandlerSettings, RoomSettings, SignInSettings};
use runtask_approvals::channels::LinkForm;
use runtask_approvals::channels::teams::{CardForm, TeamsWebhook};
use runtask_approvals::identity::{IssuerUrl, OidcSettings, Provider};
use runtask_approvals::{Directory, Keys, Proof, PublicAddress, Secret};
use runtask_findings::printable;
use runtask_setup::Asking;
use runtask_simulator::stand_ins::{Account, Flow, StandInIssuer, StandInTeams, Visitor, Wish};
use runtask_terminal::output::Output;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// The pause between two looks at the channel.
const PAUSE: Duration = Duration::from_millis(50);

/// What our run task is called at the stand-in provider.
const CLIENT: &str = "runtask-simulate";

/// The services around a run task that asks people, and what is to happen.
#[derive(Debug)]
pub(crate) struct Crowd {
    issuer: StandInIssuer,
    teams: StandInTeams,
    accounts: Vec<String>,
    plot: Plot,
    workspace: String,
}

/// What people do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plot {
    /// Each does something, one after the other.
    Answers(Vec<(String, &'static str)>),
    /// Nothing, until the time is up.
    Nothing,
    /// Whatever somebody at this machine does.
    ByHand,
}

impl Plot {
    /// What the command line says.
    pub(crate) fn of(arguments: &SimulateArguments) -> Self {
        let approve = arguments.approve_as.iter().map(|it| (it.clone(), "approve"));
        let reject = arguments.reject_as.iter().map(|it| (it.clone(), "reject"));
        let answers: Vec<_> = approve.chain(reject).collect();
        match (answers.is_empty(), arguments.let_expire) {
            (false, _) => Self::Answers(answers),
            (true, true) => Self::Nothing,
            (true, false) => Self::ByHand,
        }
    }
}

impl Crowd {
    /// Starts the services, for pages at `address`; with what approvals have to know of them.
    pub(crate) async fn start(
        asking: &Asking,
        plot: Plot,
        workspace: &str,
        address: SocketAddr,
    ) -> anyhow::Result<(Self, HandlerSettings)> {
        let directory = &asking.settings.directory;
        let accounts = match &plot {
            Plot::Answers(answers) => answers.iter().map(|it| it.0.clone()).collect(),
            Plot::Nothing => BTreeSet::new(),
            Plot::ByHand => everybody(directory),
        };
        let accounts: Vec<String> = accounts.into_iter().collect();
        let made = accounts.iter().map(|it| account(it, directory)).collect();
        let (loopback, secret) = (SocketAddr::new(address.ip(), 0), Uuid::new_v4().simple().to_string());
        let callback = format!("http://{address}/-/signin/callback");
        let issuer = StandInIssuer::start(loopback, CLIENT, &secret, vec![callback], made).await?;
        let teams = StandInTeams::start(loopback, Flow::Template).await?;
        let sign_in = match asking.settings.identity {
            Proof::Link => SignInSettings::Link,
            _ => SignInSettings::Oidc(OidcSettings {
                issuer: IssuerUrl::new(issuer.issuer())?,
                client_id: CLIENT.to_owned(),
                client_secret: secret.into(),
                provider: Provider::Other { groups_claim: Some("groups".to_owned()) },
            }),
        };
        let mut rooms = BTreeMap::new();
        for channel in asking.channels() {
            let webhook: TeamsWebhook = teams.webhook().parse()?;
            rooms.insert(
                channel.clone(),
                RoomSettings::Teams { webhook, card: CardForm::Envelope, mentions: Vec::new() },
            );
        }
        let settings = HandlerSettings {
            address: PublicAddress::new(&format!("http://{address}"))?,
            keys: Arc::new(Keys::new(&Secret::made_up()?, None)),
            directory: directory.clone(),
            sign_in,
            rooms,
            slack: None,
            links: LinkForm::Pages,
        };
        Ok((Self { issuer, teams, accounts, plot, workspace: workspace.to_owned() }, settings))
    }

    /// Does what people do, once they are asked. Ends only when something is wrong.
    pub(crate) async fn act(&self, output: &Output) -> anyhow::Error {
        match self.play(output).await {
            Ok(()) => std::future::pending().await,
            Err(error) => error,
        }
    }

    async fn play(&self, output: &Output) -> anyhow::Result<()> {
        let link = self.link().await;
        match &self.plot {
            Plot::Nothing => output.note("Nobody answers, and the clock of approvals goes faster\n"),
            Plot::ByHand => {
                let names = self.accounts.join(", ");
                output.note(&format!(
                    "People are asked. Open this address, and sign in as one of {names}:\n  {link}\n"
                ));
            }
            Plot::Answers(answers) => {
                for (name, decision) in answers {
                    output.note(&format!("{} decides: {decision}\n", printable(name)));
                    self.answer(&link, name, decision).await?;
                }
            }
        }
        Ok(())
    }

    /// Where the first card leads that is shown.
    async fn link(&self) -> Url {
        loop {
            let posted = self.teams.posted();
            if let Some(link) = posted.iter().filter_map(|it| it.shown.as_ref()).find_map(link) {
                return link;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn answer(&self, link: &Url, name: &str, decision: &str) -> anyhow::Result<()> {
        let wish = Wish { account: name, decision, reason: "simulated", workspace: &self.workspace };
        let mut visitor = Visitor::new().map_err(|error| anyhow!(error))?;
        let page = visitor.sign_in(link, name).await.map_err(|error| anyhow!(error))?;
        let who = printable(name);
        let Ok(answered) = visitor.hand_in(&page, wish).await else {
            let why = alert(&page.text).context("the page does not say why")?;
            bail!("{who} cannot {decision} this run: {why}");
        };
        if !answered.status.is_success() {
            let why = alert(&answered.text).unwrap_or_default();
            bail!("{who} could not {decision} this run: {why}");
        }
        let complaints = self.issuer.complaints();
        if complaints.is_empty() { Ok(()) } else { bail!("signing in went wrong: {}", complaints.join("; ")) }
    }
}

/// What a page says of why somebody cannot answer.
fn alert(page: &str) -> Option<String> {
    let marked = page.split("role=\"alert\"").nth(1).or_else(|| page.split("class=\"why\"").nth(1))?;
    let html = marked.split_once('>')?.1.split("</p>").next()?;
    let text: String = html.split('<').map(|it| it.split_once('>').map_or(it, |(_tag, text)| text)).collect();
    Some(text.trim_start_matches("Nothing has changed. ").to_owned())
}

fn link(card: &Value) -> Option<Url> {
    let actions = card.get("actions")?.as_array()?;
    let url =
        actions.iter().find(|it| it.get("style").and_then(Value::as_str) == Some("positive"))?.get("url")?;
    url.as_str()?.parse().ok()
}

/// Everybody of whom the file has an address, or another identifier.
fn everybody(directory: &Directory) -> BTreeSet<String> {
    let of_groups = directory.groups.values().flat_map(|it| &it.people);
    let all = of_groups.chain(directory.people.values().flatten());
    let known = all.filter(|it| !it.starts_with("slack:")).cloned().collect::<BTreeSet<_>>();
    if known.is_empty() { BTreeSet::from(["somebody@example.com".to_owned()]) } else { known }
}

/// An account for whom settings call `name`: an identifier, or a user of HCP Terraform.
fn account(name: &str, directory: &Directory) -> Account {
    let identifier = directory.people.get(name).and_then(|it| it.iter().find(|it| !it.starts_with("slack:")));
    let identifier = identifier.map_or(name, String::as_str);
    let subject =
        identifier.strip_prefix("sub:").or_else(|| identifier.strip_prefix("oid:")).unwrap_or(identifier);
    let roles: BTreeSet<&String> = directory.groups.values().flat_map(|it| &it.roles).collect();
    let groups: BTreeSet<&String> = directory.groups.values().flat_map(|it| &it.groups).collect();
    let mut claims = json!({ "sub": subject, "name": name, "roles": roles, "groups": groups });
    if let (true, Some(fields)) = (identifier.contains('@'), claims.as_object_mut()) {
        fields.insert("email".to_owned(), identifier.into());
        fields.insert("email_verified".to_owned(), true.into());
    }
    let claims = claims.as_object().cloned().unwrap_or_default();
    Account { name: name.to_owned(), claims }
}
