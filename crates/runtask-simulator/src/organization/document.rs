//! Reads the document of a request to the API, or says why the request is refused.

use super::contents::Scope;
use crate::callback::MEDIA_TYPE;
use crate::reply::Reply;
use http::Method;
use serde_json::{Map, Value, json};

/// A request to the API.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a Method,
    /// What follows `/api/v2/`, decoded.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// Why a request is refused.
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) detail: String,
    pub(super) pointer: Option<&'static str>,
}

pub(super) type Judged<T> = Result<T, Refusal>;

/// What may not be seen does not exist, either.
pub(super) const NOT_FOUND: Refusal = Refusal { status: 404, detail: String::new(), pointer: None };

pub(super) fn refusal(status: u16, detail: &str) -> Refusal {
    Refusal { status, detail: detail.to_owned(), pointer: None }
}

pub(super) fn unprocessable(pointer: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal { status: 422, detail: detail.into(), pointer: Some(pointer) }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, detail, pointer } = refusal;
        let reply = Self::errors(status, vec![(detail, pointer.map(str::to_owned))]);
        Self { retry_after: (status == 429).then_some(0), ..reply }
    }
}

/// The attributes of a request's document, which must be of this type and have no others than `known`.
pub(super) fn read(request: &Request<'_>, type_name: &str, known: &[&str]) -> Judged<Map<String, Value>> {
    if request.content_type != Some(MEDIA_TYPE) {
        return Err(refusal(415, &format!("The content type must be {MEDIA_TYPE}")));
    }
    let document = document(request);
    if document.pointer("/data/type") != Some(&json!(type_name)) {
        return Err(unprocessable("/data/type", format!("Type must be {type_name}")));
    }
    let attributes =
        document.pointer("/data/attributes").and_then(Value::as_object).cloned().unwrap_or_default();
    match attributes.keys().find(|it| !known.contains(&it.as_str())) {
        Some(name) => Err(unprocessable("/data/attributes", format!("There is no attribute {name}"))),
        None => Ok(attributes),
    }
}

fn document(request: &Request<'_>) -> Value {
    serde_json::from_slice(request.body).unwrap_or_default()
}

/// The id of a related resource.
pub(super) fn related(request: &Request<'_>, name: &str) -> Option<String> {
    let id = document(request).pointer(&format!("/data/relationships/{name}/data/id"))?.as_str()?.to_owned();
    Some(id)
}

pub(super) fn string(attributes: &Map<String, Value>, name: &str) -> Judged<Option<String>> {
    match attributes.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(unprocessable("/data/attributes", format!("{name} must be a string"))),
    }
}

pub(super) fn scope(attributes: &Map<String, Value>, stages_name: &str) -> Judged<Scope> {
    let stages = attributes.get(stages_name).and_then(Value::as_array);
    let stages: Option<Vec<String>> = match stages {
        Some(stages) => stages.iter().map(|it| it.as_str().map(str::to_owned)).collect(),
        None => Some(vec!["post_plan".to_owned()]),
    };
    let known = |it: &String| matches!(it.as_str(), "pre_plan" | "post_plan" | "pre_apply" | "post_apply");
    let stages = stages.filter(|it| !it.is_empty() && it.iter().all(known));
    let stages = stages.ok_or_else(|| unprocessable("/data/attributes/stages", "Stages are invalid"))?;
    match attributes.get("enforcement-level").and_then(Value::as_str) {
        Some(level @ ("advisory" | "mandatory")) => Ok(Scope { stages, enforcement_level: level.to_owned() }),
        _ => Err(unprocessable("/data/attributes/enforcement-level", "Enforcement level is invalid")),
    }
}
