//! Reads the jobs of a `.gitlab-ci.yml`. What is not known is refused, so that nothing is taken for what it is not.

use super::rules::{self, Said};
use super::yaml;
use crate::job_spec::JobSpec;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Stages where a file names none.
const STAGES: [&str; 5] = [".pre", "build", "test", "deploy", ".post"];

/// Why a file is no pipeline here.
#[derive(Debug, thiserror::Error)]
#[error(".gitlab-ci.yml: {0}")]
pub struct PipelineError(String);

/// When a job starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    OnSuccess,
    OnFailure,
    Always,
    Manual,
}

/// A job as the file has it.
#[derive(Debug)]
pub(super) struct ReadJob {
    pub(super) name: String,
    pub(super) stage: String,
    pub(super) stage_index: usize,
    pub(super) spec: JobSpec,
    pub(super) start: Start,
    /// The jobs that it waits for, in the place of all earlier stages.
    pub(super) needs: Option<Vec<String>>,
    /// Whose artifacts it gets, where not those of all before it.
    pub(super) dependencies: Option<Vec<String>>,
    /// Whether it may fail: always where the list is empty, else with these exit codes.
    pub(super) allow_failure: Option<Vec<i64>>,
}

impl ReadJob {
    /// Whether the pipeline goes on after it has failed with this exit code.
    pub(super) fn may_fail(&self, code: Option<i64>) -> bool {
        let allowed = |codes: &Vec<i64>| codes.is_empty() || code.is_some_and(|it| codes.contains(&it));
        self.allow_failure.as_ref().is_some_and(allowed)
    }
}

/// The jobs of a file, stage by stage.
pub(super) fn read(text: &str) -> Result<Vec<ReadJob>, PipelineError> {
    read_jobs(text).map_err(PipelineError)
}

fn read_jobs(text: &str) -> Result<Vec<ReadJob>, String> {
    let (Value::Object(file), order) = yaml::read(text)? else { return Err("it is no mapping".to_owned()) };
    let stages: Vec<String> = match file.get("stages") {
        Some(it) => [".pre".to_owned()].into_iter().chain(texts(it)?).chain([".post".to_owned()]).collect(),
        None => STAGES.map(str::to_owned).to_vec(),
    };
    let mut default = file.get("default").and_then(Value::as_object).cloned().unwrap_or_default();
    for name in ["before_script", "after_script", "image"] {
        if let Some(value) = file.get(name) {
            default.insert(name.to_owned(), value.clone());
        }
    }
    let mut jobs = Vec::new();
    for (name, job) in order.iter().filter_map(|name| Some((name, file.get(name)?))) {
        let is_other =
            ["stages", "default", "before_script", "after_script", "image", "variables", "workflow"];
        if name.starts_with('.') || is_other.contains(&name.as_str()) {
            continue;
        }
        let within = |why: String| format!("job {name}: {why}");
        let members = extended(&file, job, &mut Vec::new()).map_err(within)?;
        let variables = file.get("variables").unwrap_or(&Value::Null);
        jobs.extend(read_job(name, &members, &default, variables, &stages).map_err(within)?);
    }
    let known: Vec<String> = jobs.iter().map(|it: &ReadJob| it.name.clone()).collect();
    for job in &jobs {
        if let Some(unknown) = job.needs.iter().flatten().find(|it| !known.contains(it)) {
            return Err(format!("job {}: it needs {unknown}, which there is not", job.name));
        }
    }
    jobs.sort_by_key(|it| it.stage_index);
    Ok(jobs)
}

/// A job with what it extends.
fn extended(
    file: &Map<String, Value>,
    job: &Value,
    above: &mut Vec<String>,
) -> Result<Map<String, Value>, String> {
    let own = job.as_object().ok_or("it is no mapping")?;
    let mut members = Map::new();
    for name in own.get("extends").map(texts).transpose()?.unwrap_or_default() {
        if above.len() > 10 || above.contains(&name) {
            return Err(format!("it extends {name} too deeply"));
        }
        above.push(name.clone());
        let base = file.get(&name).ok_or_else(|| format!("it extends {name}, which there is not"))?;
        members.extend(extended(file, base, above)?);
    }
    members.extend(own.iter().filter(|it| it.0 != "extends").map(|(name, it)| (name.clone(), it.clone())));
    Ok(members)
}

