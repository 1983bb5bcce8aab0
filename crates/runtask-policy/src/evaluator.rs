//! Evaluates policies, in a process of its own: the same program, started again with an argument.
//!
//! The engine counts its memory and its time, and ends a rule that takes too much. Should it fail to, the process ends, and
//! not what started it. It is limited before it is given policies or a plan, has nothing of our environment, and nothing to
//! do but to read its stdin and to write to its stdout.

use crate::asked_about::{AskedAbout, ReadPlan, read_plan};
use crate::asking::Asking;
use crate::engine::{Policies, look_at_tests};
use crate::message::{Cause, Event, Purpose, Refusal, Request, RuleEntry, Solution, TakesUnknowns, Trouble};
use crate::node::Node;
use crate::plan;
use crate::reading::Reading;
use crate::source_file::SourceFile;
use rego::Query;
use runtask_checks::Unjudged;
use runtask_process::{hide_from_others, this_program};
use runtask_settings::{SettingsReader, numbers};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

/// The argument that makes a program this process.
pub(crate) const ARGUMENT: &str = "policy-evaluator";

/// The memory that a Lambda function keeps for everything else.
const MEMORY_KEPT_BYTES: u64 = 96 << 20;
/// What the stacks of its threads may take: one asks, one reads the plan, one watches the time.
pub(crate) const STACK_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of a request's line: policies, their data and parameters.
const MAX_REQUEST_BYTES: u64 = 256 * 1024 * 1024;
/// Packages that a message names.
const MAX_PACKAGES: usize = 12;

/// The program that evaluates policies when it is started with the argument `policy-evaluator`.
#[derive(Debug, Clone)]
pub struct Evaluator {
    /// The program.
    pub program: PathBuf,
    /// The bytes that a process may allocate, besides its code and its stack.
    pub memory_bytes: u64,
}

impl Evaluator {
    /// This program.
    ///
    /// # Errors
    ///
    /// When the system does not say where it is.
    pub fn this_program(memory_bytes: u64) -> io::Result<Self> {
        Ok(Self { program: this_program()?, memory_bytes })
    }

    /// This program, within `RUNTASK_POLICY_MEMORY_BYTES`: 1 GiB unless set, and less in a function that has less.
    ///
    /// # Errors
    ///
    /// A sentence, when the system does not say where it is.
    pub fn from_settings(settings: &mut SettingsReader<'_>) -> Result<Self, String> {
        // A function has so many MB; a process that takes them all takes the function with it.
        let of_function =
            settings.text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|it| it.parse::<u64>().ok());
        let of_function = of_function.map(|it| (it << 20).saturating_sub(MEMORY_KEPT_BYTES));
        let default =
            of_function.map_or(numbers::POLICY_MEMORY.default, |it| it.min(numbers::POLICY_MEMORY.default));
        let memory_bytes = settings.number_or(&numbers::POLICY_MEMORY, default);
        Self::this_program(memory_bytes).map_err(|error| format!("where is this program? {error}"))
    }
}

/// Becomes the process that evaluates policies, if that is what the program was started for: to be called first thing in
/// `main`, with the program's first argument.
#[must_use]
pub fn run_if_asked(first_argument: Option<&OsStr>) -> Option<ExitCode> {
    (first_argument? == ARGUMENT).then(|| {
        hide_from_others();
        end_with_parent();
        match serve(BufReader::new(io::stdin()), io::stdout().lock(), limit) {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever started this sees the exit code, and which rule was being asked.
            Err(_broken_pipe) => ExitCode::from(70),
        }
    })
}

