//! Runs the process that evaluates policies once, and notes what it said and how it ended.

use crate::evaluator::{ARGUMENT, Evaluator, STACK_BYTES};
use crate::message::{Answer, Event, Purpose, Refusal, Request, RuleEntry, SeenExpression, Solution};
use crate::trouble::{TOO_DEEP, too_much_memory};
use runtask_checks::{Stop, Unjudged};
use runtask_process::{Program, read_tail};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::time::timeout;

/// How long compiling may take.
const COMPILE_LIMIT: Duration = Duration::from_secs(30);
/// How long reading a plan may take.
const PLAN_LIMIT: Duration = Duration::from_secs(60);
/// The time that a rule gets beyond its limit, at which the engine should have stopped it itself.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes of everything that the process may say.
const MAX_OUTPUT_BYTES: u64 = 64 * 1024 * 1024;
/// What the process has for an environment. glibc's malloc gives a thread that is not the main one a heap which it grows
/// page by page; one heap that grows by megabytes takes 2 ms less for an empty plan and a tenth less for a large one.
const ENVIRONMENT: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "1"), ("MALLOC_TOP_PAD_", "4194304")];
/// Bytes that a pipe holds.
const PIPE_BYTES: usize = 64 * 1024;
/// Bytes of its last words: what the runtime says when it gives up. What a policy prints stands before it.
const MAX_STDERR_BYTES: usize = 16 * 1024;

/// The messages of a process.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) rules: Vec<RuleEntry>,
    pub(crate) warnings: Vec<String>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) ended: Ended,
    /// What the plan leaves out; there once it is read.
    pub(crate) unjudged: Option<Unjudged>,
    /// What happened at each place, where that was asked for.
    pub(crate) seen: Vec<SeenExpression>,
    /// The answer of a query.
    pub(crate) solutions: Vec<Solution>,
    /// The rule that is being asked.
    asking: Option<usize>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Done,
    Refused(Refusal),
    /// Somebody asked for it.
    Stopped(&'static str),
    /// While it asked the rule with this index, or before it asked any. The reason is for people: `it …`.
    Died {
        during: Option<usize>,
        reason: String,
    },
}

/// Why there was no process.
#[derive(Debug, thiserror::Error)]
#[error("the process that evaluates policies could not be started")]
pub(crate) struct StartError(#[source] io::Error);

/// Where a process is with its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Compiling,
    ReadingPlan,
    Asking,
}

