//! Reads SARIF 2.1.0, as tools write it: one odd result costs itself, and an odd part of one that part.
//!
//! Rules of the standard are named by their sections. Of snippets and other contents of files, nothing is read.

mod base;
mod document;
mod message;
mod rules;

use crate::collect::Collector;
use crate::grade::{Rating, Thresholds, severity_of_number, severity_of_word};
use crate::lenient::{Object, each, object};
use crate::scan::{Issue, MAX_SUPPRESSED, MAX_TEXT, ReadError, Scan, Suppressed};
use crate::tree::Tree;
use crate::words;
use base::Bases;
use document::{Document, Found, Invocation, Location, Notification, Properties, Rule, Run};
use message::text;
use rules::{Named, Rules};
use runtask_findings::{Level, Severity, Subject, shortened};
use serde_json::value::RawValue;

/// Runs of one file that are read. GitHub takes as many.
const MAX_RUNS: usize = 20;
/// Notifications of one run that are told.
const MAX_NOTIFICATIONS: usize = 5;
/// The run in which tflint puts what kept it from checking.
///
/// Source: tflint, `formatter/sarif.go`.
const TFLINT_ERRORS: &str = "tflint-errors";
/// The tool whose levels say nothing: `error` is everything that it finds.
///
/// Source: what checkov 3.3 prints.
const RATES_NOTHING: &str = "Checkov";
/// Characters of the name of a rule or resource.
const MAX_NAME: usize = 300;

/// What decides about the results of a file.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// How bad each is.
    pub thresholds: Thresholds,
    /// What paths are relative to.
    pub tree: &'a Tree,
    /// Whether what the tool says is suppressed is.
    pub honor_suppressions: bool,
}

/// One run, as far as its results need it.
struct Context<'a> {
    rules: Rules<'a>,
    bases: Bases<'a>,
    invocations: Vec<Invocation<'a>>,
}

/// Where a result is: in which run, and what it is.
type Source<'a> = (usize, &'a RawValue);

/// Reads a file.
///
/// # Errors
///
/// When nothing has been checked, as far as the file says. A file without a result is no error: one without a list of
/// results is.
pub fn read_sarif(bytes: &[u8], reading: Reading<'_>) -> Result<Scan, ReadError> {
    let text = words::json(bytes)?;
    let document =
        serde_json::from_str::<Object<Document<'_>>>(text).map_err(|error| words::not_json(&error))?;
    let document = document.0.ok_or(other("it is no object"))?;
    match document.version.get() {
        Some("2.1.0") => {}
        Some(_) => return Err(other("its version is not 2.1.0")),
        None => return Err(other("it has no version")),
    }
    let runs = document.runs.map(|it| it.0).unwrap_or_default();
    if runs.is_empty() {
        return Err(other("it has no run"));
    }
    if runs.len() > MAX_RUNS {
        return Err(other("it has more than 20 runs"));
    }
    let mut scan = Scan::default();
    let mut collector = Collector::new();
    let mut contexts: Vec<Context<'_>> = Vec::new();
    for run in runs {
        let (context, results) = context(run.0.ok_or(other("one of its runs is none"))?)?;
        let number = contexts.len();
        each(results, |raw| {
            let found = object::<Found<'_>>(raw);
            add(found.as_ref(), &context, reading, &mut scan, |grade, rule, subject, also| {
                collector.add(grade, rule, subject, also, (number, raw));
            });
        });
        contexts.push(context);
    }
    let (issues, left_out) = collector.finish(|source| issue(source, &contexts, reading));
    let names = contexts.iter().map(|it| it.rules.tool.as_str());
    let tool = names.filter(|it| !it.is_empty()).map(|it| shortened(it, MAX_NAME)).next();
    Ok(Scan { tool, issues, left_out, ..scan })
}

