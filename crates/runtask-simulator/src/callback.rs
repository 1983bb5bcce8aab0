//! Reads a callback as HCP Terraform would, and says everything that is wrong with it.
//!
//! Pure: who sent it, and whether it comes in time, is judged elsewhere.

use crate::limits;
use crate::record::{Label, Outcome};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use url::Url;

/// The media type of a callback.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.api+json";

/// What could be read of a callback, and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) document: Option<Value>,
    pub(crate) status: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) problems: Vec<Problem>,
}

/// One thing that is wrong with a callback.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The status of the answer; 200 where HCP Terraform would take the callback without a word.
    pub(crate) answer: u16,
    /// What is wrong, as a sentence without its full stop.
    pub(crate) sentence: String,
    /// Where, as a JSON pointer.
    pub(crate) pointer: String,
}

impl Reading {
    /// Changes every text that came in.
    pub(crate) fn change_texts(&mut self, mut change: impl FnMut(String) -> String) {
        let mut take = |text: &mut String| *text = change(std::mem::take(text));
        for text in [&mut self.status, &mut self.message, &mut self.url].into_iter().flatten() {
            take(text);
        }
        for outcome in &mut self.outcomes {
            take(&mut outcome.id);
            take(&mut outcome.description);
            for text in [&mut outcome.body, &mut outcome.url].into_iter().flatten() {
                take(text);
            }
            for (mut name, mut labels) in std::mem::take(&mut outcome.tags) {
                labels.iter_mut().for_each(|it| take(&mut it.label));
                take(&mut name);
                outcome.tags.insert(name, labels);
            }
        }
        for problem in &mut self.problems {
            take(&mut problem.sentence);
            take(&mut problem.pointer);
        }
        if let Some(document) = self.document.take() {
            let mut text = document.to_string();
            take(&mut text);
            self.document = serde_json::from_str(&text).ok();
        }
    }

    fn problem(&mut self, answer: u16, pointer: &str, sentence: impl Into<String>) {
        self.problems.push(Problem { answer, sentence: sentence.into(), pointer: pointer.to_owned() });
    }

    fn unprocessable(&mut self, pointer: &str, sentence: impl Into<String>) {
        self.problem(422, pointer, sentence);
    }

    /// A text of 1 to `limit` characters; anything else is a problem. `named` begins the sentence.
    fn text(&mut self, value: Option<&Value>, pointer: &str, named: &str, limit: usize) -> Option<String> {
        match value? {
            Value::Null => None,
            Value::String(text) => {
                let length = text.chars().count();
                if length == 0 {
                    self.unprocessable(pointer, format!("{named} is empty"));
                } else if length > limit {
                    self.unprocessable(
                        pointer,
                        format!("{named} has {length} characters, more than {limit}"),
                    );
                }
                Some(text.clone())
            }
            other => {
                self.unprocessable(pointer, format!("{named} is {} instead of a string", kind(other)));
                None
            }
        }
    }

    fn link(&mut self, value: Option<&Value>, pointer: &str, named: &str) -> Option<String> {
        let url = self.text(value, pointer, named, limits::URL)?;
        let lower = url.to_ascii_lowercase();
        let schemed = lower.starts_with("http://") || lower.starts_with("https://");
        let absolute = schemed && Url::parse(&url).is_ok();
        if !absolute && !url.is_empty() {
            self.unprocessable(
                pointer,
                format!("{named} `{url}` is no absolute http or https URL; the page would then show nothing at all"),
            );
        }
        Some(url)
    }
}

/// Reads a callback. `outcomes_welcome` is what `capabilities.outcomes` promised.
pub(crate) fn read(content_type: Option<&str>, body: &[u8], outcomes_welcome: bool) -> Reading {
    let mut reading = Reading::default();
    check_content_type(&mut reading, content_type);
    let document: Value = match serde_json::from_slice(body) {
        Ok(document) => document,
        Err(error) => {
            reading.problem(400, "", format!("the callback's body is not JSON ({error})"));
            return reading;
        }
    };
    read_document(&mut reading, &document, outcomes_welcome);
    reading.document = Some(document);
    reading
}

