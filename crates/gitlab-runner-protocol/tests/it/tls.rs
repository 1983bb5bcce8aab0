//! An instance behind TLS, with a certificate of a private authority.

use crate::harness::{World, soon};
use gitlab_runner_protocol::client::{CallError, Client, ClientSettings, Polled};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A certificate for `localhost`, and the authority that signed it, in PEM.
fn certificates() -> (TlsAcceptor, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_given_and_not_before() {
    let world = World::new(&[]).await;
    let (acceptor, authority) = certificates();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let behind = world.simulator.url().trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not trust the authority hangs up here.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut upstream = TcpStream::connect(&behind).await.unwrap();
            let _either_side_may_go = copy_bidirectional(&mut stream, &mut upstream).await;
        }
    });
    let stranger = Client::new(&ClientSettings::new(&url)).unwrap();
    let error = stranger.request_job(&world.runner, soon()).await.unwrap_err();
    assert!(matches!(error, CallError::Transport { .. }), "{error:?}");
    assert_eq!(world.simulator.received().len(), 0);

    let settings = ClientSettings { ca_bundle: Some(authority.into_bytes()), ..ClientSettings::new(&url) };
    let client = Client::new(&settings).unwrap();
    assert!(matches!(client.request_job(&world.runner, soon()).await.unwrap(), Polled::Nothing));
    world.judge();
}
