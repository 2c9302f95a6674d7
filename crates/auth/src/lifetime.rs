//! How long a session lives: `4w`, `7d`, `12h`, `30m`, `90s`, `1h30m`; `-1` for ever.

use transom_domain::Timestamp;

/// How long a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Until it is ended.
    Never,
    /// So many seconds.
    Seconds(i64),
}

/// A text that is no lifetime.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no duration: write -1 for ever, or numbers with units, as in 4w, 7d, 12h, 30m or 90s")]
pub struct UnknownLifetime(pub String);

impl Lifetime {
    /// Four weeks, the default.
    pub const DEFAULT: Self = Self::Seconds(4 * 7 * 24 * 3600);

    /// When something that starts at `now` ends; `None` for never.
    pub fn end(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Seconds(seconds) => Some(now.saturating_add(seconds)),
        }
    }
}

impl std::fmt::Display for Lifetime {
    /// In the largest unit that comes out even, as it is read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Seconds(seconds) = *self else { return f.write_str("-1") };
        let units = [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60)];
        match units.iter().find(|(_, length)| seconds % length == 0) {
            Some((unit, length)) => write!(f, "{}{unit}", seconds / length),
            None => write!(f, "{seconds}s"),
        }
    }
}

impl std::str::FromStr for Lifetime {
    type Err = UnknownLifetime;

    fn from_str(text: &str) -> Result<Self, UnknownLifetime> {
        let unknown = || UnknownLifetime(text.to_owned());
        let text = text.trim();
        if matches!(text, "-1" | "0") {
            return Ok(Self::Never);
        }
        if text.is_empty() {
            return Err(unknown());
        }
        let mut rest = text;
        let mut milliseconds = 0_f64;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(unknown)?;
            let number: f64 = rest[..digits].parse().map_err(|_| unknown())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let unit = match &rest[..letters] {
                "ms" => 1.0,
                "s" => 1e3,
                "m" => 60e3,
                "h" => 3600e3,
                "d" => 86_400e3,
                "w" => 604_800e3,
                _ => return Err(unknown()),
            };
            milliseconds += number * unit;
            rest = &rest[letters..];
        }
        let seconds = (milliseconds / 1e3).ceil();
        // A hundred centuries are enough, and fit every arithmetic on time stamps.
        if !(1.0..=3.2e11).contains(&seconds) {
            return Err(unknown());
        }
        #[allow(clippy::cast_possible_truncation)] // between 1 and 3.2e11
        Ok(Self::Seconds(seconds as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, seconds) in
            [("4w", 2_419_200), ("7d", 604_800), ("12h", 43_200), ("30m", 1800), ("90s", 90), ("1h30m", 5400), ("1.5h", 5400), ("1ms", 1)]
        {
            assert_eq!(text.parse(), Ok(Lifetime::Seconds(seconds)), "{text}");
        }
        assert_eq!("-1".parse(), Ok(Lifetime::Never));
        assert_eq!("0".parse(), Ok(Lifetime::Never));
    }

    #[test]
    fn a_lifetime_is_written_as_it_is_read() {
        for text in ["4w", "8d", "12h", "90m", "61s", "-1"] {
            assert_eq!(text.parse::<Lifetime>().expect("a lifetime").to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "w", "4", "4y", "-4w", "4w 3d", "1e9w", "..s", "99999999999999w", "0s"] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }
}