fn check_content_type(reading: &mut Reading, content_type: Option<&str>) {
    let media_type = content_type.and_then(|it| it.split(';').next()).map(str::trim);
    match media_type {
        Some(media_type) if media_type.eq_ignore_ascii_case(MEDIA_TYPE) => {}
        Some(media_type) => reading.problem(
            415,
            "",
            format!("the callback's content type is `{media_type}` instead of `{MEDIA_TYPE}`"),
        ),
        None => {
            reading.problem(415, "", format!("the callback has no content type; it should be `{MEDIA_TYPE}`"))
        }
    }
}

fn read_document(reading: &mut Reading, document: &Value, outcomes_welcome: bool) {
    let Some(data) = document.get("data").and_then(Value::as_object) else {
        reading.unprocessable("/data", "the callback has no `data` object");
        return;
    };
    match data.get("type") {
        Some(Value::String(it)) if it == "task-results" => {}
        Some(it) => {
            reading.unprocessable("/data/type", format!("`data.type` is {it} instead of \"task-results\""));
        }
        None => reading.unprocessable("/data/type", "`data.type` is missing; it should be \"task-results\""),
    }

    let nothing = Map::new();
    let attributes = data.get("attributes").and_then(Value::as_object).unwrap_or(&nothing);
    match attributes.get("status") {
        Some(Value::String(it)) => {
            if !matches!(it.as_str(), "running" | "passed" | "failed") {
                reading.unprocessable(
                    "/data/attributes/status",
                    format!("the status is `{it}` instead of `running`, `passed` or `failed`"),
                );
            }
            reading.status = Some(it.clone());
        }
        Some(it) => {
            let sentence = format!("the status is {} instead of a string", kind(it));
            reading.unprocessable("/data/attributes/status", sentence);
        }
        None => reading.unprocessable("/data/attributes/status", "the callback has no status"),
    }
    reading.message =
        reading.text(attributes.get("message"), "/data/attributes/message", "the message", limits::MESSAGE);
    reading.url = reading.link(attributes.get("url"), "/data/attributes/url", "the result's url");

    // Where people have put outcomes that HCP Terraform then does not find.
    for (found, place) in [
        (attributes.get("outcomes"), "data.attributes.outcomes"),
        (document.get("relationships"), "relationships"),
        (
            data.get("relationships").and_then(|it| it.get("task-result-outcomes")),
            "data.relationships.task-result-outcomes",
        ),
    ] {
        if found.is_some_and(|it| !it.is_null()) {
            reading.problem(
                200,
                &format!("/{}", place.replace('.', "/")),
                format!("outcomes stand at `{place}` instead of `data.relationships.outcomes.data`, and are not shown"),
            );
        }
    }

    let pointer = "/data/relationships/outcomes/data";
    match data.get("relationships").and_then(|it| it.get("outcomes")).map(|it| it.get("data")) {
        None => {}
        Some(Some(Value::Array(items))) => {
            if !outcomes_welcome {
                reading.problem(
                    200,
                    pointer,
                    "outcomes were sent although `capabilities.outcomes` was not true, and are not shown",
                );
            } else if items.is_empty() {
                reading.unprocessable(pointer, "the list of outcomes is empty; leave `relationships` out");
            } else if items.len() > limits::OUTCOMES {
                let sentence = format!("there are {} outcomes, more than {}", items.len(), limits::OUTCOMES);
                reading.unprocessable(pointer, sentence);
            }
            for (at, item) in items.iter().enumerate() {
                let outcome = read_outcome(reading, item, &format!("{pointer}/{at}"), at + 1);
                if outcomes_welcome {
                    reading.outcomes.push(outcome);
                }
            }
        }
        Some(_) => reading.unprocessable(pointer, "`data.relationships.outcomes.data` is no array"),
    }
}

