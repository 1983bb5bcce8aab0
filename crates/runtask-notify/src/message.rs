//! What is told: one result of one task.

use runtask_findings::{printable, shortened};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::SystemTime;

/// Characters of a name, and of a line.
const NAME: usize = 150;
const LINE: usize = 300;
/// Lines of checks and of findings, and bytes of all of each, so that no message is larger than its receiver takes.
const HEADLINES: (usize, usize) = (10, 3000);
const FINDINGS: (usize, usize) = (3, 1500);

/// One result of one task. It has names, counts and first lines, and nothing else of a plan or a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What tells this result from every other: the task result's id. It is the same if the message is sent again.
    pub id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The task.
    pub task: String,
    /// The stage of the run, such as `post_plan`.
    pub stage: Option<String>,
    /// The workspace's organization.
    pub organization: Option<String>,
    /// The workspace.
    pub workspace: Option<String>,
    /// The workspace's project.
    pub project: Option<String>,
    /// The run's id.
    pub run: Option<String>,
    /// Where the run can be looked at.
    pub run_url: Option<String>,
    /// What was found, in numbers: `2 errors, 1 warning`.
    pub counts: String,
    /// What each check says in a line.
    pub headlines: Vec<String>,
    /// The first lines of the gravest findings.
    pub findings: Vec<String>,
    /// When the result was accepted.
    pub at: SystemTime,
}

/// The end of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The run may go on, and everything was checked.
    Passed,
    /// Something was found that fails the task.
    Failed,
    /// Something could not be checked, and nothing was found that fails the task; whether the run goes on is the task's
    /// setting.
    Unavailable,
}

impl Outcome {
    /// Its name for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unavailable => "unavailable",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Failed => "Failed",
            Self::Unavailable => "Not checked",
        }
    }
}

impl Message {
    /// Such as `Failed: net-prod, task policy`; after an apply, `Applied: net-prod`.
    pub(crate) fn title(&self) -> String {
        let workspace = self.workspace.as_deref().filter(|it| !it.is_empty()).unwrap_or("a run");
        let word = match (self.outcome, self.stage.as_deref()) {
            // Nothing stops an apply that is over.
            (Outcome::Passed, Some("post_apply")) => return format!("Applied: {}", name(workspace)),
            (outcome, Some("post_apply")) => format!("Applied, {}", outcome.word().to_lowercase()),
            (outcome, _) => outcome.word().to_owned(),
        };
        format!("{word}: {}, task {}", name(workspace), name(&self.task))
    }

    /// Such as `acme/net-prod`.
    pub(crate) fn place(&self) -> String {
        let known = [&self.organization, &self.workspace].into_iter().flatten().filter(|it| !it.is_empty());
        let place = known.map(|it| name(it)).collect::<Vec<_>>().join("/");
        if place.is_empty() { "unknown workspace".to_owned() } else { place }
    }

    /// The message as far as anybody is told of it: every text within its bounds, so that it can be kept.
    #[must_use]
    pub fn bounded(&self) -> Self {
        let known = |it: &Option<String>| it.as_deref().map(name);
        Self {
            id: name(&self.id),
            outcome: self.outcome,
            task: name(&self.task),
            stage: known(&self.stage),
            organization: known(&self.organization),
            workspace: known(&self.workspace),
            project: known(&self.project),
            run: known(&self.run),
            run_url: self.link().map(str::to_owned),
            counts: line(&self.counts),
            headlines: lines(&self.headlines, HEADLINES),
            findings: lines(&self.findings, FINDINGS),
            at: self.at,
        }
    }

    /// What else people want to know, by names for people, in the order to show it.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        let facts = [
            ("Workspace", Some(self.place())),
            ("Project", self.project.as_deref().map(name)),
            ("Task", Some(name(&self.task))),
            ("Stage", self.stage.as_deref().map(name)),
            ("Found", Some(line(&self.counts))),
            ("Run", self.run()),
        ];
        let known = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
        known.filter(|(_, value)| !value.is_empty()).collect()
    }

    /// What checks and findings say, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        [lines(&self.headlines, HEADLINES), lines(&self.findings, FINDINGS)].concat()
    }

    /// The run's id, fit to show.
    pub(crate) fn run(&self) -> Option<String> {
        self.run.as_deref().filter(|it| !it.is_empty()).map(name)
    }

    /// Where the run can be looked at, where that is an address of the Web.
    pub(crate) fn link(&self) -> Option<&str> {
        let is_link = |it: &&str| {
            let plain = |it: char| it.is_ascii_graphic() && !"<>|\"\\".contains(it);
            it.starts_with("https://") && it.len() <= 1000 && it.chars().all(plain)
        };
        self.run_url.as_deref().filter(is_link)
    }

    /// The name of this message, for receivers that tell by it what they have had: the same whenever it is sent, and another
    /// one for another verdict. There are no dots in it, which part it from what follows where a webhook is signed.
    pub(crate) fn event_id(&self) -> String {
        let plain = |it: char| if it.is_ascii_alphanumeric() || it == '-' || it == '_' { it } else { '-' };
        let id: String = self.id.chars().take(100).map(plain).collect();
        format!("msg_{id}-{}", self.outcome.as_str())
    }

    /// The message for programs.
    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({
            "outcome": self.outcome.as_str(),
            "task": name(&self.task),
            "counts": line(&self.counts),
            "headlines": lines(&self.headlines, HEADLINES),
            "findings": lines(&self.findings, FINDINGS),
        });
        let known = [
            ("stage", self.stage.as_deref().map(name)),
            ("organization", self.organization.as_deref().map(name)),
            ("workspace", self.workspace.as_deref().map(name)),
            ("project", self.project.as_deref().map(name)),
            ("run_id", self.run()),
            ("run_url", self.link().map(str::to_owned)),
        ];
        if let Some(object) = json.as_object_mut() {
            object.extend(known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))));
        }
        json
    }

    /// When the result was accepted, as RFC 3339 has it.
    pub(crate) fn time(&self) -> String {
        jiff::Timestamp::try_from(self.at)
            .unwrap_or_default()
            .round(jiff::Unit::Second)
            .unwrap_or_default()
            .to_string()
    }
}

fn name(text: &str) -> String {
    shortened(&printable(text), NAME)
}

fn line(text: &str) -> String {
    shortened(&printable(text), LINE)
}

/// The first of these lines, so many of them and so many bytes.
fn lines(all: &[String], (number, bytes): (usize, usize)) -> Vec<String> {
    let mut left = bytes;
    let lines = all.iter().take(number).map(|it| line(it));
    lines
        .take_while(|it| {
            left.checked_sub(it.len()).is_some_and(|less| {
                left = less;
                true
            })
        })
        .collect()
}
