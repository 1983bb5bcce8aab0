//! Measures the requests per second of `runtask serve`.
//!
//! All requests are one and the same, so that the job behind them is worked on once: what is measured is all that
//! happens until a job is claimed. Server and client share the machine, so the figure is for comparison only.

use crate::figures::{Row, Verdict};
use crate::programs::Programs;
use crate::{Counts, progress};
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use runtask_protocol::Key;
use runtask_simulator::{Options, RunSpec, Simulator};
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

const HMAC_KEY: &str = "bench-hmac-key";
/// Threads of the client, and connections of each.
const THREADS: usize = 2;
const CONNECTIONS: usize = 8;
/// How long a process may take to listen, or a job to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The argument that makes the bench the server with the empty handler.
pub(crate) const EMPTY_SERVER: &str = "empty-server";

/// A process that ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// One request, to be sent again and again.
#[derive(Debug, Clone)]
struct Signed {
    headers: HeaderMap,
    body: Bytes,
}

pub(crate) async fn measure(programs: &Programs, counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let simulator = Simulator::start(Options::default()).await?;
    let prepared = simulator.prepare(RunSpec::default()).await?;
    let (key, body) = (Key::new(HMAC_KEY)?, prepared.body());
    let request = Signed { headers: prepared.headers(Some(&key), &body), body };

    let (_empty, empty_address) = start_empty()?;
    let (_serve, address) = start_serve(programs, &simulator).await?;
    // The job that all requests are about; those after it find it done.
    let first = load(address, &request, Duration::ZERO)?;
    ensure!(first > 0 && prepared.wait_final(PATIENCE).await.result.status.is_final(), "the job did not end");

    progress(&format!("serve: {} times {:?} each", counts.loads, counts.load));
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..counts.loads {
        floor.push(rate(empty_address, &request, counts.load)?);
        ours.push(rate(address, &request, counts.load)?);
    }
    let (ours, floor) = (median(ours), median(floor));
    let per_second = |it: f64| format!("{it:.0} requests/s");
    Ok(vec![Row {
        what: "`runtask serve`: signed requests over keep-alive, one job repeated".to_owned(),
        ratio: format!("{:.2} ×", ours / floor),
        must: "–".to_owned(),
        verdict: Verdict::Reported,
        ours: per_second(ours),
        floor: format!("empty handler: {}", per_second(floor)),
    }])
}

async fn start_serve(programs: &Programs, simulator: &Simulator) -> anyhow::Result<(Server, SocketAddr)> {
    // Its log says which port it took, but goes nowhere: a file or a pipe would be measured too.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut command = Command::new(&programs.runtask);
    command
        .args(["serve", "--listen", &address.to_string()])
        .env("HMAC_KEY", HMAC_KEY)
        .env("RUNTASK_ALLOWED_ORIGINS", simulator.origin())
        .env("RUNTASK_TERRAFORM", &programs.terraform)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut server = Server(command.spawn().context("runtask cannot be run")?);
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(address).await.is_err() {
        ensure!(Instant::now() < end && server.0.try_wait()?.is_none(), "`runtask serve` does not listen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok((server, address))
}

fn start_empty() -> anyhow::Result<(Server, SocketAddr)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(EMPTY_SERVER).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut server = Server(command.spawn()?);
    let stdout = server.0.stdout.take().context("the empty server has no stdout")?;
    let mut address = String::new();
    BufReader::new(stdout).read_line(&mut address)?;
    Ok((server, address.trim().parse()?))
}

/// Serves as `runtask serve` does, with a handler that only reads the request.
pub(crate) fn serve_nothing() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let connection = http.serve_connection(TokioIo::new(stream), service_fn(nothing));
            tokio::spawn(async move {
                let _broken = connection.await;
            });
        }
    })
}

async fn nothing(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _read = request.into_body().collect().await;
    Ok(Response::new(Full::default()))
}

/// Requests answered per second.
fn rate(address: SocketAddr, request: &Signed, time: Duration) -> anyhow::Result<f64> {
    let started = Instant::now();
    let answered = load(address, request, time)?;
    Ok(answered as f64 / started.elapsed().as_secs_f64())
}

/// Sends requests for `time`, at least one on each connection; returns how many were answered.
fn load(address: SocketAddr, request: &Signed, time: Duration) -> anyhow::Result<u64> {
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let request = request.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async {
                    let connections: Vec<_> = (0..CONNECTIONS)
                        .map(|_| tokio::spawn(send(address, request.clone(), time)))
                        .collect();
                    let mut answered = 0;
                    for connection in connections {
                        answered += connection.await??;
                    }
                    anyhow::Ok(answered)
                })
            })
        })
        .collect();
    let mut answered = 0;
    for thread in threads {
        answered += thread.join().map_err(|_panic| anyhow::anyhow!("a client panicked"))??;
    }
    Ok(answered)
}

async fn send(address: SocketAddr, request: Signed, time: Duration) -> anyhow::Result<u64> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let end = Instant::now() + time;
    let mut answered = 0;
    loop {
        let mut post = Request::post("/").body(Full::new(request.body.clone()))?;
        *post.headers_mut() = request.headers.clone();
        post.headers_mut().insert(hyper::header::HOST, "localhost".parse()?);
        let response = sender.send_request(post).await?;
        if !response.status().is_success() {
            bail!("a request was answered {}", response.status());
        }
        response.into_body().collect().await?;
        answered += 1;
        if Instant::now() >= end {
            return Ok(answered);
        }
        sender.ready().await?;
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
