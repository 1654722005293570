//! What the server says, to the byte. The raw client knows it by heart too: it counts and does not parse.

use bytes::{BufMut, Bytes, BytesMut};

use crate::compare::order::{Ask, ECHO_LEN, LARGE_LEN, SMALL_LEN};

/// Data per chunk of the chunked answer, in bytes.
const CHUNK: usize = 16 << 10;

/// Answers made once, so that sending one is one write.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    small: Bytes,
    close: Bytes,
    length: Bytes,
    chunked: Bytes,
    echo_head: Bytes,
}

impl Answers {
    pub(crate) fn new() -> Self {
        let with_length = |extra: &str, body: &[u8]| {
            let mut answer = head(&format!("{extra}Content-Length: {}\r\n", body.len()));
            answer.put_slice(body);
            answer.freeze()
        };
        let small = [b'x'; SMALL_LEN];
        let large = vec![b'x'; LARGE_LEN];
        let mut chunked = head("Transfer-Encoding: chunked\r\n");
        for chunk in large.chunks(CHUNK) {
            chunked.put_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunked.put_slice(chunk);
            chunked.put_slice(b"\r\n");
        }
        chunked.put_slice(b"0\r\n\r\n");
        Answers {
            small: with_length("", &small),
            close: with_length("Connection: close\r\n", &small),
            length: with_length("", &large),
            chunked: chunked.freeze(),
            echo_head: head(&format!("Content-Length: {ECHO_LEN}\r\n")).freeze(),
        }
    }

    /// The whole answer; of an echo, the head.
    pub(crate) fn to(&self, ask: Ask) -> Bytes {
        match ask {
            Ask::Small | Ask::Gate(_) => &self.small,
            Ask::Close => &self.close,
            Ask::Length => &self.length,
            Ask::Chunked => &self.chunked,
            Ask::Echo => &self.echo_head,
        }
        .clone()
    }
}

/// A head as a server of these days sends it.
fn head(fields: &str) -> BytesMut {
    let text = format!(
        "HTTP/1.1 200 OK\r\nDate: Mon, 06 Jan 2025 10:00:00 GMT\r\nContent-Type: application/octet-stream\r\n{fields}\r\n"
    );
    BytesMut::from(text.as_bytes())
}
