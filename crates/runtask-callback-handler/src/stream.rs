//! Hands an asynchronous download to a thread that reads.

use bytes::{Buf, Bytes};
use runtask_client::{Body, FetchError};
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Pieces that wait between the socket and the thread; one is what one read from the socket gave.
const PIECES: usize = 16;

/// The reading end, for a thread. It fails when the download was given up, so that a part is never taken for all.
#[derive(Debug)]
pub(crate) struct Reader {
    pieces: mpsc::Receiver<Bytes>,
    current: Bytes,
    ended: bool,
}

/// The writing end. Dropping it without [`Writer::fill`] having succeeded makes the reader fail.
#[derive(Debug)]
pub(crate) struct Writer(mpsc::Sender<Bytes>);

pub(crate) fn pipe() -> (Writer, Reader) {
    let (sender, pieces) = mpsc::channel(PIECES);
    (Writer(sender), Reader { pieces, current: Bytes::new(), ended: false })
}

impl Writer {
    /// Moves a whole download. Stops early, and without an error, when nobody reads any more.
    pub(crate) async fn fill(self, body: &mut Body) -> Result<(), FetchError> {
        while let Some(piece) = body.chunk().await? {
            if !piece.is_empty() && self.0.send(piece).await.is_err() {
                return Ok(());
            }
        }
        // An empty piece marks the end.
        let _nobody_reads = self.0.send(Bytes::new()).await;
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(piece) => {
                    self.ended = piece.is_empty();
                    self.current = piece;
                }
                None => {
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the download broke off"));
                }
            }
        }
        let length = buffer.len().min(self.current.len());
        if let Some(target) = buffer.get_mut(..length) {
            self.current.copy_to_slice(target);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(pieces: &[&'static str]) -> io::Result<String> {
        let (writer, mut reader) = pipe();
        let reading = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        for piece in pieces {
            writer.0.send(Bytes::from_static(piece.as_bytes())).await.unwrap();
        }
        drop(writer);
        reading.await.unwrap()
    }

    #[tokio::test]
    async fn a_whole_download_is_read() {
        assert_eq!(read(&["ab", "c", ""]).await.unwrap(), "abc");
    }

    #[tokio::test]
    async fn a_download_that_broke_off_is_an_error() {
        assert_eq!(read(&["ab", "c"]).await.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}
