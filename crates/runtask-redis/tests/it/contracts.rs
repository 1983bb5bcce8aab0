//! T-50: Redis keeps what the other stores keep, whatever happens to it.

use crate::server::Server;
use crate::{connect, connect_to};
use runtask_redis::{RedisClaims, RedisDocuments};
use runtask_state::{
    Claim, ClaimStore, Created, DocumentError, DocumentStore, MAX_CONTENT_BYTES, Record, Saved, contract,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn at(minutes: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_790_000_000 + minutes * 60)
}

fn record(content: &[u8]) -> Record {
    Record { content: content.to_vec(), expires_at: at(60), due_at: Some(at(1)) }
}

async fn documents(server: &Server) -> RedisDocuments {
    RedisDocuments::new(connect_to(server).await, "approvals")
}

#[tokio::test]
async fn redis_keeps_the_contract_of_claims() {
    let server = Server::start().await;
    contract::claims::check(&RedisClaims::new(connect_to(&server).await)).await;
}

#[tokio::test]
async fn redis_keeps_the_contract_of_documents() {
    let server = Server::start().await;
    contract::documents::check(&documents(&server).await).await;
}

#[tokio::test]
async fn a_socket_is_as_good_as_a_port() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("redis.sock");
    let _server = Server::with(&["--unixsocket", socket.to_str().unwrap()]).await;
    let redis = connect(&format!("unix://{}", socket.display()), None).await.unwrap();
    contract::claims::check(&RedisClaims::new(redis)).await;
}

/// P-09, T-34: each with a connection of its own, as replicas have.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_replicas_that_ask_at_once_one_is_granted_and_one_writes() {
    let server = Server::start().await;
    let store = documents(&server).await;
    let Created::Yes(version) = store.create("one", &record(b"first"), at(0)).await.unwrap() else {
        panic!("not created")
    };
    let mut replicas = Vec::new();
    for number in 0..16_u8 {
        let redis = connect_to(&server).await;
        replicas.push(tokio::spawn(async move {
            let claim = RedisClaims::new(redis.clone()).claim("taskrs-1", at(0), at(1)).await.unwrap();
            let documents = RedisDocuments::new(redis, "approvals");
            let saved = documents.save("one", version, &record(&[number]), at(1)).await.unwrap();
            (matches!(claim, Claim::Granted(_)), saved != Saved::Changed)
        }));
    }
    let (mut granted, mut saved) = (0, 0);
    for replica in replicas {
        let (claim, write) = replica.await.unwrap();
        granted += usize::from(claim);
        saved += usize::from(write);
    }
    assert_eq!((granted, saved), (1, 1));
}

/// A server that was started anew knows no scripts.
#[tokio::test]
async fn scripts_that_the_server_has_forgotten_are_told_again() {
    let server = Server::start().await;
    let store = documents(&server).await;
    store.create("one", &record(b"first"), at(0)).await.unwrap();
    tell(&server, "SCRIPT FLUSH\r\n").await;
    assert!(matches!(store.create("two", &record(b"second"), at(0)).await.unwrap(), Created::Yes(_)));
}

