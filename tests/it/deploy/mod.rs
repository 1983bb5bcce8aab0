//! `infra/` as it is deployed: applied by real terraform to an AWS that moto plays, its functions started from the
//! uploaded zips with the settings that AWS has for them.

mod apply;
mod approvals;
mod channels;
mod deaths;
mod examples;
mod flow;
mod gitlab_runner;
mod inventory;
mod lost_state;
mod neighbours;
mod policies;
mod provider;
mod reports;
mod rollback;
mod rotation;
mod scanner_secrets;
mod two_regions;
mod upgrade;

use runtask_protocol::Key;
use runtask_simulator::{PreparedRun, Simulator, Target};
use runtask_tests::aws;
use runtask_tests::deployment::Deployment;
use runtask_tests::lambda::Function;
use runtask_tests::secrets::assert_no_secrets;
use runtask_tests::stack::Stack;
use serde_json::json;

use crate::run::origins;

/// The functions of a stack, for this simulator; `change` what else is special about one, by its output's name.
///
/// The simulator's origins stand in for HCP Terraform's, as the gate's address does for AWS's.
async fn deployment(
    stack: &Stack,
    simulator: &Simulator,
    change: impl Fn(&str, Function) -> Function,
) -> Deployment {
    let origins = origins(simulator);
    Deployment::start(stack, |role, function| {
        change(role, function.env("RUNTASK_ALLOWED_ORIGINS", &*origins))
    })
    .await
}

/// The newest version of the key, or this one, as Parameter Store has it.
async fn key(stack: &Stack, version: Option<u32>) -> String {
    let outputs = stack.outputs().await;
    let name = outputs["hmac_key_parameter"].as_str().unwrap();
    let name = version.map_or_else(|| name.to_owned(), |it| format!("{name}:{it}"));
    let body = json!({"Name": name, "WithDecryption": true});
    let answer = aws::call(stack.moto.endpoint(), "ssm", "AmazonSSM.GetParameter", &body).await;
    answer["Parameter"]["Value"].as_str().unwrap().to_owned()
}

fn target(deployment: &Deployment, key: &str) -> Target {
    Target { url: deployment.url().parse().unwrap(), key: Some(Key::new(key).unwrap()) }
}

/// P-19: what the functions logged holds neither the key nor the run's token.
fn assert_keeps_secrets(deployment: &Deployment, key: &str, run: &PreparedRun) {
    assert_no_secrets(&deployment.logs(), &[key, run.token()]);
}