/// Why nobody listens to a process any more.
enum Unheard {
    /// It was silent for too long.
    Late(Phase),
    /// Somebody asked to stop.
    Stopped(&'static str),
}

impl Phase {
    /// How long a process may be silent in it.
    fn limit(self, request: &Request) -> Duration {
        match self {
            Self::Compiling => COMPILE_LIMIT,
            Self::ReadingPlan => PLAN_LIMIT,
            Self::Asking => Duration::from_millis(request.time_limit_ms) + GRACE,
        }
    }
}

/// Starts a process and listens to it until it has ended, or until `stop` is asked for. It is killed when this future is
/// dropped.
pub(crate) async fn run(
    evaluator: &Evaluator,
    request: &Request,
    plan: Option<&File>,
    stop: &Stop,
) -> Result<Session, StartError> {
    let line = serde_json::to_vec(request).map_err(|error| StartError(error.into()))?;
    let plan = plan.map(File::try_clone).transpose().map_err(StartError)?;
    let (stdin, to_process) = io::pipe().map_err(StartError)?;
    let mut program = Program::new(&evaluator.program).arguments([ARGUMENT]).stdin(stdin);
    for (name, value) in ENVIRONMENT {
        program = program.variable(name, value);
    }
    let memory = evaluator.memory_bytes.saturating_add(STACK_BYTES);
    let mut running = program.memory_bytes(memory).ends_with_us().start().map_err(StartError)?;
    // It ends when the process has read everything, or does not live any more.
    let writing = tokio::task::spawn_blocking(move || send(to_process, &line, plan));
    let (stdout, stderr) = (running.take_stdout(), running.take_stderr());
    let mut session = Session {
        rules: Vec::new(),
        warnings: Vec::new(),
        answers: Vec::new(),
        ended: Ended::Done,
        unjudged: None,
        seen: Vec::new(),
        solutions: Vec::new(),
        asking: None,
    };
    let (said, last_words) = tokio::join!(
        async {
            let said = listen(stdout, request, &mut session, stop).await;
            if said.is_err() {
                // It may say more than anybody wants to hear, or nothing any more.
                running.kill();
            }
            said
        },
        read_tail(stderr, MAX_STDERR_BYTES)
    );
    let said = match said {
        Err(Unheard::Stopped(reason)) => {
            // Nobody waits for its end: what it has said by now is wanted at once.
            session.ended = Ended::Stopped(reason);
            return Ok(session);
        }
        Err(Unheard::Late(phase)) => Err(phase),
        Ok(ended) => Ok(ended),
    };
    let status = match timeout(GRACE, running.wait()).await {
        Ok(status) => status,
        Err(_still_there) => {
            running.kill();
            running.wait().await
        }
    };
    let status = status.map_err(StartError)?;
    let _broken_pipe = writing.await;
    let during = session.asking;
    session.ended = match said {
        Ok(Some(ended)) => ended,
        Ok(None) => Ended::Died {
            during,
            reason: cause_of_death(
                status,
                &String::from_utf8_lossy(&last_words),
                evaluator,
                during.is_some(),
            ),
        },
        Err(phase) => Ended::Died { during, reason: out_of_time(phase, request) },
    };
    Ok(session)
}

/// Writes what the process reads.
fn send(mut to_process: io::PipeWriter, line: &[u8], plan: Option<File>) -> io::Result<()> {
    to_process.write_all(line)?;
    to_process.write_all(b"\n")?;
    if let Some(mut plan) = plan {
        plan.rewind()?;
        let mut buffer = vec![0; PIPE_BYTES];
        loop {
            let read = plan.read(&mut buffer)?;
            let Some(read) = buffer.get(..read).filter(|it| !it.is_empty()) else { break };
            to_process.write_all(read)?;
        }
    }
    Ok(())
}

/// Reads events. `None` where the process ended without a last word, and an error where nobody waits for one any more.
async fn listen(
    stdout: Option<impl AsyncRead + Unpin>,
    request: &Request,
    session: &mut Session,
    stop: &Stop,
) -> Result<Option<Ended>, Unheard> {
    let Some(stdout) = stdout else { return Ok(None) };
    let mut lines = BufReader::new(stdout.take(MAX_OUTPUT_BYTES));
    let mut phase = Phase::Compiling;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = timeout(phase.limit(request), lines.read_until(b'\n', &mut line));
        let read = tokio::select! {
            read = read => read.map_err(|_late| Unheard::Late(phase))?,
            reason = stop.asked() => return Err(Unheard::Stopped(reason)),
        };
        match read {
            Ok(0) | Err(_) => return Ok(None),
            Ok(_) => {}
        }
        // Half a line is what somebody says who dies.
        let Ok(event) = serde_json::from_slice(&line) else { return Ok(None) };
        match event {
            Event::Warnings(warnings) => session.warnings = warnings,
            Event::Rules(rules) => {
                session.rules = rules;
                let reads_plan = matches!(request.purpose, Purpose::Judge | Purpose::Query);
                phase = if reads_plan { Phase::ReadingPlan } else { Phase::Asking };
            }
            Event::Plan(unjudged) => {
                session.unjudged = Some(unjudged);
                phase = Phase::Asking;
            }
            Event::Begin(index) => session.asking = Some(index),
            Event::End(answer) => {
                session.asking = None;
                session.answers.push(answer);
            }
            Event::Seen(seen) => session.seen = seen,
            Event::Solutions(solutions) => session.solutions = solutions,
            Event::Refused(refusal) => return Ok(Some(Ended::Refused(refusal))),
            Event::Done => return Ok(Some(Ended::Done)),
        }
    }
}

/// Why a process ended, in words for people. What it printed is only looked at: it may hold values of the plan.
fn cause_of_death(status: ExitStatus, last_words: &str, evaluator: &Evaluator, was_asking: bool) -> String {
    let it = if was_asking { "it" } else { "evaluating policies on this plan" };
    let says = |words: &str| last_words.contains(words);
    if says("memory allocation of") || says("capacity overflow") {
        return too_much_memory(evaluator.memory_bytes).replacen("it", it, 1);
    }
    if says("has overflowed its stack") || status.signal() == Some(SIGSEGV) {
        return TOO_DEEP.replacen("it", it, 1);
    }
    match status.signal() {
        Some(SIGKILL) => format!("{it} was killed by the system, which may have run out of memory"),
        Some(signal) => format!("{it} was ended by signal {signal}"),
        None => format!("{it} made the policy engine fail"),
    }
}

const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;

fn out_of_time(phase: Phase, request: &Request) -> String {
    match phase {
        Phase::Compiling => format!("policies were not compiled within {} s", COMPILE_LIMIT.as_secs()),
        Phase::ReadingPlan => format!("the plan was not read within {} s", PLAN_LIMIT.as_secs()),
        Phase::Asking => {
            let limit = Duration::from_millis(request.time_limit_ms);
            format!("it did not finish within {} s", limit.as_secs_f64())
        }
    }
}
