//! Reads what programs print, within bounds.

use std::fs::File;
use std::io::{self, Write};
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
    /// There was more of it than its file may hold.
    #[error("printed more than {limit} bytes")]
    File {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The pipe broke, or its file could not be written.
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

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// Writes what comes of a pipe into a file, which gets at most `limit` bytes.
///
/// # Errors
///
/// When more come: the rest is not read, so whoever prints must be killed.
pub(crate) async fn copy_bounded(
    pipe: Option<impl AsyncRead + Unpin>,
    mut file: File,
    limit: u64,
) -> Result<(), Flooded> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut left = limit;
    let mut chunk = Vec::with_capacity(CHUNK);
    while pipe.read_buf(&mut chunk).await.map_err(Flooded::Broken)? > 0 {
        left = left.checked_sub(chunk.len() as u64).ok_or(Flooded::File { limit })?;
        file.write_all(&chunk).map_err(Flooded::Broken)?;
        chunk.clear();
    }
    Ok(())
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
