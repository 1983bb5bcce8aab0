//! Approvals as they are deployed: a run asks, somebody answers at a URL of its own, and the sweep does what is left. The
//! schedule, which moto keeps and does not fire, is played by the tests.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runtask_log::event;
use runtask_simulator::stand_ins::{Account, Flow, Page, StandInIssuer, StandInTeams, Visitor, Wish};
use runtask_simulator::{Fault, PreparedRun, Record, RunSpec, Simulator, Timers};
use runtask_tests::aws;
use runtask_tests::deployment::{Deployed, Deployment};
use runtask_tests::log_events::LogEvents;
use runtask_tests::secrets::assert_no_secrets;
use runtask_tests::stack::Stack;
use serde_json::{Value, json};
use url::Url;

use super::flow::{is_lambdas, levels};
use super::{deployment, key, target};
use crate::run::{PATIENCE, formatted, result, simulator, spec};

const CLIENT_SECRET: &str = "the-client-secret-of-an-example";

/// How long the one who has an approval keeps it when they die, and a little.
const LEASE: Duration = Duration::from_secs(90);

/// A deployment with everybody around it.
struct World {
    stack: Stack,
    simulator: Simulator,
    teams: StandInTeams,
    _issuer: StandInIssuer,
    deployment: Deployment,
    key: String,
}

impl World {
    async fn start() -> Self {
        let variables = [
            ("fmt_engine", "native"),
            ("tasks_file", "ssm:///acme/runtask.toml"),
            ("tasks", "[\"default\"]"),
            ("approvals", "{ secrets = [\"/acme/oidc\", \"/acme/teams\"] }"),
        ];
        let stack = Stack::apply_with_approvals(&variables).await;
        let url = stack.outputs().await["approvals_url"].as_str().unwrap().to_owned();
        let here = || "127.0.0.1:0".parse().unwrap();
        let teams = StandInTeams::start(here(), Flow::Template).await.unwrap();
        let account = |name: &str| {
            let claims = json!({"sub": name, "email": format!("{name}@example.com"), "email_verified": true});
            Account { name: name.to_owned(), claims: claims.as_object().unwrap().clone() }
        };
        let accounts = ["ada", "edsger", "mallory"].map(account).into();
        let back = vec![format!("{url}/-/signin/callback")];
        let issuer = StandInIssuer::start(here(), "runtask", CLIENT_SECRET, back, accounts).await.unwrap();
        let tasks = format!(
            r#"
[approval]
identity = "oidc"
unknown_creator = "allow"

[approval.oidc]
issuer = "{}"
client_id = "runtask"
client_secret = "ssm:///acme/oidc"

[approval.teams.payments]
url = "ssm:///acme/teams"

[approval.groups]
payments = {{ people = ["ada@example.com", "edsger@example.com"] }}

[tasks.default]
checks = ["fmt"]

[tasks.default.approval]
required = [{{ group = "payments" }}]
channels = ["teams:payments"]
"#,
            issuer.issuer()
        );
        let endpoint = stack.moto.endpoint();
        aws::put_parameter(endpoint, "/acme/runtask.toml", &tasks).await;
        aws::put_secret(endpoint, "/acme/oidc", CLIENT_SECRET).await;
        aws::put_secret(endpoint, "/acme/teams", &teams.webhook()).await;
        let simulator = simulator().await;
        let deployment = deployment(&stack, &simulator, |_, function| function).await;
        let key = key(&stack, None).await;
        Self { stack, simulator, teams, _issuer: issuer, deployment, key }
    }

    fn function(&self, name: &str) -> &Deployed {
        self.deployment.functions.iter().find(|it| it.name.ends_with(name)).unwrap()
    }

    /// A run that waits for people as long as it takes.
    async fn prepare(&self, faults: &[Fault]) -> PreparedRun {
        let spec = RunSpec { faults: faults.into(), timers: Timers::HCP_TERRAFORM, ..spec(formatted()) };
        self.simulator.prepare(spec).await.unwrap()
    }

    /// What the schedule does once a minute.
    async fn sweep(&self) {
        let answer =
            self.deployment.double.invoke(&self.function("sweep").name, &json!({"version": 1})).await;
        assert!(answer.is_success(), "{answer:?}\n{}", self.deployment.logs());
    }

    /// The run asks: everybody who has to be told of that is.
    async fn ask(&self, run: &PreparedRun) {
        let before = self.teams.posted().len();
        assert_eq!(run.deliver(&target(&self.deployment, &self.key)).await.unwrap(), Some(200));
        self.deployment.double.wait_idle(PATIENCE).await;
        let posted = self.teams.posted();
        assert_eq!(posted.len(), before + 1, "{}", self.deployment.logs());
        assert!(posted[before].shown.is_some(), "{:?}", posted[before].complaints);
        assert!(!run.record().result.status.is_final());
    }

