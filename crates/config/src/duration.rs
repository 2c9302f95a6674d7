//! Lengths of time as `JWT_EXPIRES_IN` has them: `30m`, `4w`, `1d12h`, `-1` for no end.

use std::time::Duration;

/// Reads a length of time; the inner `None` is "no end". The outer `None`: it is not one.
pub(crate) fn lifetime(text: &str) -> Option<Option<Duration>> {
    if matches!(text, "-1" | "0") {
        return Some(None);
    }
    let mut rest = text;
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        seconds += number.parse::<f64>().ok()? * seconds_of(unit)?;
        rest = tail;
    }
    // A thousand years: past it, adding to the present time could overflow.
    (seconds > 0.0 && seconds < 3.2e10).then(|| Some(Duration::from_secs_f64(seconds)))
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        assert_eq!(lifetime("30m"), Some(Some(Duration::from_secs(1_800))));
        assert_eq!(lifetime("1d12h"), Some(Some(Duration::from_secs(129_600))));
        assert_eq!(lifetime("0.5h"), Some(Some(Duration::from_secs(1_800))));
    }

    #[test]
    fn minus_one_and_zero_have_no_end() {
        assert_eq!(lifetime("-1"), Some(None));
        assert_eq!(lifetime("0"), Some(None));
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in ["", "soon", "12", "h", "-2h", "1.2.3h", "99999999w", "1y"] {
            assert_eq!(lifetime(text), None, "{text}");
        }
    }
}
