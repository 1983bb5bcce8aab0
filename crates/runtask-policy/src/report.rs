//! Makes a report of the findings of rules.

use crate::evaluation::{Evaluation, UnavailableError};
use crate::facts_read::FactRead;
use crate::find_rules::title_of;
use crate::message::{RuleEntry, RuleKind, Trouble, Violation};
use crate::settings::{Exception, PolicySettings, Unknown};
use runtask_findings::{
    CheckReport, Code, Finding, Level, Rule, Source, Subject, code_span, counted, fenced, markdown_escaped,
    printable,
};
use runtask_tasks::{AddressPattern, Date};
use std::collections::{BTreeSet, HashSet};

/// The check's name.
const CHECK: &str = "policy";
/// Names in a headline.
const NAMED: usize = 6;

/// The report of policies that could not be asked.
pub(crate) fn unavailable(error: &UnavailableError) -> CheckReport {
    let mut report = CheckReport::unavailable(CHECK, &error.to_string());
    let excerpt = match error {
        UnavailableError::Policies(troubles) | UnavailableError::Plan(troubles) => {
            troubles.first().map(|it| it.excerpt.clone()).unwrap_or_default()
        }
        UnavailableError::Ended(_) => String::new(),
    };
    if let (false, Some(finding)) = (excerpt.is_empty(), report.findings.first_mut()) {
        finding.body = fenced("rego", &excerpt);
    }
    report
}

/// A warning for a fact of the run that rules read and that is not known: to them it is undefined, and so they may pass.
pub(crate) fn fact_not_given(read: FactRead) -> Finding {
    let (what, example) = match read.fact.as_str() {
        "" => ("data.run".to_owned(), "workspace=net-prod".to_owned()),
        fact => (format!("data.run.{fact}"), format!("{fact}=VALUE")),
    };
    let summary =
        format!("A rule reads {what}, which is not known of this run, and may pass because of that");
    let advice =
        format!("The request for a run may leave it out; `runtask check` takes it from `--run {example}`.\n");
    let finding = Finding::new(Code::FACT_NOT_GIVEN, Level::Warning, summary).body(advice);
    Finding { source: Some(Source { file: read.file, line: read.line }), ..finding }
}

/// The report of a plan at a stage where there is none yet.
pub(crate) fn no_plan(stage: &str) -> CheckReport {
    let headline = format!("No plan to judge: at stage {} there is none yet", printable(stage));
    let finding = Finding::new(Code::NO_PLAN, Level::Info, headline.clone());
    CheckReport::new(CHECK, headline, vec![finding])
}

