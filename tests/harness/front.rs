//! Stands in front of several processes as a load balancer does: one address, known before any of them has started.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// One address for several processes. Connections go to each in turn; one that does not accept is passed over.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    backends: Arc<Mutex<Vec<SocketAddr>>>,
    task: AbortHandle,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Front {
    /// Listens; nobody is behind it yet.
    ///
    /// # Panics
    ///
    /// If it cannot listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let backends = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(forward(listener, Arc::clone(&backends))).abort_handle();
        Self { address, backends, task }
    }

    /// Passes connections on to these from now on.
    ///
    /// # Panics
    ///
    /// Never: nobody panics while the list is locked.
    pub fn lead_to(&self, backends: &[SocketAddr]) {
        *self.backends.lock().unwrap() = backends.to_vec();
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn forward(listener: TcpListener, backends: Arc<Mutex<Vec<SocketAddr>>>) {
    let mut turn = 0;
    loop {
        let Ok((mut client, _)) = listener.accept().await else { continue };
        turn += 1;
        let mut all = backends.lock().unwrap().clone();
        let first = turn % all.len().max(1);
        all.rotate_left(first);
        tokio::spawn(async move {
            if let Ok(mut server) = connect(&all).await {
                let _whichever_ended = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}

async fn connect(backends: &[SocketAddr]) -> io::Result<TcpStream> {
    for backend in backends {
        if let Ok(stream) = TcpStream::connect(backend).await {
            return Ok(stream);
        }
    }
    Err(io::ErrorKind::ConnectionRefused.into())
}
