//! One process: people are asked, sign in, answer; and what becomes of what is open when it ends.

use std::time::Duration;

use runtask_log::event;
use runtask_simulator::stand_ins::Visitor;
use runtask_tests::http::send;

use super::company::{Company, PEOPLE, TWO_APPROVE, WORKSPACE, answer, destroying, ended, sees};
use crate::run::{formatted, result, spec, unformatted};
use runtask_simulator::{Configuration, RunSpec};

/// T-18, T-35, T-36
#[tokio::test]
async fn two_people_approve_and_the_run_goes_on() {
    let company = Company::start().await;
    let serve = company.serve(&format!("{PEOPLE}{TWO_APPROVE}"), &[]).await;
    let run = company.run(destroying()).await;
    let link = company.link(WORKSPACE).await;
    let page = sees(&link, "ada", "0 of 2 approvals so far").await;
    assert!(
        page.text.contains("aws_db_instance.ledger") && !page.text.contains("a-value-of-the-plan"),
        "{page:?}"
    );
    answer(&link, "ada", "approve").await.unwrap();
    let twice = answer(&link, "ada", "approve").await.unwrap_err();
    assert!(twice.contains("there is no form to approve"), "{twice}");
    sees(&link, "mallory", "You are in none of the groups that are asked.").await;
    assert_eq!(run.record().finals_accepted, 0);
    let page = answer(&link, "edsger", "approve").await.unwrap();
    let record = ended(&run).await;
    let sentence = "Approved by ada@example.com and edsger@example.com (2 of 2).";
    assert_eq!(result(&record), ("passed", sentence));
    assert!(page.text.contains(sentence), "{page:?}");
    serve.wait_for_event(event::APPROVAL_REPORTED).await;
    let shown = loop {
        let shown = company.shown();
        if shown.len() > 1 {
            break shown;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(shown[1].contains("ada@example.com"), "{}", shown[1]);
    let waiting =
        record.callbacks.iter().any(|it| format!("{it:?}").contains("Waiting for approval (0 of 2)"));
    assert!(waiting, "HCP Terraform hears at once that people are asked: {:#?}", record.callbacks);
}

/// T-34, T-35
#[tokio::test]
async fn whoever_started_the_run_may_stop_it_and_not_approve_it() {
    let company = Company::start().await;
    let _serve = company.serve(&format!("{PEOPLE}{TWO_APPROVE}"), &[]).await;
    let run = company.run(spec(Configuration::None)).await;
    let link = company.link(WORKSPACE).await;
    sees(&link, "grace", "You started this run, so somebody else has to approve it.").await;
    answer(&link, "grace", "reject").await.unwrap();
    assert_eq!(result(&ended(&run).await), ("failed", "Rejected by grace@example.com. “as agreed”"));
    let late = answer(&link, "ada", "approve").await.unwrap_err();
    assert!(late.contains("Rejected by grace@example.com"), "{late}");
}

const POLICIES_FIRST: &str = r#"
[tasks.default]
checks = ["fmt"]
[tasks.default.approval]
when = ["policy-failed"]
required = [{ group = "payments" }]
overrides = ["unformatted-file"]
channels = ["teams:payments"]
[tasks.strict]
checks = ["fmt"]
[tasks.strict.approval]
required = [{ group = "payments" }]
channels = ["teams:payments"]
"#;

#[tokio::test]
async fn policies_run_first_and_people_override_exactly_those_that_are_listed() {
    let company = Company::start().await;
    let _serve = company.serve(&format!("{PEOPLE}{POLICIES_FIRST}"), &[]).await;
    let fine = company.run(spec(formatted())).await;
    assert_eq!(result(&ended(&fine).await), ("passed", "Format check passed"));
    let strict = company.simulator.prepare(spec(unformatted())).await.unwrap();
    crate::run::deliver(&strict, &format!("{}/strict", company.front.url())).await;
    assert_eq!(result(&ended(&strict).await).0, "failed", "nobody could make up for it");
    assert_eq!(company.shown().len(), 0, "nobody is asked about either");

    let run = company.run(RunSpec { workspace: "untidy".to_owned(), ..spec(unformatted()) }).await;
    let link = company.link("untidy").await;
    sees(&link, "ada", "This overrides 1 failed policy.").await;
    answer(&link, "ada", "approve").await.unwrap();
    let record = ended(&run).await;
    assert_eq!(result(&record), ("passed", "Approved by ada@example.com (1 of 1)."));
    let outcomes: Vec<_> = record.result.outcomes.iter().map(|it| format!("{it:?}")).collect();
    assert!(
        outcomes.iter().any(|it| it.contains("unformatted-file") && it.contains("Overridden")),
        "{outcomes:#?}"
    );
}

/// T-50: what is in memory is lost with the process, so it ends with it.
#[tokio::test]
async fn when_the_process_ends_what_is_open_in_its_memory_has_failed() {
    let company = Company::start().await;
    let mut serve = company.serve(&format!("{PEOPLE}{TWO_APPROVE}"), &[]).await;
    serve.wait_for_event(event::APPROVALS_IN_MEMORY).await;
    let run = company.run(spec(Configuration::None)).await;
    let link = company.link(WORKSPACE).await;
    answer(&link, "ada", "approve").await.unwrap();
    serve.terminate();
    assert_eq!(serve.ended().await.code(), Some(0), "{}", serve.logs());
    let sentence = "The approval service stopped before anybody decided.";
    assert_eq!(result(&ended(&run).await), ("failed", sentence));
    serve.wait_for_event(event::APPROVALS_ENDED).await;
    assert!(company.shown().last().unwrap().contains(sentence), "people are told");
}

/// T-33: a browser sends along what it has, and cookies of sign-ins are long.
#[tokio::test]
async fn pages_are_below_a_path_that_no_task_can_have_and_take_long_heads() {
    let company = Company::start().await;
    let serve = company.serve(&format!("{PEOPLE}{TWO_APPROVE}"), &[]).await;
    let cookie = format!("other={}", "x".repeat(15 * 1024));
    let url = format!("{}-/style.css", serve.url());
    let style = send("GET", &url, &[("cookie", &cookie)], "").await;
    assert_eq!(style.status, 200);
    let status =
        async |method, path: &str| send(method, &format!("{}{path}", serve.url()), &[], "").await.status;
    assert_eq!(status("GET", "-/a/nowhere").await, 404);
    assert_eq!(status("GET", "-/signin").await, 400);
    assert_eq!(status("POST", "-/slack/interactions").await, 404);
    assert_eq!(status("GET", "healthz").await, 200);
    assert_eq!(status("GET", "a/nowhere").await, 404);
    let page =
        Visitor::new().unwrap().open(&url.replace("style.css", "a/x.y").parse().unwrap()).await.unwrap();
    assert!(page.text.contains("There is nothing here"), "{page:?}");
}

#[tokio::test]
async fn a_run_that_nobody_has_to_approve_gets_its_result_at_once() {
    let company = Company::start().await;
    let only_destroys = TWO_APPROVE.replace("required", "when = [\"destroys\"]\nrequired");
    let _serve = company.serve(&format!("{PEOPLE}{only_destroys}"), &[]).await;
    let run = company.run(spec(Configuration::None)).await;
    assert_eq!(result(&ended(&run).await).0, "passed");
    let speculative = company.run(RunSpec { speculative: true, ..destroying() }).await;
    assert_eq!(result(&ended(&speculative).await).0, "passed");
    assert_eq!(company.shown().len(), 0);
    let waits = company.run(RunSpec { workspace: "ledger".to_owned(), ..destroying() }).await;
    company.link("ledger").await;
    assert_eq!(waits.record().finals_accepted, 0);
}
