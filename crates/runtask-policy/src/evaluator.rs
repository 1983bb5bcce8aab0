//! Evaluates policies: compiles them while the plan is read, asks the rules, as many at a time as there are processors for,
//! and says what they answer.
//!
//! The engine counts its memory and its time, and ends a rule that takes too much. It has no network, no files and no
//! environment, so whatever a policy is, it can do no more than to answer.

use crate::asked_about::{AskedAbout, ReadPlan, read_plan};
use crate::asking::Asking;
use crate::builtin;
use crate::deadline::Deadline;
use crate::engine::{Policies, look_at_tests};
use crate::memory_limit::AT_A_TIME;
use crate::message::{
    Answer, Cause, Event, Purpose, Refusal, Request, RuleEntry, TakesUnknowns, Trouble, Violation,
};
use crate::node::Node;
use crate::plan;
use crate::reading::Reading;
use crate::room::Room;
use crate::source_file::SourceFile;
use runtask_checks::Unjudged;
use runtask_tasks::RunFacts;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;
use tracing::warn;

/// What the stack of a thread that evaluates may take. Nothing in the engine recurses as deep as a policy or a plan says.
pub(crate) const STACK_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of everything that rules object to, until it is known how much of it there is room for.
const MAX_TOLD_BYTES: usize = 64 * 1024 * 1024;
/// Packages that a message names.
const MAX_PACKAGES: usize = 12;

/// Nobody listens any more.
#[derive(Debug)]
pub(crate) struct Unheard;

/// Says something to whoever listens.
pub(crate) type Say<'a> = dyn Fn(Event) -> Result<(), Unheard> + Sync + 'a;

/// How many threads ask rules for this request. What happens in rules is told of one thread.
pub(crate) fn evaluators(request: &Request) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    if request.observe { 1 } else { processors.min(AT_A_TIME) }
}

/// Why there is nothing more to say.
enum Ended {
    /// Nobody listens.
    Unheard,
    Refused(Refusal),
}

impl Ended {
    fn refused(cause: Cause) -> impl Fn(Vec<Trouble>) -> Self {
        move |errors| Self::Refused(Refusal { cause, errors })
    }
}

impl From<Unheard> for Ended {
    fn from(_: Unheard) -> Self {
        Self::Unheard
    }
}

/// Answers a request, with a thread for each deadline. A plan is read while policies are compiled: they take about as long.
/// Policies that judge are compiled into `kept`, unless they are there.
///
/// # Errors
///
/// When nobody listens any more.
pub(crate) fn evaluate(
    request: &Request,
    kept: &OnceLock<Policies>,
    plan: impl Read + Send,
    deadlines: &[Deadline],
    say: &Say<'_>,
) -> Result<(), Unheard> {
    // Taken apart when everything was said: that takes as long as to ask a few rules.
    let mut syntax = None;
    let answered = thread::scope(|scope| {
        let reading = thread::Builder::new().stack_size(STACK_BYTES);
        let reading = reading.spawn_scoped(scope, || read_plan(request, plan));
        let plan = || match reading.map(ScopedJoinHandle::join) {
            Ok(Ok(read)) => read,
            _ => Err(Trouble::new("the plan could not be read")),
        };
        let mut prepared =
            || prepare(request, deadlines.len(), &mut syntax).map_err(Ended::refused(Cause::Policies));
        match request.purpose {
            Purpose::Judge | Purpose::List => {
                let policies = match kept.get() {
                    Some(policies) => policies,
                    None => {
                        let policies = prepared()?;
                        kept.get_or_init(|| policies)
                    }
                };
                answer(policies, request, plan, deadlines, say)
            }
            Purpose::Test => answer(&prepared()?, request, plan, deadlines, say),
            Purpose::Query => answer_query(prepared()?, request, plan, deadlines, say),
        }
    });
    match answered {
        Ok(()) => say(Event::Done),
        Err(Ended::Refused(refusal)) => say(Event::Refused(refusal)),
        Err(Ended::Unheard) => Err(Unheard),
    }
}

