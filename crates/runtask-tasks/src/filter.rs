//! Decides which runs a task is for. The caller decides what the other runs get.
//!
//! A fact that is not known, such as the project, which older versions of Terraform Enterprise do not send, is no fact
//! that does not match: whether the task is for that run, nobody can say.

use crate::names::NamePattern;
use crate::run_facts::RunFacts;
use runtask_findings::printable;
use std::fmt;

/// The runs that a task is for: all, unless set.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub(crate) stages: Option<Vec<&'static str>>,
    pub(crate) organizations: Option<Vec<NamePattern>>,
    pub(crate) projects: Option<Vec<NamePattern>>,
    pub(crate) workspaces: Option<Vec<NamePattern>>,
    pub(crate) speculative: Option<bool>,
}

/// Why a task does not check a run. Its text is one line for the run's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The task is not for this run, and why.
    Skipped(String),
    /// Nobody can say whether it is: the facts that are missing.
    Unclear(String),
}

/// The stages that a run has, in their order.
pub(crate) const STAGES: [&str; 4] = ["pre_plan", "post_plan", "pre_apply", "post_apply"];

impl Filter {
    /// Whether the task is for a run of which this is known.
    ///
    /// # Errors
    ///
    /// The first thing, in the order of the code, that keeps the run out; where nothing does, everything that is not known
    /// and should be.
    pub fn admits(&self, facts: &RunFacts) -> Result<(), NotAdmitted> {
        let names = [
            ("organization", &self.organizations, &facts.organization),
            ("workspace", &self.workspaces, &facts.workspace),
            ("project", &self.projects, &facts.project),
        ];
        let stage = self.stages.as_ref().map(|it| of_stage(it, known(&facts.stage)));
        let names = names.map(|(noun, patterns, name)| Some(of_name(noun, patterns.as_ref()?, known(name))));
        let speculative = self.speculative.map(|it| of_speculative(it, facts.speculative));
        let all = [stage].into_iter().chain(names).chain([speculative]).flatten();
        let mut unclear = Vec::new();
        for Condition { wanted, actual, holds } in all {
            match holds {
                Some(true) => {}
                Some(false) => return Err(NotAdmitted::Skipped(format!("{wanted}, and {actual}"))),
                None => unclear.push(format!("{wanted}, and {actual}")),
            }
        }
        if unclear.is_empty() { Ok(()) } else { Err(NotAdmitted::Unclear(unclear.join("; "))) }
    }
}

/// One thing that a filter asks for.
struct Condition {
    /// What the task is for.
    wanted: String,
    /// What this run is.
    actual: String,
    /// Whether it is what is wanted; `None` where the run's fact is not known.
    holds: Option<bool>,
}

/// A fact without a text says nothing.
fn known(fact: &Option<String>) -> Option<&str> {
    fact.as_deref().filter(|it| !it.is_empty())
}

fn of_stage(stages: &[&'static str], stage: Option<&str>) -> Condition {
    let noun = if stages.len() == 1 { "stage" } else { "stages" };
    Condition {
        wanted: format!("this task runs at {noun} {}", listed(stages.iter().copied().map(str::to_owned))),
        actual: stage.map_or_else(
            || "the request does not say at which stage the run is".to_owned(),
            |it| format!("this is {}", shown(it)),
        ),
        holds: stage.map(|it| stages.contains(&it)),
    }
}

fn of_name(noun: &str, patterns: &[NamePattern], name: Option<&str>) -> Condition {
    let names = listed(patterns.iter().map(|it| format!("`{}`", shown(it.as_str()))));
    Condition {
        wanted: format!("this task is for {noun} {names}"),
        actual: name.map_or_else(
            || format!("the request does not say the run's {noun}"),
            |it| format!("this is `{}`", shown(it)),
        ),
        holds: name.map(|name| patterns.iter().any(|it| it.matches(name))),
    }
}

fn of_speculative(wanted: bool, speculative: Option<bool>) -> Condition {
    let runs = if wanted { "speculative runs" } else { "runs that are not speculative" };
    let actual = match speculative {
        None => "the request does not say whether the run is speculative",
        Some(true) => "this run is speculative",
        Some(false) => "this run is not speculative",
    };
    Condition {
        wanted: format!("this task is for {runs}"),
        actual: actual.to_owned(),
        holds: speculative.map(|it| it == wanted),
    }
}

impl fmt::Display for NotAdmitted {
    /// `Not checked: this task runs at stage post_plan, and this is pre_plan`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Skipped(why) | Self::Unclear(why)) = self;
        write!(f, "Not checked: {why}")
    }
}

/// `a`, `a or b`, `a, b or c`; at most four, since they stand in one line.
fn listed(mut texts: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 4;
    let more = texts.len().saturating_sub(SHOWN);
    let mut list: Vec<String> = texts.by_ref().take(SHOWN).collect();
    let last = if more > 0 { Some(format!("{more} more")) } else { list.pop() };
    match last {
        Some(last) if list.is_empty() => last,
        Some(last) => format!("{} or {last}", list.join(", ")),
        None => String::new(),
    }
}

