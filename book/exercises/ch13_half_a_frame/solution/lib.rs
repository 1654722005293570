//! A reader of frames that keeps half a frame in itself, so that a dropped future costs nothing.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads frames from a stream: two bytes with the length, the high one first, then so many bytes.
#[derive(Debug)]
pub struct Frames<S> {
    stream: S,
    /// What has come of the next frame, its length included.
    have: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Frames<S> {
    /// A reader of `stream`'s frames.
    pub fn new(stream: S) -> Self {
        Frames { stream, have: Vec::new() }
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
        while self.have.len() < 2 || self.have.len() < self.wanted() {
            let mut bytes = vec![0; self.wanted() - self.have.len()];
            match self.stream.read(&mut bytes).await? {
                0 if self.have.is_empty() => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                // From here to the loop's head nothing is awaited.
                n => self.have.extend_from_slice(&bytes[..n]),
            }
        }
        let frame = self.have.split_off(2);
        self.have.clear();
        Ok(Some(frame))
    }

    /// How many bytes the frame has with its length, as far as one can tell.
    fn wanted(&self) -> usize {
        match self.have[..] {
            [high, low, ..] => 2 + usize::from(u16::from_be_bytes([high, low])),
            _ => 2,
        }
    }
}
