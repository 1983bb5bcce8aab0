//! Files that are kept in AWS, on bad days: an S3 that is throttled, breaks off, sends too much, or nothing. What the
//! services say on good ones, and to whom, is in `deploy/policies.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runtask_aws::{FileError, FileUrl, SdkConfig, sdk_config};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::Instant;

const LIMIT: usize = 1 << 20;
const CONTENT: &str = "[tasks.default]\nchecks = [\"fmt\"]\n";

/// How S3 answers.
#[derive(Clone, Copy)]
enum Manner {
    Content,
    /// Too many requests.
    SlowDown,
    /// The connection ends in the middle of the content.
    BreakOff,
    /// More than is read, and no end to it.
    Endless,
}

/// Answers in these manners, one after the other, each on a connection of its own, and then as in the last; counts.
async fn s3(manners: &'static [Manner]) -> (SdkConfig, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let mut connection = BufReader::new(connection);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && connection.read_line(&mut head).await.unwrap() > 0 {}
            assert!(head.starts_with("GET /acme-settings/run-task/runtask.toml"), "{head}");
            let call = counted.fetch_add(1, Ordering::SeqCst);
            // The client may be gone before everything is written.
            let _gone = answer(&mut connection, manners[call.min(manners.len() - 1)]).await;
        }
    });
    (config(&endpoint), calls)
}

async fn answer(connection: &mut BufReader<TcpStream>, manner: Manner) -> std::io::Result<()> {
    let head = |status: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")
    };
    let length = CONTENT.len();
    let text = match manner {
        Manner::Content => head("200 OK", length) + CONTENT,
        Manner::SlowDown => {
            let body = "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>";
            head("503 Slow Down", body.len()) + body
        }
        Manner::BreakOff => head("200 OK", length) + &CONTENT[..length / 2],
        Manner::Endless => {
            connection.write_all(head("200 OK", usize::MAX / 2).as_bytes()).await?;
            loop {
                connection.write_all(&[b' '; 4096]).await?;
            }
        }
    };
    connection.write_all(text.as_bytes()).await?;
    connection.shutdown().await
}

fn config(endpoint: &str) -> SdkConfig {
    let config = sdk_config(|name| match name {
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("example".to_owned()),
        _ => None,
    });
    config.into_builder().endpoint_url(endpoint).build()
}

async fn read(config: &SdkConfig) -> Result<Vec<u8>, FileError> {
    let file: FileUrl = "s3://acme-settings/run-task/runtask.toml".parse().unwrap();
    file.read(config, LIMIT).await
}

#[tokio::test]
async fn an_object_is_asked_for_until_it_is_there_whole() {
    let (config, calls) = s3(&[Manner::SlowDown, Manner::BreakOff, Manner::Content]).await;
    assert_eq!(read(&config).await.unwrap(), CONTENT.as_bytes());
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_s3_that_goes_on_refusing_is_quoted() {
    let (config, calls) = s3(&[Manner::SlowDown]).await;
    let error = read(&config).await.unwrap_err().to_string();
    assert_eq!(error, "the object could not be read: SlowDown: Reduce your request rate.");
    assert_eq!(calls.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn an_object_that_always_breaks_off_is_given_up() {
    let (config, calls) = s3(&[Manner::BreakOff]).await;
    let error = read(&config).await.unwrap_err().to_string();
    assert!(error.starts_with("the object could not be read: its content broke off: "), "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn no_more_is_read_than_a_file_may_have() {
    let (config, _calls) = s3(&[Manner::Endless]).await;
    let error = read(&config).await.unwrap_err();
    assert!(matches!(error, FileError::TooLarge { limit: LIMIT }), "{error}");
    assert_eq!(error.to_string(), "it has more than 1048576 bytes");
}

/// Time stands still but for what is waited for.
#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_given_up_in_time_to_say_so() {
    // Connections are taken, by the system, and nothing more.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(16).unwrap();
    let config = config(&format!("http://{}", listener.local_addr().unwrap()));
    for url in ["s3://acme-settings/run-task/runtask.toml", "ssm:///acme/runtask.toml"] {
        let file: FileUrl = url.parse().unwrap();
        let started = Instant::now();
        let error = file.read(&config, LIMIT).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(7), "{url}: {error}");
        assert!(started.elapsed() > Duration::from_secs(1), "{url}: {error}");
    }
}
