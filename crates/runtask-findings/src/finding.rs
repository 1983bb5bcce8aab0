//! What a check says, and what follows from it.

use crate::text::printable;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The stable name of a kind of finding, in kebab-case. It is never renamed: people filter by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Code(Cow<'static, str>);

/// Makes of each line a constant and an entry of [`codes`]. There is no other way to either: a code of ours that is not
/// listed could be that of somebody's rule.
macro_rules! codes {
    ($($constant:ident = $code:literal: $meaning:literal;)+) => {
        impl Code {
            $(
                #[doc = $meaning]
                pub const $constant: Self = Self::new($code);
            )+
        }

        static CODES: &[(Code, &str)] = &[$((Code::$constant, $meaning)),+];
    };
}

codes! {
    UNFORMATTED_FILE = "unformatted-file": "`terraform fmt` would change this file.";
    UNPARSABLE_FILE = "unparsable-file": "This file is not valid syntax, so its formatting cannot be judged.";
    UNREADABLE_FILE = "unreadable-file": "This file should be checked, but it cannot be read.";
    NO_FILES = "no-files": "There is no Terraform file in the directory.";
    CHECK_UNAVAILABLE = "check-unavailable": "The check could not run; `RUNTASK_ON_ERROR` decides what follows.";
    PLAN_SUMMARY = "plan-summary": "What the plan would do, in numbers.";
    NOTIFY = "notify": "Who is told of the result.";
    UNREADABLE_PLAN = "unreadable-plan": "The plan is not the JSON that `terraform show -json` prints.";
    UNKNOWN_PLAN_FORMAT = "unknown-plan-format": "The plan says something that this version does not know.";
    INCOMPLETE_PLAN = "incomplete-plan": "The plan leaves something out, which was not checked.";
    FAILED_CONDITION = "failed-condition": "A check that the configuration itself makes does not hold.";
    NO_PLAN = "no-plan": "There is no plan yet at this stage of the run.";
    UNUSED_EXCEPTION = "unused-exception": "Nothing in the plan needs this exception from a rule.";
    UNUSED_NAMESPACE = "unused-namespace": "A package that `namespaces` names has no rule.";
    NOT_GIVEN = "not-given": "`runtask check` was given nothing that this check could look at.";
    FACT_NOT_GIVEN = "fact-not-given": "A rule reads a fact of the run that `runtask check` was not given.";
    SUPPRESSED = "suppressed": "What a scanner would have found, and comments in the code keep it from telling.";
    UNUSED_SKIP = "unused-skip": "A rule that `skip` names, and nothing was found by it.";
    TREE_SETTINGS_TRUSTED = "tree-settings-trusted": "A scanner used settings of the configuration that it scans.";
    LEFT_OUT = "left-out": "A scanner found more than is shown.";
    COST = "cost": "What the plan would change about the monthly cost.";
    COST_LIMIT = "cost-limit": "The monthly cost is over a limit.";
    RUN_SKIPPED = "run-skipped": "The task is not for this run; `on_skip` decides what follows.";
}

impl Code {
    /// A code of one's own; kebab-case.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// The code of a rule that somebody else has written, as near to `name` as kebab-case comes:
    /// `terraform.public_bucket` is `terraform-public-bucket`. Where nothing of `name` is left, it is `rule`. A code of
    /// ours means something to us, so none of theirs is: `check-unavailable` is `rule-check-unavailable`.
    #[must_use]
    pub fn of_rule(name: &str) -> Self {
        let words = name.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
        let code = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
        let is_ours = codes().iter().any(|(ours, _)| ours.as_str() == code);
        Self(match code.as_str() {
            "" => Cow::Borrowed("rule"),
            _ if is_ours => Cow::Owned(format!("rule-{code}")),
            _ => Cow::Owned(code),
        })
    }

    /// Whether it says that something was not checked, and not what a check found.
    #[must_use]
    pub fn is_of_no_check(&self) -> bool {
        *self == Self::CHECK_UNAVAILABLE || *self == Self::NOT_GIVEN
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Every code of ours, with a line that says what it means.
#[must_use]
pub fn codes() -> &'static [(Code, &'static str)] {
    CODES
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Fails the verdict.
    Error,
    /// Worth a look; fails nothing.
    Warning,
    /// Good to know.
    Info,
}

impl Level {
    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// How much is at stake where a rule is broken, whatever that does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Act now.
    Critical,
    /// Act before it goes on.
    High,
    /// Plan to act.
    Medium,
    /// Worth knowing.
    Low,
}

impl Severity {
    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// A severity that is none of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a severity is `critical`, `high`, `medium` or `low`")]
pub struct UnknownSeverity;

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Critical, Self::High, Self::Medium, Self::Low];
        all.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownSeverity)
    }
}

/// Where a rule is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Source {
    /// The file, as whoever set up the rules names it; `builtin:NAME` for a rule that is shipped.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
}

