//! Keeps the buffers in the reader, and in the future how far they are filled.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads frames from a stream: two bytes with the length, the high one first, then so many bytes.
#[derive(Debug)]
pub struct Frames<S> {
    stream: S,
    length: Option<[u8; 2]>,
    text: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Frames<S> {
    /// A reader of `stream`'s frames.
    pub fn new(stream: S) -> Self {
        Frames { stream, length: None, text: Vec::new() }
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
        let length = match self.length {
            Some(length) => length,
            None => {
                let mut length = [0; 2];
                if self.stream.read(&mut length[..1]).await? == 0 {
                    return Ok(None);
                }
                self.stream.read_exact(&mut length[1..]).await?;
                self.length = Some(length);
                length
            }
        };
        self.text.resize(u16::from_be_bytes(length).into(), 0);
        self.stream.read_exact(&mut self.text).await?;
        self.length = None;
        Ok(Some(std::mem::take(&mut self.text)))
    }
}
