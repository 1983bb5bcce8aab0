//! A real browser without a window: opens pages, clicks, types, and tells what it saw.
//!
//! It speaks the [DevTools protocol](https://chromedevtools.github.io/devtools-protocol/) by name. A crate with a type
//! for each of the protocol's messages is ten times larger, and knows those of one version of Chromium only.

pub mod page;

use std::process::Stdio;

use rustix::process::Pid;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::browser::page::{Connection, Page};
use crate::lambda::process_group::ProcessGroup;
use crate::tools::tool;

/// Without a window, with nothing to tell its makers, and with no way to any other machine.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    // Tests may run as root, for whom Chromium has no sandbox. The pages are our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/// A running Chromium with a profile of its own. Dropping it kills it.
#[derive(Debug)]
pub struct Browser {
    connection: Connection,
    /// `127.0.0.1:PORT`
    address: String,
    _process: Child,
    group: ProcessGroup,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; returns when it listens.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start() -> Self {
        let profile = tempfile::Builder::new().prefix("browser-").tempdir().unwrap();
        let mut process = Command::new(tool("chromium"))
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let group = ProcessGroup::of(process.id().and_then(|it| Pid::from_raw(it.try_into().ok()?)).unwrap());
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let url = loop {
            let line = lines.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("Chromium ended before it listened, and said:\n{said}"));
            if let Some((_, url)) = line.split_once("DevTools listening on ") {
                break url.trim().to_owned();
            }
            said.push_str(&line);
            said.push('\n');
        };
        // What nobody reads would block it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let address = url.trim_start_matches("ws://").split('/').next().unwrap().to_owned();
        let connection = Connection::open(&url).await;
        Self { connection, address, _process: process, group, _profile: profile }
    }

    /// A new page with cookies of its own, as another person would have it: 1280 by 800 pixels, light.
    ///
    /// # Panics
    ///
    /// If the browser does not answer.
    pub async fn page(&mut self) -> Page {
        let context = self.connection.call("Target.createBrowserContext", json!({})).await;
        let context = context["browserContextId"].as_str().unwrap();
        let target = json!({ "url": "about:blank", "browserContextId": context });
        let target = self.connection.call("Target.createTarget", target).await;
        let url = format!("ws://{}/devtools/page/{}", self.address, target["targetId"].as_str().unwrap());
        Page::new(Connection::open(&url).await).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.group.kill();
    }
}