/// A name in a line for people, who read no more than this of it.
fn shown(name: &str) -> String {
    const CHARACTERS: usize = 90;
    let start: String = name.chars().take(CHARACTERS).collect();
    let end = if start.len() < name.len() { "…" } else { "" };
    format!("{}{end}", printable(&start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Option<Vec<NamePattern>> {
        Some(texts.iter().map(|it| NamePattern::new(it).unwrap()).collect())
    }

    fn says(filter: &Filter, facts: RunFacts) -> String {
        filter.admits(&facts).map_or_else(|it| it.to_string(), |()| "admitted".to_owned())
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn facts() -> RunFacts {
        RunFacts {
            stage: text("post_plan"),
            organization: text("acme"),
            workspace: text("net-dev"),
            project: text("Team A"),
            speculative: Some(true),
            ..RunFacts::default()
        }
    }

    #[test]
    fn a_filter_that_says_nothing_admits_every_run() {
        assert_eq!(says(&Filter::default(), facts()), "admitted");
        assert_eq!(says(&Filter::default(), RunFacts::default()), "admitted");
    }

    #[test]
    fn everything_that_a_filter_says_must_hold() {
        let filter = Filter {
            stages: Some(vec!["post_plan", "pre_apply"]),
            organizations: patterns(&["acme"]),
            projects: patterns(&["Team ?"]),
            workspaces: patterns(&["app", "net-*"]),
            speculative: Some(true),
        };
        assert_eq!(says(&filter, facts()), "admitted");
        let all = [
            says(&filter, RunFacts { stage: text("pre_plan"), ..facts() }),
            says(&filter, RunFacts { organization: text("other"), ..facts() }),
            says(&filter, RunFacts { project: text("Team AB"), ..facts() }),
            says(&filter, RunFacts { workspace: text("x"), ..facts() }),
            says(&filter, RunFacts { speculative: Some(false), ..facts() }),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        Not checked: this task runs at stages post_plan or pre_apply, and this is pre_plan
        Not checked: this task is for organization `acme`, and this is `other`
        Not checked: this task is for project `Team ?`, and this is `Team AB`
        Not checked: this task is for workspace `app` or `net-*`, and this is `x`
        Not checked: this task is for speculative runs, and this run is not speculative
        ");
    }

    /// V-05: unknown is not "does not match".
    #[test]
    fn what_is_not_known_of_a_run_is_unclear() {
        let one = |filter: Filter| match filter.admits(&RunFacts { project: text(""), ..RunFacts::default() })
        {
            Err(it @ NotAdmitted::Unclear(_)) => it.to_string(),
            other => panic!("{other:?}"),
        };
        let all = [
            one(Filter { stages: Some(vec!["post_plan"]), ..Filter::default() }),
            one(Filter { organizations: patterns(&["*"]), ..Filter::default() }),
            one(Filter { projects: patterns(&["*"]), ..Filter::default() }),
            one(Filter { workspaces: patterns(&["*"]), ..Filter::default() }),
            one(Filter { speculative: Some(false), ..Filter::default() }),
            one(Filter { workspaces: patterns(&["a"]), projects: patterns(&["b"]), ..Filter::default() }),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        Not checked: this task runs at stage post_plan, and the request does not say at which stage the run is
        Not checked: this task is for organization `*`, and the request does not say the run's organization
        Not checked: this task is for project `*`, and the request does not say the run's project
        Not checked: this task is for workspace `*`, and the request does not say the run's workspace
        Not checked: this task is for runs that are not speculative, and the request does not say whether the run is speculative
        Not checked: this task is for workspace `a`, and the request does not say the run's workspace; this task is for project `b`, and the request does not say the run's project
        ");
    }

    /// Whatever the missing fact is, the run is none of the task's.
    #[test]
    fn one_thing_that_does_not_match_keeps_a_run_out() {
        let filter = Filter {
            stages: Some(vec!["post_plan"]),
            projects: patterns(&["prod-*"]),
            speculative: Some(false),
            ..Filter::default()
        };
        let said = filter.admits(&RunFacts { project: None, ..facts() });
        assert!(matches!(&said, Err(NotAdmitted::Skipped(why)) if why.contains("speculative")), "{said:?}");
    }

    #[test]
    fn what_a_stranger_sends_stays_one_short_line() {
        let filter = Filter {
            workspaces: patterns(&["a*", "b*", "c*", "d*", "e*", "f*"]),
            speculative: Some(false),
            ..Filter::default()
        };
        let name = format!("x\n\u{1b}[31m{}", "y".repeat(500));
        let said = says(&filter, RunFacts { workspace: Some(name), ..facts() });
        assert!(!said.contains(char::is_control) && said.len() < 250, "{said}");
        assert!(said.contains("`a*`, `b*`, `c*`, `d*` or 2 more, and this is `x\\n"), "{said}");
        let said = says(&filter, RunFacts { workspace: text("a"), ..facts() });
        assert_eq!(
            said,
            "Not checked: this task is for runs that are not speculative, and this run is speculative"
        );
    }
}
