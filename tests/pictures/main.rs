//! `make pictures`: draws the pictures of docs/, with a real browser and from the real pages, so that they cannot grow old.

#![expect(clippy::disallowed_methods, reason = "what is drawn is started as people start it")]
#![expect(clippy::print_stdout, reason = "it says what it draws")]

mod approval;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use runtask_tests::browser::Browser;
use runtask_tests::browser::page::{Medium, Page};
use serde_json::Value;
use tokio::process::Command;
use url::Url;

/// The root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// What Teams is sent when people are asked, as the tests of approvals hold it.
const CARD: &str = "crates/runtask-approvals/src/channels/teams/snapshots/runtask_approvals__channels__teams__card__tests__a_question_says_what_is_at_stake.snap";
/// Pixels of what is a page in a window, and of a phone.
const WIDE: u32 = 1200;
const PHONE: u32 = 400;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut artist = Artist { browser: Browser::start().await, folder: tempfile::tempdir()? };
    artist.result().await?;
    artist.report().await?;
    artist.card().await?;
    approval::draw(&mut artist).await
}

/// Draws pages.
struct Artist {
    browser: Browser,
    /// For pages that are not kept.
    folder: tempfile::TempDir,
}

impl Artist {
    /// What `runtask simulate` shows of a run, as on a terminal, up to how the first finding is fixed.
    async fn result(&mut self) -> anyhow::Result<()> {
        let plan = "examples/public-bucket/plan.json";
        let config = "examples/public-bucket/runtask.toml";
        let arguments =
            ["simulate", "examples/public-bucket", "--plan", plan, "--config", config, "--task", "policy"];
        let shown = runtask("", &[arguments.as_slice(), &["--color", "always"]].concat(), 1).await?;
        let (shown, _rest) =
            shown.split_once("**How to fix it**").context("no finding says how to fix it")?;
        let page = terminal::page("runtask simulate examples/public-bucket …", &format!("{shown}…"));
        let page = self.written("result.html", &page)?;
        self.light_and_dark("result", &page, 1000).await
    }

    /// The page that `runtask check` makes of a configuration and a plan.
    async fn report(&mut self) -> anyhow::Result<()> {
        let page = self.folder.path().join("report.html");
        let plan = ["--plan", "../public-bucket/plan.json", "--config", "../public-bucket/runtask.toml"];
        let output = page.to_str().context("the path of a temporary directory is not UTF-8")?;
        let output = ["--format", "html", "--output", output];
        let arguments = [["check", "--all-tasks"].as_slice(), &plan, &output].concat();
        runtask("examples/unformatted", &arguments, 1).await?;
        self.light_and_dark("report", &page, WIDE).await
    }

    /// What Teams shows when people are asked, drawn by the renderer that Microsoft publishes.
    async fn card(&mut self) -> anyhow::Result<()> {
        let snapshot = std::fs::read_to_string(Path::new(ROOT).join(CARD))?;
        let (_head, card) = snapshot.split_once("\n---\n").context("the snapshot has no head")?;
        let _card: Value = serde_json::from_str(card).context("the snapshot holds no card")?;
        let renderer = std::fs::read_to_string(runtask_tests::tools::tool("adaptivecards.min.js"))?;
        let page = self.written("card.html", &card_page(&renderer, card))?;
        let mut shown = self.browser.page().await;
        shown.set_size(560, 100).await;
        open(&mut shown, &page).await?;
        let complaints = shown.evaluate("complaints").await;
        ensure!(complaints.as_array().is_some_and(Vec::is_empty), "the renderer complains: {complaints}");
        self.draw(&mut shown, "approval-card").await
    }

    /// Writes a page that is not kept.
    fn written(&self, name: &str, page: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, page)?;
        Ok(path)
    }

    /// Draws a file as `NAME.png` and `NAME-dark.png`.
    async fn light_and_dark(&mut self, name: &str, file: &Path, width: u32) -> anyhow::Result<()> {
        let mut page = self.browser.page().await;
        page.set_size(width, 100).await;
        open(&mut page, file).await?;
        for (medium, name) in [(Medium::Light, name.to_owned()), (Medium::Dark, format!("{name}-dark"))] {
            page.set_medium(medium).await;
            self.draw(&mut page, &name).await?;
        }
        Ok(())
    }

    /// Draws what a page shows as docs/pictures/NAME.png.
    async fn draw(&mut self, page: &mut Page, name: &str) -> anyhow::Result<()> {
        let file = Path::new(ROOT).join("docs/pictures").join(format!("{name}.png"));
        page.screenshot(&file).await;
        println!("docs/pictures/{name}.png  {} bytes", std::fs::metadata(&file)?.len());
        Ok(())
    }
}

/// Opens a file as a page.
async fn open(page: &mut Page, file: &Path) -> anyhow::Result<()> {
    let url = Url::from_file_path(file).ok().context("the path of a temporary directory is not absolute")?;
    page.open(url.as_str()).await;
    Ok(())
}

/// The program that was built with this one, in the root of the repository and in an empty environment.
fn program() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name("runtask"));
    command.current_dir(ROOT).env_clear().stdin(Stdio::null());
    Ok(command)
}

/// What `runtask` writes to stdout in this directory, if it ends with this exit code.
async fn runtask(directory: &str, arguments: &[&str], code: i32) -> anyhow::Result<String> {
    let mut command = program()?;
    command.args(arguments).current_dir(Path::new(ROOT).join(directory)).env("RUNTASK_FMT_ENGINE", "native");
    let output = command.output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(code), "runtask {arguments:?} ended with {}: {said}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// A page that shows a card as Teams does, as far as Microsoft's renderer knows.
fn card_page(renderer: &str, card: &str) -> String {
    // A card is JSON, in which "<" may only stand in texts.
    let card = card.replace('<', "\\u003c");
    format!(
        r#"<!doctype html>
<meta charset="utf-8">
<style>
  body {{ margin: 24px; background: #f5f5f5; font-family: "Segoe UI", system-ui, sans-serif }}
  main {{ width: 512px; background: #fff; border-radius: 6px; box-shadow: 0 1px 4px #0003 }}
  button {{ margin-right: 8px; padding: 6px 16px; border: 1px solid #d1d1d1; border-radius: 4px; background: #fff; font: 600 14px "Segoe UI", system-ui, sans-serif }}
</style>
<main></main>
<script>{renderer}</script>
<script>
  const card = new AdaptiveCards.AdaptiveCard();
  card.hostConfig = new AdaptiveCards.HostConfig({{
    spacing: {{ small: 4, default: 8, medium: 12, large: 16, extraLarge: 24, padding: 16 }},
    fontSizes: {{ small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 }},
    actions: {{ actionsOrientation: "horizontal", actionAlignment: "left", maxActions: 6 }},
  }});
  const context = new AdaptiveCards.SerializationContext();
  card.parse({card}, context);
  const complaints = Array.from({{ length: context.eventCount }}, (_, place) => context.getEventAt(place).message)
    .concat(card.validateProperties().validationEvents.map(it => it.message));
  document.querySelector("main").append(card.render());
</script>
"#
    )
}
