//! Whether a value is of its kind.

use url::Url;

use crate::{Kind, duration::lifetime};

/// Whether `value` (trimmed, not empty) is of `kind`.
pub(crate) fn fits(kind: &Kind, value: &str) -> bool {
    match kind {
        Kind::Switch => switch(value).is_some(),
        Kind::Whole { min, max } => value.parse::<u64>().is_ok_and(|number| (*min..=*max).contains(&number)),
        Kind::Fraction { min, max } => value.parse::<f64>().is_ok_and(|number| (*min..=*max).contains(&number)),
        Kind::OneOf(words) => words.iter().any(|word| word.eq_ignore_ascii_case(value)),
        Kind::Text | Kind::Verbatim | Kind::Secret | Kind::Secrets | Kind::Words => true,
        Kind::Address => address(value).is_some(),
        Kind::Addresses => value.split(';').map(str::trim).all(|part| part.is_empty() || address(part).is_some()),
        Kind::Origins => value == "*" || list(value, ';').iter().all(|origin| is_origin(origin)),
        Kind::HeaderName => value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'),
        Kind::Host => url::Host::parse(value).is_ok() || value.parse::<std::net::IpAddr>().is_ok(),
        Kind::Lifetime => lifetime(value).is_some(),
        Kind::Database => ["sqlite:", "postgresql://", "postgres://"].iter().any(|scheme| value.starts_with(scheme)),
        Kind::Pattern => fancy_regex::Regex::new(value).is_ok(),
        Kind::Object => serde_json::from_str::<serde_json::Map<_, _>>(value).is_ok(),
        Kind::Template => value.contains("{{CONTEXT}}") || value.contains("[context]"),
    }
}

/// A switch's value.
pub(crate) fn switch(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A base address, without a slash at the end of its path. It may have a query, which every call then has.
pub(crate) fn address(value: &str) -> Option<Url> {
    let (path, query) = value.trim().split_once('?').map_or((value.trim(), None), |(path, query)| (path, Some(query)));
    let mut url = Url::parse(path.trim_end_matches('/')).ok()?;
    url.set_query(query);
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && !value.contains('#');
    (matches!(url.scheme(), "http" | "https") && url.has_host() && bare).then_some(url)
}

/// The parts that are not empty.
pub(crate) fn list(value: &str, between: char) -> Vec<String> {
    value.split(between).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// An origin is a scheme, a host and perhaps a port, as browsers send it.
fn is_origin(value: &str) -> bool {
    Url::parse(value).is_ok_and(|url| url.has_host() && url.origin().ascii_serialization() == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_credentials_are_refused() {
        assert!(address("http://localhost:11434/").is_some());
        assert!(address("https://api.example.com/v1").is_some());
        assert_eq!(address("https://host/v1/?api-version=1&x").map(String::from).as_deref(), Some("https://host/v1?api-version=1&x"));
        for wrong in [
            "http://user:pass@host",
            "http://user@host",
            "ftp://host",
            "localhost:11434",
            "http://",
            "http://host/#x",
            "http://host/?a=b#c",
        ] {
            assert!(address(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        assert!(fits(&Kind::Origins, "*"));
        assert!(fits(&Kind::Origins, "https://chat.example.com;http://localhost:5173"));
        for wrong in ["https://chat.example.com/", "chat.example.com", "https://a.example;*"] {
            assert!(!fits(&Kind::Origins, wrong), "{wrong}");
        }
    }

    #[test]
    fn hosts_are_names_or_ip_addresses() {
        for right in ["127.0.0.1", "0.0.0.0", "::", "::1", "localhost"] {
            assert!(fits(&Kind::Host, right), "{right}");
        }
        for wrong in ["http://localhost", "local host", "a/b"] {
            assert!(!fits(&Kind::Host, wrong), "{wrong}");
        }
    }
}
