//! `runtask serve`: runs the pair as one process.

use crate::approval_clock::approval_time;
use crate::dialect::Dialect;
use crate::listen;
use crate::metrics;
use crate::pair::{Audience, Pair, PairSettings};
use crate::reports::ServedReports;
use crate::stores::Stores;
use crate::tasks_arguments::{TasksArguments, origin};
use crate::traces::Traces;
use anyhow::{Context, bail};
use clap::Args;
use runtask_checks::LoadedCheck;
use runtask_log::event;
use runtask_setup::LoadedTask;
use runtask_tasks::DEFAULT_TASK;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

/// Serve the run task: both handlers as one process
///
/// Accepts requests at once and works on them in the background. SIGTERM ends it in order: no new requests, time for
/// the jobs at work, and a final result for those that cannot finish.
#[derive(Debug, Args)]
#[command(after_long_help = SERVE_HELP)]
pub(crate) struct ServeArguments {
    /// Where to listen: ADDRESS:PORT, or a port of this machine alone; put a proxy with TLS in front of it
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RUNTASK_LISTEN",
        default_value = listen::DEFAULT,
        value_parser = listen::address
    )]
    pub(crate) listen: SocketAddr,

    /// Where to tell metrics, in the text format of Prometheus, at /metrics: an address that only your monitoring reaches
    #[arg(long, value_name = "ADDRESS", env = "RUNTASK_METRICS_LISTEN", value_parser = listen::address)]
    pub(crate) metrics_listen: Option<SocketAddr>,

    #[command(flatten)]
    pub(crate) tasks: TasksArguments,
}

const SERVE_HELP: &str = "\
Settings, from the environment (docs/settings.md has all of them):
  HMAC_KEY                   the key that the run task has in HCP Terraform
  RUNTASK_ALLOW_UNSIGNED     `true` to do without a key, for trials
  RUNTASK_ALLOWED_ORIGINS    origins that may receive tokens; https://app.terraform.io,https://app.eu.terraform.io
  RUNTASK_CONFIG             the file with the tasks and their checks (docs/tasks.md)
  RUNTASK_TERRAFORM          the terraform binary; found on PATH unless set
  RUNTASK_REPORTS            keeps a page of each result, and links to it: `memory`, or a directory (docs/reports.md)
  BASE_PUBLIC_URL            the address at which people reach these pages, and those of approvals
  RUNTASK_ON_ERROR           `failed` (default) or `passed`, when a check could not run
  RUNTASK_CONCURRENCY        checks at the same time; 4
  RUNTASK_MAX_JOBS           jobs accepted at the same time; 1000
  RUNTASK_SHUTDOWN_TIMEOUT_MS  time to end in order after SIGTERM; 25000
  OTEL_EXPORTER_OTLP_ENDPOINT  where to send traces; nowhere unless set (docs/serve.md)
  REDIS_URL, REDIS_PASSWORD  where claims and approvals are kept, so that several processes may serve; in memory unless set

For tasks that ask people (docs/approvals.md):
  RUNTASK_APPROVALS_KEY      32 random bytes in base64; made up anew at each start where approvals are in memory
  RUNTASK_SWEEP_INTERVAL_MS  the pause between two looks at what is due; 15000

Paths: POST / is the task `default`, POST /NAME the task NAME, GET /healthz answers with the version; /-/ has the pages of
approvals and of results.
";

pub(crate) async fn serve(arguments: &ServeArguments, output: &Output) -> anyhow::Result<Exit> {
    let lookup = arguments.tasks.lookup(None, None, output).await?;
    let mut settings = PairSettings::read(&lookup, Audience::Channels).context("settings are wrong")?;
    for LoadedTask { task, checks } in settings.jobs.tasks.iter() {
        let path = if task.name == DEFAULT_TASK { "/".to_owned() } else { format!("/{}", task.name) };
        let mut checks: Vec<_> = checks.iter().map(LoadedCheck::name).collect();
        checks.extend(task.sections.keys());
        let checks = checks.join(", ");
        info!(
            event = event::SERVE_TASK,
            task = task.name,
            path,
            checks,
            "task {} at {path}: {checks}",
            task.name
        );
    }
    settings.try_out().await.context("no run could be checked")?;
    let unsigned = matches!(settings.key, runtask_request_handler::KeySetting::Unsigned);
    let origins = settings.jobs.client.origins.to_string();
    let dialect = settings.dialect;
    let stores = Stores::open(settings.redis.as_ref()).await?;
    let (store, pages) = (stores.name.clone(), settings.approvals.as_ref().map(|it| it.address.to_string()));
    if pages.is_some() && stores.redis.is_none() {
        warn!(
            event = event::APPROVALS_IN_MEMORY,
            "approvals are kept in memory: those that are open when this process ends are failed (REDIS_URL keeps them)"
        );
    }
    for (event, warning) in dialect.map(Dialect::warnings).unwrap_or_default() {
        warn!(event, "{warning}");
    }
    // Before listening, so that a signal is never lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(arguments.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr()?;
    let reports = settings.jobs.reports.as_ref().map(|it| ServedReports::new(it, address)).transpose()?;
    let traces = settings.traces.take().map(|it| Traces::start(it, &settings.jobs.client)).transpose()?;
    let pair = Arc::new(Pair::new(settings, stores, approval_time, reports)?);
    let _metrics = match arguments.metrics_listen {
        Some(listen) => Some(metrics::start(listen, pair.approvals()).await?),
        None => None,
    };
    let (version, tasks) = (env!("CARGO_PKG_VERSION"), origin(&lookup));
    info!(
        event = event::SERVE_LISTENING,
        %address,
        version,
        tasks,
        claims = store,
        origins,
        pages,
        "listening on http://{address} (tasks {tasks}, claims in {store}, runtask {version})"
    );
    if unsigned {
        warn!(
            event = event::SERVE_UNVERIFIED,
            "requests are not verified: RUNTASK_ALLOW_UNSIGNED is set, and no key is"
        );
    }
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!(event = event::SHUTDOWN_BEGUN, "shutting down: no new requests");
        pair.begin_to_shut_down()
    };
    let end = pair.serve(listener, stop).await;
    let shut_down = async {
        pair.shut_down(end).await;
        if let Some(traces) = traces {
            traces.finish().await;
        }
    };
    tokio::select! {
        () = shut_down => {}
        // The same stream as above: another one would have seen the first signal, too.
        _ = interrupt.recv() => bail!("ended by a second signal; jobs at work have no final result"),
    }
    info!(event = event::SHUTDOWN_DONE, "stopped");
    Ok(Exit::Passed)
}
