//! Reads arbitrary bytes as a request: reading ends, and an accepted request can be handed over and read back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runtask_protocol::{Classified, Job, Payload, Receipt, SignedBody};
use std::time::UNIX_EPOCH;

fuzz_target!(|body: &[u8]| {
    let signed = SignedBody::unsigned(body);
    let Ok(payload) = Payload::parse(signed) else { return };
    let Ok(Classified::Run(run)) = payload.classify() else { return };
    // A payload that is accepted becomes a job that says the same.
    let event = Receipt::new("default", UNIX_EPOCH).attach(signed).expect("an accepted payload can be handed over");
    let job = Job::parse(&event).expect("a job can be read back");
    assert_eq!(job.run.task_result_id, run.task_result_id);
    assert_eq!(job.run.callback_url, run.callback_url);
    assert_eq!(job.run.access_token.expose(), run.access_token.expose());
    assert_eq!(job.receipt.task, "default");
});
