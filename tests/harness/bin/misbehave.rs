//! Runs a function that misbehaves on demand.
//!
//! The event says what: `{"act": "exit", "code": 3}`. Through a function URL it is the query, `?act=error`.
//! Without `act` an event is returned, and an HTTP request is answered with its own body and content type.
//! `MISBEHAVE_INIT=exit` makes the process end before it asks for its first event.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::disallowed_methods, reason = "one setting does not need a settings file")]
async fn main() -> Result<ExitCode, Error> {
    if std::env::var("MISBEHAVE_INIT").is_ok_and(|it| it == "exit") {
        return Ok(ExitCode::from(2));
    }
    lambda_runtime::run(service_fn(act)).await?;
    Ok(ExitCode::SUCCESS)
}

#[expect(
    clippy::exit,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "misbehaving is the purpose"
)]
async fn act(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (event, context) = event.into_parts();
    let is_http = event.pointer("/requestContext/http").is_some();
    let act = event.get("act").or_else(|| event.pointer("/queryStringParameters/act"));
    match act.and_then(Value::as_str).unwrap_or_default() {
        "" if is_http => Ok(mirror(&event)),
        "" => Ok(event),
        "error" => Err("refused on demand".into()),
        "panic" => panic!("panicked on demand"),
        "abort" => std::process::abort(),
        "exit" => {
            std::process::exit(event.get("code").and_then(Value::as_i64).unwrap_or(1).try_into()?);
        }
        // Not for ever: nobody kills this one if the test itself is killed.
        "hang" => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            Ok(Value::Null)
        }
        "fail_once" => {
            let marker = Path::new(text(&event, "marker")?);
            if marker.exists() {
                return Ok(json!("the second time"));
            }
            std::fs::write(marker, "")?;
            Err("refused the first time".into())
        }
        // Returns when the other side hangs up: the test decides how long this runs.
        "meet" => {
            let mut other_side = TcpStream::connect(text(&event, "address")?)?;
            other_side.read_to_end(&mut Vec::new())?;
            Ok(json!("met"))
        }
        // The connection ends when the last process that holds it ends.
        "grandchild" => {
            let mut other_side = TcpStream::connect(text(&event, "address")?)?;
            let stdin = OwnedFd::from(other_side.try_clone()?);
            let mut grandchild = Command::new("sleep");
            grandchild.arg("600").stdin(stdin);
            if event.get("own_group").is_some() {
                grandchild.process_group(0);
            }
            let mut grandchild = grandchild.spawn()?;
            other_side.write_all(b"up")?;
            grandchild.wait()?;
            Ok(Value::Null)
        }
        "print" => {
            println!("out: {}", text(&event, "text")?);
            eprintln!("err: {}", text(&event, "text")?);
            Ok(Value::Null)
        }
        "large" => {
            let bytes = event.get("bytes").and_then(Value::as_u64).unwrap_or_default();
            Ok(json!("x".repeat(bytes.try_into()?)))
        }
        "report" => Ok(json!({
            "pid": std::process::id(),
            "request_id": context.request_id,
            "deadline_ms": context.deadline,
            "arn": context.invoked_function_arn,
            "trace_id": context.xray_trace_id,
            "environment": std::env::vars().collect::<std::collections::BTreeMap<_, _>>(),
        })),
        unknown => Err(format!("no act `{unknown}`").into()),
    }
}

fn mirror(event: &Value) -> Value {
    json!({
        "statusCode": 201,
        "headers": {"content-type": event.pointer("/headers/content-type"), "x-path": event.get("rawPath")},
        "cookies": ["a=1", "b=2; Secure"],
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded"),
    })
}

fn text<'a>(event: &'a Value, key: &str) -> Result<&'a str, Error> {
    event.get(key).and_then(Value::as_str).ok_or_else(|| format!("the event lacks `{key}`").into())
}
