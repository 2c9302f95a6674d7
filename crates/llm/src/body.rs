//! A JSON object that is read only as far as somebody asks.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use indexmap::IndexMap;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json;

/// Members that an object may have. Requests have some dozens.
const MOST_MEMBERS: usize = 10_000;

/// A JSON object whose members stay the bytes they came in until they are asked for or replaced.
///
/// An untouched body is sent on as it came, without a copy. A member named twice counts once, with its last value,
/// and such a body is written anew, so that nobody downstream can read a different one than was checked here.
#[derive(Clone, Debug)]
pub struct Body {
    source: Bytes,
    members: IndexMap<String, Member>,
    untouched: bool,
}

#[derive(Clone, Debug)]
enum Member {
    /// A range of `source`.
    Source(Range<usize>),
    /// JSON of our own.
    Written(Bytes),
}

/// Why bytes are no [`Body`], or a member is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Not JSON, or not an object.
    #[error("the body is not a JSON object: {0}")]
    NotAnObject(serde_json::Error),
    /// More members than any request has.
    #[error("the body has more than {MOST_MEMBERS} members")]
    TooManyMembers,
    /// A member has another type.
    #[error("`{name}` is not what it should be: {reason}")]
    Member {
        /// The member.
        name: String,
        /// What the parser said.
        reason: serde_json::Error,
    },
}

impl Body {
    /// Reads the outermost object of `source`, and checks that all of it is JSON. A byte order mark is skipped, and a lone surrogate
    /// in a string becomes U+FFFD. The time it takes grows with the length of `source`, whatever is in it.
    pub fn parse(source: Bytes) -> Result<Self, BodyError> {
        let source = json::mend(source);
        let mut overflow = false;
        let mut parser = serde_json::Deserializer::from_slice(&source);
        let read = parser.deserialize_map(InOrder { overflow: &mut overflow }).and_then(|found| parser.end().map(|()| found));
        let found = match read {
            Ok(found) => found,
            Err(_) if overflow => return Err(BodyError::TooManyMembers),
            Err(error) => return Err(BodyError::NotAnObject(error)),
        };
        let start = source.as_ptr() as usize;
        let mut members = IndexMap::with_capacity(found.len());
        let mut untouched = true;
        for (name, value) in found {
            let from = value.get().as_ptr() as usize - start;
            // A name that is known keeps its place, and gets the later value.
            untouched &= members.insert(name.into_owned(), Member::Source(from..from + value.get().len())).is_none();
        }
        Ok(Self { source, members, untouched })
    }

    /// The same; a large `source` is read on a thread that may block.
    pub async fn read(source: Bytes) -> Result<Self, BodyError> {
        json::off_thread(source.len(), || Self::parse(source)).await
    }

    /// Works on the body, on a thread that may block where the body is large. What is changed of a large body is written there too, so
    /// that [`Body::to_bytes`] copies nothing afterwards.
    pub async fn work<T: Send + 'static>(mut self, work: impl FnOnce(&mut Self) -> T + Send + 'static) -> (Self, T) {
        if !json::is_large(self.size()) {
            let done = work(&mut self);
            return (self, done);
        }
        json::off_thread(self.size(), move || {
            let done = work(&mut self);
            self.settle();
            (self, done)
        })
        .await
    }

    /// How many bytes came in.
    pub fn size(&self) -> usize {
        self.source.len()
    }

    /// The members' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Whether a member is there.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A member's JSON.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.members.get(name).map(|member| self.bytes(member))
    }

    /// A member, parsed; `None` where it is missing or null.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, BodyError> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        serde_json::from_slice(raw).map_err(|reason| BodyError::Member { name: name.to_owned(), reason })
    }

    /// A member that is a string; `None` where it is missing or null.
    pub fn text(&self, name: &str) -> Result<Option<String>, BodyError> {
        self.get(name)
    }

    /// Replaces a member, or adds it at the end.
    pub fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        // A value of ours that does not serialise is a fault of ours; null keeps the object whole.
        let written = Bytes::from(serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec()));
        self.untouched = false;
        self.members.insert(name.to_owned(), Member::Written(written));
    }

    /// Takes a member out; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let removed = self.members.shift_remove(name).is_some();
        self.untouched &= !removed;
        removed
    }

    /// The object as JSON: the bytes that came in where nothing was changed.
    pub fn to_bytes(&self) -> Bytes {
        if self.untouched { self.source.clone() } else { self.written().0 }
    }

    /// Writes what was changed, and keeps it in the place of what came in.
    fn settle(&mut self) {
        if self.untouched {
            return;
        }
        let (source, places) = self.written();
        for (member, place) in self.members.values_mut().zip(places) {
            *member = Member::Source(place);
        }
        self.source = source;
        self.untouched = true;
    }

    /// The object anew, and where each member's value stands in it.
    fn written(&self) -> (Bytes, Vec<Range<usize>>) {
        let mut places = Vec::with_capacity(self.members.len());
        let mut out = BytesMut::with_capacity(self.source.len() + 256);
        out.put_u8(b'{');
        for (name, member) in &self.members {
            if !places.is_empty() {
                out.put_u8(b',');
            }
            // Writing a string into memory cannot fail.
            let _ = serde_json::to_writer((&mut out).writer(), name);
            out.put_u8(b':');
            let from = out.len();
            out.put_slice(self.bytes(member));
            places.push(from..out.len());
        }
        out.put_u8(b'}');
        (out.freeze(), places)
    }

    fn bytes<'a>(&'a self, member: &'a Member) -> &'a [u8] {
        match member {
            Member::Source(range) => &self.source[range.clone()],
            Member::Written(bytes) => bytes,
        }
    }
}

