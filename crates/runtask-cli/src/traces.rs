//! Sends traces of what `serve` does to a collector, as OTLP over HTTP in JSON, where the environment names one.
//!
//! The rest of the program says what it does in any case (`runtask_log::trace`), and knows nothing of this. Where no collector
//! is named, nobody listens.

mod exporter;
mod otlp;
mod settings;
mod tracer;

pub(crate) use settings::TraceSettings;

use exporter::{ANSWER, Exporter};
use runtask_client::{ClientError, ClientSettings, service_client};
use runtask_log::{event, trace};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracer::Tracer;
use tracing::info;

/// Spans that wait to be sent; more are dropped. As the batch processor of OpenTelemetry has it.
const QUEUE: usize = 2048;

/// Sends what ends, until it is told to finish.
#[derive(Debug)]
pub(crate) struct Traces {
    exporter: JoinHandle<()>,
    stop: CancellationToken,
}

impl Traces {
    /// Begins to listen. `client` has the certificates to trust and the proxies.
    ///
    /// # Errors
    ///
    /// When no HTTP client can be made from the settings.
    pub(crate) fn start(settings: TraceSettings, client: &ClientSettings) -> Result<Self, ClientError> {
        let http = service_client(ANSWER, client.ca_bundle.as_deref(), !client.proxy_hosts.is_empty())?;
        let origin = settings.endpoint.origin().ascii_serialization();
        let (sender, queue) = mpsc::channel(QUEUE);
        let tracer = Arc::new(Tracer::new(settings.sampler, sender));
        let stop = CancellationToken::new();
        let exporter = Exporter::new(settings, http, Arc::clone(&tracer), stop.clone());
        info!(event = event::SERVE_TRACES, origin, "traces go to {origin}");
        trace::listen(tracer);
        Ok(Self { exporter: tokio::spawn(exporter.run(queue)), stop })
    }

    /// Sends what waits, for two seconds at most. Nothing that ends later is sent.
    pub(crate) async fn finish(self) {
        self.stop.cancel();
        // A panic in it is no reason to end otherwise than in order.
        let _ended = self.exporter.await;
    }
}