/// Says something to the server as a person at a terminal does; returns the start of its answer.
async fn tell(server: &Server, line: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut answer = vec![0; 64 * 1024];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// An answer that got lost: the write is made again, and knows its own.
#[tokio::test]
async fn a_write_whose_answer_was_lost_is_done_once() {
    let server = Server::start().await;
    let cut = Arc::new(AtomicBool::new(false));
    let redis = connect(&through_a_bad_line(&server, Arc::clone(&cut)).await, None).await.unwrap();
    let (claims, documents) = (RedisClaims::new(redis.clone()), RedisDocuments::new(redis, "approvals"));
    // The scripts are known, so that what is cut off is the answer of the write itself.
    documents.create("before", &record(b"x"), at(0)).await.unwrap();
    claims.claim("taskrs-before", at(0), at(1)).await.unwrap();
    let cut_next = || cut.store(true, Ordering::SeqCst);
    cut_next();
    let Created::Yes(version) = documents.create("one", &record(b"first"), at(0)).await.unwrap() else {
        panic!("not created")
    };
    assert!(!cut.load(Ordering::SeqCst), "nothing was cut");
    cut_next();
    let saved = documents.save("one", version, &record(b"second"), at(1)).await.unwrap();
    let Saved::Yes(version) = saved else { panic!("not saved") };
    let loaded = documents.load("one", at(1)).await.unwrap().unwrap();
    assert_eq!((loaded.version, loaded.record.content), (version, b"second".to_vec()));
    cut_next();
    assert!(matches!(claims.claim("taskrs-1", at(0), at(1)).await.unwrap(), Claim::Granted(_)));
    cut_next();
    assert!(documents.delete("one", version, at(2)).await.unwrap());
}

/// A way to the server on which an answer is cut off, with its connection, whenever `cut` says so.
async fn through_a_bad_line(server: &Server, cut: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let port = server.port;
    tokio::spawn(async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let cut = Arc::clone(&cut);
            tokio::spawn(async move {
                let (mut near_read, mut near_write) = near.into_split();
                let (mut far_read, mut far_write) = far.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut near_read, &mut far_write).await });
                let mut answer = [0; 4096];
                while let Ok(length @ 1..) = far_read.read(&mut answer).await {
                    if cut.swap(false, Ordering::SeqCst) {
                        return;
                    }
                    if near_write.write_all(&answer[..length]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

/// A store that cannot be reached is an error, soon, and never another store.
#[tokio::test]
async fn a_server_that_is_gone_is_an_error_and_one_that_comes_back_has_what_it_kept() {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut server = Server::with(&durable).await;
    let redis = connect_to(&server).await;
    let (claims, documents) = (RedisClaims::new(redis.clone()), RedisDocuments::new(redis, "approvals"));
    documents.create("one", &record(b"first"), at(0)).await.unwrap();
    let Claim::Granted(lease) = claims.claim("taskrs-1", at(0), at(5)).await.unwrap() else {
        panic!("not granted")
    };
    server.kill().await;
    let asked = Instant::now();
    let error = documents.load("one", at(1)).await.unwrap_err();
    assert!(matches!(error, DocumentError::NoAnswer(_)), "{error:?}");
    assert!(claims.claim("taskrs-2", at(1), at(2)).await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    server.start_again(&durable).await;
    let loaded = documents.load("one", at(1)).await.unwrap().unwrap();
    assert_eq!(loaded.record, record(b"first"));
    assert!(claims.renew(&lease, at(6)).await.unwrap());
}

#[tokio::test]
async fn a_server_without_memory_left_is_full_and_throws_nothing_away() {
    let server = Server::with(&["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]).await;
    let store = documents(&server).await;
    let large = record(&vec![b'x'; MAX_CONTENT_BYTES]);
    let mut created = Vec::new();
    let full = loop {
        let key = format!("document-{}", created.len());
        match store.create(&key, &large, at(0)).await {
            Ok(_) => created.push(key),
            Err(error) => break error,
        }
        assert!(created.len() < 100);
    };
    assert!(matches!(full, DocumentError::Full), "{full:?}");
    assert!(created.len() > 2, "{created:?}");
    for key in created {
        assert!(store.load(&key, at(1)).await.unwrap().is_some(), "{key}");
    }
}

/// Keys for clusters, and times that only tidy up.
#[tokio::test]
async fn what_is_kept_is_where_the_documentation_says_and_goes_by_itself() {
    let server = Server::start().await;
    let redis = connect_to(&server).await;
    RedisDocuments::new(redis.clone(), "approvals").create("approval#1", &record(b"x"), at(0)).await.unwrap();
    RedisClaims::new(redis).claim("taskrs-1", at(0), at(5)).await.unwrap();
    let keys = tell(&server, "KEYS *\r\n").await;
    for key in ["{runtask:approvals}:rec:approval#1", "{runtask:approvals}:due", "runtask:claim:taskrs-1"] {
        assert!(keys.contains(key), "{keys}");
    }
    // Two hours: an hour until it expires, and one for clocks that differ.
    let ttl = tell(&server, "TTL {runtask:approvals}:rec:approval#1\r\n").await;
    let seconds: u64 = ttl.trim().trim_start_matches(':').parse().unwrap();
    assert!((7100..=7200).contains(&seconds), "{ttl}");
}
