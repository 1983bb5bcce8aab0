//! `PUT /jobs/:id`: takes the state, and judges it.

use crate::call::{Call, Manner, Reply};
use crate::fault::Fault;
use crate::job::{FinalState, Job, Status};
use crate::json::{at, text_at};
use crate::trace::judge_earlier;

/// Reasons that GitLab knew before it said which it knows.
const OLD_REASONS: [&str; 4] =
    ["unknown_failure", "script_failure", "runner_system_failure", "job_execution_timeout"];

/// A sign of life; the first one says that the runner begins.
pub(crate) fn running(job: &mut Job, call: &Call, fault: Option<Fault>) -> Reply {
    judge_shape(job, call);
    judge_earlier(job);
    job.accepted = true;
    job.touches += 1;
    if !job.finals.is_empty() {
        job.violation("`running` came after a final state");
    }
    match fault {
        Some(Fault::CanceledBeforeStart) => {
            job.status = Status::Canceled;
            return job.end(call.at, 403);
        }
        Some(Fault::CancelingOnPut) => job.status = Status::Canceling,
        _ => {}
    }
    if job.status.is_final() { job.end(call.at, 403) } else { job.answer(200) }
}

/// How it ended.
pub(crate) fn finish(job: &mut Job, call: &Call, fault: Option<Fault>) -> Reply {
    judge_shape(job, call);
    let body = call.json();
    let text = |pointer| text_at(&body, pointer).map(str::to_owned);
    let sent = FinalState {
        state: text("/state").unwrap_or_default(),
        exit_code: at(&body, "/exit_code").as_i64(),
        failure_reason: text("/failure_reason"),
        checksum: text("/output/checksum"),
        bytesize: at(&body, "/output/bytesize").as_u64(),
    };
    // Whoever ends a job in the name of a dead runner does not know the whole log.
    let differs = |it: &&FinalState| match job.abandoned {
        true => {
            (&it.state, it.exit_code, &it.failure_reason)
                != (&sent.state, sent.exit_code, &sent.failure_reason)
        }
        false => **it != sent,
    };
    if let Some(first) = job.finals.first().filter(differs) {
        let sentence = format!("two different final states: {first:?} and {sent:?}");
        job.violation(sentence);
    }
    judge(job, &sent);
    job.finals.push(sent.clone());
    if job.settled.is_some() {
        // It was taken before, and its answer did not get through.
        return job.end(call.at, 403);
    }
    match fault {
        Some(Fault::Final202N) => return job.answer(202).with("x-gitlab-trace-update-interval", 1),
        Some(Fault::Final412) => {
            job.log.clear();
            job.starts = vec![0];
            job.stored_at = None;
            return job.answer(412);
        }
        Some(Fault::Final429) => return Reply::message(429, "429 Too Many Requests").with("retry-after", 1),
        Some(Fault::Final500) => return Reply::message(500, "500 Internal Server Error"),
        Some(Fault::FinalHang) => return Reply::new(200, "").sent(Manner::Silence),
        Some(Fault::Final403) => {
            job.status = Status::Failed;
            return job.end(call.at, 403);
        }
        _ => {}
    }
    job.status = match (job.status, sent.state.as_str()) {
        (Status::Canceling, _) => Status::Canceled,
        (_, "success") => Status::Success,
        _ => Status::Failed,
    };
    job.settled = Some(sent);
    if fault == Some(Fault::FinalReset) { Reply::never() } else { job.end(call.at, 200) }
}

fn judge_shape(job: &mut Job, call: &Call) {
    if !call.is_json() {
        job.violation("a state without `Content-Type: application/json`");
    }
    if text_at(&call.json(), "/token") != Some(&job.token) {
        job.violation("a state without the job's token in its body");
    }
}

fn judge(job: &mut Job, sent: &FinalState) {
    match (sent.state.as_str(), &sent.failure_reason) {
        ("success", None) if sent.exit_code.is_none_or(|it| it == 0) => {}
        ("success", None) => job.violation(format!("success with exit code {:?}", sent.exit_code)),
        ("success", Some(reason)) => job.violation(format!("success for the reason {reason}")),
        ("failed", None) => job.violation("failed without a reason"),
        ("failed", Some(reason)) => {
            let listed = at(&job.payload, "/features/failure_reasons").as_array();
            let is_listed = listed.is_some_and(|it| it.iter().any(|it| it == reason));
            if !is_listed && !OLD_REASONS.contains(&reason.as_str()) {
                job.violation(format!("the failure reason {reason}, which the job does not list"));
            }
        }
        (other, _) => job.violation(format!("the state {other:?}")),
    }
    if job.abandoned && sent.checksum.is_none() {
        return;
    }
    let checksum = format!("crc32:{:08x}", crc32fast::hash(&job.log));
    if sent.checksum.as_ref() != Some(&checksum) {
        let sentence = format!("the checksum is {:?}, and that of the log {checksum}", sent.checksum);
        job.violation(sentence);
    }
    if sent.bytesize != Some(job.log.len() as u64) {
        let sentence = format!("the size is {:?}, and that of the log {}", sent.bytesize, job.log.len());
        job.violation(sentence);
    }
}