impl fmt::Display for Source {
    /// `policies/s3.rego:12`; printable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", printable(&self.file), self.line)
    }
}

/// A rule that a check asked, whether it found anything or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its stable name; what it finds has the same code.
    pub code: Code,
    /// One line that says what it demands.
    pub title: String,
    /// Where it is written.
    pub source: Source,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Subject {
    /// A file, relative to the directory that was checked.
    File {
        /// Its path as it is on disk. In JSON it is what [`printable`] makes of it, under the name `file`.
        #[serde(rename = "file", serialize_with = "as_printable")]
        path: PathBuf,
        /// The line, counted from 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
    },
    /// A resource in a plan.
    Resource {
        /// Its address, such as `module.net.aws_vpc.main`.
        #[serde(rename = "resource")]
        address: String,
    },
}

impl fmt::Display for Subject {
    /// `main.tf:3`, or the address; printable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", shown_path(path)),
            Self::File { path, line: None } => f.write_str(&shown_path(path)),
            Self::Resource { address } => f.write_str(&printable(address)),
        }
    }
}

/// A path as people read it.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// A path need not be UTF-8, JSON must be.
fn as_printable<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown_path(path))
}

/// One thing a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its kind.
    pub code: Code,
    /// How bad it is.
    pub level: Level,
    /// How much is at stake, where whoever wrote the rule says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// One line, without Markdown.
    pub summary: String,
    /// More about it, in Markdown; may be empty.
    pub body: String,
    /// What to do about it and where to read more, in Markdown; may be empty. It is much the same for all findings of
    /// one rule, so that whoever shows many of them may show it once.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub advice: String,
    /// Whether somebody has allowed what it says, so that it fails nothing; its body says who and why.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub excepted: bool,
    /// What it is about, if it is about one thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Where the rule that judged it is written, if it is one of those that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

impl Finding {
    /// A finding about nothing in particular, and not more than this line.
    #[must_use]
    pub fn new(code: Code, level: Level, summary: impl Into<String>) -> Self {
        let summary = summary.into();
        let (body, advice) = (String::new(), String::new());
        Self {
            code,
            level,
            severity: None,
            summary,
            body,
            advice,
            excepted: false,
            subject: None,
            source: None,
        }
    }

    /// With advice, in Markdown.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// The body and the advice, in Markdown.
    #[must_use]
    pub fn explained(&self) -> Cow<'_, str> {
        match (self.body.is_empty(), self.advice.is_empty()) {
            (_, true) => Cow::Borrowed(&self.body),
            (true, false) => Cow::Borrowed(&self.advice),
            (false, false) => Cow::Owned(format!("{}\n\n{}", self.body.trim_end(), self.advice)),
        }
    }

    /// With a body, in Markdown.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// About this.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<Option<Subject>>) -> Self {
        self.subject = subject.into();
        self
    }
}

/// What one check says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The check's name, such as `fmt`.
    pub check: &'static str,
    /// One line that says it all.
    pub headline: String,
    /// A second line for the result's message, such as `Found 2 issues`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tally: Option<String>,
    /// The rules that were asked, in the order to show them; empty for a check that is one rule itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// What was found, in the order to show it.
    pub findings: Vec<Finding>,
}

impl CheckReport {
    /// The report of a check that is one rule itself.
    #[must_use]
    pub fn new(check: &'static str, headline: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self { check, headline: headline.into(), tally: None, rules: Vec::new(), findings }
    }

    /// The report of a check that could not run; `reason` is a plain sentence for people, such as
    /// `terraform did not finish within 60 s`.
    #[must_use]
    pub fn unavailable(check: &'static str, reason: &str) -> Self {
        Self::not_run(check, format!("Check {check} could not run: {}", printable(reason)))
    }

    /// The report of a check that could not run, in words of the caller's own.
    #[must_use]
    pub fn not_run(check: &'static str, headline: String) -> Self {
        let finding = Finding::new(Code::CHECK_UNAVAILABLE, Level::Error, headline.clone());
        Self::new(check, headline, vec![finding])
    }
}

/// Whether a run may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may.
    Passed,
    /// It may not, if whoever asked follows the verdict.
    Failed,
}

impl Verdict {
    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The verdict when a check could not run: `RUNTASK_ON_ERROR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// As if that check had found nothing.
    Passed,
    /// As if that check had failed; what is meant when nothing is said.
    #[default]
    Failed,
}

/// The setting has another value than `passed` or `failed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("RUNTASK_ON_ERROR must be `passed` or `failed`")]
pub struct UnknownOnError;

impl FromStr for OnError {
    type Err = UnknownOnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "passed" => Ok(Self::Passed),
            "failed" => Ok(Self::Failed),
            _ => Err(UnknownOnError),
        }
    }
}

