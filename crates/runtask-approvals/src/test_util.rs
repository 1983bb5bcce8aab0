//! Makes approvals and people for tests.

use crate::approval::{Approval, Question};
use crate::facts::{PlanFacts, Policy, RunFacts};
use crate::message::Channel;
use crate::person::{Person, Proof, Voter};
use crate::rules::{BreakGlass, Reject, Requirement, Rules};
use crate::seal::Sealed;
use crate::time::UnixTime;
use crate::verdict::Verdict;
use crate::vote::{Ballot, Choice};
use std::collections::BTreeSet;

/// The second in which people are asked: 2026-11-30, 00:53:20.
pub const START: u64 = 1_796_000_000;

/// So many minutes after the question.
#[must_use]
pub const fn at(minutes: u64) -> UnixTime {
    UnixTime(START + minutes * 60)
}

/// A question that `grace` caused: two of `payments` have to approve, `security` may break the glass, open for 50 minutes,
/// to be asked in Teams.
#[must_use]
pub fn question() -> Question {
    let text = |it: &str| Some(it.to_owned());
    Question {
        id: "taskrs-abc123".to_owned(),
        task: "prod".to_owned(),
        closes_at: at(50),
        run: RunFacts {
            organization: "acme".to_owned(),
            workspace: "payments-prod".to_owned(),
            run_id: "run-6XpqB3aTk1ExampleId".to_owned(),
            stage: "post_plan".to_owned(),
            created_by: text("grace"),
            message: text("resize ledger"),
            run_url: text("https://app.terraform.io/app/acme/payments-prod/runs/run-6XpqB3aTk1ExampleId"),
            ..RunFacts::default()
        },
        plan: Some(PlanFacts {
            add: 3,
            change: 1,
            destroy: 2,
            destroys: vec!["aws_db_instance.ledger".to_owned(), "aws_kms_key.ledger".to_owned()],
        }),
        policies: vec![Policy {
            id: "tags".to_owned(),
            passed: false,
            overridable: true,
            text: "mandatory tags".to_owned(),
        }],
        rules: rules(&[("payments", 2)]),
        callback_url: "https://app.terraform.io/api/v2/task-results/taskrs-abc123/callback".to_owned(),
        sealed_token: Sealed {
            key: "a".to_owned(),
            nonce: "AAECAwQFBgcICQoL".to_owned(),
            text: "c2VhbGVkIGJ5dGVz".to_owned(),
        },
        accepts_outcomes: true,
        channels: vec![Channel("teams:payments".to_owned())],
        fallback: None,
    }
}

/// Rules that ask for so many of each group, and leave the rest as settings do that do not name it; `security` may break
/// the glass.
#[must_use]
pub fn rules(required: &[(&str, u32)]) -> Rules {
    Rules {
        required: required
            .iter()
            .map(|(group, count)| Requirement { group: (*group).to_owned(), count: *count })
            .collect(),
        distinct: true,
        self_approval: false,
        creator_refused: false,
        reject: Reject::AtOnce,
        reject_reason: true,
        confirm_name: true,
        on_expiry: Verdict::Failed,
        break_glass: Some(BreakGlass { group: "security".to_owned(), count: 1, reason: true }),
        by_link: false,
        channel_minutes: 10,
    }
}

/// The question, asked.
#[must_use]
pub fn approval() -> Approval {
    Approval::ask(question(), at(0))
}

/// Somebody who has signed in: `ada` is `ada@example.com`, the user `ada` of HCP Terraform, and in these groups.
#[must_use]
pub fn person(name: &str, groups: &[&str]) -> Person {
    let email = format!("{name}@example.com");
    Person {
        voter: Voter {
            issuer: "https://login.example.com".to_owned(),
            subject: format!("subject of {name}"),
            email: Some(email.clone()),
            name: None,
            users: BTreeSet::from([name.to_owned()]),
            proof: Proof::Oidc,
        },
        groups: groups.iter().map(|it| (*it).to_owned()).collect(),
        groups_unknown: false,
        names: BTreeSet::from([email]),
    }
}

/// A ballot with everything that rules can ask for.
#[must_use]
pub fn ballot(person: Person, choice: Choice) -> Ballot {
    Ballot { person, choice, reason: "because".to_owned(), typed_name: Some("payments-prod".to_owned()) }
}
