//! Writes what we send back.

use crate::details_url::DetailsUrl;
use crate::limits;
use crate::outcome::{Outcome, OutcomeId};
use crate::text::cut;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// The status of a task result that an integrator may send. `passed` and `failed` are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Still at work; may be sent any number of times before the final one.
    Running,
    /// The run may go on.
    Passed,
    /// The run may not go on, if the enforcement level says so.
    Failed,
}

impl Status {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing may follow it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Running)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One callback's content, inside every limit of HCP Terraform by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskResult {
    status: Status,
    message: String,
    url: Option<DetailsUrl>,
    outcomes: Vec<Outcome>,
}

impl TaskResult {
    /// A result without outcomes; `message` is cut to 1000 characters.
    #[must_use]
    pub fn new(status: Status, message: &str) -> Self {
        let message = cut(if message.is_empty() { status.as_str() } else { message }, limits::MESSAGE);
        Self { status, message, url: None, outcomes: Vec::new() }
    }

    /// Adds a link to more.
    #[must_use]
    pub fn url(mut self, url: DetailsUrl) -> Self {
        self.url = Some(url);
        self
    }

    /// Adds outcomes, and word of `missing` more: ids are made distinct, of more than 250 in all the last row says how
    /// many are not shown, and where the result would be larger than [`limits::RESULT_BYTES`] the later bodies are
    /// left out.
    #[must_use]
    pub fn outcomes(mut self, outcomes: Vec<Outcome>, missing: usize) -> Self {
        let all = outcomes.len() + missing;
        // The row that counts the missing ones takes a place itself.
        let room =
            if all > limits::OUTCOMES || missing > 0 { limits::OUTCOMES - 1 } else { limits::OUTCOMES };
        let shown = outcomes.len().min(room);
        let missing = all - shown;
        self.outcomes = outcomes.into_iter().take(shown).collect();
        if missing > 0 {
            let id = OutcomeId::new("more-outcomes");
            self.outcomes.push(Outcome::new(id, &format!("{missing} more outcomes are not shown")));
        }
        make_distinct(&mut self.outcomes);
        self.shorten();
        self
    }

    /// The status of this result.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Its text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How many rows it has.
    #[must_use]
    pub fn outcome_count(&self) -> usize {
        self.outcomes.len()
    }

    /// The same verdict with nothing that HCP Terraform could find fault with, for a second try after a 422.
    #[must_use]
    pub fn minimal(&self) -> Self {
        Self { status: self.status, message: self.message.clone(), url: None, outcomes: Vec::new() }
    }

    /// The callback's body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let rows = self.outcomes.iter().map(|attributes| Row { r#type: "task-result-outcomes", attributes });
        let rows: Vec<_> = rows.collect();
        let relationships =
            if rows.is_empty() { None } else { Some(json!({ "outcomes": { "data": rows } })) };
        let mut attributes = BTreeMap::from([("status", self.status.as_str()), ("message", &self.message)]);
        attributes.extend(self.url.as_ref().map(|it| ("url", it.as_str())));
        let data = Document { r#type: "task-results", attributes, relationships };
        json!({ "data": data }).to_string().into_bytes()
    }

    /// Shortens from the last row on, bodies first, until the whole is small enough.
    fn shorten(&mut self) {
        let bytes = |it: &str| serde_json::to_string(it).map_or(it.len(), |json| json.len());
        let mut size = self.to_json().len();
        for outcome in self.outcomes.iter_mut().rev() {
            if size <= limits::RESULT_BYTES {
                return;
            }
            if let Some(body) = outcome.body.as_mut().filter(|it| it.len() > BODY_LEFT_OUT.len()) {
                size = size + bytes(BODY_LEFT_OUT) - bytes(body);
                BODY_LEFT_OUT.clone_into(body);
            }
        }
        for outcome in self.outcomes.iter_mut().rev() {
            if size <= limits::RESULT_BYTES {
                return;
            }
            let short = cut(&outcome.description, SHORT_DESCRIPTION);
            size = size + bytes(&short) - bytes(&outcome.description);
            outcome.description = short;
        }
    }
}

/// Stands for the body of an outcome where all bodies together would be too much.
const BODY_LEFT_OUT: &str = "Left out: the result would be too large.";

/// Characters of a description where even all descriptions together would be too much.
const SHORT_DESCRIPTION: usize = 200;

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    attributes: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationships: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct Row<'a> {
    r#type: &'static str,
    attributes: &'a Outcome,
}