/// What the results of a run need, and the results.
fn context(run: Run<'_>) -> Result<(Context<'_>, &RawValue), ReadError> {
    if run.external_property_file_references.is_some() {
        return Err(ReadError::InOtherFiles);
    }
    let rules = Rules::of(run.tool.0.unwrap_or_default());
    let mut invocations: Vec<Invocation<'_>> = Vec::new();
    if let Some(list) = run.invocations {
        // One that cannot be read still counts: others are named by their places.
        each(list, |it| invocations.push(object(it).unwrap_or_default()));
    }
    let mut trouble = Vec::new();
    for invocation in &invocations {
        let lists = [&invocation.tool_execution_notifications, &invocation.tool_configuration_notifications];
        let notifications = lists.into_iter().flat_map(|it| &it.0).filter_map(Object::get);
        trouble.extend(notifications.filter_map(error_text));
        if invocation.execution_successful.0 == Some(false) && trouble.is_empty() {
            trouble.push(invocation.exit_signal_name.get().unwrap_or("it says that it failed").to_owned());
        }
    }
    let results = run.results.filter(|it| it.get().starts_with('['));
    let Some(results) = results else {
        trouble.push("it has no list of results, so it never began".to_owned());
        return Err(ReadError::ByItself(in_short(&trouble)));
    };
    if rules.tool == TFLINT_ERRORS {
        each(results, |it| {
            let found = object::<Found<'_>>(it);
            let message = found.as_ref().and_then(|it| it.message.get());
            trouble.push(message.map_or_else(|| "an error without a text".to_owned(), |it| text(it, None)));
        });
    }
    if !trouble.is_empty() {
        return Err(ReadError::ByItself(in_short(&trouble)));
    }
    let bases = Bases::of(run.original_uri_base_ids, run.artifacts);
    Ok((Context { rules, bases, invocations }, results))
}

/// The text of a notification that says that something was not checked (3.58.6).
fn error_text(notification: &Notification<'_>) -> Option<String> {
    notification.level.get().filter(|it| *it == "error")?;
    let message = notification.message.get().map(|it| text(it, None)).filter(|it| !it.is_empty());
    Some(message.unwrap_or_else(|| "an error without a text".to_owned()))
}

fn in_short(texts: &[String]) -> String {
    let mut shown: Vec<String> =
        texts.iter().take(MAX_NOTIFICATIONS).map(|it| shortened(it, MAX_NAME)).collect();
    if texts.len() > MAX_NOTIFICATIONS {
        shown.push(format!("and {} more", texts.len() - MAX_NOTIFICATIONS));
    }
    shown.join("; ")
}

/// Adds a result, if it is one that counts. One that cannot be read has no severity, and is graded so.
fn add(
    found: Option<&Found<'_>>,
    context: &Context<'_>,
    reading: Reading<'_>,
    scan: &mut Scan,
    add: impl FnOnce((Level, Option<Severity>), &str, Option<&Subject>, &str),
) {
    let Some(found) = found else {
        return add(reading.thresholds.grade(None, None), words::UNREADABLE, None, "");
    };
    let is_other = matches!(found.kind.get(), Some("pass" | "notApplicable"));
    if is_other || found.baseline_state.get() == Some("absent") {
        return;
    }
    let named = context.rules.of_result(found);
    let subject = subject(found, context, reading.tree);
    if let Some(reason) = suppressed(found) {
        scan.suppressed_count += 1;
        if scan.suppressed.len() < MAX_SUPPRESSED {
            let rule = shortened(named.id, MAX_NAME);
            scan.suppressed.push(Suppressed { rule, subject: subject.clone(), reason });
        }
        if reading.honor_suppressions {
            return;
        }
    }
    let severity = named.rule.and_then(|it| severity(&it.properties)).or_else(|| severity(&found.properties));
    let grade = reading.thresholds.grade(severity, rating(found, &named, context));
    // Where there is no place, two are the same if they say the same.
    let message = found.message.get().filter(|_| subject.is_none()).map(|it| text(it, Some(&named)));
    add(grade, named.id, subject.as_ref(), message.as_deref().unwrap_or_default());
}

