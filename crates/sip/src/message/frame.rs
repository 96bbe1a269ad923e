//! Cuts a byte stream (TCP) into messages by `Content-Length` (RFC 3261 section 18.3).

use bytes::{Buf as _, Bytes, BytesMut};
use thiserror::Error;

/// Largest message taken from a stream, in bytes.
pub(crate) const LARGEST: usize = 64 * 1024;

/// Why a stream can not be read further; it has to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum FramingError {
    /// A message is larger than 64 KiB, or its head never ends.
    #[error("a message is larger than 64 KiB")]
    TooLarge,
    /// `Content-Length` is missing, doubled with different values, or not a number.
    #[error("the length of a message is missing or unclear")]
    Length,
}

/// What a stream holds next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Message(Bytes),
    /// A keep-alive ping: two line ends between messages (RFC 5626 section 3.5.1).
    Ping,
}

/// Collects bytes until a message is whole.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    buffer: BytesMut,
}

impl Framer {
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next whole piece, if it is there.
    ///
    /// # Errors
    /// See [`FramingError`].
    pub(crate) fn next(&mut self) -> Result<Option<Piece>, FramingError> {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.advance(4);
            return Ok(Some(Piece::Ping));
        }
        if self.buffer.starts_with(b"\r\n") {
            if self.buffer.len() < 4 && b"\r\n\r\n".starts_with(&self.buffer[..]) {
                return Ok(None);
            }
            self.buffer.advance(2);
        }
        let Some(head) = find(&self.buffer, b"\r\n\r\n") else {
            return if self.buffer.len() > LARGEST {
                Err(FramingError::TooLarge)
            } else {
                Ok(None)
            };
        };
        let body = content_length(&self.buffer[..head])?;
        let whole = head + 4 + body;
        if whole > LARGEST {
            return Err(FramingError::TooLarge);
        }
        if self.buffer.len() < whole {
            return Ok(None);
        }
        Ok(Some(Piece::Message(self.buffer.split_to(whole).freeze())))
    }
}

fn content_length(head: &[u8]) -> Result<usize, FramingError> {
    let mut found = None;
    for line in head.split(|b| *b == b'\n') {
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            continue;
        };
        let name = line[..colon].trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l") {
            let text = std::str::from_utf8(line[colon + 1..].trim_ascii())
                .map_err(|_| FramingError::Length)?;
            if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                return Err(FramingError::Length);
            }
            let length: usize = text.parse().map_err(|_| FramingError::Length)?;
            if found.replace(length).is_some_and(|other| other != length) {
                return Err(FramingError::Length);
            }
        }
    }
    found.ok_or(FramingError::Length)
}

/// Where a pattern first stands in some bytes.
pub(super) fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|w| w == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(chunks: &[&[u8]]) -> Result<Vec<Piece>, FramingError> {
        let mut framer = Framer::default();
        let mut pieces = Vec::new();
        for chunk in chunks {
            framer.buffer().extend_from_slice(chunk);
            while let Some(piece) = framer.next()? {
                pieces.push(piece);
            }
        }
        Ok(pieces)
    }

    #[test]
    fn messages_come_out_whole_however_the_bytes_arrive() {
        let stream: &[u8] = b"\r\n\r\nA: 1\r\nl: 3\r\n\r\nxyz\r\nB: 2\r\nContent-Length: 0\r\n\r\n";
        let whole = pieces(&[stream]).unwrap();
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(pieces(&bytes).unwrap(), whole);
        assert_eq!(
            whole,
            [
                Piece::Ping,
                Piece::Message(Bytes::from_static(b"A: 1\r\nl: 3\r\n\r\nxyz")),
                Piece::Message(Bytes::from_static(b"B: 2\r\nContent-Length: 0\r\n\r\n")),
            ]
        );
    }

    #[test]
    fn unclear_lengths_end_the_stream() {
        for head in [
            "A: 1",
            "l: -1",
            "l: 3\r\nl: 4",
            "l: x",
            "l:",
            "l: 99999999999999999999",
        ] {
            let text = format!("{head}\r\n\r\n");
            assert_eq!(
                pieces(&[text.as_bytes()]),
                Err(FramingError::Length),
                "{head}"
            );
        }
        assert_eq!(pieces(&[b"l: 70000\r\n\r\n"]), Err(FramingError::TooLarge));
        assert_eq!(
            pieces(&[&vec![b'a'; LARGEST + 1]]),
            Err(FramingError::TooLarge)
        );
    }
}
