//! A JSON object that is read only as far as somebody asks.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A JSON object whose members stay the bytes they came in until they are asked for or replaced.
///
/// An untouched body is sent on as it came, without a copy. A member named twice counts once, with its last value,
/// and such a body is written anew, so that nobody downstream can read a different one than was checked here.
#[derive(Clone, Debug)]
pub struct Body {
    source: Bytes,
    members: Vec<(String, Member)>,
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
    /// Reads the outermost object of `source`, and checks that all of it is JSON.
    pub fn parse(source: Bytes) -> Result<Self, BodyError> {
        let raw: Members<'_> = serde_json::from_slice(&source).map_err(BodyError::NotAnObject)?;
        let start = source.as_ptr() as usize;
        let mut members: Vec<(String, Member)> = Vec::with_capacity(raw.0.len());
        let mut untouched = true;
        for (name, value) in raw.0 {
            let from = value.get().as_ptr() as usize - start;
            let member = Member::Source(from..from + value.get().len());
            match members.iter_mut().find(|(known, _)| *known == name) {
                Some((_, slot)) => {
                    *slot = member;
                    untouched = false;
                }
                None => members.push((name.into_owned(), member)),
            }
        }
        Ok(Self { source, members, untouched })
    }

    /// The members' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    /// Whether a member is there.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A member's JSON.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, member)| self.bytes(member))
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
        match self.members.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = Member::Written(written),
            None => self.members.push((name.to_owned(), Member::Written(written))),
        }
    }

    /// Takes a member out; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.members.len();
        self.members.retain(|(known, _)| known != name);
        let removed = self.members.len() < before;
        self.untouched &= !removed;
        removed
    }

    /// The object as JSON: the bytes that came in where nothing was changed.
    pub fn to_bytes(&self) -> Bytes {
        if self.untouched {
            return self.source.clone();
        }
        let mut out = BytesMut::with_capacity(self.source.len() + 256);
        out.put_u8(b'{');
        for (place, (name, member)) in self.members.iter().enumerate() {
            if place > 0 {
                out.put_u8(b',');
            }
            // Writing a string into memory cannot fail.
            let _ = serde_json::to_writer((&mut out).writer(), name);
            out.put_u8(b':');
            out.put_slice(self.bytes(member));
        }
        out.put_u8(b'}');
        out.freeze()
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
        Self { source: Bytes::from_static(b"{}"), members: Vec::new(), untouched: true }
    }
}

impl<T: Serialize> From<&T> for Body {
    /// The members of a value that serialises as an object; an empty body for any other.
    fn from(value: &T) -> Self {
        serde_json::to_vec(value).ok().and_then(|json| Self::parse(json.into()).ok()).unwrap_or_default()
    }
}

struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
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
    fn removing_leaves_the_rest() {
        let mut body = parse(r#"{"a":1,"files":[],"b":2}"#);
        assert!(body.remove("files") && !body.remove("files"));
        assert_eq!(body.to_bytes(), r#"{"a":1,"b":2}"#);
    }
}