/// The verdict on what the checks of one task found: a finding of level error fails it, except that
/// `check-unavailable` fails it only where `on_error` says so.
#[must_use]
pub fn verdict(reports: &[CheckReport], on_error: OnError) -> Verdict {
    let fails = |it: &Finding| {
        it.level == Level::Error && (it.code != Code::CHECK_UNAVAILABLE || on_error == OnError::Failed)
    };
    if reports.iter().flat_map(|it| &it.findings).any(fails) { Verdict::Failed } else { Verdict::Passed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    fn report(code: Code, level: Level) -> CheckReport {
        CheckReport::new("x", "h", vec![Finding::new(code, level, "s")])
    }

    #[test]
    fn codes_are_distinct_and_kebab_case() {
        let distinct: BTreeSet<_> = codes().iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(distinct.len(), codes().len());
        for code in distinct {
            assert!(
                code.split('-').all(|it| !it.is_empty() && it.chars().all(|c| c.is_ascii_lowercase())),
                "{code}"
            );
        }
    }

    #[test]
    fn a_rules_name_becomes_kebab_case() {
        for (name, code) in [
            ("terraform.public_bucket", "terraform-public-bucket"),
            ("main", "main"),
            ("S3.ACLs__x", "s3-acls-x"),
            ("größe", "gr-e"),
            ("", "rule"),
            ("…", "rule"),
        ] {
            assert_eq!(Code::of_rule(name).as_str(), code);
        }
    }

    /// A rule with the code of a check that could not run would pass where `on_error` is `passed`.
    #[test]
    fn no_rule_has_a_code_of_ours() {
        for (code, _) in codes() {
            let of_rule = Code::of_rule(code.as_str());
            assert_eq!(of_rule.as_str(), format!("rule-{code}"));
            assert_eq!(Code::of_rule(of_rule.as_str()), of_rule);
        }
        assert_eq!(Code::of_rule("Check unavailable").as_str(), "rule-check-unavailable");
        let denied = report(Code::of_rule("check-unavailable"), Level::Error);
        assert_eq!(verdict(&[denied], OnError::Passed), Verdict::Failed);
    }

    #[test]
    fn codes_are_never_renamed() {
        let all: Vec<_> = codes().iter().map(|(code, _)| code.as_str()).collect();
        insta::assert_snapshot!(all.join(" "), @"unformatted-file unparsable-file unreadable-file no-files check-unavailable plan-summary notify unreadable-plan unknown-plan-format incomplete-plan failed-condition no-plan unused-exception unused-namespace not-given fact-not-given suppressed unused-skip tree-settings-trusted left-out cost cost-limit run-skipped");
    }

    /// P-16: a check that could not run ends in the status that the setting names.
    #[test]
    fn only_errors_fail_and_unavailable_follows_the_setting() {
        use {OnError as O, Verdict as V};
        assert_eq!(verdict(&[], O::Failed), V::Passed);
        for on_error in [O::Passed, O::Failed] {
            assert_eq!(verdict(&[report(Code::NO_FILES, Level::Info)], on_error), V::Passed);
            assert_eq!(verdict(&[report(Code::UNKNOWN_PLAN_FORMAT, Level::Warning)], on_error), V::Passed);
            assert_eq!(verdict(&[report(Code::UNFORMATTED_FILE, Level::Error)], on_error), V::Failed);
            // Whoever names too little is not whom the setting is for.
            assert_eq!(verdict(&[report(Code::NOT_GIVEN, Level::Error)], on_error), V::Failed);
        }
        let unavailable = CheckReport::unavailable("fmt", "terraform did not finish within 60 s");
        assert_eq!(verdict(std::slice::from_ref(&unavailable), O::Passed), V::Passed);
        assert_eq!(verdict(std::slice::from_ref(&unavailable), O::Failed), V::Failed);
        assert_eq!(
            verdict(&[unavailable, report(Code::UNFORMATTED_FILE, Level::Error)], O::Passed),
            V::Failed
        );
    }

    #[test]
    fn the_setting_is_one_of_two_words() {
        assert_eq!("passed".parse(), Ok(OnError::Passed));
        assert_eq!("failed".parse(), Ok(OnError::Failed));
        for text in ["", "Passed", "ignore"] {
            assert_eq!(text.parse::<OnError>(), Err(UnknownOnError));
        }
    }

    #[test]
    fn a_subject_in_json_is_a_file_or_a_resource() {
        let path = PathBuf::from(OsStr::from_bytes(b"a\xff\x1b.tf"));
        let json = |it: Subject| serde_json::to_string(&it).unwrap();
        assert_eq!(json(Subject::File { path, line: Some(3) }), r#"{"file":"a�\\u{1b}.tf","line":3}"#);
        assert_eq!(json(Subject::File { path: "a.tf".into(), line: None }), r#"{"file":"a.tf"}"#);
        assert_eq!(json(Subject::Resource { address: "a.b".into() }), r#"{"resource":"a.b"}"#);
    }
}