/// The report of a plan that was judged. An exception counts until the end of its last day.
pub(crate) fn report(
    task: &str,
    settings: &PolicySettings,
    evaluation: &Evaluation,
    today: Date,
) -> CheckReport {
    let is_over = |it: &Exception| it.expires.is_some_and(|last| last < today);
    let mut tally = Tally::default();
    let mut used = vec![false; settings.exceptions.len()];
    let mut findings = Vec::new();
    let mut rules: Vec<Rule> = Vec::new();
    for answer in &evaluation.answers {
        let Some(rule) = evaluation.rules.get(answer.index) else { continue };
        let code = Code::of_rule(&rule.code);
        if tally.asked.insert(code.clone()) {
            rules.push(Rule { code: code.clone(), title: printable(&rule.title), source: source(rule) });
        }
        if let Some(trouble) = &answer.trouble {
            tally.unavailable.insert(code.clone());
            findings.push(not_asked(rule, trouble, !answer.violations.is_empty()));
        }
        for violation in &answer.violations {
            let Some(level) = level(rule, violation, settings.unknown) else { continue };
            let exception = exception(settings, &code, violation, &mut used, is_over);
            let excepted = answer.excepted || exception.is_some_and(|it| !is_over(it));
            let level = if excepted { Level::Info } else { level };
            tally.count(&code, level);
            let mut finding = Finding::new(code.clone(), level, summary(violation, level, answer.excepted))
                .body(body(rule, violation, exception.map(|it| (it, is_over(it)))))
                .subject(violation.address.clone().map(|address| Subject::Resource { address }));
            finding.excepted = excepted;
            if level != Level::Info {
                finding = finding.advice(advice(task, rule, violation, exception.is_some()));
            }
            findings.push(with_rule(finding, rule, violation.severity.as_deref()));
        }
        for (more, level, what) in [
            (answer.more, Some(level_of(rule.kind)), "more of the same are"),
            (
                answer.more_unknown,
                level_of_unknown(rule, settings.unknown),
                "more that nobody knows until apply are",
            ),
        ] {
            let Some(level) = level.filter(|_| more > 0) else { continue };
            let level = if answer.excepted { Level::Info } else { level };
            tally.count(&code, level);
            let mut finding = Finding::new(code.clone(), level, format!("{more} {what} not shown"));
            finding.excepted = answer.excepted;
            findings.push(with_rule(finding, rule, None));
        }
    }
    let unjudged = evaluation.unjudged.findings();
    tally.errors += unjudged.iter().filter(|it| it.level == Level::Error).count();
    tally.warnings += unjudged.iter().filter(|it| it.level == Level::Warning).count();
    findings.extend(unjudged);
    let unused =
        settings.exceptions.iter().zip(used).filter(|(exception, used)| !used && !is_over(exception));
    for (exception, _) in unused {
        let finding = unused_exception(exception, &tally.asked);
        tally.warnings += usize::from(finding.level == Level::Warning);
        findings.push(finding);
    }
    if let Some(finding) = unused_namespaces(settings, evaluation) {
        tally.warnings += 1;
        findings.push(finding);
    }
    findings.sort_by_key(|it| it.level);
    let headline = if evaluation.unjudged.is_errored {
        format!("The plan ended with an error; {}", tally.headline())
    } else {
        tally.headline()
    };
    let mut report = CheckReport::new(CHECK, headline, findings);
    report.tally = Some(format!("Found {}", counted(tally.errors, "issue")));
    // A rule that could not be asked has not passed.
    rules.retain(|it| tally.failed.contains(&it.code) || !tally.unavailable.contains(&it.code));
    report.rules = rules;
    report
}

/// The counts over all rules.
#[derive(Default)]
struct Tally {
    asked: HashSet<Code>,
    failed: Vec<Code>,
    unavailable: BTreeSet<Code>,
    errors: usize,
    warnings: usize,
}

impl Tally {
    fn count(&mut self, code: &Code, level: Level) {
        match level {
            Level::Error => {
                self.errors += 1;
                if !self.failed.contains(code) {
                    self.failed.push(code.clone());
                }
            }
            Level::Warning => self.warnings += 1,
            Level::Info => {}
        }
    }

    /// `2 of 9 rules failed: public-s3-bucket, required-tags (3 warnings)`.
    fn headline(&self) -> String {
        let all = self.asked.len();
        let rules = counted(all, "rule");
        let failed = match (self.failed.len(), all) {
            (0, 1) if self.unavailable.is_empty() => "The rule passed".to_owned(),
            (0, _) if self.unavailable.is_empty() => format!("All {rules} passed"),
            (0, _) => format!("No rule of {all} failed"),
            (failed, _) => format!("{failed} of {rules} failed: {}", listed(self.failed.iter())),
        };
        let unavailable = match self.unavailable.len() {
            0 => String::new(),
            some => format!("; {some} could not be asked: {}", listed(self.unavailable.iter())),
        };
        let warnings = match self.warnings {
            0 => String::new(),
            some => format!(" ({})", counted(some, "warning")),
        };
        format!("{failed}{unavailable}{warnings}")
    }
}

fn listed<'a>(codes: impl ExactSizeIterator<Item = &'a Code>) -> String {
    let more = codes.len().saturating_sub(NAMED);
    let names = codes.take(NAMED).map(Code::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}

fn level_of(kind: RuleKind) -> Level {
    match kind {
        RuleKind::Warn => Level::Warning,
        RuleKind::Deny | RuleKind::Test => Level::Error,
    }
}

/// `None` where it counts for nothing.
fn level(rule: &RuleEntry, violation: &Violation, unknown: Unknown) -> Option<Level> {
    if violation.unknown { level_of_unknown(rule, unknown) } else { Some(level_of(rule.kind)) }
}

/// That of what nobody can say; `None` where it counts for nothing.
fn level_of_unknown(rule: &RuleEntry, unknown: Unknown) -> Option<Level> {
    let level = level_of(rule.kind);
    match unknown {
        Unknown::Pass => None,
        Unknown::Warn => Some(level.max(Level::Warning)),
        // Conftest knows no other findings.
        Unknown::Fail | Unknown::Absent => Some(level),
    }
}

/// The exception that is about this violation, an expired one only where there is no other.
fn exception<'a>(
    settings: &'a PolicySettings,
    code: &Code,
    violation: &Violation,
    used: &mut [bool],
    is_over: impl Fn(&Exception) -> bool,
) -> Option<&'a Exception> {
    let address = violation.address.as_deref()?;
    let mut found: Option<&Exception> = None;
    for (exception, used) in settings.exceptions.iter().zip(used) {
        if exception.rule == code.as_str() && exception.address.matches(address) {
            *used = true;
            found = found.filter(|it| !is_over(it)).or(Some(exception));
        }
    }
    found
}