fn read_job(
    name: &str,
    job: &Map<String, Value>,
    default: &Map<String, Value>,
    variables: &Value,
    stages: &[String],
) -> Result<Option<ReadJob>, String> {
    const KNOWN: [&str; 17] = [
        "stage",
        "script",
        "before_script",
        "after_script",
        "variables",
        "artifacts",
        "needs",
        "dependencies",
        "allow_failure",
        "when",
        "only",
        "except",
        "rules",
        "tags",
        "image",
        "environment",
        "interruptible",
    ];
    if let Some(unknown) = job.keys().find(|it| !KNOWN.contains(&it.as_str())) {
        return Err(format!("`{unknown}` is not known here"));
    }
    let get = |name: &str| job.get(name).or_else(|| default.get(name)).filter(|it| !it.is_null());
    let Some(said) = is_in(job)? else { return Ok(None) };
    let stage = job.get("stage").and_then(Value::as_str).unwrap_or("test").to_owned();
    let stage_index =
        stages.iter().position(|it| *it == stage).ok_or_else(|| format!("the stage {stage} is none"))?;
    let lines = |name: &str| get(name).map(texts).transpose().map(Option::unwrap_or_default);
    let script: Vec<String> = lines("before_script")?.into_iter().chain(lines("script")?).collect();
    if script.is_empty() {
        return Err("it has no script".to_owned());
    }
    let refs = |lines: &[String]| -> Vec<String> { lines.to_vec() };
    let (script, after) = (refs(&script), lines("after_script")?);
    let mut spec = JobSpec::new(name, &script.iter().map(String::as_str).collect::<Vec<_>>())
        .after_script(&after.iter().map(String::as_str).collect::<Vec<_>>())
        .variable("CI_JOB_STAGE", &stage);
    let mut all = BTreeMap::new();
    for value in [variables, job.get("variables").unwrap_or(&Value::Null)] {
        all.extend(value.as_object().into_iter().flatten().map(|(name, it)| (name.clone(), word(it))));
    }
    for (name, value) in &all {
        spec = spec.variable(name, value);
    }
    if let Some(artifacts) = job.get("artifacts") {
        for it in artifacts_of(artifacts)? {
            spec = spec.artifact(it);
        }
    }
    let when = said.when.or_else(|| job.get("when").and_then(Value::as_str).map(str::to_owned));
    let start = match when.as_deref() {
        None | Some("on_success") => Start::OnSuccess,
        Some("on_failure") => Start::OnFailure,
        Some("always") => Start::Always,
        Some("manual") => Start::Manual,
        Some(other) => return Err(format!("`when: {other}` is not known here")),
    };
    // A manual job may be left out, unless rules make it one.
    let is_free = start == Start::Manual && !job.contains_key("rules");
    let allow_failure = match (said.allow_failure, job.get("allow_failure")) {
        (Some(true), _) | (None, Some(Value::Bool(true))) => Some(Vec::new()),
        (Some(false), _) | (None, Some(Value::Bool(false))) => None,
        (None, Some(codes)) => Some(exit_codes(codes)?),
        (None, None) => is_free.then(Vec::new),
    };
    let needs = job.get("needs").map(|it| names(it, "job")).transpose()?;
    let dependencies = job.get("dependencies").map(texts).transpose()?;
    let name = name.to_owned();
    Ok(Some(ReadJob { name, stage, stage_index, spec, start, needs, dependencies, allow_failure }))
}

/// What is said of a job that is in the pipeline.
fn is_in(job: &Map<String, Value>) -> Result<Option<Said>, String> {
    if let Some(it) = job.get("rules") {
        return rules::rules(it);
    }
    let is_meant = job.get("only").map(rules::names).transpose()?.unwrap_or(true);
    let is_excluded = job.get("except").map(rules::names).transpose()?.unwrap_or(false);
    Ok((is_meant && !is_excluded).then(Said::default))
}

/// Artifacts as GitLab hands them out: the archive, and each report.
fn artifacts_of(artifacts: &Value) -> Result<Vec<Value>, String> {
    let members = artifacts.as_object().ok_or("artifacts are no mapping")?;
    let known =
        ["name", "paths", "exclude", "expire_in", "when", "untracked", "reports", "access", "expose_as"];
    if let Some(unknown) = members.keys().find(|it| !known.contains(&it.as_str())) {
        return Err(format!("`artifacts:{unknown}` is not known here"));
    }
    let get = |name: &str| members.get(name).cloned().unwrap_or(Value::Null);
    let mut all = Vec::new();
    if members.contains_key("paths") || get("untracked") == true {
        all.push(json!({"name": get("name"), "untracked": get("untracked"), "paths": get("paths"),
            "exclude": get("exclude"), "when": get("when"), "expire_in": get("expire_in"),
            "artifact_type": "archive", "artifact_format": "zip"}));
    }
    for (kind, paths) in members.get("reports").and_then(Value::as_object).into_iter().flatten() {
        let (name, format) = match kind.as_str() {
            "terraform" => ("tfplan.json", "raw"),
            "dotenv" => (".env", "gzip"),
            "junit" => ("junit.xml", "gzip"),
            other => return Err(format!("`artifacts:reports:{other}` is not known here")),
        };
        all.push(
            json!({"name": name, "paths": texts(paths)?, "when": "always", "expire_in": get("expire_in"),
            "artifact_type": kind, "artifact_format": format}),
        );
    }
    Ok(all)
}

fn exit_codes(value: &Value) -> Result<Vec<i64>, String> {
    match value.get("exit_codes") {
        Some(Value::Array(codes)) => Ok(codes.iter().filter_map(Value::as_i64).collect()),
        Some(Value::Number(code)) => Ok(code.as_i64().into_iter().collect()),
        _ => Err("allow_failure is true, false or exit_codes".to_owned()),
    }
}

/// Texts, or mappings that have one under `key`.
fn names(value: &Value, key: &str) -> Result<Vec<String>, String> {
    let name = |it: &Value| it.as_str().or_else(|| it.get(key)?.as_str()).map(str::to_owned);
    let all = value.as_array().ok_or("`needs` is no list")?.iter().map(name);
    all.collect::<Option<Vec<String>>>().ok_or_else(|| "`needs` names no job".to_owned())
}

/// One text or a list of them; lists in it are taken apart, as anchors make them.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(items) => {
            let mut all = Vec::new();
            for it in items {
                match it {
                    Value::Array(inner) => all.extend(inner.iter().map(word)),
                    Value::Object(_) => return Err("a mapping stands where a text is due".to_owned()),
                    it => all.push(word(it)),
                }
            }
            Ok(all)
        }
        Value::Object(_) => Err("a mapping stands where a text is due".to_owned()),
        it => Ok(vec![word(it)]),
    }
}

/// A scalar as text.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        // A variable with a description.
        Value::Object(members) => members.get("value").map(word).unwrap_or_default(),
        other => other.to_string(),
    }
}
