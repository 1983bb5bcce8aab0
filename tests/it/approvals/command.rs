//! The command: what operators see, and whole runs in one line.

use std::path::Path;

use runtask_tests::binaries::binary;
use runtask_tests::secrets::assert_no_secrets;
use serde_json::Value;
use tokio::process::Command;

use super::company::{CLIENT_SECRET, Company, KEY, PEOPLE, TWO_APPROVE, WEBHOOK_SECRET, WORKSPACE, answer};
use crate::run::spec;
use runtask_simulator::Configuration;
use runtask_tests::redis::Server;

/// Runs the command where the repository is: its exit code, and what it said on stdout and stderr.
async fn runtask(arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut command = Command::new(binary("runtask"));
    command.args(arguments).current_dir(root).env_clear().envs(environment.iter().copied());
    let output = command.output().await.unwrap();
    let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn operators_see_what_is_open_and_no_token() {
    let company = Company::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let _serve = company.serve(&format!("{PEOPLE}{TWO_APPROVE}"), &[("REDIS_URL", &*url)]).await;
    let store = [("REDIS_URL", &*url)];
    let (code, none, _) = runtask(&["approvals", "list"], &store).await;
    assert_eq!((code, &*none), (0, "No approval is open, and nothing is left to be sent\n"));
    let run = company.run(spec(Configuration::None)).await;
    answer(&company.link(WORKSPACE).await, "ada", "approve").await.unwrap();

    let (code, listed, _) = runtask(&["approvals", "list", "--json"], &store).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((code, listed.as_array().unwrap().len()), (0, 1));
    assert_eq!((&listed[0]["status"], &listed[0]["approvals"]), (&"open".into(), &1.into()), "{listed:#}");
    let id = listed[0]["id"].as_str().unwrap();
    let (_, table, _) = runtask(&["approvals", "list"], &store).await;
    assert!(table.contains(id) && table.contains("1/2") && table.contains("1 approval\n"), "{table}");
    let (code, shown, _) = runtask(&["approvals", "show", id], &store).await;
    assert!(code == 0 && shown.contains("Approve by ada@example.com"), "{shown}");
    assert!(shown.contains("card/teams:payments: sent at"), "{shown}");
    assert!(shown.lines().any(|it| it.starts_with("audit") && it.contains("subject-ada")), "{shown}");
    let (_, json, _) = runtask(&["approvals", "show", id, "--json"], &store).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(json.get("sealed_token").is_none(), "{json}");
    let facts: Vec<_> =
        json["audit"].as_array().unwrap().iter().map(|it| it["fact"].as_str().unwrap()).collect();
    assert_eq!(facts, ["asked", "vote"]);
    let (code, _, said) = runtask(&["approvals", "show", "taskrs-nowhere"], &store).await;
    assert!(code == 2 && said.contains("there is no approval taskrs-nowhere"), "{said}");
    let (code, _, said) = runtask(&["approvals", "list"], &[]).await;
    assert!(code == 2 && said.contains("REDIS_URL is not set"), "{said}");
    assert_eq!(run.record().finals_accepted, 0);
}

#[tokio::test]
async fn a_channel_is_greeted_and_whoever_asked_is_told_to_look() {
    let company = Company::start().await;
    let file = company.file(&format!("{PEOPLE}{TWO_APPROVE}"));
    let webhook = company.teams.webhook();
    let environment = [
        ("BASE_PUBLIC_URL", "https://approve.example.com"),
        ("RUNTASK_APPROVALS_KEY", KEY),
        ("OIDC_CLIENT_SECRET", CLIENT_SECRET),
        ("TEAMS_WEBHOOK_URL", &*webhook),
    ];
    let test = ["approvals", "test-channel", "teams:payments", "--config", &file];
    let (code, said, _) = runtask(&test, &environment).await;
    assert!(code == 0 && said.contains("proves nothing: look into the channel"), "{said}");
    assert!(company.shown()[0].contains("This is a test"));
    company.teams.refuse_next(404, None);
    let (code, _, refused) = runtask(&test, &environment).await;
    assert!(code == 2 && refused.contains("did not take it"), "{refused}");
    let (code, _, unknown) =
        runtask(&["approvals", "test-channel", "teams:ops", "--config", &file], &environment).await;
    assert!(code == 2 && unknown.contains("there are teams:payments"), "{unknown}");
    assert_no_secrets(&format!("{said}{refused}{unknown}"), &[CLIENT_SECRET, KEY, WEBHOOK_SECRET]);
}

#[tokio::test]
async fn whole_runs_are_played_in_one_line() {
    let simulate = async |more: &[&str]| {
        let plan = ["simulate", "examples/approval", "--plan", "examples/approval/plan.json"];
        let (code, said, errors) = runtask(&[&plan[..], more].concat(), &[]).await;
        (code, said + &errors)
    };
    let both = "ada@example.com,edsger@example.com";
    let (code, said) = simulate(&["--approve-as", both]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Approved by ada@example.com and edsger@example.com (2 of 2)."), "{said}");
    let (code, said) =
        simulate(&["--approve-as", "ada@example.com", "--reject-as", "edsger@example.com"]).await;
    assert!(code == 1 && said.contains("Rejected by edsger@example.com. “simulated”"), "{said}");
    let (code, said) = simulate(&["--approve-as", "simulated-user"]).await;
    assert!(code == 2 && said.contains("You started this run"), "{said}");
    let (code, said) = simulate(&["--let-expire", "--speed", "600"]).await;
    assert!(code == 1 && said.contains("Not decided by"), "{said}");
    let (code, _, said) =
        runtask(&["simulate", "examples/formatted", "--approve-as", "ada@example.com"], &[]).await;
    assert!(code == 2 && said.contains("asks nobody"), "{said}");
}
