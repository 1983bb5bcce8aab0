//! The demo, as somebody at a browser goes through it.

use std::path::Path;
use std::process::Stdio;

use runtask_tests::binaries::binary;
use runtask_tests::browser::Browser;
use runtask_tests::browser::page::Page;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

/// Signs in at the stand-in provider, and approves.
async fn approve(page: &mut Page, link: &str, who: &str, so_far: &str) {
    page.open(link).await;
    assert_eq!(page.text("h1").await, "Demo sign-in");
    page.follow(&format!("button[value='{who}']")).await;
    let shown = page.text("main").await;
    assert!(shown.contains(&format!("You are {who}")) && shown.contains(so_far), "{shown}");
    assert!(shown.contains("aws_db_instance.ledger"), "{shown}");
    page.click("#approve-confirm").await;
    page.type_text("payments-prod").await;
    page.follow("button.good").await;
    let complaints = page.console().await;
    assert!(!complaints.iter().any(|it| it.contains("Content Security Policy")), "{complaints:?}");
}

#[tokio::test]
async fn two_people_approve_in_a_browser_and_the_time_line_ends_with_passed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut simulate = Command::new(binary("runtask"))
        .args(["simulate", "examples/approval", "--plan", "examples/approval/plan.json"])
        .args(["--workspace", "payments-prod"])
        .current_dir(root)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(simulate.stderr.take().unwrap()).lines();
    let mut said = String::new();
    let link = loop {
        let line =
            stderr.next_line().await.unwrap().unwrap_or_else(|| panic!("no address was printed: {said}"));
        if let Some(link) = line.trim().strip_prefix("http://") {
            break format!("http://{link}");
        }
        said.push_str(&line);
    };
    assert!(said.contains("ada@example.com, edsger@example.com, grace@example.com"), "{said}");

    let mut browser = Browser::start().await;
    let mut ada = browser.page().await;
    approve(&mut ada, &link, "ada@example.com", "0 of 2 approvals so far").await;
    assert!(ada.text("main").await.contains("Take it back"));
    for width in [400, 1200] {
        ada.set_size(width, 800).await;
        let too_wide = ada.evaluate("document.documentElement.scrollWidth > innerWidth").await;
        assert_eq!(too_wide, false, "at {width} pixels");
    }
    let mut grace = browser.page().await;
    grace.open(&link).await;
    grace.follow("button[value='grace@example.com']").await;
    assert!(grace.text("main").await.contains("You started this run, so somebody else has to approve it."));
    assert_eq!(grace.visible("button.good").await, 0);
    let mut edsger = browser.page().await;
    approve(&mut edsger, &link, "edsger@example.com", "1 of 2 approvals so far").await;
    let sentence = "Approved by ada@example.com and edsger@example.com (2 of 2).";
    let shown = edsger.text("main").await;
    assert!(shown.contains(sentence), "{shown}");

    let mut line = String::new();
    simulate.stdout.take().unwrap().read_to_string(&mut line).await.unwrap();
    assert_eq!(simulate.wait().await.unwrap().code(), Some(0), "{line}");
    assert!(line.contains("Passed") && line.contains(sentence), "{line}");
}
