//! The smallest function: returns its event.
//!
//! What is measured against it pays for the platform and for `lambda_runtime` already, so it stays without
//! tracing, settings and clients.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| Ok::<_, Error>(event.payload))).await
}
