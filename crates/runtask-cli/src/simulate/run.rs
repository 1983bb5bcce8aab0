//! Simulates a run, and says what may be the matter while nothing comes back.

use super::run_task::allowed_origins;
use anyhow::Context;
use runtask_simulator::{Delivery, Event, Record, RunSpec, Simulator, Target, What};
use runtask_terminal::output::Output;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// How long after its answer a run task may be silent before that is remarkable: ours reports at once.
const REMARKABLE: Duration = Duration::from_secs(5);

/// What is known of a run task by now.
#[derive(Default)]
struct Known {
    accepted: Notify,
    called_back: AtomicBool,
}

/// Simulates one run; `observe` sees each event as it happens.
pub(crate) async fn run(
    simulator: &Simulator,
    target: &Target,
    spec: RunSpec,
    output: &Output,
    observe: impl Fn(&Event) + Send + Sync + 'static,
) -> anyhow::Result<Record> {
    let known = Arc::new(Known::default());
    let told = Arc::clone(&known);
    let run = simulator.run(target, spec, move |event| {
        match &event.what {
            What::Answered { delivery: Delivery::Request, status: 200, .. } => told.accepted.notify_one(),
            What::CallbackReceived { .. } => told.called_back.store(true, Ordering::Relaxed),
            _ => {}
        }
        observe(event);
    });
    let hint = async {
        known.accepted.notified().await;
        tokio::time::sleep(REMARKABLE).await;
        if !known.called_back.load(Ordering::Relaxed) {
            output.note(&format!(
                "No callback came yet. A run task reports to origins that it knows; one of ours knows the simulator by\n  \
                 {}\n",
                allowed_origins(simulator)
            ));
        }
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        record = run => record.context("the configuration cannot be packed"),
        never = hint => match never {},
    }
}
