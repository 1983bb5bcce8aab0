//! A new key for approvals: what was made with the old one holds for as long as that counts, and no longer.

use runtask_simulator::{Configuration, PreparedRun, RunSpec, Timers};
use runtask_tests::http::send;
use runtask_tests::redis::Server;
use runtask_tests::secrets::assert_no_secrets;

use super::company::{Company, KEY, PEOPLE, answer, ended};
use crate::run::{PATIENCE, result, spec};

const ONE_APPROVES: &str = r#"
[tasks.default.approval]
required = [{ group = "payments" }]
channels = ["teams:payments"]
"#;

const NEW_KEY: &str = "wcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcE=";
const LONG_FROM_NOW: &str = "2099-12-31T23:59:59Z";
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

async fn ask(company: &Company, workspace: &str) -> PreparedRun {
    let base = spec(Configuration::None);
    let timers = Timers { total: PATIENCE * 5, ..base.timers };
    company.run(RunSpec { workspace: workspace.to_owned(), timers, ..base }).await
}

/// Links and tokens of the old key work while it is the previous one, and what is new is of the new key: it works when the old
/// one is gone, while what the old one made does not.
#[tokio::test]
async fn what_the_old_key_has_made_works_until_that_has_ended() {
    let company = Company::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let file = company.file(&format!("{PEOPLE}{ONE_APPROVES}"));
    let store = ("REDIS_URL", &*url);
    let rotated = [
        store,
        ("RUNTASK_APPROVALS_KEY", NEW_KEY),
        ("RUNTASK_APPROVALS_PREVIOUS_KEY", KEY),
        ("RUNTASK_APPROVALS_PREVIOUS_KEY_UNTIL", LONG_FROM_NOW),
    ];

    let mut before = company.replica(&file, &[store]).await;
    company.front.lead_to(&[before.address()]);
    let early = ask(&company, "asked-before").await;
    let open = ask(&company, "open-for-long").await;
    let (early_link, open_link) = (company.link("asked-before").await, company.link("open-for-long").await);
    before.kill();
    before.ended().await;

    let mut between = company.replica(&file, &rotated).await;
    between.keeps_secret(NEW_KEY);
    company.front.lead_to(&[between.address()]);
    answer(&early_link, "ada", "approve").await.unwrap();
    // The verdict was sent with a token that the old key has sealed.
    assert_eq!(result(&ended(&early).await), ("passed", "Approved by ada@example.com (1 of 1)."));
    let late = ask(&company, "asked-after").await;
    let late_link = company.link("asked-after").await;
    between.kill();
    between.ended().await;

    let over: Vec<_> =
        rotated.iter().map(|it| if it.1 == LONG_FROM_NOW { (it.0, LONG_AGO) } else { *it }).collect();
    let after = company.replica(&file, &over).await;
    after.keeps_secret(NEW_KEY);
    company.front.lead_to(&[after.address()]);
    let refused = send("GET", open_link.as_str(), &[], "").await;
    assert_eq!(refused.status, 404, "{}", String::from_utf8_lossy(&refused.body));
    answer(&late_link, "edsger", "approve").await.unwrap();
    assert_eq!(result(&ended(&late).await), ("passed", "Approved by edsger@example.com (1 of 1)."));
    assert_eq!(open.record().finals_accepted, 0, "its question has no key any more");
    for link in [early_link, open_link, late_link] {
        assert_no_secrets(link.as_str(), &[KEY, NEW_KEY]);
    }
}