    /// Somebody with a browser, and the first link of the newest question.
    async fn visitor(&self) -> (Visitor, Url) {
        let public = self.stack.outputs().await["approvals_url"].as_str().unwrap().to_owned();
        let posted = self.teams.posted();
        let card = posted.last().unwrap().body.to_string();
        let path = card.split(&*public).nth(1).and_then(|it| it.split('"').next()).unwrap();
        let mut visitor = Visitor::new().unwrap();
        // Of AWS's names, nobody here knows any.
        let handler = &self.function("approval-handler").name;
        let at = self.deployment.double.function_url(handler).parse().unwrap();
        visitor.reaches(&public.parse().unwrap(), at);
        (visitor, format!("{public}{path}").parse().unwrap())
    }

    /// Somebody follows the link, signs in, and answers.
    async fn answer(&self, account: &str, decision: &str) -> Page {
        let (mut visitor, link) = self.visitor().await;
        let wish = Wish { account, decision, reason: "it is on fire", workspace: "simulated-workspace" };
        visitor.answer(&link, wish).await.unwrap()
    }

    /// Everything in the table of approvals, as text.
    async fn table(&self) -> String {
        let table = self.stack.outputs().await["approvals_table"].clone();
        let endpoint = self.stack.moto.endpoint();
        let scan = json!({"TableName": table});
        let answer = aws::call(endpoint, "dynamodb", "DynamoDB_20120810.Scan", &scan).await;
        let items = answer["Items"].as_array().unwrap().iter();
        let content = |it: &Value| {
            use base64::Engine;
            let content = it["content"]["B"].as_str().unwrap();
            String::from_utf8(base64::prelude::BASE64_STANDARD.decode(content).unwrap()).unwrap()
        };
        items.map(|it| format!("{} {}\n", it["id"]["S"], content(it))).collect()
    }

    /// P-19: neither what is logged nor what is kept holds a secret.
    async fn assert_keeps_secrets(&self, run: &PreparedRun) {
        let endpoint = self.stack.moto.endpoint();
        let name = json!({"Name": "/runtask/approval-key", "WithDecryption": true});
        let answer = aws::call(endpoint, "ssm", "AmazonSSM.GetParameter", &name).await;
        let approval_key = answer["Parameter"]["Value"].as_str().unwrap();
        assert_eq!(hex::decode(approval_key).unwrap().len(), 32);
        let webhook = self.teams.webhook();
        let secrets = [run.token(), &self.key, approval_key, CLIENT_SECRET, &webhook];
        assert_no_secrets(&self.deployment.logs(), &secrets);
        assert_no_secrets(&self.table().await, &secrets);
    }
}

/// T-18, T-19, T-33, T-35, T-36, T-50, T-53: one result, by whoever may give it; and each role may do what its function does
/// and nothing else.
#[tokio::test]
async fn a_deployed_run_waits_until_somebody_approves_it() {
    let world = World::start().await;
    let run = world.prepare(&[]).await;
    world.ask(&run).await;
    assert!(world.table().await.contains("sealed_token"));

    // A request that comes again asks nobody again, nor does a sweep.
    assert_eq!(run.deliver(&target(&world.deployment, &world.key)).await.unwrap(), Some(200));
    world.deployment.double.wait_idle(PATIENCE).await;
    world.sweep().await;
    assert_eq!(world.teams.posted().len(), 1);

    let (mut visitor, link) = world.visitor().await;
    let page = visitor.sign_in(&link, "mallory").await.unwrap();
    assert!(page.status == 200 && !page.text.contains("value=\"approve\""), "{page:?}");
    let page = world.answer("ada", "approve").await;
    assert_eq!(page.status, 200, "{page:?}");
    let record = run.wait_final(PATIENCE).await;
    let (status, message) = result(&record);
    assert_eq!(status, "passed");
    assert!(message.contains("ada@example.com"), "{message}");
    world.sweep().await;
    assert_eq!(world.teams.posted().len(), 2, "how it ended is told once");

    let table = world.table().await;
    assert!(!table.contains("sealed_token"), "the run's token is gone with the verdict");
    for fact in ["asked", "vote/0", "decided", "ended"] {
        assert!(table.contains(&format!("#audit/{fact}")), "{fact}: {table}");
    }
    world.assert_keeps_secrets(&run).await;
    each_may_do_what_it_does(&world.deployment);
    let logs = world.deployment.logs();
    assert_eq!(levels(&logs, "ApprovalsOpen"), [1, 0]);
    assert_eq!(levels(&logs, "ApprovalsUndelivered"), [0, 0]);
    assert_eq!(levels(&logs, "ApprovalsUnsent"), [0, 0]);
}

/// The permissions of the functions that approvals change, and those that they use.
fn each_may_do_what_it_does(deployment: &Deployment) {
    assert_eq!(deployment.gate.refused(), [""; 0]);
    for deployed in &deployment.functions {
        if deployed.name.ends_with("failure-handler") {
            continue;
        }
        let allowed = deployment.gate.allowed(&deployed.role);
        let ours: BTreeSet<_> = allowed.into_iter().filter(|it| !is_lambdas(it, deployed)).collect();
        assert_eq!(deployment.gate.used(&deployed.role), ours, "{}", deployed.name);
    }
}

