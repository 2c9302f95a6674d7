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

/// What new passwords must match (`PASSWORD_VALIDATION_REGEX_PATTERN`), and what people are told whose do not.
#[derive(Clone, Debug)]
pub struct PasswordRule {
    pattern: fancy_regex::Regex,
    hint: Option<String>,
}

impl PasswordRule {
    /// A rule. The pattern is Python's, and holds from a password's beginning on.
    ///
    /// # Errors
    /// Where it is no regular expression.
    pub fn new(pattern: &str, hint: Option<&str>) -> Result<Self, Error> {
        let pattern = fancy_regex::Regex::new(&format!(r"\A(?:{pattern})"))
            .map_err(|error| Error::Invalid(format!("PASSWORD_VALIDATION_REGEX_PATTERN is no regular expression: {error}")))?;
        Ok(Self { pattern, hint: hint.map(str::to_owned) })
    }

    fn check(&self, password: &str) -> Result<(), Error> {
        // A pattern that gives up on a password does not let it pass.
        if self.pattern.is_match(password).unwrap_or(false) {
            return Ok(());
        }
        let hint = self.hint.as_deref().unwrap_or("it does not match the pattern that the administrator set for passwords");
        Err(Error::Invalid(format!("this password is not accepted: {hint}")))
    }
}

/// Whether a new password keeps to the rules of every server and to this one's.
pub fn password(text: &str, rule: Option<&PasswordRule>) -> Result<(), Error> {
    Passwords::check(text).map_err(|rule| Error::Invalid(rule.to_string()))?;
    rule.map_or(Ok(()), |rule| rule.check(text))
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
    fn a_new_password_matches_the_administrators_pattern_from_its_beginning_or_is_refused_with_the_hint() {
        let default = PasswordRule::new(r"^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^\w\s]).{8,}$", None).expect("a pattern");
        assert!(password("Passw0rd!", Some(&default)).is_ok() && password("no rule but ours", None).is_ok());
        for weak in ["password", "Passw0rd", "PASSW0RD!", "Sh0rt!", "\u{e9}"] {
            assert!(password(weak, Some(&default)).is_err(), "{weak}");
        }
        let digits = PasswordRule::new("[0-9]{4}", Some("four digits first")).expect("a pattern");
        assert!(password("1234 and more", Some(&digits)).is_ok());
        let refused = password("and 1234", Some(&digits)).expect_err("refused").to_string();
        assert!(refused.contains("four digits first"), "{refused}");
        assert!(PasswordRule::new("[a-z", None).is_err());
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
