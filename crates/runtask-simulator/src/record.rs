//! Records what was seen: the time line, the result, and where the protocol was broken.

use crate::fault::Fault;
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything about one simulated task result. Never holds the access token or a signed link.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// `run-…`
    pub run_id: String,
    /// `taskrs-…`
    pub task_result_id: String,
    /// The stage as it was sent.
    pub stage: String,
    /// `advisory` or `mandatory`.
    pub enforcement: String,
    /// The organization's name.
    pub organization: String,
    /// The workspace's name.
    pub workspace: String,
    /// The result as HCP Terraform's page would show it.
    pub result: TaskResult,
    /// Where the run task broke the protocol: plain sentences, each once.
    pub violations: Vec<String>,
    /// Every callback, in the order of arrival.
    pub callbacks: Vec<Callback>,
    /// Callbacks with `passed` or `failed` that were accepted: one, when all is well.
    pub finals_accepted: usize,
    /// Callbacks with `passed` or `failed` that were answered with anything but 200.
    pub finals_refused: usize,
    /// The time line.
    pub events: Vec<Event>,
    /// For each fault, what came of it.
    pub faults: Vec<Judgement>,
}

/// What came of a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The fault.
    pub fault: Fault,
    /// Whether the run task did what is right for it.
    pub conduct: Conduct,
    /// What happened, as a sentence without its full stop.
    pub happened: String,
}

/// Whether a run task did what is right for a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conduct {
    /// It did.
    Right,
    /// It did not.
    Wrong,
    /// The fault never came up, so nobody knows.
    Unseen,
}

/// Whether a run task kept to the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// It did.
    Kept,
    /// It did, but a fault that it was to be tried with never came up.
    KeptAsFarAsTried,
    /// It broke a rule, did what is wrong for a fault, or sent no final result.
    Broken,
    /// Nobody knows: it could not be reached, or nothing was delivered to it.
    NotTried,
}

/// How a simulated run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The run task let the run pass.
    Passed,
    /// The run task failed the run.
    Failed,
    /// Neither: no result came, the request was refused, or the run was canceled.
    Other,
}

impl Record {
    /// How it ended.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self.result.status {
            Status::Passed => Verdict::Passed,
            Status::Failed => Verdict::Failed,
            _ => Verdict::Other,
        }
    }

    /// Whether no rule was broken.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether the run task kept to the protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        let any = |conduct| self.faults.iter().any(|it| it.conduct == conduct);
        match self.result.status {
            _ if !self.is_clean() => Protocol::Broken,
            Status::Unreachable | Status::Pending => Protocol::NotTried,
            // It may be right for a fault that there is no result.
            Status::Errored | Status::Running if !any(Conduct::Right) => Protocol::Broken,
            _ if any(Conduct::Wrong) => Protocol::Broken,
            _ if any(Conduct::Unseen) => Protocol::KeptAsFarAsTried,
            _ => Protocol::Kept,
        }
    }

    /// What the deliveries of one kind were answered, in order; `None` where no answer came.
    #[must_use]
    pub fn answers(&self, kind: Delivery) -> Vec<Option<u16>> {
        let answer = |event: &Event| match &event.what {
            What::Answered { delivery, status, .. } if *delivery == kind => Some(Some(*status)),
            What::Unanswered { delivery, .. } if *delivery == kind => Some(None),
            _ => None,
        };
        self.events.iter().filter_map(answer).collect()
    }
}

/// The result of one run task in one run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TaskResult {
    /// Where it stands.
    pub status: Status,
    /// What the run task, or else HCP Terraform, says about it.
    pub message: Option<String>,
    /// The link to more.
    pub url: Option<String>,
    /// The rows.
    pub outcomes: Vec<Outcome>,
}

