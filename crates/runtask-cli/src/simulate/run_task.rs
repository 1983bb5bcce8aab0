//! Finds the run task that is called: somebody's, by its URL, or our own pair in this process.

use super::arguments::SimulateArguments;
use crate::key;
use crate::pair::{Audience, Pair, PairSettings};
use crate::tasks_arguments::choose;
use anyhow::Context;
use runtask_protocol::Key;
use runtask_settings::numbers;
use runtask_simulator::{Simulator, Target};
use runtask_tasks::DEFAULT_TASK;
use runtask_terminal::output::Output;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::Url;
use uuid::Uuid;

/// Settings that our own run task has where it is tried with every fault, unless somebody has set others: a bomb need
/// not go off whole, and nobody has to wait for their turn.
const OF_ALL_FAULTS: &[(&str, &str)] =
    &[(numbers::MAX_UNPACKED_BYTES.name, "67108864"), (numbers::CONCURRENCY.name, "16")];

/// The setting by which a run task of ours trusts the simulator.
pub(crate) fn allowed_origins(simulator: &Simulator) -> String {
    format!("RUNTASK_ALLOWED_ORIGINS={},{}", simulator.origin(), simulator.archivist_origin())
}

/// The key to sign with, and a word to the person about what the run task has to know.
pub(crate) fn sender_key(
    simulator: &Simulator,
    arguments: &SimulateArguments,
    output: &Output,
) -> anyhow::Result<Option<Key>> {
    let key = key::find(arguments.key_file.as_deref(), output)?;
    output.note(&format!("The run task must allow: {}\n", allowed_origins(simulator)));
    if key.is_none() {
        output.note("There is no key: requests carry an empty signature (set HMAC_KEY or --key-file)\n");
    }
    Ok(key)
}

/// Our own run task, in this process, trusting the simulator and nobody else. It ends with the process.
pub(crate) async fn start_pair(
    simulator: &Simulator,
    arguments: &SimulateArguments,
) -> anyhow::Result<Target> {
    let key = Uuid::new_v4().simple().to_string();
    let origins = format!("{},{}", simulator.origin(), simulator.archivist_origin());
    let lookup = arguments.tasks.lookup(Some(arguments.directory()), None)?;
    let settings = |name: &str| match name {
        "HMAC_KEY" => Some(key.clone()),
        "RUNTASK_ALLOWED_ORIGINS" => Some(origins.clone()),
        // They would make two keys, or send somebody's real token to the simulator.
        "HMAC_SECRET_KEY_PARAM" | "TF_TOKEN" => None,
        // The simulator is on this machine.
        "HTTPS_PROXY" | "https_proxy" | "HTTP_PROXY" | "http_proxy" | "ALL_PROXY" | "all_proxy" => None,
        other => lookup(other).or_else(|| {
            let of_all = OF_ALL_FAULTS.iter().find(|it| arguments.all_faults && it.0 == other);
            of_all.map(|it| it.1.to_owned())
        }),
    };
    let settings = PairSettings::read(&settings, Audience::Nobody).context("settings are wrong")?;
    settings.try_out().await.context("no run could be checked")?;
    let task = choose(&settings.jobs.tasks, arguments.task.as_deref())?;
    arguments.refuse_unread(task)?;
    let task = task.task.name.clone();
    let pair = Arc::new(Pair::new(settings)?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let path = if task == DEFAULT_TASK { "" } else { &task };
    let url = Url::parse(&format!("http://{}/{path}", listener.local_addr()?))?;
    let (never, stop) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let _kept_open = never;
        pair.serve(listener, async { drop(stop.await) }).await;
    });
    Ok(Target { url, key: Some(Key::new(&key)?) })
}