fn read_outcome(reading: &mut Reading, item: &Value, pointer: &str, number: usize) -> Outcome {
    match item.get("type") {
        Some(Value::String(it)) if it == "task-result-outcomes" => {}
        other => {
            let found = other.map_or_else(|| "missing".to_owned(), Value::to_string);
            reading.unprocessable(
                &format!("{pointer}/type"),
                format!("the type of outcome {number} is {found} instead of \"task-result-outcomes\""),
            );
        }
    }
    let nothing = Map::new();
    let attributes = item.get("attributes").and_then(Value::as_object).unwrap_or(&nothing);
    let mut text = |name: &str, limit| {
        let pointer = format!("{pointer}/attributes/{name}");
        reading.text(attributes.get(name), &pointer, &format!("the {name} of outcome {number}"), limit)
    };
    let id = text("outcome-id", limits::OUTCOME_ID);
    let description = text("description", limits::DESCRIPTION);
    let body = text("body", limits::BODY);
    for (name, value) in [("outcome-id", &id), ("description", &description)] {
        if value.is_none() && attributes.get(name).is_none_or(Value::is_null) {
            reading.unprocessable(
                &format!("{pointer}/attributes/{name}"),
                format!("outcome {number} has no {name}"),
            );
        }
    }
    let url = reading.link(
        attributes.get("url"),
        &format!("{pointer}/attributes/url"),
        &format!("the url of outcome {number}"),
    );
    let tags = read_tags(reading, attributes.get("tags"), &format!("{pointer}/attributes/tags"), number);
    Outcome { id: id.unwrap_or_default(), description: description.unwrap_or_default(), tags, body, url }
}

fn read_tags(
    reading: &mut Reading,
    value: Option<&Value>,
    pointer: &str,
    number: usize,
) -> BTreeMap<String, Vec<Label>> {
    let mut tags = BTreeMap::new();
    let object = match value {
        None | Some(Value::Null) => return tags,
        Some(Value::Object(object)) => object,
        Some(other) => {
            let sentence = format!("the tags of outcome {number} are {} instead of an object", kind(other));
            reading.unprocessable(pointer, sentence);
            return tags;
        }
    };
    if object.is_empty() || object.len() > limits::TAGS {
        let sentence =
            format!("outcome {number} has {} tags; 1 to {} are possible", object.len(), limits::TAGS);
        reading.unprocessable(pointer, sentence);
    }
    for (name, labels) in object {
        let pointer = format!("{pointer}/{name}");
        let Some(labels) = labels.as_array() else {
            reading.unprocessable(
                &pointer,
                format!("the tag `{name}` of outcome {number} is no array of labels"),
            );
            continue;
        };
        if labels.is_empty() || labels.len() > limits::LABELS {
            let sentence = format!(
                "the tag `{name}` of outcome {number} has {} labels; 1 to {} are possible",
                labels.len(),
                limits::LABELS
            );
            reading.unprocessable(&pointer, sentence);
        }
        let labels = labels.iter().map(|it| read_label(reading, it, &pointer, name, number)).collect();
        tags.insert(name.clone(), labels);
    }
    tags
}

