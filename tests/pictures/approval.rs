//! Draws the page of an approval, as two people go through it.

use std::process::Stdio;

use anyhow::Context;
use runtask_tests::browser::page::{Medium, Page};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{Artist, PHONE, WIDE, program};

/// Plays the run of `make demo-approval`, and draws what people see.
pub(crate) async fn draw(artist: &mut Artist) -> anyhow::Result<()> {
    let mut simulate = program()?
        .args(["simulate", "examples/approval", "--plan", "examples/approval/plan.json"])
        .args(["--workspace", "payments-prod"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(simulate.stderr.take().context("it has no stderr")?).lines();
    let link = loop {
        let line = lines.next_line().await?.context("it ended before it printed an address")?;
        if line.trim().starts_with("http://") {
            break line.trim().to_owned();
        }
    };
    let mut ada = artist.browser.page().await;
    sign_in(&mut ada, &link, "ada@example.com").await;
    for (width, medium, name) in [
        (WIDE, Medium::Light, "approval-page"),
        (WIDE, Medium::Dark, "approval-page-dark"),
        (PHONE, Medium::Light, "approval-phone"),
    ] {
        ada.set_size(width, 100).await;
        ada.set_medium(medium).await;
        artist.draw(&mut ada, name).await?;
    }
    ada.set_size(WIDE, 100).await;
    approve(&mut ada).await;
    let mut edsger = artist.browser.page().await;
    sign_in(&mut edsger, &link, "edsger@example.com").await;
    approve(&mut edsger).await;
    edsger.set_size(WIDE, 100).await;
    artist.draw(&mut edsger, "approval-approved").await
}

async fn sign_in(page: &mut Page, link: &str, who: &str) {
    page.open(link).await;
    page.follow(&format!("button[value='{who}']")).await;
}

async fn approve(page: &mut Page) {
    page.click("#approve-confirm").await;
    page.type_text("payments-prod").await;
    page.follow("button.good").await;
}
