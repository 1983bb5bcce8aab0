//! `runtask serve`.

use crate::Exit;
use crate::arguments::Serve;
use crate::pair::{Pair, PairSettings};
use anyhow::{Context, bail};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

pub(crate) async fn serve(arguments: &Serve) -> anyhow::Result<Exit> {
    let settings = PairSettings::read(&arguments.tasks.lookup()).context("settings are wrong")?;
    let unsigned = matches!(settings.key, runtask_request_handler::KeySetting::Unsigned);
    let origins = settings.callback.client.origins.to_string();
    let pair = Arc::new(Pair::new(settings)?);
    // Before listening, so that a signal is never lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(arguments.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr()?;
    info!(version = env!("CARGO_PKG_VERSION"), origins, "listening on http://{address}");
    if unsigned {
        warn!("requests are not verified: RUNTASK_ALLOW_UNSIGNED is set, and no key is");
    }
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("shutting down: no new requests");
        pair.begin_to_shut_down()
    };
    let end = pair.serve(listener, stop).await;
    tokio::select! {
        () = pair.shut_down(end) => {}
        // The same stream as above: another one would have seen the first signal, too.
        _ = interrupt.recv() => bail!("ended by a second signal; jobs at work have no final result"),
    }
    info!("stopped");
    Ok(Exit::Passed)
}