fn summary(violation: &Violation, level: Level, excepted: bool) -> String {
    let message = printable(&violation.message);
    match level {
        Level::Info if excepted => format!("Excepted by its package: {message}"),
        Level::Info => format!("Excepted: {message}"),
        _ if violation.unknown => format!("Not known until apply: {message}"),
        _ => message,
    }
}

/// What is wrong with which attribute, and who allows it.
fn body(rule: &RuleEntry, violation: &Violation, exception: Option<(&Exception, bool)>) -> String {
    let mut parts = Vec::new();
    // A title that is only the rule's name says nothing.
    if rule.title != title_of(&rule.name) {
        parts.push(format!("{}.", markdown_escaped(rule.title.trim_end_matches('.'))));
    }
    if let Some(address) = &violation.address {
        parts.push(table(address, violation));
    }
    let is_told = |(address, attribute): &(String, String)| {
        violation.address.as_ref() == Some(address) && violation.attribute.as_ref() == Some(attribute)
    };
    if violation.unknown && violation.hangs_on.iter().all(is_told) {
        parts.push("The value is only known after apply, so the rule cannot say more now.".to_owned());
    } else if !violation.hangs_on.is_empty() {
        parts.push(hangs_on(&violation.hangs_on));
    }
    if let Some((exception, is_over)) = exception {
        parts.push(about(exception, is_over));
    }
    if let Some(fix) = &violation.fix {
        parts.push(markdown_escaped(fix));
    }
    if parts.is_empty() { String::new() } else { parts.join("\n\n") + "\n" }
}

/// The values on which a finding hangs.
fn hangs_on(values: &[(String, String)]) -> String {
    let line = |(address, attribute): &(String, String)| match attribute.is_empty() {
        true => format!("- {}", code_span(address)),
        false => format!("- {} of {}", code_span(attribute), code_span(address)),
    };
    let lines: Vec<String> = values.iter().map(line).collect();
    format!("Whether it is so hangs on what is only known after apply:\n\n{}", lines.join("\n"))
}

/// How to mend it, how to except it, and where to read on. The author's own words are Markdown as they are.
fn advice(task: &str, rule: &RuleEntry, violation: &Violation, is_excepted: bool) -> String {
    let mut parts = Vec::new();
    if !rule.fix.is_empty() {
        parts.push(format!("**How to fix it**\n\n{}", rule.fix));
    }
    if let (false, Some(address)) = (is_excepted, &violation.address) {
        parts.extend(how_to_except(task, &rule.code, address));
    }
    // As it is: whatever shows Markdown makes a link of it, and a terminal as well.
    let link = |it: &String| printable(it).replace(['<', '>', ' ', '`'], "");
    let links: Vec<String> = rule.links.iter().map(link).collect();
    if !links.is_empty() {
        parts.push(format!("More: {}", links.join(", ")));
    }
    parts.push(format!(
        "Rule {} is written at {}.",
        code_span(&rule.code),
        code_span(&source(rule).to_string())
    ));
    parts.join("\n\n") + "\n"
}

fn table(address: &str, violation: &Violation) -> String {
    let resource = code_span(address);
    let Some(attribute) = &violation.attribute else {
        return format!("| Resource |\n| --- |\n| {resource} |");
    };
    let attribute = code_span(attribute);
    let Some((before, after)) = &violation.change else {
        return format!("| Resource | Attribute |\n| --- | --- |\n| {resource} | {attribute} |");
    };
    let (before, after) = (code_span(before), code_span(after));
    format!(
        "| Resource | Attribute | Before | After |\n| --- | --- | --- | --- |\n| {resource} | {attribute} | {before} | {after} |"
    )
}