/// T-18: nobody answers in time. The request is older than people have to answer.
#[tokio::test]
async fn a_run_that_nobody_answers_for_fails_by_the_sweep() {
    let world = World::start().await;
    let run = world.prepare(&[]).await;
    let ten_minutes_ago = SystemTime::now() - Duration::from_secs(600);
    let mut job: Value = serde_json::from_slice(&run.body()).unwrap();
    let received_at = u64::try_from(ten_minutes_ago.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    job["runtask"] = json!({"version": 1, "task": "default", "received_at_ms": received_at});
    let handler = &world.function("callback-handler").name;
    assert_eq!(world.deployment.double.invoke(handler, &job).await.payload(), "people are asked");
    world.deployment.double.wait_idle(PATIENCE).await;
    world.sweep().await;
    let (status, message) = result_of(&run);
    assert_eq!(status, "failed", "{message}");
    assert!(world.table().await.contains("\"cause\":\"expired\""), "{}", world.table().await);
    world.assert_keeps_secrets(&run).await;
}

fn result_of(run: &PreparedRun) -> (String, String) {
    let record = run.record();
    let (status, message) = result(&record);
    (status.to_owned(), message.to_owned())
}

/// Whoever was answering dies after HCP Terraform has the verdict and before it knows so: the sweep finds out.
#[tokio::test]
async fn a_verdict_whose_sender_dies_is_given_once() {
    let world = World::start().await;
    let run = world.prepare(&[Fault::CallbackSlow]).await;
    world.ask(&run).await;
    let handler = world.function("approval-handler").name.clone();
    let killer = async {
        let given = |record: &Record| record.result.status.is_final();
        assert!(run.wait_until(PATIENCE, given).await);
        world.deployment.double.kill(&handler)
    };
    let (page, killed) = tokio::join!(world.answer("edsger", "reject"), killer);
    assert_eq!((page.status.as_u16(), killed), (502, 1), "{page:?}");
    assert!(world.table().await.contains("\"is\":\"decided\""));

    // Whoever died had the approval for a minute.
    let until = tokio::time::Instant::now() + LEASE;
    while world.teams.posted().len() < 2 {
        assert!(tokio::time::Instant::now() < until, "{}", world.deployment.logs());
        world.sweep().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let record = run.record();
    assert_eq!((record.result.status.as_str(), record.finals_accepted), ("failed", 1), "{record:#?}");
    let message = record.result.message.as_deref().unwrap_or_default();
    assert!(message.contains("edsger@example.com"), "{message}");
    assert!(world.table().await.contains("\"is\":\"reported\""));
    assert!(LogEvents::read(&world.deployment.logs()).has(event::APPROVAL_REPORTED));
    world.assert_keeps_secrets(&run).await;
}

/// The callback handler dies between keeping the question and ending its claim: Lambda's second attempt finds the question.
#[tokio::test]
async fn a_question_whose_asker_dies_is_asked_once() {
    let world = World::start().await;
    let run = world.prepare(&[]).await;
    let handler = world.function("callback-handler").name.clone();
    // It calls the sweep when the question is kept, and is not answered.
    let sweep = world.function("sweep");
    world.deployment.double.hang_invokes(&sweep.name, 1000);
    let calls = |(action, resource): &(String, String)| {
        action == "lambda:InvokeFunction" && resource.ends_with(&sweep.name)
    };
    assert_eq!(run.deliver(&target(&world.deployment, &world.key)).await.unwrap(), Some(200));
    let until = tokio::time::Instant::now() + PATIENCE;
    while !world.deployment.gate.used(&world.function("callback-handler").role).iter().any(&calls) {
        assert!(tokio::time::Instant::now() < until, "{}", world.deployment.logs());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(world.deployment.double.kill(&handler), 1);
    assert!(world.table().await.contains("sealed_token"));
    world.deployment.double.hang_invokes(&sweep.name, 0);
    world.deployment.double.wait_idle(PATIENCE * 2).await;
    let attempts = world.deployment.double.invocations(&handler);
    let ends: Vec<bool> = attempts.iter().map(|it| it.outcome.is_success()).collect();
    assert_eq!(ends, [false, true]);
    assert_eq!(attempts[1].outcome.payload(), "people are asked", "the claim was not ended");
    world.sweep().await;
    world.sweep().await;
    assert_eq!(world.teams.posted().len(), 1, "one question");

    let page = world.answer("ada", "approve").await;
    assert_eq!(page.status, 200, "{page:?}");
    let (status, message) = result_of(&run);
    assert_eq!(status, "passed", "{message}");
    world.sweep().await;
    assert_eq!(world.teams.posted().len(), 2, "and one ending");
    world.assert_keeps_secrets(&run).await;
}
