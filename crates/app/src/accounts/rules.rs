//! What an e-mail address, a name and a picture must look like.

use transom_auth::Passwords;

use crate::Error;

const LONGEST_EMAIL: usize = 254;
const LONGEST_NAME: usize = 255;
/// A `data:` URL is part of every answer that shows the account; pages scale a picture to a few hundred pixels before they send it.
const LARGEST_PICTURE: usize = 256 << 10;
const PICTURES: [&str; 4] = ["data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,", "data:image/webp;base64,"];

/// The address in lower case, where it looks like one.
pub fn email(text: &str) -> Result<String, Error> {
    let text = text.trim().to_lowercase();
    let plausible = text.len() <= LONGEST_EMAIL
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(who, host)| {
            !who.is_empty() && !host.contains('@') && host.split('.').count() > 1 && host.split('.').all(|label| !label.is_empty())
        });
    if plausible { Ok(text) } else { Err(Error::Invalid("this is no e-mail address; it looks like name@example.com".to_owned())) }
}

/// A name without its surrounding space.
pub(super) fn name(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.len() > LONGEST_NAME {
        return Err(Error::Invalid(format!("the name is longer than {LONGEST_NAME} bytes")));
    }
    Ok(text.to_owned())
}

/// A picture: a path on this server, or a `data:` URL. No foreign address, which would tell its owner who looks at whom.
pub(super) fn picture(text: &str) -> Result<String, Error> {
    let path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\') && text.len() <= 2048;
    let data = PICTURES.iter().any(|start| text.starts_with(start)) && text.len() <= LARGEST_PICTURE;
    if text.is_empty() || path || data {
        return Ok(text.to_owned());
    }
    Err(Error::Malformed(
        "profile_image_url is a path on this server or a data: URL of a PNG, JPEG, GIF or WebP image of at most 256 KiB".to_owned(),
    ))
}

pub(super) fn password(text: &str) -> Result<(), Error> {
    Passwords::check(text).map_err(|rule| Error::Invalid(rule.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_in_lower_case() {
        assert_eq!(email(" Ada@Example.COM ").ok().as_deref(), Some("ada@example.com"));
        for bad in ["", "nope", "@example.com", "a@b@c.d", "a@example", "a b@example.com", "a@.com", "a@example."] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_picture_is_ours_or_inline() {
        for good in ["", "/user.png", "data:image/png;base64,AAAA"] {
            assert!(picture(good).is_ok(), "{good}");
        }
        for bad in
            ["https://evil.example/a.png", "//evil.example/a.png", "data:image/svg+xml;base64,AAAA", "data:text/html,x", "javascript:x"]
        {
            assert!(picture(bad).is_err(), "{bad}");
        }
        assert!(picture(&format!("data:image/png;base64,{}", "A".repeat(LARGEST_PICTURE))).is_err());
    }
}
