//! The Lambda function `request-handler`: wires the library to Parameter Store and to the callback function.

mod lambda;

use lambda::{Aws, Callback, Parameter};
use lambda_http::{Error, Request, RequestExt, service_fn};
use runtask_request_handler::{FixedKeys, KeySetting, KeySource, RequestHandler, RotatingKey, Settings};
use std::sync::Arc;
use std::time::SystemTime;

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn lookup(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

// One request at a time: a second thread would cost memory and start-up time for nothing.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_http::tracing::init_default_subscriber();
    let settings = Settings::read(&lookup)?;
    let aws = Arc::new(Aws::default());
    let callback = Arc::new(Callback::new(Arc::clone(&aws), &settings));
    match settings.key {
        KeySetting::Key(key) => run(FixedKeys::key(key), callback).await,
        KeySetting::Unsigned => run(FixedKeys::unsigned(), callback).await,
        KeySetting::Parameter { name, extension_port } => {
            let parameter = Parameter::new(aws, name, extension_port, lookup("AWS_SESSION_TOKEN"));
            run(RotatingKey::new(parameter, now), callback).await
        }
    }
}

async fn run(keys: impl KeySource + 'static, callback: Arc<Callback>) -> Result<(), Error> {
    // While Lambda fetches the first event, the SDK gets ready.
    let preparing = Arc::clone(&callback);
    tokio::spawn(async move { preparing.prepare().await.clone() });
    let handler = Arc::new(RequestHandler::new(keys, callback, now));
    lambda_http::run(service_fn(move |request: Request| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Error>(handler.handle(without_stage(request)).await) }
    }))
    .await
}

/// An API Gateway stage is part of the address that HCP Terraform calls, and of nothing that we route by.
fn without_stage(mut request: Request) -> Request {
    let path = request.raw_http_path();
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    request
}