/// Says what rules there are, and asks those that a request asks about a plan that is being read.
fn answer(
    policies: &Policies,
    request: &Request,
    plan: impl FnOnce() -> ReadPlan,
    deadlines: &[Deadline],
    say: &Say<'_>,
) -> Result<(), Ended> {
    let asked = asked(policies, request);
    if asked.is_empty() && request.purpose != Purpose::Test {
        return Err(Ended::refused(Cause::Policies)(vec![nothing_to_ask(policies, request)]));
    }
    if request.purpose != Purpose::Judge {
        let mut warnings = policies.oddities.clone();
        if request.purpose == Purpose::List {
            warnings.extend(look_at_tests(&tests(request)).1);
        }
        say(Event::Warnings(warnings))?;
    }
    say(Event::Rules(asked.iter().filter_map(|it| policies.rules.get(*it)).cloned().collect()))?;
    if request.purpose == Purpose::List {
        return Ok(());
    }
    let rule = |index: &usize| policies.rules.get(*index);
    let takes_unknowns = asked.iter().filter_map(rule).any(|it| it.unknown != Some(TakesUnknowns::Absent));
    let documents = AskedAbout::new(request, request.has_unknowns && takes_unknowns, plan())
        .map_err(|it| Ended::refused(Cause::Plan)(vec![it]))?;
    ask_all(policies, request, &asked, &documents, deadlines, say)
}

/// Answers a query about JSON.
fn answer_query(
    mut policies: Policies,
    request: &Request,
    plan: impl FnOnce() -> ReadPlan,
    deadlines: &[Deadline],
    say: &Say<'_>,
) -> Result<(), Ended> {
    let (of_policies, of_plan) = (Ended::refused(Cause::Policies), Ended::refused(Cause::Plan));
    let query = policies.prepare(request.query.as_deref().unwrap_or_default()).map_err(&of_policies)?;
    say(Event::Rules(Vec::new()))?;
    let documents = AskedAbout::new(request, request.has_unknowns, plan()).map_err(|it| of_plan(vec![it]))?;
    say(Event::Plan(Unjudged::default()))?;
    let heap = documents.known.heap();
    let input = documents.known.input().unwrap_or(rego::Value::NULL);
    let reading = Reading::new(Node::new(&heap, input), &heap, &documents.places);
    let Some(deadline) = deadlines.first() else { return Ok(()) };
    let answered =
        Asking::new(&policies, request, &documents, deadline).and_then(|mut it| it.query(&query, &reading));
    say(Event::Solutions(answered.map_err(|it| of_policies(vec![it]))?))?;
    Ok(())
}

/// Asks rules about documents: as many at a time as there are deadlines.
fn ask_all(
    policies: &Policies,
    request: &Request,
    asked: &[usize],
    documents: &AskedAbout,
    deadlines: &[Deadline],
    say: &Say<'_>,
) -> Result<(), Ended> {
    let heap = documents.known.heap();
    let plan = documents.known.input().map(|it| Node::new(&heap, it));
    let reading = plan.map(|it| Reading::new(it, &heap, &documents.places));
    if let Some(plan) = plan {
        say(Event::Plan(plan::unjudged(plan)))?;
    }
    let rules = Rules { asked, next: AtomicUsize::new(0), told_bytes: AtomicUsize::new(0) };
    let ask = |deadline| -> Result<(), Ended> {
        let new = || Asking::new(policies, request, documents, deadline);
        let mut asking = new().map_err(|it| Ended::refused(Cause::Policies)(vec![it]))?;
        while let Some((index, rule)) = rules.next() {
            let started = Instant::now();
            // A mistake in the engine costs one rule, and what it has left in the session.
            let answer = catch_unwind(AssertUnwindSafe(|| match &reading {
                Some(reading) => asking.judge(rule, reading, rules.room()),
                None => asking.test(rule),
            }));
            let mut answer = match answer {
                Ok(answer) => answer,
                Err(_panic) => {
                    asking = new().map_err(|it| Ended::refused(Cause::Policies)(vec![it]))?;
                    let path = policies.rules.get(rule).map(|it| &*it.path);
                    warn!(rule = path, "a rule made the policy engine fail");
                    Answer::without_words(index, "it made the policy engine fail".to_owned())
                }
            };
            answer.index = index;
            answer.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            rules.has_told(&answer);
            say(Event::Answer(answer))?;
        }
        if request.observe {
            say(Event::Seen(asking.seen(reading.as_ref())))?;
        }
        Ok(())
    };
    let Some((first, others)) = deadlines.split_first() else { return Ok(()) };
    // One thread for each rule, and no more.
    let others = others.get(..asked.len().saturating_sub(1).min(others.len())).unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = others
            .iter()
            .map_while(|it| {
                thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || ask(it)).ok()
            })
            .collect();
        let of_first = ask(first);
        let of_others = others.into_iter().map(|it| it.join().unwrap_or(Ok(())));
        [of_first].into_iter().chain(of_others).collect()
    })
}