fn about(exception: &Exception, is_over: bool) -> String {
    let owner =
        exception.owner.as_deref().map(|it| format!(", by {}", markdown_escaped(it))).unwrap_or_default();
    let reason = markdown_escaped(&exception.reason);
    match exception.expires {
        Some(date) if is_over => {
            format!("An exception for it ({reason}{owner}) has expired: it was valid to {date}.")
        }
        Some(date) => format!("Excepted until {date}: {reason}{owner}."),
        None => format!("Excepted: {reason}{owner}."),
    }
}

/// The lines that except this address and no other; none where `runtask.toml` may not hold it.
fn how_to_except(task: &str, code: &str, address: &str) -> Option<String> {
    let pattern = AddressPattern::exactly(address)?;
    let toml = format!(
        "[[tasks.{task}.policy.exceptions]]\nrule = \"{code}\"\naddress = {}\nreason = \"why this one may\"\n",
        toml_string(pattern.as_str())
    );
    Some(format!("**To except it**, write into `runtask.toml`:\n\n{}", fenced("toml", &toml).trim_end()))
}

/// A TOML string that is `text`; literal where that is easier to read. What does not print is escaped.
fn toml_string(text: &str) -> String {
    let prints = printable(text) == text;
    if prints && text.contains(['"', '\\']) && !text.contains('\'') {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if prints || character.is_ascii_graphic() || character == ' ' => quoted.push(character),
            _ => quoted.push_str(&format!("\\U{:08X}", u32::from(character))),
        }
    }
    quoted + "\""
}

fn source(rule: &RuleEntry) -> Source {
    Source { file: rule.file.clone(), line: rule.line }
}

fn with_rule(mut finding: Finding, rule: &RuleEntry, severity: Option<&str>) -> Finding {
    let severity = [severity, rule.severity.as_deref()].into_iter().flatten();
    finding.severity = severity.filter_map(|it| it.parse().ok()).next();
    finding.source = Some(source(rule));
    finding
}

/// What a rule has said before it could not be asked any more counts all the same.
fn not_asked(rule: &RuleEntry, trouble: &Trouble, has_said: bool) -> Finding {
    let to_its_end = if has_said { " to its end" } else { "" };
    let summary =
        format!("Rule {} could not be asked{to_its_end}: {}", rule.code, printable(&trouble.summary));
    let mut finding = Finding::new(Code::CHECK_UNAVAILABLE, Level::Error, summary);
    if !trouble.excerpt.is_empty() {
        finding = finding.body(fenced("rego", &trouble.excerpt));
    }
    with_rule(finding, rule, None)
}

/// A warning where there is no such rule, as its name may be wrong.
fn unused_exception(exception: &Exception, asked: &HashSet<Code>) -> Finding {
    if !asked.iter().any(|it| it.as_str() == exception.rule) {
        let summary = format!(
            "No rule {} is asked, which an exception names (line {} of the tasks' file)",
            printable(&exception.rule),
            exception.line
        );
        return Finding::new(Code::UNUSED_EXCEPTION, Level::Warning, summary);
    }
    let summary = format!(
        "Nothing needs the exception of rule {} for {} (line {} of the tasks' file)",
        printable(&exception.rule),
        printable(&exception.address.to_string()),
        exception.line
    );
    Finding::new(Code::UNUSED_EXCEPTION, Level::Info, summary)
}

/// A warning, because somebody believes that the rules of these packages are asked.
fn unused_namespaces(settings: &PolicySettings, evaluation: &Evaluation) -> Option<Finding> {
    let asked: HashSet<&String> = evaluation.rules.iter().map(|it| &it.package).collect();
    let unused = settings.namespaces.iter().flatten().filter(|it| !asked.contains(it));
    let mut unused: Vec<String> = unused.map(|it| printable(it)).collect();
    let more = unused.len().saturating_sub(NAMED);
    unused.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = unused.join(", ");
    let summary = format!("No rule is in these packages of `namespaces`: {names}{more}");
    let advice = "Write a package in full and without `data.`, as its files do after `package`. \
                  Rules are called `deny`, `violation` or `warn`.\n";
    let finding = Finding::new(Code::UNUSED_NAMESPACE, Level::Warning, summary).advice(advice);
    (!unused.is_empty()).then_some(finding)
}

#[cfg(test)]
mod tests;
