//! A company in which people approve runs: its identity provider, its channel in Teams, and HCP Terraform.

use std::path::Path;
use std::time::{Duration, Instant};

use runtask_simulator::stand_ins::{Account, Flow, Page, StandInIssuer, StandInTeams, Visitor, Wish};
use runtask_simulator::{PreparedRun, Record, RunSpec, Simulator};
use runtask_tests::front::Front;
use runtask_tests::serve::Serve;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::run::{PATIENCE, deliver, origins, simulator, spec};
use runtask_simulator::Configuration;

/// Secrets, none of which may get into a log or a store.
pub(crate) const CLIENT_SECRET: &str = "example-client-secret-of-the-flows";
pub(crate) const KEY: &str = "oqKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8A=";
/// What the address of the stand-in's webhook has in it.
pub(crate) const WEBHOOK_SECRET: &str = "stand-in-signature";

/// Everything around a run task that asks people.
pub(crate) struct Company {
    pub(crate) simulator: Simulator,
    pub(crate) issuer: StandInIssuer,
    pub(crate) teams: StandInTeams,
    pub(crate) front: Front,
    files: TempDir,
}

/// The identity of `[approval]` in which ada, edsger and grace are known; grace has started every run.
pub(crate) const PEOPLE: &str = r#"
[approval.people]
simulated-user = ["grace@example.com"]
[approval.groups]
payments = { people = ["ada@example.com", "edsger@example.com", "grace@example.com"] }
"#;

/// A task that asks two of them.
pub(crate) const TWO_APPROVE: &str = r#"
[tasks.default.approval]
required = [{ group = "payments", count = 2 }]
channels = ["teams:payments"]
"#;

impl Company {
    /// Starts it. Nobody answers at its front yet.
    pub(crate) async fn start() -> Self {
        let front = Front::start().await;
        let callback = format!("{}/-/signin/callback", front.url());
        let address = "127.0.0.1:0".parse().unwrap();
        let accounts = ["ada", "edsger", "grace", "mallory"].map(account).to_vec();
        let issuer = StandInIssuer::start(address, "runtask", CLIENT_SECRET, vec![callback], accounts);
        let issuer = issuer.await.unwrap();
        let teams = StandInTeams::start(address, Flow::Template).await.unwrap();
        Self { simulator: simulator().await, issuer, teams, front, files: tempfile::tempdir().unwrap() }
    }

    /// The path of a tasks' file with these tables, and the identity provider.
    pub(crate) fn file(&self, tables: &str) -> String {
        let path = self.files.path().join("runtask.toml");
        let oidc =
            format!("[approval.oidc]\nissuer = \"{}\"\nclient_id = \"runtask\"\n", self.issuer.issuer());
        std::fs::write(&path, format!("{tables}\n{oidc}")).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// One replica with this file, which nobody reaches through the front yet.
    pub(crate) async fn replica(&self, file: &str, more: &[(&str, &str)]) -> Serve {
        let (origins, webhook, url) = (origins(&self.simulator), self.teams.webhook(), self.front.url());
        let settings = [
            ("RUNTASK_ALLOWED_ORIGINS", &*origins),
            ("RUNTASK_CONFIG", file),
            ("RUNTASK_SWEEP_INTERVAL_MS", "250"),
            ("BASE_PUBLIC_URL", &*url),
            ("RUNTASK_APPROVALS_KEY", KEY),
            ("TEAMS_WEBHOOK_URL", &*webhook),
            ("OIDC_CLIENT_SECRET", CLIENT_SECRET),
        ];
        let serve = Serve::start(&[&settings[..], more].concat()).await;
        for secret in [CLIENT_SECRET, KEY, WEBHOOK_SECRET] {
            serve.keeps_secret(secret);
        }
        serve
    }

    /// One replica behind the front.
    pub(crate) async fn serve(&self, tables: &str, more: &[(&str, &str)]) -> Serve {
        let serve = self.replica(&self.file(tables), more).await;
        self.front.lead_to(&[serve.address()]);
        serve
    }

    /// HCP Terraform sends the request of a run.
    pub(crate) async fn run(&self, spec: RunSpec) -> PreparedRun {
        let run = self.simulator.prepare(spec).await.unwrap();
        deliver(&run, &format!("{}/", self.front.url())).await;
        run
    }

    /// Where the card leads that asks about a workspace, once it is in Teams.
    pub(crate) async fn link(&self, workspace: &str) -> Url {
        self.link_within(workspace, PATIENCE).await
    }

    /// The same, where that may take longer.
    pub(crate) async fn link_within(&self, workspace: &str, patience: Duration) -> Url {
        let since = Instant::now();
        loop {
            if let Some(link) = self.teams.posted().iter().find_map(|it| link(it.shown.as_ref()?, workspace))
            {
                return link;
            }
            assert!(
                since.elapsed() < patience,
                "nobody was asked about {workspace}: {:#?}",
                self.teams.posted()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What was shown in Teams, and nothing in it that looks wrong.
    pub(crate) fn shown(&self) -> Vec<String> {
        let posted = self.teams.posted();
        for it in &posted {
            assert_eq!(it.complaints, Vec::<String>::new(), "{:#}", it.body);
        }
        assert_eq!(self.issuer.complaints(), Vec::<String>::new());
        posted.iter().map(|it| it.body.to_string()).collect()
    }
}

/// Somebody answers, in a browser of their own.
pub(crate) async fn answer(link: &Url, name: &str, decision: &str) -> Result<Page, String> {
    let wish = Wish { account: name, decision, reason: "as agreed", workspace: WORKSPACE };
    Visitor::new()?.answer(link, wish).await
}

/// Somebody looks, and what they see has this in it.
pub(crate) async fn sees(link: &Url, name: &str, text: &str) -> Page {
    let page = Visitor::new().unwrap().sign_in(link, name).await.unwrap();
    assert!(page.text.contains(text), "`{text}` is missing: {page:?}");
    page
}

/// The workspace of runs whose plan is not of interest.
pub(crate) const WORKSPACE: &str = "simulated-workspace";

/// A run after a plan that destroys something.
pub(crate) fn destroying() -> RunSpec {
    let plan = json!({ "format_version": "1.2", "resource_changes": [{ "address": "aws_db_instance.ledger",
        "change": { "actions": ["delete"], "before": { "password": "a-value-of-the-plan" } } }] });
    RunSpec { plan: Some(plan.to_string().into()), ..spec(Configuration::None) }
}

/// The end of a run, when it has come.
pub(crate) async fn ended(run: &PreparedRun) -> Record {
    run.wait_final(PATIENCE * 2).await
}

fn account(name: &str) -> Account {
    let claims = json!({ "sub": format!("subject-{name}"), "email": format!("{name}@example.com"), "email_verified": true });
    Account { name: name.to_owned(), claims: claims.as_object().unwrap().clone() }
}

fn link(card: &Value, workspace: &str) -> Option<Url> {
    let is_about = card.to_string().contains(workspace);
    let actions = card["actions"].as_array().filter(|_| is_about)?;
    let approve =
        actions.iter().find(|it| it["title"].as_str().is_some_and(|it| it.starts_with("Approve")))?;
    approve["url"].as_str()?.parse().ok()
}

/// All that is in a directory, as text.
pub(crate) fn contents(directory: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&contents(&path));
        } else {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    text
}
