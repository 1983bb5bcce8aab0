//! T-50: how one gets in, and what is said when one does not.

use crate::connect;
use crate::server::Server;
use runtask_redis::RedisClaims;
use runtask_state::ClaimStore;
use std::time::{Duration, Instant, UNIX_EPOCH};

#[tokio::test]
async fn a_password_opens_and_is_never_shown() {
    let server = Server::with(&["--requirepass", "p/a:s %20s"]).await;
    let host = format!("127.0.0.1:{}", server.port);
    connect(&format!("redis://:p%2Fa%3As%20%2520s@{host}"), None).await.unwrap();
    let redis = connect(&format!("redis://:wrong@{host}"), Some("p/a:s %20s")).await.unwrap();
    assert_eq!(redis.endpoint(), host);
    assert!(!format!("{redis:?}").contains("p/a"));
    for (url, password) in [
        (format!("redis://:hunter2@{host}"), None),
        (format!("redis://{host}"), Some("hunter2")),
        (format!("redis://{host}"), None),
    ] {
        let error = connect(&url, password).await.unwrap_err();
        let said = format!("{error} {:?}", error);
        assert!(said.contains(&format!("Redis at {host} cannot be used")), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

/// A user of Redis' access control lists, with no more rights than the stores need.
#[tokio::test]
async fn a_user_with_few_rights_is_enough() {
    let rights =
        "on >secret ~runtask:* ~{runtask:* +@hash +@sortedset +@scripting +del +pexpire +ping -@dangerous";
    let user: Vec<&str> = ["--user", "runtask"].into_iter().chain(rights.split(' ')).collect();
    let server = Server::with(&user).await;
    let host = format!("127.0.0.1:{}", server.port);
    let redis = connect(&format!("redis://runtask:secret@{host}"), None).await.unwrap();
    runtask_state::contract::claims::check(&RedisClaims::new(redis.clone())).await;
    let documents = runtask_redis::RedisDocuments::new(redis, "approvals");
    runtask_state::contract::documents::check(&documents).await;
}

/// A store that cannot be reached stops the start.
#[tokio::test]
async fn where_nobody_answers_there_is_no_connection() {
    let mut server = Server::start().await;
    let url = server.url();
    server.kill().await;
    let asked = Instant::now();
    let error = connect(&url, None).await.unwrap_err();
    assert!(error.to_string().contains(&format!("Redis at 127.0.0.1:{} cannot be used", server.port)));
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    // Somebody listens who says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    assert!(connect(&url, None).await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn databases_are_apart() {
    let server = Server::start().await;
    let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    for database in 0..2 {
        let redis = connect(&format!("{}/{database}", server.url()), None).await.unwrap();
        let claim = RedisClaims::new(redis).claim("taskrs-1", now, now + Duration::from_secs(60)).await;
        assert!(matches!(claim, Ok(runtask_state::Claim::Granted(_))), "{claim:?}");
    }
}
