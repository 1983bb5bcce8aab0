//! `PATCH /jobs/:id/trace`: takes the log, and judges how it comes.

use crate::call::{Call, Manner, Reply};
use crate::fault::Fault;
use crate::job::{Job, Status};
use std::time::Duration;

/// The longest patch, in bytes.
const LONGEST: usize = 1024 * 1024;
/// How long a slow answer takes.
const SLOW: Duration = Duration::from_secs(2);
/// The interval that a changed one changes to, in seconds.
const OTHER_INTERVAL: u64 = 2;

pub(crate) fn patch(job: &mut Job, call: &Call, fault: Option<Fault>) -> Reply {
    job.patches += 1;
    if !call.header("content-type").is_some_and(|it| it.starts_with("text/plain")) {
        job.violation("a patch without `Content-Type: text/plain`");
    }
    if call.parameter("debug_trace").is_none() {
        job.violation("a patch that does not say `debug_trace`");
    }
    if call.body.is_empty() {
        job.violation("an empty patch");
    }
    if call.body.len() > LONGEST {
        job.violation(format!("a patch of {} bytes", call.body.len()));
    }
    let Some((start, end)) = call.header("content-range").and_then(range) else {
        job.violation("a patch without a `Content-Range` of START-END");
        return Reply::message(400, "invalid range");
    };
    if end.checked_add(1) != start.checked_add(call.body.len()) {
        job.violation(format!("a patch of {} bytes says that it is {start}-{end}", call.body.len()));
    }
    judge_time(job, call);
    let asks_for_the_end = job.abandoned && start == 0;
    if !job.starts.contains(&start) && !asks_for_the_end {
        let expected = &job.starts;
        let sentence = format!("a patch starts at {start}, where {expected:?} was due");
        job.violation(sentence);
    }
    job.stored_at = None;
    match fault {
        Some(Fault::Trace500Burst) => return Reply::message(500, "500 Internal Server Error"),
        Some(Fault::Trace404) => return Reply::message(404, "404 Not Found"),
        Some(Fault::Trace403) => {
            job.status = Status::Failed;
            return job.end(call.at, 403);
        }
        Some(Fault::CanceledOnPatch) => {
            job.status = Status::Canceled;
            return job.end(call.at, 403);
        }
        Some(Fault::CancelingOnPatch) => job.status = Status::Canceling,
        Some(Fault::IntervalChange) => job.interval = OTHER_INTERVAL,
        Some(Fault::Trace416Lower) => {
            job.log.truncate(job.log.len() / 2);
            return mismatch(job);
        }
        Some(Fault::Trace416Higher) => {
            store(job, start, call);
            return mismatch(job);
        }
        Some(Fault::TraceReset) => {
            store(job, start, call);
            job.starts = vec![start, job.log.len()];
            return Reply::never();
        }
        _ => {}
    }
    if !store(job, start, call) {
        return mismatch(job);
    }
    job.stored_at = Some(call.at);
    let reply = job.answer(202).with("range", format!("0-{}", job.log.len()));
    if fault == Some(Fault::TraceSlow) { reply.sent(Manner::Late(SLOW)) } else { reply }
}

fn store(job: &mut Job, start: usize, call: &Call) -> bool {
    let fits = start == job.log.len();
    if fits {
        job.log.extend_from_slice(&call.body);
        job.starts = vec![job.log.len()];
    }
    fits
}

fn mismatch(job: &mut Job) -> Reply {
    job.starts = vec![job.log.len()];
    job.answer(416).with("range", format!("0-{}", job.log.len()))
}

/// A patch before its time is fine at the end alone, when nothing but patches and the final state follow.
fn judge_time(job: &mut Job, call: &Call) {
    // A tenth less than what was told: clocks are not equal.
    let due = Duration::from_secs(job.interval).mul_f64(0.9);
    let Some(stored_at) = job.stored_at.filter(|_| !job.abandoned) else { return };
    let pause = call.at.saturating_duration_since(stored_at);
    if pause < due {
        job.early += 1;
    } else {
        judge_earlier(job);
    }
}

/// The log goes on at its pace, so what came early before was not the end.
pub(crate) fn judge_earlier(job: &mut Job) {
    if job.early > 0 {
        let sentence =
            format!("{} patches came before the interval of {} s was over", job.early, job.interval);
        job.violation(sentence);
        job.early = 0;
    }
}

fn range(text: &str) -> Option<(usize, usize)> {
    let (start, end) = text.split_once('-')?;
    Some((start.parse().ok()?, end.parse().ok()?))
}