fn read_label(reading: &mut Reading, value: &Value, pointer: &str, name: &str, number: usize) -> Label {
    let named = format!("a label of the tag `{name}` of outcome {number}");
    let label = reading.text(value.get("label"), pointer, &named, limits::LABEL);
    if label.is_none() {
        reading.unprocessable(pointer, format!("{named} has no text"));
    }
    let level = match value.get("level") {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(it)) if matches!(it.as_str(), "none" | "info" | "warning" | "error") => it.clone(),
        Some(other) => {
            reading.unprocessable(
                pointer,
                format!(
                    "the level of {named} is {other} instead of \"none\", \"info\", \"warning\" or \"error\""
                ),
            );
            "none".to_owned()
        }
    };
    Label { label: label.unwrap_or_default(), level }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outcome() -> Value {
        json!({
            "type": "task-result-outcomes",
            "attributes": {
                "outcome-id": "main.tf",
                "description": "main.tf is not formatted",
                "body": "# Diff",
                "url": "https://example.com/report",
                "tags": { "Status": [{ "label": "Failed", "level": "error" }], "severity": [{ "label": "Low" }] },
            },
        })
    }

    fn good() -> Value {
        json!({
            "data": {
                "type": "task-results",
                "attributes": { "status": "failed", "message": "1 file", "url": "https://example.com" },
                "relationships": { "outcomes": { "data": [outcome()] } },
            },
        })
    }

    /// The problems of a good callback with `value` put at `pointer`, which must exist.
    fn problems_with(pointer: &str, value: Value) -> Vec<(u16, String)> {
        let mut document = good();
        *document.pointer_mut(pointer).unwrap() = value;
        problems(&document)
    }

    fn problems(document: &Value) -> Vec<(u16, String)> {
        let reading = read(Some(MEDIA_TYPE), document.to_string().as_bytes(), true);
        reading.problems.into_iter().map(|it| (it.answer, it.sentence)).collect()
    }

    /// P-13: what the documentation shows has nothing wrong with it.
    #[test]
    fn a_good_callback_is_read_whole() {
        let reading = read(Some("application/vnd.api+json"), good().to_string().as_bytes(), true);
        assert_eq!(reading.problems, []);
        assert_eq!(reading.status.as_deref(), Some("failed"));
        assert_eq!(reading.message.as_deref(), Some("1 file"));
        let outcome = &reading.outcomes[0];
        assert_eq!(outcome.id, "main.tf");
        assert_eq!(outcome.labels("status"), [Label { label: "Failed".into(), level: "error".into() }]);
        assert_eq!(outcome.labels("Severity"), [Label { label: "Low".into(), level: "none".into() }]);

        let bare = json!({ "data": { "type": "task-results", "attributes": { "status": "running" } } });
        assert_eq!(problems(&bare), []);
    }

    /// P-13, P-17: each break of the rules is said, and answered as HCP Terraform would.
    #[test]
    fn each_break_has_its_sentence() {
        let attributes = "/data/relationships/outcomes/data/0/attributes";
        let labels = |count: usize| vec![json!({ "label": "x" }); count];
        let tags: Value =
            (0..11).map(|it| (format!("T{it}"), json!(labels(1)))).collect::<Map<_, _>>().into();
        let table: Vec<(String, Value, &str)> = vec![
            ("/data".into(), json!([]), "the callback has no `data` object"),
            (
                "/data/type".into(),
                json!("task-result"),
                "`data.type` is \"task-result\" instead of \"task-results\"",
            ),
            (
                "/data/attributes/status".into(),
                json!("errored"),
                "the status is `errored` instead of `running`, `passed` or `failed`",
            ),
            ("/data/attributes/status".into(), json!(null), "the status is null instead of a string"),
            ("/data/attributes/message".into(), json!(""), "the message is empty"),
            (
                "/data/attributes/message".into(),
                json!("ö".repeat(1001)),
                "the message has 1001 characters, more than 1000",
            ),
            ("/data/attributes/message".into(), json!(7), "the message is a number instead of a string"),
            (
                "/data/attributes/url".into(),
                json!("example.com/x"),
                "the result's url `example.com/x` is no absolute http or https URL; the page would then show nothing at all",
            ),
            (
                "/data/attributes/url".into(),
                json!(format!("https://example.com/{}", "x".repeat(481))),
                "the result's url has 501 characters, more than 500",
            ),
            (
                "/data/relationships/outcomes/data".into(),
                json!([]),
                "the list of outcomes is empty; leave `relationships` out",
            ),
            (
                "/data/relationships/outcomes/data".into(),
                json!(vec![outcome(); 251]),
                "there are 251 outcomes, more than 250",
            ),
            (
                "/data/relationships/outcomes/data".into(),
                json!({}),
                "`data.relationships.outcomes.data` is no array",
            ),
            (
                "/data/relationships/outcomes/data/0/type".into(),
                json!("outcomes"),
                "the type of outcome 1 is \"outcomes\" instead of \"task-result-outcomes\"",
            ),
            (format!("{attributes}/outcome-id"), json!(null), "outcome 1 has no outcome-id"),
            (
                format!("{attributes}/outcome-id"),
                json!("x".repeat(65)),
                "the outcome-id of outcome 1 has 65 characters, more than 64",
            ),
            (format!("{attributes}/description"), json!(""), "the description of outcome 1 is empty"),
            (
                format!("{attributes}/body"),
                json!("x".repeat(10_001)),
                "the body of outcome 1 has 10001 characters, more than 10000",
            ),
            (
                format!("{attributes}/tags"),
                json!([]),
                "the tags of outcome 1 are an array instead of an object",
            ),
            (format!("{attributes}/tags"), tags, "outcome 1 has 11 tags; 1 to 10 are possible"),
            (
                format!("{attributes}/tags/Status"),
                json!("Failed"),
                "the tag `Status` of outcome 1 is no array of labels",
            ),
            (
                format!("{attributes}/tags/Status"),
                json!(labels(33)),
                "the tag `Status` of outcome 1 has 33 labels; 1 to 32 are possible",
            ),
            (
                format!("{attributes}/tags/Status/0/label"),
                json!("x".repeat(33)),
                "a label of the tag `Status` of outcome 1 has 33 characters, more than 32",
            ),
            (
                format!("{attributes}/tags/Status/0/level"),
                json!("fatal"),
                "the level of a label of the tag `Status` of outcome 1 is \"fatal\" instead of \"none\", \"info\", \"warning\" or \"error\"",
            ),
        ];
        for (pointer, value, sentence) in table {
            assert_eq!(problems_with(&pointer, value), [(422, sentence.to_owned())], "{pointer}");
        }
    }

    /// P-17: what fills a limit is taken, one more is not, and the numbers are those of HCP Terraform's schemas.
    #[test]
    fn each_limit_is_where_hcp_terraform_has_it() {
        /// Makes a value of this size.
        type OfSize = fn(usize) -> Value;
        fn text(length: usize) -> Value {
            "ö".repeat(length).into()
        }
        fn link(length: usize) -> Value {
            format!("https://example.com/{}", "x".repeat(length - 20)).into()
        }
        fn outcomes(count: usize) -> Value {
            vec![outcome(); count].into()
        }
        fn labels(count: usize) -> Value {
            vec![json!({ "label": "x" }); count].into()
        }
        fn tags(count: usize) -> Value {
            (0..count).map(|it| (format!("T{it}"), labels(1))).collect::<Map<_, _>>().into()
        }
        let data = "/data/relationships/outcomes/data";
        let attributes = format!("{data}/0/attributes");
        let table: [(String, OfSize, usize); 10] = [
            ("/data/attributes/message".to_owned(), text, 1000),
            ("/data/attributes/url".to_owned(), link, 500),
            (data.to_owned(), outcomes, 250),
            (format!("{attributes}/outcome-id"), text, 64),
            (format!("{attributes}/description"), text, 1000),
            (format!("{attributes}/body"), text, 10_000),
            (format!("{attributes}/url"), link, 500),
            (format!("{attributes}/tags"), tags, 10),
            (format!("{attributes}/tags/Status"), labels, 32),
            (format!("{attributes}/tags/Status/0/label"), text, 32),
        ];
        for (pointer, of_size, limit) in table {
            assert_eq!(problems_with(&pointer, of_size(limit)), [], "{pointer}");
            let over = problems_with(&pointer, of_size(limit + 1));
            assert_eq!(over.iter().map(|it| it.0).collect::<Vec<_>>(), [422], "{pointer}");
        }
    }

    #[test]
    fn outcomes_in_the_wrong_place_are_said() {
        let table = [
            ("/data/attributes/outcomes", "data.attributes.outcomes"),
            ("/relationships", "relationships"),
            ("/data/relationships/task-result-outcomes", "data.relationships.task-result-outcomes"),
        ];
        for (pointer, place) in table {
            let mut document = good();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            document.pointer_mut(parent).unwrap()[name] = json!({ "data": [] });
            let sentence = format!(
                "outcomes stand at `{place}` instead of `data.relationships.outcomes.data`, and are not shown"
            );
            assert_eq!(problems(&document), [(200, sentence)]);
        }
    }

    /// P-18
    #[test]
    fn outcomes_nobody_asked_for_are_said_and_dropped() {
        let reading = read(Some(MEDIA_TYPE), good().to_string().as_bytes(), false);
        assert_eq!(reading.problems.len(), 1);
        assert_eq!(reading.problems[0].answer, 200);
        assert!(reading.outcomes.is_empty());
    }

    #[test]
    fn content_types_are_told_apart() {
        let answers = |content_type| -> Vec<u16> {
            let reading = read(content_type, good().to_string().as_bytes(), true);
            reading.problems.iter().map(|it| it.answer).collect()
        };
        assert_eq!(answers(Some("Application/vnd.api+json; charset=utf-8")), [0_u16; 0]);
        assert_eq!(answers(Some("application/json")), [415]);
        assert_eq!(answers(None), [415]);
    }

    #[test]
    fn what_is_not_json_is_said() {
        let reading = read(Some(MEDIA_TYPE), b"status=passed", true);
        assert_eq!(reading.problems[0].answer, 400);
    }
}
