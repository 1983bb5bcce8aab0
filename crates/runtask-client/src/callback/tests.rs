//! Results are delivered to a server that answers as each test says.

use crate::{Backoff, CallbackError, Client, ClientSettings, Delivery, StatusCode};
use axum::Router;
use axum::body::Bytes;
use axum::http::{Response, StatusCode as AxumStatus};
use axum::routing::patch;
use runtask_protocol::{AccessToken, AllowedOrigins, Status, TaskResult};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// Who answers, and what it was sent.
struct Server {
    url: Url,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server whose answer to the request numbered from 0 is `answer` of that number: status and `Retry-After`.
    async fn start(answer: fn(usize) -> (u16, Option<&'static str>)) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&seen);
        let app = Router::new().route(
            "/callback",
            patch(async move |body: Bytes| {
                let number = {
                    let mut requests = requests.lock().unwrap();
                    requests.push(String::from_utf8(body.to_vec()).unwrap());
                    requests.len() - 1
                };
                let (status, retry_after) = answer(number);
                let mut response = Response::new(String::new());
                *response.status_mut() = AxumStatus::from_u16(status).unwrap();
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert("retry-after", seconds.parse().unwrap());
                }
                response
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen }
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// A client whose pauses are between a half and the whole of `pause`.
fn client(url: &Url, pause: Duration) -> Client {
    let origins: AllowedOrigins = url.origin().ascii_serialization().parse().unwrap();
    let report_backoff = Backoff { attempts: u32::MAX, first: pause, cap: pause };
    Client::new(ClientSettings { origins, report_backoff, ..ClientSettings::default() }).unwrap()
}

fn passed() -> TaskResult {
    TaskResult::new(Status::Passed, "Format check passed")
}

async fn deliver(
    client: &Client,
    server: &Server,
    result: &TaskResult,
    time: Duration,
) -> Result<Delivery, CallbackError> {
    let (token, deadline) = (AccessToken::new("t"), Instant::now() + time);
    client.deliver(&server.url, &token, result, deadline, std::future::pending()).await
}

/// S-02: a server that wants no pause gets one all the same, and is asked until time is up.
#[tokio::test]
async fn a_server_that_wants_no_pause_gets_one() {
    let server = Server::start(|_| (503, Some("0"))).await;
    let client = client(&server.url, Duration::from_millis(200));
    let started = Instant::now();
    // Two seconds are kept for the last try.
    let error = deliver(&client, &server, &passed(), Duration::from_secs(3)).await.unwrap_err();
    let late = matches!(error, CallbackError::Late { may_be_taken: true, not_found: false, .. });
    assert!(late, "{error:?}");
    assert!(started.elapsed() >= Duration::from_millis(900), "{:?}", started.elapsed());
    assert!((5..=12).contains(&server.requests()), "{} requests", server.requests());
}

/// P-15: what the server asks for holds where it is longer.
#[tokio::test]
async fn a_server_that_wants_a_pause_gets_it() {
    let server = Server::start(|number| if number == 0 { (429, Some("1")) } else { (200, None) }).await;
    let started = Instant::now();
    let client = client(&server.url, Duration::from_millis(10));
    deliver(&client, &server, &passed(), Duration::from_secs(10)).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
}

/// V-03: 409 is over, 401 is a refusal at once, 404 is one after a few times.
#[tokio::test]
async fn refusals_are_told_apart() {
    let answer = async |answer: fn(usize) -> (u16, Option<&'static str>)| {
        let server = Server::start(answer).await;
        let client = client(&server.url, Duration::from_millis(1));
        let running = TaskResult::new(Status::Running, "Checking…");
        let first = deliver(&client, &server, &running, Duration::from_secs(10)).await;
        let asked = server.requests();
        let last = deliver(&client, &server, &passed(), Duration::from_secs(10)).await;
        (first, asked, last, server.requests() - asked)
    };
    let (first, asked, last, asked_last) = answer(|_| (409, None)).await;
    let over = Delivery::Over(StatusCode::CONFLICT);
    assert_eq!((first.unwrap(), asked, last.unwrap(), asked_last), (over, 1, over, 1));

    let (first, asked, last, asked_last) = answer(|_| (401, None)).await;
    for error in [first.unwrap_err(), last.unwrap_err()] {
        assert!(matches!(error, CallbackError::Unbelieved { .. }), "{error}");
    }
    assert_eq!((asked, asked_last), (1, 1));

    let (first, asked, last, asked_last) = answer(|_| (404, None)).await;
    let late = first.unwrap_err();
    assert!(matches!(late, CallbackError::Late { may_be_taken: false, not_found: true, .. }), "{late:?}");
    let last = last.unwrap_err();
    assert!(matches!(last, CallbackError::Refused { status: StatusCode::NOT_FOUND, .. }), "{last}");
    assert_eq!((asked, asked_last), (4, 6));
}

/// V-03: a proxy that is in trouble for a moment costs no run its result.
#[tokio::test]
async fn a_proxy_that_is_back_delivers() {
    let answer = |number| match number {
        0 | 2 => (404, None),
        1 => (502, None),
        _ => (200, None),
    };
    let server = Server::start(answer).await;
    let client = client(&server.url, Duration::from_millis(1));
    let delivery = deliver(&client, &server, &passed(), Duration::from_secs(10)).await;
    assert_eq!((delivery.unwrap(), server.requests()), (Delivery::Accepted, 4));
}

/// V-11: a final result whose answer was lost is there, as its repetition learns; one that was never sent is not.
#[tokio::test]
async fn a_repetition_that_is_refused_says_that_the_result_is_there() {
    for (first, taken) in [(502, true), (500, true), (429, false), (404, false)] {
        let answer: fn(usize) -> (u16, Option<&'static str>) = match first {
            502 => |number| (if number == 0 { 502 } else { 409 }, None),
            500 => |number| (if number == 0 { 500 } else { 409 }, None),
            429 => |number| (if number == 0 { 429 } else { 409 }, None),
            _ => |number| (if number == 0 { 404 } else { 409 }, None),
        };
        let server = Server::start(answer).await;
        let client = client(&server.url, Duration::from_millis(1));
        let delivery = deliver(&client, &server, &passed(), Duration::from_secs(10)).await.unwrap();
        let expected = if taken { Delivery::Accepted } else { Delivery::Over(StatusCode::CONFLICT) };
        assert_eq!(delivery, expected, "after {first}");
    }
}

/// V-11: who has less time than it seemed does not drop what is on its way, and does not wait for the next try.
#[tokio::test]
async fn less_time_drops_nothing_and_waits_for_nothing() {
    let server = Server::start(|_| (200, None)).await;
    let quick = client(&server.url, Duration::from_millis(1));
    let token = AccessToken::new("t");
    let now = Instant::now();
    let (deadline, sooner) = (now + Duration::from_secs(60), now + Duration::from_secs(10));
    let delivery = quick.deliver(&server.url, &token, &passed(), deadline, std::future::ready(sooner)).await;
    assert_eq!((delivery.unwrap(), server.requests()), (Delivery::Accepted, 1));

    let server = Server::start(|number| if number == 0 { (503, Some("50")) } else { (200, None) }).await;
    let sooner = async {
        while server.requests() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        sooner
    };
    let patient = client(&server.url, Duration::from_secs(50));
    let delivery = patient.deliver(&server.url, &token, &passed(), deadline, sooner).await;
    assert_eq!((delivery.unwrap(), server.requests()), (Delivery::Accepted, 2));
    assert!(now.elapsed() < Duration::from_secs(10), "{:?}", now.elapsed());
}