/// Where a task result stands, in HCP Terraform's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The request was not answered yet, or no callback came yet.
    #[default]
    Pending,
    /// The run task said so.
    Running,
    /// The run task said so.
    Passed,
    /// The run task said so.
    Failed,
    /// The request was refused, or no final result came in time.
    Errored,
    /// The run was canceled.
    Canceled,
    /// The run task could not be reached.
    Unreachable,
}

impl Status {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::Canceled => "canceled",
            Self::Unreachable => "unreachable",
        }
    }

    /// Whether nothing can change it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// One row of a result, as received.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Outcome {
    /// The run task's own id of it.
    pub id: String,
    /// One line.
    pub description: String,
    /// Labels by heading. `Status` and `Severity` stand in the list, whatever their case.
    pub tags: BTreeMap<String, Vec<Label>>,
    /// Markdown.
    pub body: Option<String>,
    /// The link to more.
    pub url: Option<String>,
}

impl Outcome {
    /// The labels below a heading, whatever its case.
    #[must_use]
    pub fn labels(&self, heading: &str) -> &[Label] {
        self.tags
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(heading))
            .map_or(&[], |(_, labels)| labels)
    }
}

/// One label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The text shown.
    pub label: String,
    /// `none`, `info`, `warning` or `error`.
    pub level: String,
}

/// One callback, as received and answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Callback {
    /// Milliseconds since the start.
    pub at_ms: u64,
    /// `running`, `passed`, `failed`, or what stood there instead.
    pub status: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// The link.
    pub url: Option<String>,
    /// The outcomes of this callback.
    pub outcomes: Vec<Outcome>,
    /// The status it was answered with; nothing when the connection was closed instead.
    pub answered: Option<u16>,
    /// The body as received, when it was JSON.
    pub body: Option<serde_json::Value>,
}

/// One line of the time line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Milliseconds since the start.
    pub at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What a POST to the run task was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// The verification probe.
    Probe,
    /// A verification probe that must be refused.
    ForgedProbe,
    /// A request that must be refused.
    ForgedRequest,
    /// The request.
    Request,
    /// The request once more.
    Duplicate,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// A POST went to the run task.
    Sent {
        /// What it was for.
        delivery: Delivery,
        /// The fault that shaped it, or which try it is.
        note: Option<String>,
    },
    /// The run task answered a POST.
    Answered {
        /// What it was for.
        delivery: Delivery,
        /// The status.
        status: u16,
        /// The start of the body.
        body: String,
    },
    /// The run task did not answer a POST.
    Unanswered {
        /// What it was for.
        delivery: Delivery,
        /// Why.
        reason: String,
    },
    /// The run task asked for the configuration.
    ConfigurationRequested {
        /// The status it was answered with; nothing when the connection was closed instead.
        answered: Option<u16>,
    },
    /// The run task asked for the plan.
    PlanRequested {
        /// The status it was answered with; nothing when the connection was closed instead.
        answered: Option<u16>,
    },
    /// The archive went out.
    ArchiveServed {
        /// Its size, or what of it was sent.
        bytes: u64,
        /// Whether the connection was closed midway.
        cut: bool,
    },
    /// The plan went out.
    PlanServed {
        /// Its size.
        bytes: u64,
    },
    /// A link was followed that leads on, or to nothing.
    LinkFollowed {
        /// The status it was answered with.
        answered: u16,
        /// What is the matter with it.
        note: String,
    },
    /// A callback came in.
    CallbackReceived {
        /// `running`, `passed`, `failed`, or what stood there instead.
        status: Option<String>,
        /// The message.
        message: Option<String>,
        /// How many outcomes it had.
        outcomes: usize,
        /// The status it was answered with; nothing when the connection was closed instead.
        answered: Option<u16>,
    },
    /// The run was canceled.
    Canceled,
    /// HCP Terraform gave up waiting.
    TimedOut {
        /// Which limit was passed.
        reason: String,
    },
    /// Something was left out.
    Skipped {
        /// What, and why.
        note: String,
    },
    /// The run task broke the protocol.
    Violation {
        /// How.
        sentence: String,
    },
}
