//! Reads what programs print, within bounds.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Why output was not read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Flooded {
    /// There was more of it than the limit.
    #[error("printed more than {} MiB", .limit / 1024 / 1024)]
    TooMuch {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The pipe broke.
    #[error("its output could not be read")]
    Broken(#[source] io::Error),
}

/// Reads a pipe to its end.
///
/// # Errors
///
/// When more than `limit` bytes come: the rest is not read, so whoever prints must be killed.
pub async fn read_bounded(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> Result<Vec<u8>, Flooded> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let read = pipe.take(limit.saturating_add(1)).read_to_end(&mut bytes).await;
        if read.map_err(Flooded::Broken)? as u64 > limit {
            return Err(Flooded::TooMuch { limit });
        }
    }
    Ok(bytes)
}

/// Reads a pipe to its end, however much comes, and keeps the last bytes of it.
pub async fn read_tail(pipe: Option<impl AsyncRead + Unpin>, bytes: usize) -> Vec<u8> {
    let mut tail = Vec::new();
    if let Some(mut pipe) = pipe {
        while pipe.read_buf(&mut tail).await.is_ok_and(|it| it > 0) {
            tail.drain(..tail.len().saturating_sub(bytes));
        }
    }
    tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_too_much_is_an_error_and_a_tail_is_the_end() {
        assert_eq!(read_bounded(Some(&b"abc"[..]), 3).await.unwrap(), b"abc");
        let error = read_bounded(Some(&b"abcd"[..]), 3).await.unwrap_err();
        assert!(matches!(error, Flooded::TooMuch { limit: 3 }));
        assert_eq!(read_bounded(None::<&[u8]>, 3).await.unwrap(), b"");
        assert_eq!(read_tail(Some(&b"abcd"[..]), 3).await, b"bcd");
    }
}