impl Default for Body {
    /// An empty object.
    fn default() -> Self {
        Self { source: Bytes::from_static(b"{}"), members: IndexMap::new(), untouched: true }
    }
}

impl<T: Serialize> From<&T> for Body {
    /// The members of a value that serialises as an object; an empty body for any other.
    fn from(value: &T) -> Self {
        serde_json::to_vec(value).ok().and_then(|json| Self::parse(json.into()).ok()).unwrap_or_default()
    }
}

/// Reads members in their order, up to the cap.
struct InOrder<'a> {
    overflow: &'a mut bool,
}

impl<'de> Visitor<'de> for InOrder<'_> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while members.len() < MOST_MEMBERS {
            let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? else { return Ok(members) };
            members.push((name, value));
        }
        if map.next_key::<IgnoredAny>()?.is_none() {
            return Ok(members);
        }
        *self.overflow = true;
        Err(A::Error::custom("too many members"))
    }
}

/// A member's name, borrowed where it holds no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Body {
        Body::parse(Bytes::copy_from_slice(json.as_bytes())).expect("an object")
    }

    #[test]
    fn an_untouched_body_keeps_every_byte() {
        let json = r#" { "model" : "m",  "x": [1,  2], "n": 1.50 } "#;
        assert_eq!(parse(json).to_bytes(), json);
    }

    #[test]
    fn an_untouched_body_is_not_copied() {
        let source = Bytes::from_static(br#"{"model":"m"}"#);
        assert_eq!(Body::parse(source.clone()).expect("an object").to_bytes().as_ptr(), source.as_ptr());
    }

    #[test]
    fn unknown_members_keep_their_text() {
        let mut body = parse(r#"{"model":"m","big":12345678901234567890123,"x":{"b":1, "a":2}}"#);
        body.set("model", "n");
        assert_eq!(body.to_bytes(), r#"{"model":"n","big":12345678901234567890123,"x":{"b":1, "a":2}}"#);
    }

    #[test]
    fn a_member_named_twice_counts_once() {
        let body = parse(r#"{"model":"granted","model":"secret"}"#);
        assert_eq!(body.text("model").expect("text").as_deref(), Some("secret"));
        assert_eq!(body.to_bytes(), r#"{"model":"secret"}"#);
        let escaped = parse(r#"{"model":"granted","\u006dodel":"secret"}"#);
        assert_eq!(escaped.to_bytes(), r#"{"model":"secret"}"#);
    }

    #[test]
    fn null_and_missing_are_the_same() {
        let body = parse(r#"{"model":null}"#);
        assert_eq!(body.text("model").expect("null"), None);
        assert_eq!(body.text("other").expect("missing"), None);
        assert!(body.has("model") && !body.has("other"));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for json in ["", "[]", "1", "{", "{\"a\":}", "{\"a\":1} x"] {
            assert!(Body::parse(Bytes::copy_from_slice(json.as_bytes())).is_err(), "{json}");
        }
    }

    #[test]
    fn an_object_of_more_members_than_any_request_has_is_refused() {
        let object = |members: usize| {
            let members: Vec<String> = (0..members).map(|n| format!("\"m{n}\":{n}")).collect();
            Body::parse(format!("{{{}}}", members.join(",")).into())
        };
        assert_eq!(object(MOST_MEMBERS).expect("as many as are allowed").text("none").expect("missing"), None);
        assert!(matches!(object(MOST_MEMBERS + 1), Err(BodyError::TooManyMembers)));
        // Names that are the same count too: an object of a million is refused after the first ten thousand.
        let same = format!("{{{}}}", vec!["\"a\":1"; MOST_MEMBERS + 1].join(","));
        assert!(matches!(Body::parse(same.into()), Err(BodyError::TooManyMembers)));
    }

    #[test]
    fn half_of_a_surrogate_pair_reads_as_the_replacement_character_and_goes_on_as_such() {
        let body = parse(r#"{"model":"m","user":"cut \ud83d","\udc00":1}"#);
        assert_eq!(body.text("user").expect("text").as_deref(), Some("cut \u{fffd}"));
        assert_eq!(body.to_bytes(), r#"{"model":"m","user":"cut \ufffd","\ufffd":1}"#);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(Body::parse(Bytes::from_static(b"\xef\xbb\xbf{\"a\":1}")).expect("an object").to_bytes(), r#"{"a":1}"#);
    }

    #[tokio::test]
    async fn work_leaves_a_body_that_is_read_and_sent_as_before() {
        let large = "x".repeat(2 << 20);
        for text in ["y", large.as_str()] {
            let body = Body::read(format!(r#"{{"model":"m","a":1,"t":"{text}"}}"#).into()).await.expect("an object");
            let (body, had) = body
                .work(|body| {
                    body.set("model", "n");
                    body.set("b", &2);
                    body.remove("a")
                })
                .await;
            assert!(had && body.raw("b") == Some(b"2") && body.text("t").expect("text").as_deref() == Some(text));
            assert_eq!(body.to_bytes(), format!(r#"{{"model":"n","t":"{text}","b":2}}"#));
            assert_eq!(body.to_bytes().as_ptr() == body.to_bytes().as_ptr(), text.len() > 1, "a large body is written once");
        }
    }

    #[test]
    fn removing_leaves_the_rest() {
        let mut body = parse(r#"{"a":1,"files":[],"b":2}"#);
        assert!(body.remove("files") && !body.remove("files"));
        assert_eq!(body.to_bytes(), r#"{"a":1,"b":2}"#);
    }
}
