//! Has policies evaluated on threads of their own, and listens to what they say.

use crate::deadline::Deadlines;
use crate::engine::Policies;
use crate::evaluation::{Evaluation, LastWord, UnavailableError};
use crate::evaluator::{STACK_BYTES, Unheard, evaluate, evaluators};
use crate::message::{Answer, Cause, Event, Purpose, Request};
use runtask_checks::Stop;
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// How long compiling may take.
const COMPILE_LIMIT: Duration = Duration::from_secs(30);
/// How long reading a plan may take.
const PLAN_LIMIT: Duration = Duration::from_secs(60);
/// The time that a rule gets beyond its limit, at which the engine should have stopped it.
const GRACE: Duration = Duration::from_secs(2);

/// What an evaluation is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Compiling,
    ReadingPlan,
    Asking,
}

impl Phase {
    /// How long it may be silent.
    fn limit(self, request: &Request) -> Duration {
        match self {
            Self::Compiling => COMPILE_LIMIT,
            Self::ReadingPlan => PLAN_LIMIT,
            Self::Asking => Duration::from_millis(request.time_limit_ms) + GRACE,
        }
    }

    /// Why nobody listens any more, when it was silent for that long.
    fn is_late(self, request: &Request) -> String {
        match self {
            Self::Compiling => format!("policies were not compiled within {} s", COMPILE_LIMIT.as_secs()),
            Self::ReadingPlan => format!("the plan was not read within {} s", PLAN_LIMIT.as_secs()),
            Self::Asking => {
                let limit = Duration::from_millis(request.time_limit_ms);
                format!("it did not finish within {} s", limit.as_secs_f64())
            }
        }
    }

    /// What it does once this was said.
    fn after(self, event: &Event, request: &Request) -> Self {
        match event {
            Event::Rules(_) if matches!(request.purpose, Purpose::Judge | Purpose::Query) => {
                Self::ReadingPlan
            }
            Event::Rules(_) | Event::Plan(_) => Self::Asking,
            _ => self,
        }
    }
}

/// Asks policies, and notes what they say: every rule that is asked has an answer then. Nobody listens to them any more, and
/// they end, when `stop` is asked for and when this future is dropped. Policies that judge are compiled into `kept`, unless
/// they are there.
///
/// # Errors
///
/// Why there is nothing to note.
pub(crate) async fn run(
    request: Request,
    kept: &Arc<OnceLock<Policies>>,
    plan: Option<File>,
    stop: &Stop,
) -> Result<Evaluation, UnavailableError> {
    let request = Arc::new(request);
    // Dropped with this future, which ends what is still being asked.
    let deadlines = Deadlines::new(evaluators(&request));
    let (say, events) = unbounded_channel();
    // Nobody has to be woken up for an answer: there may be hundreds.
    let answers: Arc<Mutex<Vec<Answer>>> = Arc::default();
    let evaluating = {
        let (request, kept, deadlines) = (Arc::clone(&request), Arc::clone(kept), deadlines.each());
        let plan: Box<dyn Read + Send> =
            plan.map_or_else(|| Box::new(io::empty()) as _, |it| Box::new(it) as _);
        let answers = Arc::clone(&answers);
        let say = move |event| match event {
            Event::Answer(answer) if !say.is_closed() => {
                lock(&answers).push(answer);
                Ok(())
            }
            event => say.send(event).map_err(|_dropped| Unheard),
        };
        move || {
            let _nobody_listens = evaluate(&request, &kept, plan, &deadlines, &say);
        }
    };
    let started = thread::Builder::new().stack_size(STACK_BYTES).spawn(evaluating);
    started.map_err(|error| UnavailableError::Ended(format!("no thread could be started: {error}")))?;
    let mut evaluation = Evaluation::default();
    let last = listen(events, &answers, &request, &mut evaluation, stop).await;
    evaluation.answers = std::mem::take(&mut *lock(&answers));
    let error = match last {
        Ok(LastWord::Done) => None,
        Ok(LastWord::Refused(refusal)) => Some(match refusal.cause {
            Cause::Policies => UnavailableError::Policies(refusal.errors),
            Cause::Plan => UnavailableError::Plan(refusal.errors),
        }),
        Err(reason) => Some(UnavailableError::Ended(reason)),
    };
    match error {
        // That the plan ended with an error is found, whatever becomes of the rules.
        Some(error) if evaluation.answers.is_empty() && !evaluation.unjudged.is_errored => return Err(error),
        Some(error) => evaluation.finish(&error.to_string()),
        None => evaluation.finish("it was not asked"),
    }
    Ok(evaluation)
}

/// Listens until the last word, or says why nobody waits for it.
async fn listen(
    mut events: UnboundedReceiver<Event>,
    answers: &Mutex<Vec<Answer>>,
    request: &Request,
    evaluation: &mut Evaluation,
    stop: &Stop,
) -> Result<LastWord, String> {
    let mut phase = Phase::Compiling;
    let mut heard = 0;
    loop {
        let event = tokio::select! {
            event = timeout(phase.limit(request), events.recv()) => event,
            reason = stop.asked() => return Err(reason.to_owned()),
        };
        let Ok(event) = event else {
            let answered = lock(answers).len();
            if answered == heard {
                return Err(phase.is_late(request));
            }
            heard = answered;
            continue;
        };
        // Whoever says no last word has panicked.
        let event = event.ok_or("evaluating policies on this plan made the policy engine fail")?;
        phase = phase.after(&event, request);
        if let Some(last) = evaluation.hear(event) {
            return Ok(last);
        }
    }
}

fn lock(answers: &Mutex<Vec<Answer>>) -> MutexGuard<'_, Vec<Answer>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}
