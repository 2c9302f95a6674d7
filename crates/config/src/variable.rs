//! What is said of one variable.

/// One environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The heading it stands under in help and documentation.
    pub group: &'static str,
    /// What it is when unset, written as one would set it; empty for "nothing".
    pub default: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// One line: what it means.
    pub meaning: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true`, `false`, `1` or `0`.
    Switch,
    /// A whole number in a range.
    Whole {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A number in a range.
    Fraction {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// One of a few words, in any case.
    OneOf(&'static [&'static str]),
    /// Any text.
    Text,
    /// Any text, never shown.
    Secret,
    /// Several of them, `;` between.
    Secrets,
    /// Words with `,` between.
    Words,
    /// One http or https address.
    Address,
    /// Several of them, `;` between.
    Addresses,
    /// `*`, or origins with `;` between.
    Origins,
    /// A name that an HTTP header may have.
    HeaderName,
    /// An IP address or a host name.
    Host,
    /// How long something lasts.
    Lifetime,
    /// The address of a database.
    Database,
    /// A JSON object, never shown.
    Object,
    /// A text with a place for the found passages.
    Template,
    /// Any text, with the white space around it.
    Verbatim,
    /// A regular expression.
    Pattern,
}

impl Kind {
    /// What is allowed, as the end of a sentence that begins with "must be".
    pub fn allowed(&self) -> String {
        match self {
            Self::Switch => "true, false, 1 or 0".into(),
            Self::Whole { min, max: u64::MAX } => format!("a whole number from {min} up"),
            Self::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Self::Fraction { min, max } => format!("a number from {min} to {max}"),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Text => "a text".into(),
            Self::Secret => "a secret text".into(),
            Self::Secrets => "secret texts with ; between them".into(),
            Self::Words => "words with , between them".into(),
            Self::Address => "an http:// or https:// address without user name, password and fragment".into(),
            Self::Addresses => "http:// or https:// addresses without user name, password and fragment, with ; between them".into(),
            Self::Origins => "* or origins such as https://chat.example.com, with ; between them".into(),
            Self::HeaderName => "the name of an HTTP header (letters, digits and -)".into(),
            Self::Host => "an IP address or a host name".into(),
            Self::Lifetime => "a length of time such as 30m, 12h, 4w or 1d12h, or -1 for no end".into(),
            Self::Database => "an address that begins with sqlite:// or postgresql://".into(),
            Self::Verbatim => "a text; white space at its ends counts".into(),
            Self::Pattern => "a regular expression, as Python writes them".into(),
            Self::Object => "a JSON object".into(),
            Self::Template => "a text that holds {{CONTEXT}} where the found passages go".into(),
        }
    }

    /// Whether a value must never be repeated in a message.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret | Self::Secrets | Self::Address | Self::Addresses | Self::Database | Self::Object)
    }
}
