//! Measures the request handler: how fast it starts and answers, and how much memory it takes.

use crate::figures::{Pair, Row, Verdict, mebibytes, milliseconds, times};
use crate::function::Function;
use crate::http;
use crate::processors::Apart;
use crate::programs::Programs;
use crate::{Counts, progress};
use anyhow::ensure;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Response, StatusCode};
use runtask_protocol::{Key, SIGNATURE_HEADER};
use runtask_tests::events::{BodyForm, HttpRequest, function_url};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::task::AbortHandle;

const HMAC_KEY: &str = "bench-hmac-key";
/// A real request's shape and size, about 1.5 KB.
const PAYLOAD: &[u8] = include_bytes!("../fixtures/payloads/request-post_plan.json");
/// Requests before the clock counts.
const WARM_UP: usize = 20;

const START_FACTOR: f64 = 3.0;
const RESPONSE_FACTOR: f64 = 4.0;
const MEMORY: u64 = 12 << 20;

pub(crate) async fn measure(programs: &Programs, counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let (invoke, stub) = invoke_api().await?;
    let env = settings(&invoke.to_string());
    let event = event()?;
    let apart = Apart::new()?;

    progress(&format!("request handler: {} starts", counts.starts));
    let mut starts = Pair::default();
    let mut first_requests = Pair::default();
    for _ in 0..counts.starts {
        let (mut echo, start) = Function::start_apart(&apart, &programs.echo, &[]).await?;
        starts.floor.push(start);
        first_requests.floor.push(echo.invoke(event.clone()).await?.1);
        drop(echo);
        let (mut ours, start) = Function::start_apart(&apart, &programs.request_handler, &env).await?;
        starts.ours.push(start);
        let (answer, response) = ours.invoke(event.clone()).await?;
        accepted(&answer)?;
        first_requests.ours.push(response);
    }

    progress(&format!("request handler: {} responses", counts.responses));
    let (mut echo, _) = Function::start_apart(&apart, &programs.echo, &[]).await?;
    let (mut ours, _) = Function::start_apart(&apart, &programs.request_handler, &env).await?;
    let mut responses = Pair::default();
    for turn in 0..WARM_UP + counts.responses {
        let floor = echo.invoke(event.clone()).await?.1;
        let (answer, response) = ours.invoke(event.clone()).await?;
        accepted(&answer)?;
        if turn >= WARM_UP {
            responses.floor.push(floor);
            responses.ours.push(response);
        }
    }
    let (memory, floor_memory) = (ours.peak_memory()?, echo.peak_memory()?);
    stub.abort();

    Ok(vec![
        compared("request handler: process start to first `/next`", &starts, START_FACTOR),
        compared(
            "request handler: signed request of 1.5 KB to response, handed over on loopback",
            &responses,
            RESPONSE_FACTOR,
        ),
        Row {
            what: "request handler: the same, first request of a process".to_owned(),
            ratio: times(first_requests.ratio()),
            must: "–".to_owned(),
            verdict: Verdict::Reported,
            ours: milliseconds(first_requests.ours.median()),
            floor: milliseconds(first_requests.floor.median()),
        },
        Row {
            what: format!("request handler: peak memory after {} requests", WARM_UP + counts.responses),
            ratio: "–".to_owned(),
            must: format!("≤ {}", mebibytes(MEMORY)),
            verdict: Verdict::of(memory <= MEMORY),
            ours: mebibytes(memory),
            floor: format!("echo: {}", mebibytes(floor_memory)),
        },
    ])
}

/// A Lambda API that takes every job at once.
pub(crate) async fn invoke_api() -> std::io::Result<(SocketAddr, AbortHandle)> {
    http::serve(|request| async {
        let _read = request.into_body().collect().await;
        let mut response = Response::new(Full::<Bytes>::default());
        *response.status_mut() = StatusCode::ACCEPTED;
        Ok(response)
    })
    .await
}

/// What the function is told.
pub(crate) fn settings(invoke: &str) -> Vec<(&'static str, String)> {
    vec![
        ("HMAC_KEY", HMAC_KEY.to_owned()),
        ("RUNTASK_CALLBACK_FUNCTION", "callback-handler".to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{invoke}")),
    ]
}

/// A row of durations beside those of the echo.
pub(crate) fn compared(what: &str, pair: &Pair, factor: f64) -> Row {
    let ratio = pair.ratio();
    Row {
        what: what.to_owned(),
        ratio: times(ratio),
        must: format!("≤ {factor} ×"),
        verdict: Verdict::of(ratio <= factor),
        ours: milliseconds(pair.ours.median()),
        floor: format!("echo: {}", milliseconds(pair.floor.median())),
    }
}

/// A function URL's event with a signed request.
pub(crate) fn event() -> anyhow::Result<Bytes> {
    let request = HttpRequest::new("POST", "/")
        .header("content-type", "application/json")
        .header("user-agent", "TFC/1.0 (+https://app.terraform.io; TFC)")
        .header(SIGNATURE_HEADER, Key::new(HMAC_KEY)?.sign(PAYLOAD))
        .body(PAYLOAD);
    Ok(function_url(&request, BodyForm::Plain).to_string().into())
}

fn accepted(answer: &[u8]) -> anyhow::Result<()> {
    let answer: Value = serde_json::from_slice(answer)?;
    ensure!(answer.get("statusCode") == Some(&200.into()), "the request handler answered {answer}");
    Ok(())
}
