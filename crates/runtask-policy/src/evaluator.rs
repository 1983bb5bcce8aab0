//! Evaluates policies, in a process of its own.
//!
//! One line of Rego can ask for all memory there is (`numbers.range(1, 1e12)`), and one function that calls itself ends
//! the stack. Nothing inside a process catches either, so policies have one of their own: the same program, started
//! again with an argument. It is limited before it is given policies or a plan, has nothing of our environment,
//! and nothing to do but to read its stdin and to write to its stdout.

use crate::engine::{Policies, look_at_tests};
use crate::message::{
    Answer, Cause, Event, Purpose, Refusal, Request, RuleEntry, RuleKind, Trouble, Violation,
};
use crate::plan::{self, Changes};
use crate::redaction::Redaction;
use crate::source_file::SourceFile;
use regorus::Value;
use runtask_findings::{Severity, shortened};
use runtask_process::{hide_from_others, this_program};
use runtask_settings::{SettingsReader, numbers};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// The argument that makes a program this process.
pub(crate) const ARGUMENT: &str = "policy-evaluator";

/// The memory that a Lambda function keeps for everything else.
const MEMORY_KEPT_BYTES: u64 = 96 << 20;
/// The stack that evaluation has. A policy that needs more recurses without an end.
pub(crate) const STACK_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of a request's line: policies, their data and parameters.
const MAX_REQUEST_BYTES: u64 = 256 * 1024 * 1024;
/// How many things all rules together may object to before the rest is only counted: what reads them makes a text of
/// each, and has not much memory in a function.
const MAX_VIOLATIONS: usize = 5_000;
/// Bytes of all of these.
const MAX_VIOLATION_BYTES: usize = 8 * 1024 * 1024;
/// How many of one rule are told even then.
const ALWAYS: usize = 10;
/// Packages that a message names.
const MAX_PACKAGES: usize = 12;
/// Characters of a policy's message.
const MAX_MESSAGE: usize = 2_000;

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
        let stack = usize::try_from(STACK_BYTES).unwrap_or(usize::MAX);
        let evaluating = thread::Builder::new().stack_size(stack).spawn(|| {
            let stdout = io::stdout().lock();
            serve(BufReader::new(io::stdin().lock()), stdout, limit)
        });
        match evaluating.map(thread::JoinHandle::join) {
            Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
            // Whoever started this sees the exit code, and which rule was being asked.
            _ => ExitCode::from(70),
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

/// Answers one request.
pub(crate) fn serve(mut input: impl BufRead, mut output: impl Write, limit: impl FnOnce()) -> io::Result<()> {
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
    let refused = |cause, errors| Event::Refused(Refusal { cause, errors });
    let mut policies = match prepare(&request) {
        Ok(policies) => policies,
        Err(troubles) => return say(&refused(Cause::Policies, troubles)),
    };
    let rules = asked(&policies, &request);
    if rules.is_empty() && request.purpose != Purpose::Test {
        return say(&refused(Cause::Policies, vec![nothing_to_ask(&policies, &request)]));
    }
    if request.purpose != Purpose::Judge {
        let mut warnings = policies.oddities(&request.files);
        if request.purpose == Purpose::List {
            warnings.extend(look_at_tests(&tests(&request)).1);
        }
        say(&Event::Warnings(warnings))?;
    }
    say(&Event::Rules(rules.clone()))?;
    if request.purpose == Purpose::List {
        return say(&Event::Done);
    }
    let plan = match request.purpose {
        Purpose::Judge => match plan::read(&mut input) {
            Ok(plan) => plan,
            Err(trouble) => return say(&refused(Cause::Plan, vec![trouble])),
        },
        Purpose::Test | Purpose::List => Value::new_object(),
    };
    judge(&mut policies, &request.files, &rules, &plan, &mut say)?;
    // Taking a large plan apart takes longer than the system needs to take everything away.
    std::mem::forget(policies);
    std::mem::forget(plan);
    Ok(())
}

/// Asks every rule about a plan. `files` are what the policies were compiled from.
pub(crate) fn judge(
    policies: &mut Policies,
    files: &[SourceFile],
    rules: &[RuleEntry],
    plan: &Value,
    say: &mut impl FnMut(&Event) -> io::Result<()>,
) -> io::Result<()> {
    policies.set_input(plan.clone());
    let mut reading = Reading::new(plan);
    say(&Event::Plan(plan::unjudged(plan)))?;
    for (index, rule) in rules.iter().enumerate() {
        say(&Event::Begin(index))?;
        let started = Instant::now();
        let mut answer = ask(policies, files, rule, &mut reading);
        answer.index = index;
        answer.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        say(&Event::End(answer))?;
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
    let documents = vec![Value::from(request.data.clone()), Value::from(ours)];
    let limit = Duration::from_millis(request.time_limit_ms);
    let compiled = Policies::compile(&files, documents, limit, request.purpose);
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

fn asked(policies: &Policies, request: &Request) -> Vec<RuleEntry> {
    let is_asked = |rule: &&RuleEntry| {
        request.namespaces.as_ref().is_none_or(|it| it.contains(&rule.package))
            && request.only.as_ref().is_none_or(|it| it.contains(&rule.path))
    };
    policies.rules.iter().filter(is_asked).cloned().collect()
}

/// A plan, what must not be told of it, and how much has been told.
struct Reading<'a> {
    plan: &'a Value,
    redaction: Redaction,
    changes: OnceCell<Changes<'a>>,
    /// How many violations there is still room for, and for how many bytes of them.
    room: (usize, usize),
}

impl<'a> Reading<'a> {
    fn new(plan: &'a Value) -> Self {
        let room = (MAX_VIOLATIONS, MAX_VIOLATION_BYTES);
        Self { plan, redaction: Redaction::of(plan), changes: OnceCell::new(), room }
    }

    fn trouble(&self, trouble: Trouble) -> Trouble {
        let redact = |it: &str| shortened(&self.redaction.redact(it), MAX_MESSAGE);
        Trouble { summary: redact(&trouble.summary), excerpt: redact(&trouble.excerpt) }
    }

    /// Reads what a rule yields, as far as there is room, and its first ones in any case. What is no message is trouble,
    /// and keeps none of the others from being one.
    fn read(&mut self, values: &[&Value]) -> Answer {
        let mut answer = Answer::default();
        for value in values {
            if answer.violations.len() >= ALWAYS && (self.room.0 == 0 || self.room.1 == 0) {
                answer.more += 1;
                continue;
            }
            match violation(value, self) {
                Ok(violation) => {
                    self.room.0 = self.room.0.saturating_sub(1);
                    self.room.1 = self.room.1.saturating_sub(violation.bytes());
                    answer.violations.push(violation);
                }
                Err(trouble) => {
                    answer.trouble.get_or_insert(trouble);
                }
            }
        }
        answer
    }
}

fn ask(policies: &mut Policies, files: &[SourceFile], rule: &RuleEntry, reading: &mut Reading<'_>) -> Answer {
    let value = match policies.ask(&rule.path) {
        Ok(value) => value,
        Err(trouble) => {
            return Answer { trouble: Some(reading.trouble(trouble)), ..Answer::default() };
        }
    };
    if rule.kind == RuleKind::Test {
        let printed = policies.printed();
        let trouble = (value != Value::Bool(true)).then(|| {
            Trouble::new(match value {
                Value::Undefined => match policies.why_undefined(rule, files) {
                    Some((line, text)) => format!("line {line} does not hold: {text}"),
                    None => "it is undefined".to_owned(),
                },
                Value::Bool(_) => "it is false".to_owned(),
                _ => "it is neither true nor false".to_owned(),
            })
        });
        return Answer { trouble, printed, ..Answer::default() };
    }
    let values: Vec<&Value> = match &value {
        Value::Set(set) => set.iter().collect(),
        Value::Array(list) => list.iter().collect(),
        Value::Undefined | Value::Bool(false) => Vec::new(),
        Value::Object(object) if object.is_empty() => Vec::new(),
        // Conftest takes these for rules that found nothing. They did find something, and have no words for it.
        _ => {
            return Answer { trouble: Some(Trouble::no_messages()), ..Answer::default() };
        }
    };
    let mut answer = reading.read(&values);
    match policies.excepts(rule) {
        Ok(excepted) => answer.excepted = excepted && !answer.violations.is_empty(),
        Err(trouble) => {
            answer.trouble.get_or_insert(trouble);
        }
    }
    answer.trouble = answer.trouble.map(|it| reading.trouble(it));
    answer
}

/// One thing that a rule yields: a text, or an object with `msg`.
fn violation(value: &Value, reading: &Reading<'_>) -> Result<Violation, Trouble> {
    let message = match value {
        Value::String(message) => message,
        Value::Object(_) => match &value["msg"] {
            Value::String(message) => message,
            _ => {
                return Err(Trouble::new(
                    "it yields an object without `msg`, the text that says what is wrong",
                ));
            }
        },
        _ => return Err(Trouble::new("it yields something else than texts, or objects with `msg`")),
    };
    let redaction = &reading.redaction;
    let changes = reading.changes.get_or_init(|| Changes::of(reading.plan));
    let get = |key: &str| {
        [&value[key], &value["metadata"][key], &value["details"][key]]
            .into_iter()
            .find(|it| !matches!(it, Value::Undefined | Value::Null))
            .unwrap_or(&Value::Undefined)
    };
    let text = |value: &Value| value.as_string().ok().map(|it| it.to_string());
    let address = [get("address"), get("resource"), &get("resource")["address"]].into_iter().find_map(text);
    let known = address.as_deref().filter(|it| changes.has(it)).unwrap_or_default();
    // Cut last: half of a sensitive value is not recognized any more.
    let redact = |it: &str| shortened(&redaction.redact(it), MAX_MESSAGE);
    let path = match get("attribute") {
        Value::Array(path) => Some(path.iter().cloned().collect::<Vec<_>>()),
        Value::String(name) => Some(name.split('.').map(Value::from).collect()),
        _ => None,
    };
    let change = path.as_ref().and_then(|it| changes.change(known, it, redaction));
    Ok(Violation {
        message: redact(message),
        address: address.as_deref().map(redact),
        attribute: path.map(|it| changes.shown_path(known, &it, redact)),
        change,
        fix: text(get("fix")).as_deref().map(redact),
        severity: text(get("severity"))
            .and_then(|it| it.parse::<Severity>().ok())
            .map(|it| it.as_str().to_owned()),
        unknown: get("unknown") == &Value::Bool(true),
    })
}

#[cfg(test)]
mod conftest_tests;
#[cfg(test)]
mod tests;