/// Keeps this process from outliving whoever started it, who may be killed: then nobody would end it. The signal is sent
/// when that thread ends, which is one of an async runtime and lives as long.
fn end_with_parent() {
    #[cfg(target_os = "linux")]
    let _unknown = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Keeps this process from writing files. Whoever starts it limits its memory.
fn limit() {
    for resource in [Resource::Fsize, Resource::Core] {
        // Where the system refuses, time limits and the system's own limits are left.
        let _refused = setrlimit(resource, Rlimit { current: Some(0), maximum: Some(0) });
    }
}

/// Answers one request. A plan is read while policies are compiled: they take about as long.
pub(crate) fn serve(
    mut input: impl BufRead + Send,
    mut output: impl Write,
    limit: impl FnOnce(),
) -> io::Result<()> {
    let mut line = Vec::new();
    (&mut input).take(MAX_REQUEST_BYTES).read_until(b'\n', &mut line)?;
    let request: Request = serde_json::from_slice(&line)?;
    drop(line);
    limit();
    let mut say = |event: &Event| {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        output.write_all(&line)?;
        output.flush()
    };
    thread::scope(|scope| {
        let plan = scope.spawn(|| read_plan(&request, input));
        let plan = || plan.join().unwrap_or_else(|_| Err(Trouble::new("the plan could not be read")));
        answer(&request, plan, &mut say)
    })
}

/// Answers a request about a plan that is being read.
fn answer(
    request: &Request,
    plan: impl FnOnce() -> ReadPlan,
    say: &mut impl FnMut(&Event) -> io::Result<()>,
) -> io::Result<()> {
    let refused = |cause, errors| Event::Refused(Refusal { cause, errors });
    let mut policies = match prepare(request) {
        Ok(policies) => policies,
        Err(troubles) => return say(&refused(Cause::Policies, troubles)),
    };
    if let Some(query) = &request.query {
        let query = match policies.prepare(query) {
            Ok(query) => query,
            Err(troubles) => return say(&refused(Cause::Policies, troubles)),
        };
        say(&Event::Rules(Vec::new()))?;
        let documents = match AskedAbout::new(request, request.has_unknowns, plan()) {
            Ok(documents) => documents,
            Err(trouble) => return say(&refused(Cause::Plan, vec![trouble])),
        };
        say(&Event::Plan(Unjudged::default()))?;
        return match answer_query(&policies, request, &query, &documents) {
            Ok(solutions) => {
                say(&Event::Solutions(solutions))?;
                say(&Event::Done)
            }
            Err(trouble) => say(&refused(Cause::Policies, vec![trouble])),
        };
    }
    let asked = asked(&policies, request);
    if asked.is_empty() && request.purpose != Purpose::Test {
        return say(&refused(Cause::Policies, vec![nothing_to_ask(&policies, request)]));
    }
    if request.purpose != Purpose::Judge {
        let mut warnings = policies.oddities.clone();
        if request.purpose == Purpose::List {
            warnings.extend(look_at_tests(&tests(request)).1);
        }
        say(&Event::Warnings(warnings))?;
    }
    say(&Event::Rules(asked.iter().filter_map(|it| policies.rules.get(*it)).cloned().collect()))?;
    if request.purpose == Purpose::List {
        return say(&Event::Done);
    }
    let rule = |index: &usize| policies.rules.get(*index);
    let takes_unknowns = asked.iter().filter_map(rule).any(|it| it.unknown != Some(TakesUnknowns::Absent));
    let documents = match AskedAbout::new(request, request.has_unknowns && takes_unknowns, plan()) {
        Ok(documents) => documents,
        Err(trouble) => return say(&refused(Cause::Plan, vec![trouble])),
    };
    ask_all(&policies, request, &asked, &documents, say)?;
    // Taking a large plan apart takes longer than the system needs to take everything away.
    std::mem::forget(documents);
    Ok(())
}

/// Answers a query about JSON.
fn answer_query(
    policies: &Policies,
    request: &Request,
    query: &Query,
    documents: &AskedAbout,
) -> Result<Vec<Solution>, Trouble> {
    let heap = documents.known.heap();
    let input = documents.known.input().unwrap_or(rego::Value::NULL);
    let reading = Reading::new(Node::new(&heap, input), &heap, &documents.places);
    Asking::new(policies, request, documents)?.query(query, &reading)
}

/// Asks rules about documents.
pub(crate) fn ask_all(
    policies: &Policies,
    request: &Request,
    asked: &[usize],
    documents: &AskedAbout,
    say: &mut impl FnMut(&Event) -> io::Result<()>,
) -> io::Result<()> {
    let heap = documents.known.heap();
    let plan = documents.known.input().map(|it| Node::new(&heap, it));
    let mut asking = match Asking::new(policies, request, documents) {
        Ok(asking) => asking,
        Err(trouble) => {
            return say(&Event::Refused(Refusal { cause: Cause::Policies, errors: vec![trouble] }));
        }
    };
    let mut reading = plan.map(|it| Reading::new(it, &heap, &documents.places));
    if let Some(plan) = plan {
        say(&Event::Plan(plan::unjudged(plan)))?;
    }
    for (index, rule) in asked.iter().enumerate() {
        say(&Event::Begin(index))?;
        let started = Instant::now();
        let mut answer = match &mut reading {
            Some(reading) => asking.judge(*rule, reading),
            None => asking.test(*rule),
        };
        answer.index = index;
        answer.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        say(&Event::End(answer))?;
    }
    if request.observe {
        say(&Event::Seen(asking.seen(reading.as_ref())))?;
    }
    say(&Event::Done)
}

pub(crate) fn prepare(request: &Request) -> Result<Policies, Vec<Trouble>> {
    for name in ["run", "params"] {
        if request.data.get(name).is_some() {
            return Err(vec![Trouble::new(format!(
                "the data for policies has a document `{name}`, which the run task sets itself"
            ))]);
        }
    }
    // Tests are compiled to be run, and never to judge.
    let is_compiled = |it: &&SourceFile| request.purpose == Purpose::Test || !it.is_test();
    let files: Vec<SourceFile> = request.files.iter().filter(is_compiled).cloned().collect();
    let ours = serde_json::json!({ "run": request.run, "params": request.params });
    let compiled = Policies::compile(files, &[&request.data, &ours], request.purpose);
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
