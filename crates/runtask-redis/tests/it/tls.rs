//! `rediss://`: TLS in front of a server, with a certificate of an authority of one's own.

use crate::server::Server;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use runtask_redis::{ConnectError, Redis, RedisClaims, RedisSettings};
use runtask_state::contract;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Listens with TLS in front of the server; the address, and the certificate in PEM.
async fn encrypted(server: &Server) -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let far = server.port;
    tokio::spawn(async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut near) = acceptor.accept(near).await else { return };
                let mut far = TcpStream::connect(("127.0.0.1", far)).await.unwrap();
                let _closed = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (format!("rediss://localhost:{port}"), cert.pem())
}

async fn connect(url: &str, pem: Option<&str>) -> Result<Redis, ConnectError> {
    Redis::connect(&RedisSettings::new(url.into(), None, pem.map(|it| it.as_bytes().to_vec()))?).await
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_where_it_is_given() {
    let server = Server::start().await;
    let (url, pem) = encrypted(&server).await;
    let redis = connect(&url, Some(&pem)).await.unwrap();
    contract::claims::check(&RedisClaims::new(redis)).await;
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let server = Server::start().await;
    let (url, _) = encrypted(&server).await;
    assert!(matches!(connect(&url, None).await, Err(ConnectError::Unreachable { .. })));
    let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    assert!(matches!(connect(&url, Some(&other)).await, Err(ConnectError::Unreachable { .. })));
    assert!(matches!(connect(&url, Some("no certificate")).await, Err(ConnectError::Settings(_))));
    // One for another name.
    let by_address = url.replace("localhost", "127.0.0.1");
    let (_, pem) = encrypted(&server).await;
    assert!(connect(&by_address, Some(&pem)).await.is_err());
}
