//! What may be in the facts of a model record: pictures that are safe to show, and documents that its author may read.

use serde_json::{Map, Value};
use transom_domain::{Caller, FileId, KnowledgeId, Permission};

use super::Models;
use crate::Error;

/// Bytes of a picture that is part of a record.
const LARGEST_PICTURE: usize = 2 << 20;
const PICTURE_TYPES: [&str; 4] = ["png", "jpeg", "gif", "webp"];
/// Pictures that clients bring along.
const OWN_PICTURES: [&str; 4] = ["", "/user.png", "/favicon.png", "/static/favicon.png"];

impl Models {
    /// Refuses pictures that could run a script or call an address of this server in a reader's name, and documents that the caller may
    /// not read. What is in the old facts already is not judged again.
    pub(super) async fn check_meta(
        &self,
        caller: &Caller,
        new: &Map<String, Value>,
        old: Option<&Map<String, Value>>,
    ) -> Result<(), Error> {
        let changed = |name: &str| new.get(name).filter(|value| !value.is_null() && old.and_then(|old| old.get(name)) != Some(*value));
        if changed("profile_image_url").is_some_and(|picture| !picture.as_str().is_some_and(is_safe_picture)) {
            return Err(Error::Malformed(
                "`meta.profile_image_url` is an http or https address, or a data: URL of a PNG, JPEG, GIF or WebP image of at most 2 MiB"
                    .to_owned(),
            ));
        }
        if let Some(picture) = changed("background_image_url") {
            let Some(file) = picture.as_str().and_then(uploaded) else {
                return Err(Error::Malformed("`meta.background_image_url` is the content of an uploaded file".to_owned()));
            };
            self.check_file(caller, &file).await?;
        }
        let known = old.and_then(|old| old.get("knowledge")).and_then(Value::as_array);
        let named = changed("knowledge").and_then(Value::as_array).into_iter().flatten();
        for item in named.filter(|item| !known.is_some_and(|known| known.contains(item))) {
            let Some(id) = item.get("id").and_then(Value::as_str) else { continue };
            match item.get("type").and_then(Value::as_str) {
                Some("file") => self.check_file(caller, &FileId::from(id)).await?,
                Some("collection") => self.check_collection(caller, &KnowledgeId::from(id)).await?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn check_collection(&self, caller: &Caller, id: &KnowledgeId) -> Result<(), Error> {
        if caller.is_admin() || self.kept()?.knowledge(caller, id, Permission::Read).await?.is_some() {
            return Ok(());
        }
        Err(Error::Forbidden(format!("collection {id} in `meta.knowledge` is not there, or not yours to read")))
    }

    async fn check_file(&self, caller: &Caller, id: &FileId) -> Result<(), Error> {
        // An administrator may bring records along from elsewhere, whose files are not here.
        if caller.is_admin() || self.kept()?.file(caller, id, Permission::Read).await?.is_some() {
            return Ok(());
        }
        Err(Error::Forbidden(format!("file {id}, which `meta` names, is not there, or not yours to read")))
    }
}

/// A picture of clients, an account's picture, a page of the web with a host, or an image inside the text that holds no script.
fn is_safe_picture(text: &str) -> bool {
    if OWN_PICTURES.contains(&text) {
        return true;
    }
    if let Some(rest) = text.strip_prefix("/api/v1/users/") {
        return rest.strip_suffix("/profile/image").is_some_and(|id| !id.is_empty() && !id.contains(['/', '?', '#', '\\', '%', '.']));
    }
    let starts_with = |start: &str| text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start));
    if let Some(scheme) = ["http://", "https://"].into_iter().find(|scheme| starts_with(scheme)) {
        let authority = text[scheme.len()..].split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        return !host.is_empty() && !host.starts_with(':') && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    }
    PICTURE_TYPES.iter().any(|kind| starts_with(&format!("data:image/{kind};base64,"))) && text.len() <= LARGEST_PICTURE
}

/// The file whose content is at this address of ours.
fn uploaded(address: &str) -> Option<FileId> {
    let id = address.strip_prefix("/api/v1/files/")?.strip_suffix("/content")?;
    let is_id = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_id.then(|| FileId::from(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_that_can_do_nothing_are_taken() {
        for good in [
            "",
            "/static/favicon.png",
            "/api/v1/users/a-1/profile/image",
            "https://example.com/a.png",
            "HTTP://example.com",
            "data:image/png;base64,AAAA",
            "data:IMAGE/WebP;base64,AAAA",
        ] {
            assert!(is_safe_picture(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:image/svg+xml;base64,AAAA",
            "data:text/html,x",
            "data:image/png,x",
            "//evil.example/a.png",
            "/api/v1/auths/signout",
            "/api/v1/users/../auths/signout/profile/image",
            "https://",
            "http://:80/x",
            "https://a b",
            "file:///etc/passwd",
            "a.png",
        ] {
            assert!(!is_safe_picture(bad), "{bad}");
        }
        assert!(!is_safe_picture(&format!("data:image/png;base64,{}", "A".repeat(LARGEST_PICTURE))));
    }

    #[test]
    fn a_background_is_an_uploaded_file() {
        assert_eq!(uploaded("/api/v1/files/a-1/content"), Some(FileId::from("a-1")));
        for other in ["", "/api/v1/files//content", "/api/v1/files/a/b/content", "https://x/api/v1/files/a/content", "/api/v1/files/a"] {
            assert_eq!(uploaded(other), None, "{other}");
        }
    }
}