/// Rules that several threads ask: each takes the next one.
struct Rules<'a> {
    asked: &'a [usize],
    next: AtomicUsize,
    told_bytes: AtomicUsize,
}

impl Rules<'_> {
    /// The next one: its index among those that are asked, and among all.
    fn next(&self) -> Option<(usize, usize)> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        Some((index, *self.asked.get(index)?))
    }

    /// The room for what one of them objects to. How much of it is told in the end depends on the others.
    fn room(&self) -> Room {
        Room::within(MAX_TOLD_BYTES.saturating_sub(self.told_bytes.load(Ordering::Relaxed)))
    }

    fn has_told(&self, answer: &Answer) {
        let bytes = answer.violations.iter().map(Violation::bytes).sum();
        self.told_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

fn prepare(
    request: &Request,
    threads: usize,
    syntax: &mut Option<rego::Policies>,
) -> Result<Policies, Vec<Trouble>> {
    for name in ["run", "params"] {
        if request.data.get(name).is_some() {
            return Err(vec![Trouble::new(format!(
                "the data for policies has a document `{name}`, which the run task sets itself"
            ))]);
        }
    }
    // Tests are compiled to be run, and never to judge. The library is half of what is compiled for a few rules, and most
    // rules that were written for conftest do not know of it.
    let judges = matches!(request.purpose, Purpose::Judge | Purpose::List);
    let is_test = |it: &SourceFile| it.is_test() && request.purpose != Purpose::Test;
    let names_library =
        |it: &SourceFile| !builtin::is_library(it) && !is_test(it) && it.text.contains("runtask");
    let has_data = request.data.get("runtask").is_some();
    let needs_library = !judges || has_data || request.files.iter().any(names_library);
    let is_compiled = |it: &&SourceFile| !is_test(it) && (needs_library || !builtin::is_library(it));
    let files: Vec<SourceFile> = request.files.iter().filter(is_compiled).cloned().collect();
    // Policies are kept for runs of which other facts are known.
    let run: Map<_, _> = RunFacts::NAMES.iter().map(|it| ((*it).to_owned(), Value::Null)).collect();
    let ours = json!({ "run": run, "params": request.params });
    let compiled = Policies::compile(files, &[&request.data, &ours], request.purpose, threads, syntax);
    if request.purpose == Purpose::Test {
        return compiled;
    }
    let (troubles, _warnings) = look_at_tests(&tests(request));
    match compiled {
        Ok(policies) if troubles.is_empty() => Ok(policies),
        Ok(_) => Err(troubles),
        Err(others) => Err(others.into_iter().chain(troubles).collect()),
    }
}

fn tests(request: &Request) -> Vec<SourceFile> {
    request.files.iter().filter(|it| it.is_test()).cloned().collect()
}

/// Why there is no rule to ask.
fn nothing_to_ask(policies: &Policies, request: &Request) -> Trouble {
    let packages: BTreeSet<&str> = policies.rules.iter().map(|it| &*it.package).collect();
    let listed = |names: Vec<&str>| format!("`{}`", names.join("`, `"));
    match &request.namespaces {
        Some(names) if !packages.is_empty() => Trouble::new(format!(
            "`namespaces` asks {} alone, and no rule is there: rules are in {}",
            listed(names.iter().map(String::as_str).collect()),
            listed(packages.into_iter().take(MAX_PACKAGES).collect()),
        )),
        _ => Trouble::new("there is no rule to ask: rules are called `deny`, `violation` or `warn`"),
    }
}

/// The indexes of the rules that a request asks.
pub(crate) fn asked(policies: &Policies, request: &Request) -> Vec<usize> {
    let is_asked = |rule: &RuleEntry| {
        request.namespaces.as_ref().is_none_or(|it| it.contains(&rule.package))
            && request.only.as_ref().is_none_or(|it| it.contains(&rule.path))
    };
    let rules = policies.rules.iter().enumerate();
    rules.filter(|(_, rule)| is_asked(rule)).map(|(index, _)| index).collect()
}

#[cfg(test)]
mod conftest_tests;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod unknown_tests;
