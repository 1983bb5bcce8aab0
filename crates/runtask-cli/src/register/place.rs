//! Decides what becomes of a place, a workspace or all of them, and says it.

use runtask_client::organization::{Scope, Workspace};
use runtask_protocol::{EnforcementLevel, Stage};
use serde_json::{Value, json};

/// The stages and the level that were given, as far as they were.
#[derive(Debug)]
pub(super) struct Wish {
    stages: Option<Vec<String>>,
    enforcement_level: Option<String>,
}

/// A workspace, or all of them, and what became of it.
#[derive(Debug)]
pub(super) struct Place {
    /// Nothing is every workspace.
    pub(super) workspace: Option<Workspace>,
    pub(super) done: Done,
}

/// What became of a place.
#[derive(Debug)]
pub(super) enum Done {
    Kept {
        outcome: Outcome,
        scope: Scope,
        before: Option<Scope>,
    },
    /// HCP Terraform said no.
    Refused {
        reason: String,
    },
}

/// What became of the run task, or of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Created,
    Changed,
    /// Changed, so that less stops a run than before.
    Weakened,
    Unchanged,
}

impl Wish {
    pub(super) fn new(stages: &[Stage], level: Option<&EnforcementLevel>) -> Self {
        let stages: Vec<String> = stages.iter().map(|it| it.as_str().to_owned()).collect();
        Self {
            stages: Some(stages).filter(|it| !it.is_empty()),
            enforcement_level: level.map(|it| it.as_str().to_owned()),
        }
    }

    /// What this means for a place that is like `before`: what was not given stays, and what is new begins mildly.
    pub(super) fn beside(&self, before: Option<Scope>) -> Done {
        let stages = before.as_ref().map_or_else(|| vec!["post_plan".to_owned()], |it| it.stages.clone());
        let level = before.as_ref().map_or("advisory", |it| &it.enforcement_level).to_owned();
        let scope = Scope {
            stages: self.stages.clone().unwrap_or(stages),
            enforcement_level: self.enforcement_level.clone().unwrap_or(level),
        };
        let outcome = match &before {
            None => Outcome::Created,
            Some(before) if before.is_like(&scope) => Outcome::Unchanged,
            Some(before) if scope.is_weaker_than(before) => Outcome::Weakened,
            Some(_) => Outcome::Changed,
        };
        Done::Kept { outcome, scope, before }
    }
}

impl Done {
    /// What has to be saved; nothing where all is so already, or where nothing is to be changed.
    pub(super) fn to_save(&self, dry_run: bool) -> Option<&Scope> {
        match self {
            Self::Kept { outcome, scope, .. } if *outcome != Outcome::Unchanged && !dry_run => Some(scope),
            _ => None,
        }
    }
}

impl Outcome {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Weakened => "weakened",
            Self::Unchanged => "unchanged",
        }
    }

    /// As people read it.
    pub(super) const fn words(self, dry_run: bool) -> &'static str {
        match (self, dry_run) {
            (Self::Created, true) => "would be created",
            (Self::Changed, true) => "would be changed",
            (Self::Weakened, true) => "would be weakened",
            _ => self.as_str(),
        }
    }
}

impl Place {
    pub(super) const fn is_refused(&self) -> bool {
        matches!(self.done, Done::Refused { .. })
    }

    /// As people read it; not yet printable.
    pub(super) fn words(&self, dry_run: bool) -> String {
        let whose = match &self.workspace {
            Some(workspace) => format!("workspace {}", workspace.name),
            None => "every workspace".to_owned(),
        };
        match &self.done {
            Done::Refused { reason } => format!("{whose}: refused: {}", reason.replace('\n', "\n  ")),
            Done::Kept { outcome, scope, before } => {
                let words = outcome.words(dry_run);
                let now = said(scope);
                match before.as_ref().filter(|_| matches!(outcome, Outcome::Changed | Outcome::Weakened)) {
                    Some(before) => format!("{whose}: {words}: {now} (before: {})", said(before)),
                    None => format!("{whose}: {words}: {now}"),
                }
            }
        }
    }

    /// As programs read it.
    pub(super) fn to_json(&self) -> Value {
        let of = |it: &Scope| json!({ "stages": it.stages, "enforcement_level": it.enforcement_level });
        let (outcome, reason, scope, before) = match &self.done {
            Done::Refused { reason } => ("refused", Some(reason), None, None),
            Done::Kept { outcome, scope, before } => (outcome.as_str(), None, Some(scope), before.as_ref()),
        };
        json!({
            "id": self.workspace.as_ref().map(|it| &it.id),
            "name": self.workspace.as_ref().map(|it| &it.name),
            "outcome": outcome,
            "reason": reason,
            "stages": scope.map(|it| &it.stages),
            "enforcement_level": scope.map(|it| &it.enforcement_level),
            "before": before.map(of),
        })
    }
}

/// Stages and level, as people read them.
pub(super) fn said(scope: &Scope) -> String {
    format!("{}, {}", scope.stages.join(" "), scope.enforcement_level)
}