fn make_distinct(outcomes: &mut [Outcome]) {
    let mut seen = HashSet::new();
    for outcome in outcomes {
        let mut number = 2;
        let first = outcome.outcome_id.clone();
        while !seen.insert(outcome.outcome_id.as_str().to_owned()) {
            outcome.outcome_id = first.numbered(number);
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Level, Tag};
    use proptest::prelude::*;
    use serde_json::Value;

    fn json(result: &TaskResult) -> Value {
        serde_json::from_slice(&result.to_json()).unwrap()
    }

    fn fixture(name: &str) -> Value {
        let path = format!("{}/../../tests/fixtures/payloads/{name}", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// P-13: the body is the documented one.
    #[test]
    fn a_passed_result_is_the_documented_document() {
        let url = DetailsUrl::new("https://checks.example.com/runs/run-Bf8gRz5NtLc2XpKv").unwrap();
        let result = TaskResult::new(Status::Passed, "12 checks passed, 0 warnings").url(url);
        assert_eq!(json(&result), fixture("callback-passed.json"));
    }

    #[test]
    fn an_outcome_has_the_documented_keys() {
        let outcome = Outcome::new(OutcomeId::new("NET-014"), "Load balancer\nlistener")
            .status(Tag::new("Failed", Level::Error))
            .severity(Tag::new("Medium", Level::Warning))
            .body("## NET-014\n")
            .url(DetailsUrl::new("https://checks.example.com/rules/NET-014").unwrap());
        let body = json(&TaskResult::new(Status::Failed, "no").outcomes(vec![outcome], 0));
        let ours = &body["data"]["relationships"]["outcomes"]["data"][0];
        let theirs =
            &fixture("callback-failed-with-outcomes.json")["data"]["relationships"]["outcomes"]["data"][1];
        let keys = |it: &Value| it["attributes"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(ours), keys(theirs));
        assert_eq!(ours["type"], theirs["type"]);
        assert_eq!(ours["attributes"]["tags"], theirs["attributes"]["tags"]);
        assert_eq!(ours["attributes"]["description"], "Load balancer listener");
    }

    #[test]
    fn of_many_outcomes_the_last_row_counts_the_rest() {
        let rows =
            |count: usize| (0..count).map(|_| Outcome::new(OutcomeId::new("same"), "x")).collect::<Vec<_>>();
        assert_eq!(TaskResult::new(Status::Failed, "m").outcomes(rows(250), 0).outcome_count(), 250);
        let body = json(&TaskResult::new(Status::Failed, "m").outcomes(rows(250), 1));
        let data = body["data"]["relationships"]["outcomes"]["data"].as_array().unwrap();
        assert_eq!(data.len(), 250);
        assert_eq!(data[249]["attributes"]["description"], "2 more outcomes are not shown");
        assert_eq!(data[1]["attributes"]["outcome-id"], "same-2");
    }

    #[test]
    fn the_minimal_result_keeps_verdict_and_message() {
        let result =
            TaskResult::new(Status::Failed, "no").outcomes(vec![Outcome::new(OutcomeId::new("a"), "b")], 0);
        assert_eq!(result.minimal(), TaskResult::new(Status::Failed, "no"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// P-17: whatever goes in, every limit holds for what comes out.
        #[test]
        fn any_result_is_inside_every_limit(
            message in any::<String>(),
            rows in prop::collection::vec(("\\PC{0,9}", "[a ä\u{1}\u{1F600}]{0,9}", "(```|\n|ä|\u{1}){0,9}", 0usize..1200), 0..8),
            copies in 0usize..50,
        ) {
            let rows = std::iter::repeat_n(rows, copies).flatten().map(|(id, description, body, times)| {
                Outcome::new(OutcomeId::new(&id.repeat(times)), &description.repeat(times))
                    .body(&body.repeat(times))
                    .status(Tag::new(&description.repeat(times), Level::Error))
            });
            let result = TaskResult::new(Status::Failed, &message.repeat(copies)).outcomes(rows.collect(), copies);
            let bytes = result.to_json();
            prop_assert!(bytes.len() <= limits::RESULT_BYTES, "{} bytes", bytes.len());
            let body: Value = serde_json::from_slice(&bytes).unwrap();
            let length = |it: &Value| it.as_str().unwrap().chars().count();
            prop_assert!((1..=limits::MESSAGE).contains(&length(&body["data"]["attributes"]["message"])));
            let rows = body["data"]["relationships"]["outcomes"]["data"].as_array().cloned().unwrap_or_default();
            prop_assert!(rows.len() <= limits::OUTCOMES);
            let mut ids = HashSet::new();
            for row in rows {
                let row = &row["attributes"];
                prop_assert!((1..=limits::OUTCOME_ID).contains(&length(&row["outcome-id"])));
                prop_assert!(ids.insert(row["outcome-id"].clone()));
                prop_assert!((1..=limits::DESCRIPTION).contains(&length(&row["description"])));
                if !row["body"].is_null() {
                    prop_assert!((1..=limits::BODY).contains(&length(&row["body"])));
                }
                for label in row["tags"]["Status"].as_array().into_iter().flatten() {
                    prop_assert!((1..=limits::LABEL).contains(&length(&label["label"])));
                }
            }
        }
    }
}
