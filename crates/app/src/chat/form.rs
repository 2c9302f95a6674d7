//! Forms that name a model: read here, judged, and written anew.

use bytes::Bytes;
use transom_domain::Caller;

use super::routing;
use crate::Error;

/// Bytes that the name of a model may have.
const LONGEST_NAME: usize = 1024;

/// One part of a form.
#[derive(Clone, Debug)]
pub struct FormPart {
    /// The field.
    pub name: String,
    /// The file's name, where it is a file.
    pub filename: Option<String>,
    /// Its media type, where the client says one.
    pub content_type: Option<String>,
    /// Its bytes, in the pieces that they came in.
    pub body: Vec<Bytes>,
}

/// The model that a form names, in its one field `model`; what would route the call elsewhere is refused.
pub(super) fn model(caller: &Caller, parts: &[FormPart]) -> Result<String, Error> {
    let mut named = None;
    for part in parts {
        if part.name.is_empty() || part.name.chars().any(|letter| letter.is_control() || letter == '"' || letter == '\\') {
            return Err(Error::Malformed("a field of the form has a name that cannot be passed on".to_owned()));
        }
        routing::judge_field(caller, &part.name)?;
        if part.name.eq_ignore_ascii_case("model") && (part.name != "model" || part.filename.is_some() || named.replace(part).is_some()) {
            return Err(Error::Malformed("the form must name one model, in one field `model`".to_owned()));
        }
    }
    let Some(part) = named else { return Err(Error::Malformed("the form has no field `model`".to_owned())) };
    let name = part.body.concat();
    let name = String::from_utf8(name).ok().filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME);
    name.ok_or_else(|| Error::Malformed("the form's field `model` is no model's name".to_owned()))
}

/// Names the model as its upstream does.
pub(super) fn set_model(parts: &mut [FormPart], name: &str) {
    for part in parts.iter_mut().filter(|part| part.name == "model") {
        part.body = vec![Bytes::copy_from_slice(name.as_bytes())];
    }
}

/// The form with a boundary of our own: its media type, and its bytes in pieces. Files are not copied.
pub(super) fn write(parts: Vec<FormPart>) -> (String, Vec<Bytes>) {
    let boundary = boundary(&parts);
    let mut out = Vec::new();
    for part in parts {
        let mut head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"", part.name);
        if let Some(filename) = &part.filename {
            head.push_str(&format!("; filename=\"{}\"", escaped(filename)));
        }
        head.push_str("\r\n");
        if let Some(content_type) = part.content_type.filter(|text| !text.chars().any(char::is_control)) {
            head.push_str(&format!("content-type: {content_type}\r\n"));
        }
        head.push_str("\r\n");
        out.push(Bytes::from(head));
        out.extend(part.body);
        out.push(Bytes::from_static(b"\r\n"));
    }
    out.push(Bytes::from(format!("--{boundary}--\r\n")));
    (format!("multipart/form-data; boundary={boundary}"), out)
}

/// A line that no client could have put into its file beforehand.
fn boundary(parts: &[FormPart]) -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = || RandomState::new().hash_one(parts.len());
    format!("transom-{:016x}{:016x}", random(), random())
}

/// A file's name as browsers write it into a form.
fn escaped(filename: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    filename.chars().map(plain).collect::<String>().replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_called_cannot_add_a_field() {
        let name = "a\"; name=\"model\"\r\n\r\nx\\";
        let part = FormPart { name: "file".into(), filename: Some(name.into()), content_type: Some("a/b\r\nx: y".into()), body: vec![] };
        let (_, bytes) = write(vec![part]);
        let text = String::from_utf8(bytes.concat()).expect("text");
        let head = text.split("\r\n\r\n").next().expect("a head");
        assert_eq!(head.lines().count(), 2, "{text}");
        assert!(head.ends_with("filename=\"a%22; name=%22model%22    x\\\""), "{text}");
    }

    #[test]
    fn a_boundary_is_never_the_same() {
        assert_ne!(boundary(&[]), boundary(&[]));
    }
}
