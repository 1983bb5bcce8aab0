//! Clients that write bytes, so that they can also stop in the middle.

use super::*;
use http_body_util::BodyExt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

/// A limit that a test waits for.
const SHORT: Duration = Duration::from_millis(100);
/// What a test waits for before it fails.
const LONG: Duration = Duration::from_secs(10);

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST_REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Limits that no test reaches.
fn limits() -> Limits {
    Limits { connection: LONG, head: LONG, answer: LONG, end: LONG, prompt: LONG, ..Limits::default() }
}

/// A server whose answers wait for the test.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<&'static str>,
    end: JoinHandle<Result<&'static str, oneshot::error::RecvError>>,
    /// One for each request that got as far as the function.
    asked: mpsc::UnboundedReceiver<()>,
    /// One for each answer that may be given.
    answers: Arc<Semaphore>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (asking, asked) = mpsc::unbounded_channel();
        let answers = Arc::new(Semaphore::new(0));
        let permits = Arc::clone(&answers);
        let handler = move |request: Request<Incoming>| {
            let (asking, permits) = (asking.clone(), Arc::clone(&permits));
            async move {
                asking.send(()).unwrap();
                let bytes = request.into_body().collect().await.map_or(0, |it| it.to_bytes().len());
                permits.acquire().await.unwrap().forget();
                Response::new(format!("{bytes} bytes"))
            }
        };
        let end = tokio::spawn(serve(listener, limits, handler, stopped));
        Self { address, stop, end, asked, answers }
    }

    async fn connect(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// A connection from an address of this machine that nobody else has.
    async fn connect_from(&self, last: u8, text: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        let from = IpAddr::from(Ipv4Addr::new(127, 0, 0, last));
        socket.bind((from, 0).into()).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn is_asked(&mut self) {
        timeout(LONG, self.asked.recv()).await.unwrap().unwrap();
    }
}

/// All that comes until the server closes the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A connection that is reset has ended, too.
    let _closed = timeout(LONG, stream.read_to_end(&mut text)).await.unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn requests_are_answered_with_what_the_function_returns() {
    let server = Server::start(limits()).await;
    server.answers.add_permits(2);
    let text = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody";
    let answers = rest(server.connect(&format!("{text}{LAST_REQUEST}")).await).await;
    assert!(answers.starts_with("HTTP/1.1 200 OK\r\n") && answers.contains("\r\n\r\n4 bytes"), "{answers}");
    assert!(answers.ends_with("\r\n\r\n0 bytes"), "{answers}");
}

#[tokio::test]
async fn a_head_that_does_not_end_closes_the_connection() {
    let mut server = Server::start(Limits { head: SHORT, ..limits() }).await;
    for text in ["", "GET / HTTP/1.1\r\nHo"] {
        let answer = rest(server.connect(text).await).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    assert!(server.asked.try_recv().is_err());
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let mut server = Server::start(Limits { head_bytes: 8192, ..limits() }).await;
    let text = format!("GET /{} HTTP/1.1\r\n", "a".repeat(8192));
    let answer = rest(server.connect(&text).await).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    assert!(server.asked.try_recv().is_err());
}

#[tokio::test]
async fn a_body_that_does_not_end_is_answered_with_408() {
    let server = Server::start(Limits { answer: SHORT, ..limits() }).await;
    let text = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbo";
    let answer = rest(server.connect(text).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("took too long"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_408() {
    let server = Server::start(Limits { answer: SHORT, ..limits() }).await;
    let answer = rest(server.connect(LAST_REQUEST).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_connection_ends_whatever_happens_on_it() {
    let mut server = Server::start(Limits { connection: SHORT, ..limits() }).await;
    let stream = server.connect(REQUEST).await;
    server.is_asked().await;
    assert_eq!(rest(stream).await, "");
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_those_that_are_answered() {
    let mut server = Server::start(Limits { connections: 1, ..limits() }).await;
    let first = server.connect(LAST_REQUEST).await;
    server.is_asked().await;
    let second = server.connect(LAST_REQUEST).await;
    assert!(timeout(SHORT, server.asked.recv()).await.is_err());
    server.answers.add_permits(2);
    for stream in [first, second] {
        let answer = rest(stream).await;
        assert!(answer.ends_with("0 bytes"), "{answer}");
    }
}

/// S-05: who opens connections and says nothing keeps nobody out, and loses one of their own.
#[tokio::test]
async fn idle_connections_make_room() {
    let server = Server::start(Limits { connections: 4, ..limits() }).await;
    server.answers.add_permits(3);
    let mut quiet = server.connect_from(2, REQUEST).await;
    let mut answer = [0; 12];
    quiet.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let mut crowd = Vec::new();
    for text in ["", "GET / HTTP/1.1\r\nHo", "", ""] {
        crowd.push(server.connect_from(3, text).await);
        // In this order.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for last in [4, 2] {
        let answer = rest(server.connect_from(last, LAST_REQUEST).await).await;
        assert!(answer.ends_with("0 bytes"), "{answer}");
    }
    assert_eq!(rest(crowd.remove(0)).await, "", "the oldest of the crowd had to go");
    let mut byte = [0];
    assert!(timeout(SHORT, crowd.pop().unwrap().read(&mut byte)).await.is_err(), "the newest is there");
}

/// S-05: a body that does not come keeps nobody out either.
#[tokio::test]
async fn a_body_that_does_not_come_makes_room() {
    let mut server = Server::start(Limits { connections: 1, prompt: SHORT, ..limits() }).await;
    let slow = server.connect("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbo").await;
    server.is_asked().await;
    server.answers.add_permits(1);
    let answer = rest(server.connect(LAST_REQUEST).await).await;
    assert!(answer.ends_with("0 bytes"), "{answer}");
    assert_eq!(rest(slow).await, "");
}

#[tokio::test]
async fn what_is_being_answered_at_the_end_is_answered() {
    let mut server = Server::start(limits()).await;
    let stream = server.connect(REQUEST).await;
    let idle = server.connect("").await;
    server.is_asked().await;
    server.stop.send("stopped").unwrap();
    // It is not told to answer before it has taken notice: who waits for the next request is sent away.
    assert_eq!(rest(idle).await, "");
    assert!(TcpStream::connect(server.address).await.is_err());
    server.answers.add_permits(1);
    let answer = rest(stream).await;
    assert!(answer.ends_with("0 bytes"), "{answer}");
    assert_eq!(timeout(LONG, server.end).await.unwrap().unwrap(), Ok("stopped"));
}

#[tokio::test]
async fn what_is_not_complete_at_the_end_is_closed() {
    let mut server = Server::start(Limits { end: SHORT, ..limits() }).await;
    let stream = server.connect("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbo").await;
    server.is_asked().await;
    server.stop.send("stopped").unwrap();
    assert_eq!(timeout(LONG, server.end).await.unwrap().unwrap(), Ok("stopped"));
    assert_eq!(rest(stream).await, "");
}
