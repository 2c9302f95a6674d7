//! The heads of a form's parts, put right before the form is read.
//!
//! Clients write file names as bytes of the system that they run on, with the backslashes of a Windows path as they are, and some state a
//! length for a part. A name in another encoding would refuse the whole form, an unescaped backslash would vanish, and a length that is
//! too short would cut the file in silence: where a part ends is the boundary's to say.

use actix_web::error::PayloadError;
use actix_web::mime::Mime;
use actix_web::web::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use memchr::memmem;

/// Bytes of a head that are kept until it is complete. A longer one passes as it is, and is refused by whoever reads the form.
const LONGEST_HEAD: usize = 64 << 10;

/// The end of a head.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// What separates the parts of a form with this media type.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let media: Mime = content_type.parse().ok()?;
    media.get_param("boundary").map(|boundary| boundary.as_str().to_owned()).filter(|boundary| !boundary.is_empty())
}

/// The form with its heads put right. The bytes of the parts pass as they are.
pub(crate) fn repaired<S>(payload: S, boundary: &str) -> impl Stream<Item = Result<Bytes, PayloadError>> + use<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
{
    let state = Some((payload, Parts::new(boundary)));
    let repaired = stream::unfold(state, |state| async move {
        let (mut payload, mut parts) = state?;
        loop {
            let ready = parts.ready();
            if !ready.is_empty() {
                return Some((Ok(ready), Some((payload, parts))));
            }
            match payload.next().await {
                Some(Ok(bytes)) => parts.buffer.extend_from_slice(&bytes),
                Some(Err(error)) => return Some((Err(error), None)),
                None if parts.buffer.is_empty() => return None,
                None => return Some((Ok(parts.rest()), None)),
            }
        }
    });
    // Whoever reads a form asks on after its end.
    repaired.fuse()
}

struct Parts {
    /// The line break before a boundary, and the boundary with its dashes.
    delimiter: Vec<u8>,
    buffer: BytesMut,
    /// Bytes of the buffer in which nothing was found.
    searched: usize,
    in_head: bool,
    /// The line break that the first boundary has not, and that must not go on.
    borrowed: usize,
}

impl Parts {
    fn new(boundary: &str) -> Self {
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        Self { delimiter, buffer: BytesMut::from(b"\r\n".as_slice()), searched: 0, in_head: false, borrowed: 2 }
    }

    /// What may go on now.
    fn ready(&mut self) -> Bytes {
        if self.in_head { self.head() } else { self.content() }
    }

    /// What is left when nothing more comes.
    fn rest(&mut self) -> Bytes {
        let length = self.buffer.len();
        self.take(length)
    }

    fn content(&mut self) -> Bytes {
        let Some(found) = memmem::find(&self.buffer[self.searched..], &self.delimiter) else {
            // The beginning of a delimiter may be here already.
            let open = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
            return self.take(open);
        };
        let end = self.searched + found + self.delimiter.len();
        match self.buffer.get(end..end + 2) {
            None => {
                self.searched += found;
                self.take(self.searched)
            }
            Some(b"\r\n") => {
                self.in_head = true;
                // A head without lines ends at once, so its line break is left to it.
                self.take(end)
            }
            Some(_) => self.take(end),
        }
    }

    fn head(&mut self) -> Bytes {
        match memmem::find(&self.buffer[self.searched..], HEAD_END) {
            Some(found) => {
                let end = self.searched + found + HEAD_END.len();
                self.in_head = false;
                self.searched = 0;
                head(&self.buffer.split_to(end))
            }
            None if self.buffer.len() > LONGEST_HEAD => {
                self.in_head = false;
                self.rest()
            }
            None => {
                self.searched = self.buffer.len().saturating_sub(HEAD_END.len() - 1);
                Bytes::new()
            }
        }
    }

    fn take(&mut self, length: usize) -> Bytes {
        self.searched = self.searched.saturating_sub(length);
        let mut taken = self.buffer.split_to(length).freeze();
        let borrowed = self.borrowed.min(length);
        self.borrowed -= borrowed;
        taken.split_off(borrowed)
    }
}

/// A head without a length, in UTF-8.
fn head(bytes: &[u8]) -> Bytes {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut out = Vec::with_capacity(bytes.len() + 16);
    let lines: Vec<&[u8]> = lines.collect();
    // The last piece is what follows the last line break: nothing.
    for line in &lines[..lines.len().saturating_sub(1)] {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        if name.eq_ignore_ascii_case(b"content-length") {
            continue;
        }
        let text = String::from_utf8(line.to_vec()).unwrap_or_else(|_| line.iter().copied().map(char::from).collect());
        let text = if name.eq_ignore_ascii_case(b"content-disposition") { with_backslashes(&text) } else { text };
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.into()
}

/// In quotes, a backslash escapes a quote or another backslash. Before anything else it is one itself, and has to be escaped.
fn with_backslashes(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(char) = rest.next() {
        out.push(char);
        match char {
            '"' => quoted = !quoted,
            '\\' if quoted => out.push(rest.next_if(|next| matches!(next, '"' | '\\')).unwrap_or('\\')),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\Users\\me\\not\xe9s.txt\"\r\nContent-Length: 3\r\n\
        Content-Type: text/plain\r\n\r\none\r\n--bb\r\n\r\ntwo\r\n--b\r\nContent-Disposition: form-data; name=\"a\\\"b\\\\c\"\r\n\r\n\r\n--b--\r\n";

    const REPAIRED: &str = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\\\Users\\\\me\\\\notés.txt\"\r\n\
        Content-Type: text/plain\r\n\r\none\r\n--bb\r\n\r\ntwo\r\n--b\r\nContent-Disposition: form-data; name=\"a\\\"b\\\\c\"\r\n\r\n\r\n--b--\r\n";

    async fn repaired_form(parts: Vec<&'static [u8]>) -> String {
        let parts = stream::iter(parts.into_iter().map(|part| Ok(Bytes::from_static(part))));
        let bytes: Vec<Bytes> = repaired(parts, "b").map(|part| part.expect("bytes")).collect().await;
        String::from_utf8(bytes.concat()).expect("text")
    }

    #[actix_web::test]
    async fn heads_are_put_right_and_contents_pass_wherever_the_form_is_split() {
        assert_eq!(repaired_form(vec![FORM]).await, REPAIRED);
        for at in 0..=FORM.len() {
            assert_eq!(repaired_form(vec![&FORM[..at], &FORM[at..]]).await, REPAIRED, "split at {at}");
        }
        assert_eq!(repaired_form(FORM.chunks(1).collect()).await, REPAIRED);
    }

    #[actix_web::test]
    async fn what_is_no_form_passes_as_it_is() {
        for text in ["", "x", "\r\n--b", "--b\r\nno end of a head", "no boundary\r\n\r\n"] {
            assert_eq!(repaired_form(vec![text.as_bytes()]).await, text, "{text:?}");
        }
    }

    #[test]
    fn a_boundary_is_found_in_its_media_type() {
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(boundary("multipart/form-data; charset=utf-8; boundary=x").as_deref(), Some("x"));
        assert_eq!(boundary("multipart/form-data"), None);
    }
}
