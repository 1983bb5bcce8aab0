//! Bounds what clients may ask of a server.

use std::time::Duration;

/// Bounds on connections and requests. The default is for a small server that faces the Internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time. For one more, an idle one is closed, of the address that has the most.
    pub connections: usize,
    /// From when on a connection whose request is not answered yet counts as idle, too: its body does not come.
    pub prompt: Duration,
    /// How long a connection may last, whatever happens on it; who still has something to say opens another one.
    pub connection: Duration,
    /// How long a client may take for a request's head, the wait for the next one on a connection included.
    pub head: Duration,
    /// Bytes of a request's head, and what is buffered of a connection. Less than 8192 counts as 8192.
    pub head_bytes: usize,
    /// How long the answer may take, from the end of the head on: reading the body is a part of it.
    pub answer: Duration,
    /// How long requests that are being answered may take once the server ends.
    pub end: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            prompt: Duration::from_secs(2),
            connection: Duration::from_secs(10 * 60),
            head: Duration::from_secs(30),
            head_bytes: 64 * 1024,
            answer: Duration::from_secs(20),
            end: Duration::from_secs(3),
        }
    }
}
