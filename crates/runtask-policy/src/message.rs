//! Defines what policies are asked, and what they say.

use crate::memory_limit::MemoryLimit;
use crate::source_file::SourceFile;
use runtask_checks::Unjudged;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The policies to evaluate, and the limits for it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Rego.
    pub(crate) files: Vec<SourceFile>,
    /// What policies read with `parse_config_file`, by their paths.
    pub(crate) configs: Vec<SourceFile>,
    /// The documents of data directories, merged.
    pub(crate) data: Value,
    /// `data.run`.
    pub(crate) run: Value,
    /// `data.params`.
    pub(crate) params: Value,
    /// The packages to ask, without `data.`; all of them where there are none.
    pub(crate) namespaces: Option<Vec<String>>,
    /// The rules to ask, by [`RuleEntry::path`]; all of them where there are none.
    pub(crate) only: Option<Vec<String>>,
    /// What is asked.
    pub(crate) purpose: Purpose,
    /// How long one rule may take, in milliseconds.
    pub(crate) time_limit_ms: u64,
    /// Whether what is known only after apply is a value that nobody knows, and not absent.
    pub(crate) has_unknowns: bool,
    /// Bytes of the plan, as far as they are known.
    pub(crate) plan_bytes: u64,
    /// Whether to tell what happened at each place of the policies.
    pub(crate) observe: bool,
    /// The one resource of the plan that is left in it; all of them where there is none.
    pub(crate) address: Option<String>,
    /// What is asked, where that is neither rules nor tests.
    pub(crate) query: Option<String>,
    /// How much memory the plan and all rules together may take.
    pub(crate) memory: MemoryLimit,
}

/// The purpose of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Judge a plan.
    Judge,
    /// Run the tests (`test_…`); there is no plan.
    Test,
    /// Only say which rules there are, and what is odd about them; there is no plan.
    List,
    /// Answer a query about JSON.
    Query,
}

/// Something that is said by who evaluates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// What is odd about the policies, each with its place.
    Warnings(Vec<String>),
    /// Everything is compiled; this will be asked.
    Rules(Vec<RuleEntry>),
    /// The plan is read, and leaves this out.
    Plan(Unjudged),
    /// The answer of a rule. They come in any order.
    Answer(Answer),
    /// What happened at each place, where that was asked for.
    Seen(Vec<SeenExpression>),
    /// The answer of a query: its solutions.
    Solutions(Vec<Solution>),
    /// Nothing can be asked.
    Refused(Refusal),
    /// All were asked.
    Done,
}

/// Why nothing can be asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) cause: Cause,
    /// At least one.
    pub(crate) errors: Vec<Trouble>,
}

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Policies,
    Plan,
}

/// An error of the engine, and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// One line: `policies/s3.rego:2:11: …` where the place is known.
    pub summary: String,
    /// The lines of the file, with a mark; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
}

/// What happened at a place of a policy. No value that the plan marks as sensitive is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeenExpression {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// The last line that it reaches to.
    pub last_line: u32,
    /// What stands there, its first line.
    pub text: String,
    /// How often it was come to.
    pub reached: u64,
    /// How often it did not hold.
    pub failed: u64,
    /// What was looked at when it did not hold for the last time, as Rego writes it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// One way in which a query holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Solution {
    /// The value, of a query that is a term alone; else an object of the variables.
    pub value: Value,
    /// The attributes on which it hangs that are known only after apply, each with the address of its resource.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hangs_on: Vec<(String, String)>,
}

/// A rule that can be asked: what all definitions of one name in one package say together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleEntry {
    /// Its path, such as `data.main.deny`.
    pub path: String,
    /// Its package, without `data.`.
    pub package: String,
    /// Its name in the package, such as `deny_public_bucket`.
    pub name: String,
    /// Its stable name in findings.
    pub code: String,
    /// Whether it denies or warns.
    pub kind: RuleKind,
    /// One line that says what it demands.
    pub title: String,
    /// What it is about, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How to mend what it finds, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
    /// `critical`, `high`, `medium` or `low`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The parameters that it reads, each with its meaning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<(String, String)>,
    /// Pages to read more on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// How it takes what is known only after apply, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<TakesUnknowns>,
    /// The file of its first definition.
    pub file: String,
    /// The line there, from 1.
    pub line: u32,
}

/// The kind of a rule, by its name, as in conftest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    /// `deny` or `violation`: what it yields fails the run.
    Deny,
    /// `warn`: what it yields is advice.
    Warn,
    /// `test_…`: it is true, or the test failed.
    Test,
}

/// How a rule or a test takes what is known only after apply: `custom.unknown` of its annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TakesUnknowns {
    /// `absent`: a rule asks `after_unknown` itself, and reads plans as conftest does.
    Absent,
    /// `value`: in a test, what the plan of `with input as` marks is a value that nobody knows.
    Value,
    /// `expected`: the same, and the test passes where nobody can say whether it holds.
    Expected,
}

impl TakesUnknowns {
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("absent", Self::Absent), ("value", Self::Value), ("expected", Self::Expected)];
}

/// The answer of one rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) index: usize,
    /// Its violations, in order, as many as are told.
    pub(crate) violations: Vec<Violation>,
    /// How many more there are.
    pub(crate) more: usize,
    /// How many more there are of which nobody can say whether they are violations.
    pub(crate) more_unknown: usize,
    /// Whether an `exception` rule of its package excepts all of it.
    pub(crate) excepted: bool,
    /// Why it says nothing, or not all.
    pub(crate) trouble: Option<Trouble>,
    /// What a test printed.
    pub(crate) printed: Vec<String>,
    /// How long it took.
    pub(crate) duration_ms: u64,
}

/// One thing that a rule objects to. No text here holds what the plan marks as sensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Violation {
    /// In the policy's own words.
    pub(crate) message: String,
    /// The resource, where the policy names one.
    pub(crate) address: Option<String>,
    /// The attribute that is wrong, such as `ingress[0].cidr_blocks`.
    pub(crate) attribute: Option<String>,
    /// What the plan does to that attribute: before and after, as a person reads them.
    pub(crate) change: Option<(String, String)>,
    /// How to mend it, where the policy says it for this one.
    pub(crate) fix: Option<String>,
    /// Its severity, where the policy says it for this one.
    pub(crate) severity: Option<String>,
    /// Whether the policy cannot say, because a value is only known after apply.
    pub(crate) unknown: bool,
    /// On what it hangs: each an address, or an output, and the attribute there; not all where there are many.
    pub(crate) hangs_on: Vec<(String, String)>,
}

impl Answer {
    /// The answer of a rule that could not give one.
    pub(crate) fn without_words(index: usize, reason: String) -> Self {
        Self { index, trouble: Some(Trouble::new(reason)), ..Self::default() }
    }
}

impl Violation {
    /// Bytes of its texts.
    pub(crate) fn bytes(&self) -> usize {
        let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let change = self.change.as_ref().map_or(0, |(before, after)| before.len() + after.len());
        self.message.len()
            + of(&self.address)
            + of(&self.attribute)
            + of(&self.fix)
            + of(&self.severity)
            + self.hangs_on.iter().map(|(address, attribute)| address.len() + attribute.len()).sum::<usize>()
            + change
    }
}
