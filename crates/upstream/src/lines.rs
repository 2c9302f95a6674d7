//! A stream of bytes, cut into lines.

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use transom_llm::{ByteStream, LlmError};

struct Cutter {
    bytes: ByteStream,
    open: BytesMut,
    /// Bytes of `open` that are known to hold no line end.
    scanned: usize,
    ended: bool,
}

/// The lines of `bytes`, without their ends and without empty ones. A line longer than `longest` breaks the stream;
/// the first error is its last item.
pub fn lines(bytes: ByteStream, longest: usize, upstream: &str) -> impl Stream<Item = Result<Bytes, LlmError>> + Send + use<> {
    let upstream = upstream.to_owned();
    let cutter = Cutter { bytes, open: BytesMut::new(), scanned: 0, ended: false };
    stream::unfold((cutter, upstream), move |(mut cutter, upstream)| async move {
        let line = cutter.next(longest, &upstream).await?;
        cutter.ended |= line.is_err();
        Some((line, (cutter, upstream)))
    })
}

impl Cutter {
    async fn next(&mut self, longest: usize, upstream: &str) -> Option<Result<Bytes, LlmError>> {
        loop {
            if let Some(line) = self.cut() {
                if line.is_empty() {
                    continue;
                }
                return Some(Ok(line));
            }
            if self.ended {
                return None;
            }
            if self.open.len() > longest {
                let reason = format!("a line is longer than {longest} bytes");
                return Some(Err(LlmError::Broken { upstream: upstream.to_owned(), reason }));
            }
            match self.bytes.next().await {
                Some(Ok(part)) => self.open.extend_from_slice(&part),
                Some(Err(error)) => return Some(Err(error)),
                None => {
                    self.ended = true;
                    self.scanned = 0;
                    let rest = trimmed(self.open.split().freeze());
                    return (!rest.is_empty()).then_some(Ok(rest));
                }
            }
        }
    }

    fn cut(&mut self) -> Option<Bytes> {
        match self.open[self.scanned..].iter().position(|byte| *byte == b'\n') {
            Some(place) => {
                let line = self.open.split_to(self.scanned + place).freeze();
                self.open.advance(1);
                self.scanned = 0;
                Some(trimmed(line))
            }
            None => {
                self.scanned = self.open.len();
                None
            }
        }
    }
}

fn trimmed(line: Bytes) -> Bytes {
    let text = line.trim_ascii();
    line.slice_ref(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn cut(parts: &[&'static str], longest: usize) -> Vec<Result<String, String>> {
        let parts: Vec<_> = parts.iter().map(|part| Ok(Bytes::from_static(part.as_bytes()))).collect();
        let lines = lines(Box::pin(stream::iter(parts)), longest, "u");
        let text = |line: Bytes| String::from_utf8(line.to_vec()).expect("text");
        lines.map(|line| line.map(text).map_err(|error| error.to_string())).collect().await
    }

    #[tokio::test]
    async fn lines_are_found_wherever_the_bytes_are_split() {
        let expected = vec![Ok("{\"a\":1}".to_owned()), Ok("{\"b\":2}".to_owned()), Ok("{}".to_owned())];
        assert_eq!(cut(&["{\"a\":1}\n{\"b\":2}\r\n\n{}"], 99).await, expected);
        assert_eq!(cut(&["{\"a\"", ":1}", "\n", "{\"b\":2}\r", "\n\n{", "}"], 99).await, expected);
    }

    #[tokio::test]
    async fn a_line_without_end_breaks_the_stream() {
        let lines = cut(&["ok\n", "abcdef", "abcdef", "\n"], 8).await;
        assert_eq!(lines.len(), 2);
        assert!(lines[1].as_ref().expect_err("broken").contains("longer than 8 bytes"));
    }
}