/// What a kept result becomes.
fn issue((run, raw): Source<'_>, contexts: &[Context<'_>], reading: Reading<'_>) -> Issue {
    let found = object::<Found<'_>>(raw);
    let (Some(found), Some(context)) = (found, contexts.get(run)) else { return words::unreadable() };
    let named = context.rules.of_result(&found);
    let message = found.message.get().map(|it| text(it, Some(&named))).unwrap_or_default();
    let message = words::message(&message);
    let rule = named.rule;
    let of_rule = |it: fn(&Rule<'_>) -> Option<String>| rule.and_then(it);
    let titles = [
        of_rule(|it| short(&it.short_description)),
        of_rule(|it| it.name.get().map(str::to_owned)),
        Some(message.lines().next().unwrap_or_default().to_owned()),
        of_rule(|it| short(&it.full_description)),
    ];
    let title = words::title(titles.into_iter().flatten(), named.id);
    let help = of_rule(|it| full(&it.help)).or_else(|| of_rule(|it| full(&it.full_description)));
    Issue {
        rule: shortened(named.id, MAX_NAME),
        title,
        message,
        help: help.map(|it| words::help(&it)).unwrap_or_default(),
        link: of_rule(|it| it.help_uri.get().map(str::to_owned)).and_then(|it| words::link(&it)),
        subject: subject(&found, context, reading.tree),
        level: Level::Info,
        severity: None,
        count: 1,
    }
}

fn short(text: &Object<document::MultiformatText<'_>>) -> Option<String> {
    text.get()?.text.get().map(|it| shortened(it, MAX_TEXT))
}

/// Plain text, or else the Markdown as it is written.
fn full(text: &Object<document::MultiformatText<'_>>) -> Option<String> {
    let text = text.get()?;
    text.text.get().or(text.markdown.get()).map(|it| shortened(it, MAX_TEXT))
}

/// Why it is suppressed, if it is (3.27.23).
fn suppressed(found: &Found<'_>) -> Option<Option<String>> {
    let list = &found.suppressions.0;
    if list.is_empty() {
        return None;
    }
    let statuses = list.iter().map(|it| it.get().and_then(|it| it.status.get()));
    if statuses.into_iter().any(|it| matches!(it, Some("underReview" | "rejected"))) {
        return None;
    }
    let reason = list.iter().find_map(|it| it.get()?.justification.get());
    Some(reason.map(|it| shortened(it, MAX_NAME)))
}

/// The result's level: its own, one that the call of the tool sets, the rule's, or else a warning (3.27.10). None of a tool
/// that rates nothing.
fn rating(found: &Found<'_>, named: &Named<'_, '_>, context: &Context<'_>) -> Option<Rating> {
    if found.kind.get().is_some_and(|it| it != "fail") {
        return Some(Rating::None);
    }
    if context.rules.tool == RATES_NOTHING {
        return None;
    }
    let of_call = || {
        let number = found.provenance.get()?.invocation_index.0?;
        let call = context.invocations.get(usize::try_from(number).ok()?)?;
        let mut overrides = call.rule_configuration_overrides.0.iter().filter_map(Object::get);
        let ours =
            overrides.find(|it| it.descriptor.get().is_some_and(|it| context.rules.means(it, named)))?;
        ours.configuration.get()?.level.get()
    };
    let of_rule = || named.rule?.default_configuration.get()?.level.get();
    let word = |it: Option<&str>| it.and_then(Rating::of_word);
    word(found.level.get()).or_else(|| word(of_call())).or_else(|| word(of_rule())).or(Some(Rating::Warning))
}

fn severity(properties: &Object<Properties<'_>>) -> Option<Severity> {
    let properties = properties.get()?;
    let number = properties.security_severity.0;
    let words = [properties.severity.get(), properties.problem.get().and_then(|it| it.severity.get())];
    number.and_then(severity_of_number).or_else(|| words.into_iter().flatten().find_map(severity_of_word))
}

fn subject(found: &Found<'_>, context: &Context<'_>, tree: &Tree) -> Option<Subject> {
    let location: &Location<'_> = found.locations.0.as_ref()?.get()?;
    let physical = location.physical_location.get().and_then(|it| {
        let path = context.bases.uri(it.artifact_location.get()?).and_then(|it| tree.of_uri(&it))?;
        let line = it.region.get().and_then(|it| it.start_line.0).filter(|it| *it > 0);
        Some(Subject::File { path, line })
    });
    physical.or_else(|| {
        let name = location.logical_locations.0.as_ref()?.get()?.fully_qualified_name.get()?;
        words::is_address(name).then(|| Subject::Resource { address: name.to_owned() })
    })
}

fn other(why: &'static str) -> ReadError {
    ReadError::Other { format: "SARIF 2.1.0", why }
}

#[cfg(test)]
mod tests;
