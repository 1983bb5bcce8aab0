//! P-21: private networks, where certificates are one's own and everything goes through a proxy.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use runtask_log::event;
use runtask_simulator::{Options, Simulator};
use runtask_tests::serve::Serve;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::run::{deliver, formatted, result, run, serve, simulator, spec};

/// A Terraform Enterprise with a certificate of a private authority, in front of a simulator.
struct Enterprise {
    simulator: Simulator,
    origin: String,
    authority: tempfile::NamedTempFile,
}

impl Enterprise {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (simulator, address) = behind(&origin).await;
        let (acceptor, authority) = certificates();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Who does not trust the authority hangs up here.
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    pass_on(&mut stream, address).await;
                });
            }
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), authority).unwrap();
        Self { simulator, origin, authority: file }
    }

    async fn serve(&self, settings: &[(&str, &str)]) -> Serve {
        let allowed = [("RUNTASK_ALLOWED_ORIGINS", &*self.origin)];
        Serve::start(&[&allowed, settings].concat()).await
    }

    fn bundle(&self) -> (&str, &str) {
        ("RUNTASK_CA_BUNDLE", self.authority.path().to_str().unwrap())
    }
}

/// A simulator that is known by another name than its address, and that address.
async fn behind(origin: &str) -> (Simulator, SocketAddr) {
    loop {
        // Its own address it does not tell; somebody else may have the port by the time it wants it.
        let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let bind = free.local_addr().unwrap();
        drop(free);
        let api_base = Some(origin.parse().unwrap());
        if let Ok(simulator) = Simulator::start(Options { bind, api_base, ..Options::default() }).await {
            return (simulator, bind);
        }
    }
}

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

async fn pass_on(stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin), to: SocketAddr) {
    let mut upstream = TcpStream::connect(to).await.unwrap();
    // Either side may go as it likes.
    let _ended = copy_bidirectional(stream, &mut upstream).await;
}

/// A forward proxy that takes every host for one address, and remembers the first request on each connection.
struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(forward(stream, to, Arc::clone(&remembered)));
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn forward(mut stream: TcpStream, to: SocketAddr, asked: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(1..) => {}
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let (method, target) = text.split_once(' ').unwrap();
    let target = target.split(' ').next().unwrap();
    let origin: Vec<_> = target.splitn(4, '/').take(3).collect();
    asked.lock().unwrap().push(format!("{method} {}", origin.join("/")));
    let mut upstream = TcpStream::connect(to).await.unwrap();
    if method == "CONNECT" {
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
    } else {
        // Servers take an absolute URL for a path, too.
        upstream.write_all(&head).await.unwrap();
    }
    let _ended = copy_bidirectional(&mut stream, &mut upstream).await;
}

/// A Terraform Enterprise behind a private authority is served when its certificate is known.
#[tokio::test]
async fn a_private_authority_is_trusted_where_it_is_known() {
    let enterprise = Enterprise::start().await;
    let serve = enterprise.serve(&[enterprise.bundle()]).await;
    let record = run(&enterprise.simulator, &serve.url(), spec(formatted())).await;
    assert_eq!(result(&record), ("passed", "Format check passed"));
}

/// Without it nothing is sent to whoever answers there, and the logs say that the run goes without a result.
#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let enterprise = Enterprise::start().await;
    let settings = [("RUNTASK_DEADLINE_MS", "2000"), ("RUNTASK_REPORT_MARGIN_MS", "1500")];
    let serve = enterprise.serve(&settings).await;
    let run = enterprise.simulator.prepare(spec(formatted())).await.unwrap();
    serve.keeps_secret(run.token());
    deliver(&run, &serve.url()).await;
    serve.wait_for_event_of(event::JOB_NOT_REPORTED, run.task_result_id()).await;
    assert_eq!(run.events().len(), 2, "nothing but the delivery: {:?}", run.events());
}

/// Everything goes through the proxy: the host's name means nothing to anybody else.
#[tokio::test]
async fn a_proxy_is_used_for_plain_http() {
    let (simulator, address) = behind("http://tfe.invalid").await;
    let proxy = Proxy::start(address).await;
    let origins = [("RUNTASK_ALLOWED_ORIGINS", "http://tfe.invalid"), ("http_proxy", &*proxy.url)];
    let serve = Serve::start(&origins).await;
    let record = run(&simulator, &serve.url(), spec(formatted())).await;
    assert_eq!(result(&record), ("passed", "Format check passed"));
    let asked = proxy.asked();
    assert!(!asked.is_empty() && asked.iter().all(|it| it.ends_with(" http://tfe.invalid")), "{asked:?}");
}

/// With https, the proxy sees a tunnel.
#[tokio::test]
async fn a_proxy_is_used_for_https() {
    let enterprise = Enterprise::start().await;
    let port: u16 = enterprise.origin.rsplit(':').next().unwrap().parse().unwrap();
    let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], port))).await;
    let serve = enterprise.serve(&[enterprise.bundle(), ("HTTPS_PROXY", &proxy.url)]).await;
    let record = run(&enterprise.simulator, &serve.url(), spec(formatted())).await;
    assert_eq!(result(&record), ("passed", "Format check passed"));
    let asked = proxy.asked();
    assert!(
        !asked.is_empty() && asked.iter().all(|it| *it == format!("CONNECT localhost:{port}")),
        "{asked:?}"
    );
}

/// A proxy that is not there is not gone round.
#[tokio::test]
async fn a_missing_proxy_is_not_gone_round() {
    let simulator = simulator().await;
    let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let proxy = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let settings =
        [("http_proxy", &*proxy), ("RUNTASK_DEADLINE_MS", "2000"), ("RUNTASK_REPORT_MARGIN_MS", "1500")];
    let serve = serve(&simulator, &settings).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&run, &serve.url()).await;
    serve.wait_for_event(event::JOB_NOT_REPORTED).await;
    assert_eq!(run.events().len(), 2, "nothing but the delivery: {:?}", run.events());
}
