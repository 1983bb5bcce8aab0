//! Finds the run task that is called: somebody's, by its URL, or our own pair in this process.

use super::arguments::SimulateArguments;
use super::people::{Crowd, Plot};
use crate::approval_clock::{approval_time, speed_up};
use crate::key;
use crate::pair::{Audience, Pair, PairSettings};
use crate::stores::Stores;
use crate::tasks_arguments::choose;
use anyhow::{Context, bail};
use runtask_protocol::Key;
use runtask_settings::numbers;
use runtask_simulator::{Simulator, Target};
use runtask_tasks::DEFAULT_TASK;
use runtask_terminal::output::Output;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
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

/// Our own run task.
pub(crate) struct Ours {
    pub(crate) target: Target,
    /// Those whom it asks, where the task asks people, and for how long it does.
    pub(crate) crowd: Option<(Crowd, Duration)>,
}

/// Our own run task, in this process, trusting the simulator and nobody else. It ends with the process.
pub(crate) async fn start_pair(
    simulator: &Simulator,
    arguments: &SimulateArguments,
    output: &Output,
) -> anyhow::Result<Ours> {
    let key = Uuid::new_v4().simple().to_string();
    let origins = format!("{},{}", simulator.origin(), simulator.archivist_origin());
    let lookup = arguments.tasks.lookup(Some(arguments.directory()), None, output).await?;
    let settings = |name: &str| match name {
        "HMAC_KEY" => Some(key.clone()),
        "RUNTASK_ALLOWED_ORIGINS" => Some(origins.clone()),
        // They would make two keys, or send somebody's real token to the simulator.
        "HMAC_SECRET_KEY_PARAM" | "TF_TOKEN" => None,
        // The simulator is on this machine.
        "HTTPS_PROXY" | "https_proxy" | "HTTP_PROXY" | "http_proxy" | "ALL_PROXY" | "all_proxy" => None,
        // People at this machine do not wait for a sweep.
        name if name == numbers::SWEEP_INTERVAL.name => lookup(name).or_else(|| Some("200".to_owned())),
        other => lookup(other).or_else(|| {
            let of_all = OF_ALL_FAULTS.iter().find(|it| arguments.all_faults && it.0 == other);
            of_all.map(|it| it.1.to_owned())
        }),
    };
    let mut settings = PairSettings::read(&settings, Audience::Nobody).context("settings are wrong")?;
    settings.try_out().await.context("no run could be checked")?;
    let task = choose(&settings.jobs.tasks, arguments.task.as_deref())?;
    arguments.refuse_unread(task)?;
    let open = task.approval().map(|it| it.open);
    let plot = Plot::of(arguments);
    if open.is_none() && plot != Plot::ByHand {
        bail!(
            "the task {} asks nobody: write `[tasks.NAME.approval]`, or leave the options about people out",
            task.task.name
        );
    }
    if open.is_some() && arguments.all_faults {
        bail!(
            "the task {} asks people, who would have to answer in each run: choose another --task",
            task.task.name
        );
    }
    let task = task.task.name.clone();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut crowd = None;
    // Other tasks of the file may ask people too; their services are stand-ins as well.
    if let Some(asking) = &settings.jobs.tasks.asking {
        let (started, approvals) = Crowd::start(asking, plot, &arguments.workspace, listener.local_addr()?)
            .await
            .context("people cannot be asked")?;
        settings.approvals = Some(approvals);
        crowd = open.map(|open| (started, open));
    }
    if arguments.let_expire {
        speed_up(arguments.speed);
    }
    let pair = Arc::new(Pair::new(settings, Stores::in_memory(), approval_time, None)?);
    let path = if task == DEFAULT_TASK { "" } else { &task };
    let url = Url::parse(&format!("http://{}/{path}", listener.local_addr()?))?;
    let (never, stop) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let _kept_open = never;
        pair.serve(listener, async { drop(stop.await) }).await;
    });
    Ok(Ours { target: Target { url, key: Some(Key::new(&key)?) }, crowd })
}
