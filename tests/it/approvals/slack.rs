//! People answer by buttons in Slack.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use runtask_simulator::stand_ins::{SlackUser, StandInSlack};
use runtask_tests::http::send;
use serde_json::json;

use super::company::{Company, ended};
use crate::run::{PATIENCE, result, spec};
use runtask_simulator::Configuration;

const TABLES: &str = r#"
[approval]
identity = "slack"
[approval.people]
simulated-user = ["grace@example.com"]
[approval.groups]
payments = { people = ["slack:T0EXAMPLE01/U0EXAMPLE01"] }
[tasks.default.approval]
required = [{ group = "payments" }]
channels = ["slack:C0EXAMPLE01"]
[approval.slack]
app = "A0EXAMPLE01"
team = "T0EXAMPLE01"
"#;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn user(id: &str, email: &str) -> SlackUser {
    let profile = json!({ "email": email, "real_name": email });
    let fields = json!({ "team_id": StandInSlack::TEAM, "is_email_confirmed": true, "profile": profile });
    SlackUser { id: id.to_owned(), fields }
}

#[tokio::test]
async fn a_click_is_a_vote_and_the_message_says_how_it_ended() {
    let company = Company::start().await;
    let users = vec![user("U0EXAMPLE01", "ada@example.com"), user("U0EXAMPLE02", "mallory@example.com")];
    let slack = StandInSlack::start("127.0.0.1:0".parse().unwrap(), users).await.unwrap();
    let tables = format!("{TABLES}api = \"{}\"\nreplies = \"{}\"\n", slack.api(), slack.replies());
    let secrets = [("SLACK_BOT_TOKEN", StandInSlack::TOKEN), ("SLACK_SIGNING_SECRET", StandInSlack::SECRET)];
    let serve = company.serve(&tables, &secrets).await;
    for (_, secret) in secrets {
        serve.keeps_secret(secret);
    }
    let run = company.run(spec(Configuration::None)).await;
    let ts = message(&slack, |_any| true).await;
    let click = async |action: &str, user: &str| {
        let (body, headers) = slack.click(&ts, action, user, now());
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = format!("{}/-/slack/interactions", company.front.url());
        send("POST", &url, &headers, body).await.status
    };
    // Until our run task knows what Slack calls the message, it asks people to click again.
    let told = loop {
        assert_eq!(click("approve", "U0EXAMPLE02").await, 200);
        let told = slack.told().last().unwrap().to_string();
        if !told.contains("Click again in a few seconds") {
            break told;
        }
    };
    assert!(told.contains("You are in none of the groups"), "{told}");
    assert_eq!(run.record().finals_accepted, 0);
    assert_eq!(click("approve", "U0EXAMPLE01").await, 200);
    assert_eq!(result(&ended(&run).await), ("passed", "Approved by ada@example.com (1 of 1)."));
    message(&slack, |it| it["text"] == "Approved: simulated-workspace").await;
    assert_eq!(slack.messages().len(), 1, "the one message was changed");
}

/// The time stamp of the first message that is so.
async fn message(slack: &StandInSlack, is: impl Fn(&serde_json::Value) -> bool) -> String {
    let since = Instant::now();
    loop {
        if let Some((ts, _)) = slack.messages().into_iter().find(|(_, it)| is(it)) {
            return ts;
        }
        assert!(since.elapsed() < PATIENCE, "{:#?}", slack.messages());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
