//! Keeps the text of a frame in the reader, and its length in the future.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads frames from a stream: two bytes with the length, the high one first, then so many bytes.
#[derive(Debug)]
pub struct Frames<S> {
    stream: S,
    /// What has come of the text.
    text: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Frames<S> {
    /// A reader of `stream`'s frames.
    pub fn new(stream: S) -> Self {
        Frames { stream, text: Vec::new() }
    }

    /// The next frame, without its length; `None` when the stream ends between two frames.
    ///
    /// # Errors
    ///
    /// The stream's, and [`io::ErrorKind::UnexpectedEof`] when it ends within a frame.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: the future may be dropped at any time, and the next call goes on where it was.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 2];
        if self.stream.read(&mut length[..1]).await? == 0 {
            return Ok(None);
        }
        self.stream.read_exact(&mut length[1..]).await?;
        let length = usize::from(u16::from_be_bytes(length));
        while self.text.len() < length {
            let mut bytes = vec![0; length - self.text.len()];
            match self.stream.read(&mut bytes).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => self.text.extend_from_slice(&bytes[..n]),
            }
        }
        Ok(Some(std::mem::take(&mut self.text)))
    }
}
