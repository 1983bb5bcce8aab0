//! Keeps count of the connections, and closes an idle one where one more than the limit comes.
//!
//! So nobody who opens connections and says nothing on them keeps others out.

use futures_util::FutureExt;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// How long one more connection waits before it is looked again for one that is idle.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The connections that there are.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    places: Arc<Semaphore>,
    open: Arc<Mutex<Open>>,
    prompt: Duration,
}

#[derive(Debug, Default)]
struct Open {
    /// By the order in which they came.
    connections: HashMap<u64, State>,
    next: u64,
}

#[derive(Debug)]
struct State {
    address: IpAddr,
    /// Since when a request is being answered.
    answering: Option<Instant>,
    close: Arc<Notify>,
}

/// One connection; its place is free when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    number: u64,
    open: Arc<Mutex<Open>>,
    close: Arc<Notify>,
    _place: OwnedSemaphorePermit,
}

impl Connections {
    /// So many at the same time; a request that takes longer than `prompt` does not keep its connection from being closed.
    pub(crate) fn new(limit: usize, prompt: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(limit)), open: Arc::default(), prompt }
    }

    /// A place for a connection from `address`; another one is closed for it if there is none left.
    pub(crate) async fn enter(&self, address: IpAddr) -> Connection {
        let place = loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                break place;
            }
            self.close_one();
            if let Ok(Ok(place)) = timeout(LOOK_AGAIN, Arc::clone(&self.places).acquire_owned()).await {
                break place;
            }
        };
        let close = Arc::new(Notify::new());
        let mut open = lock(&self.open);
        let number = open.next;
        open.next += 1;
        open.connections.insert(number, State { address, answering: None, close: Arc::clone(&close) });
        drop(open);
        Connection { number, open: Arc::clone(&self.open), close, _place: place }
    }

    /// Closes the oldest idle connection of the address that has the most connections of all that have an idle one.
    fn close_one(&self) {
        let open = lock(&self.open);
        let mut of_address: HashMap<IpAddr, usize> = HashMap::new();
        for it in open.connections.values() {
            *of_address.entry(it.address).or_default() += 1;
        }
        let is_idle = |it: &State| it.answering.is_none_or(|since| since.elapsed() >= self.prompt);
        let idle = open.connections.iter().filter(|(_, it)| is_idle(it));
        let crowd = |it: &State| of_address.get(&it.address).copied().unwrap_or_default();
        if let Some((_, state)) = idle.max_by_key(|(number, it)| (crowd(it), std::cmp::Reverse(**number))) {
            state.close.notify_one();
        }
    }
}

impl Connection {
    /// Returns when it is to be closed for another one.
    pub(crate) async fn closed(&self) {
        self.close.notified().await;
    }

    /// A handle to say when a request is being answered.
    pub(crate) fn answering(&self) -> Answering {
        Answering { number: self.number, open: Arc::clone(&self.open) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        lock(&self.open).connections.remove(&self.number);
    }
}

/// Says of a connection when a request is being answered on it.
#[derive(Debug, Clone)]
pub(crate) struct Answering {
    number: u64,
    open: Arc<Mutex<Open>>,
}

impl Answering {
    /// Notes a request from now on until `answer` is made.
    pub(crate) fn during<A: Future>(&self, answer: A) -> impl Future<Output = A::Output> + use<A> {
        self.note(Some(Instant::now()));
        let answering = self.clone();
        // No `async fn`: see `serve`.
        answer.map(move |answer| {
            answering.note(None);
            answer
        })
    }

    fn note(&self, since: Option<Instant>) {
        if let Some(state) = lock(&self.open).connections.get_mut(&self.number) {
            state.answering = since;
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
