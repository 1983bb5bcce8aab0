//! Measures the report handler: how fast it starts and shows a page, and how much memory it takes.

use crate::commands::output;
use crate::figures::{Pair, Row, Verdict, mebibytes, milliseconds, times};
use crate::function::Function;
use crate::http;
use crate::processors::Apart;
use crate::programs::Programs;
use crate::request_handler::compared;
use crate::{Counts, progress};
use anyhow::ensure;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Response, StatusCode};
use runtask_tests::events::{BodyForm, HttpRequest, function_url};
use serde_json::Value;
use std::net::SocketAddr;
use std::process::Command;
use tokio::task::AbortHandle;

/// Bytes of a page: one with some dozen findings.
const PAGE: usize = 64 << 10;
/// Pages that are shown; not so many as requests are answered, for readers are people.
const PAGES: usize = 100;
/// Requests before the clock counts.
const WARM_UP: usize = 20;

const START_FACTOR: f64 = 3.0;
const MEMORY: u64 = 12 << 20;

pub(crate) async fn measure(programs: &Programs, counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let (bucket, stub) = bucket().await?;
    let env = vec![
        ("RUNTASK_REPORTS", "s3://bench-reports".to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{bucket}")),
    ];
    let event = Bytes::from(
        function_url(&HttpRequest::new("GET", &format!("/-/r/{}/", "A".repeat(27))), BodyForm::Plain)
            .to_string(),
    );
    let apart = Apart::new()?;

    progress(&format!("report handler: {} starts", counts.starts));
    let (mut starts, mut first_pages) = (Pair::default(), Pair::default());
    for _ in 0..counts.starts {
        let (mut echo, start) = Function::start_apart(&apart, &programs.echo, &[]).await?;
        starts.floor.push(start);
        first_pages.floor.push(echo.invoke(event.clone()).await?.1);
        drop(echo);
        let (mut ours, start) = Function::start_apart(&apart, &programs.report_handler, &env).await?;
        starts.ours.push(start);
        let (answer, response) = ours.invoke(event.clone()).await?;
        shown(&answer)?;
        first_pages.ours.push(response);
    }
    let (mut ours, _) = Function::start_apart(&apart, &programs.report_handler, &env).await?;
    for _ in 0..WARM_UP + PAGES {
        shown(&ours.invoke(event.clone()).await?.0)?;
    }
    let memory = ours.peak_memory()?;
    stub.abort();

    Ok(vec![
        compared("report handler: process start to first `/next`", &starts, START_FACTOR),
        Row {
            what: "report handler: first page of a process, read from a bucket on loopback".to_owned(),
            ratio: times(first_pages.ratio()),
            must: "–".to_owned(),
            verdict: Verdict::Reported,
            ours: milliseconds(first_pages.ours.median()),
            floor: milliseconds(first_pages.floor.median()),
        },
        Row {
            what: format!("report handler: peak memory after {} pages of 64 KiB", WARM_UP + PAGES),
            ratio: "–".to_owned(),
            must: format!("≤ {}", mebibytes(MEMORY)),
            verdict: Verdict::of(memory <= MEMORY),
            ours: mebibytes(memory),
            floor: "–".to_owned(),
        },
    ])
}

/// An S3 that has every page.
async fn bucket() -> anyhow::Result<(SocketAddr, AbortHandle)> {
    let now = output(Command::new("date").env("LC_ALL", "C").args(["-u", "+%a, %d %b %Y %H:%M:%S GMT"]))?;
    let now = now.trim().to_owned();
    let page = Bytes::from(format!("<style>p{{}}</style>{}", "x".repeat(PAGE)));
    let server = http::serve(move |request| {
        let (now, page) = (now.clone(), page.clone());
        async move {
            let _read = request.into_body().collect().await;
            let mut response = Response::new(Full::new(page));
            *response.status_mut() = StatusCode::OK;
            if let Ok(now) = now.parse() {
                response.headers_mut().insert("last-modified", now);
            }
            Ok(response)
        }
    });
    Ok(server.await?)
}

fn shown(answer: &[u8]) -> anyhow::Result<()> {
    let answer: Value = serde_json::from_slice(answer)?;
    ensure!(answer.get("statusCode") == Some(&200.into()), "the report handler answered {answer}");
    Ok(())
}
