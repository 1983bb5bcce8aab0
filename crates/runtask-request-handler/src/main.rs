//! Runs the Lambda function `request-handler`: wires the library to Parameter Store and to the callback function.

mod lambda;

use lambda::{Aws, Callback, Parameter};
use lambda_http::request::RequestContext;
use lambda_http::{Error, Request, RequestExt, service_fn};
use runtask_log::event;
use runtask_protocol::AllowedOrigins;
use runtask_request_handler::{
    FixedKey, KeySetting, KeySource, RequestHandler, RequestSettings, RotatingKey, TaskNames, Trust,
};
use runtask_settings::unknown_settings;
use std::sync::Arc;
use std::time::SystemTime;
use tracing::warn;

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn lookup(name: &str) -> Option<String> {
    // What is no UTF-8 must not count as unset: as it is shown, no check of a setting passes it.
    std::env::var_os(name).map(|it| it.to_string_lossy().into_owned())
}

// One request at a time: a second thread would cost memory and start-up time for nothing.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    runtask_log::start_in_lambda(lookup, now);
    for warning in unknown_settings(std::env::vars_os().map(|it| it.0.to_string_lossy().into_owned())) {
        warn!(event = event::SETTING_UNKNOWN, "{warning}");
    }
    let settings = RequestSettings::read(&lookup)?;
    let aws = Arc::new(Aws::new(lookup));
    let callback = Arc::new(Callback::new(Arc::clone(&aws), &settings));
    let (tasks, origins) = (settings.tasks, settings.origins);
    match settings.key {
        KeySetting::Key(key) => run(Trust::Keys(FixedKey::new(key)), callback, tasks, origins).await,
        KeySetting::Unsigned => run(Trust::<FixedKey>::Anybody, callback, tasks, origins).await,
        KeySetting::Parameter { name, extension_port } => {
            let parameter = Parameter::new(aws, name, extension_port, lookup("AWS_SESSION_TOKEN"));
            run(Trust::Keys(RotatingKey::new(parameter, now)), callback, tasks, origins).await
        }
    }
}

async fn run(
    trust: Trust<impl KeySource + 'static>,
    callback: Arc<Callback>,
    tasks: TaskNames,
    origins: AllowedOrigins,
) -> anyhow::Result<()> {
    // While Lambda fetches the first event, the SDK gets ready, on a thread of its own: it reads every root certificate
    // of the system, and nothing else has to wait for that.
    let preparing = Arc::clone(&callback);
    tokio::task::spawn_blocking(move || preparing.prepare().clone());
    let handler = Arc::new(RequestHandler::new(trust, callback, tasks, origins, now));
    lambda_http::run(service_fn(move |request: Request| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Error>(handler.handle(without_stage(request)).await) }
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}

/// An API Gateway stage is part of the address that HCP Terraform calls, and of nothing that we route by.
fn without_stage(mut request: Request) -> Request {
    let path = request.raw_http_path();
    let path = match request.request_context_ref() {
        // An HTTP API has a stage other than `$default` in this path too; a REST API has not.
        Some(RequestContext::ApiGatewayV2(context)) => below(path, context.stage.as_deref()),
        _ => path,
    };
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// The rest of `path` below the stage; all of it, if it is not below the stage.
fn below<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    match rest {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}
