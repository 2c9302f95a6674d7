//! Lists that requests name things in.

use std::collections::HashSet;
use std::hash::Hash;

use crate::Error;

/// Each of these once, in the order in which they first come: work is done for a thing and not for each mention of it.
///
/// # Errors
/// [`Error::Invalid`] where more than `most` are left; `what` is their name in the sentence.
pub(crate) fn distinct<T: Clone + Eq + Hash>(items: &[T], most: usize, what: &str) -> Result<Vec<T>, Error> {
    let mut seen = HashSet::new();
    let once: Vec<T> = items.iter().filter(|item| seen.insert(*item)).cloned().collect();
    if once.len() > most {
        return Err(Error::Invalid(format!("{} {what} are named, and one request may name {most}", once.len())));
    }
    Ok(once)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_taken_once_and_too_many_of_them_are_refused() {
        assert_eq!(distinct(&[2, 1, 2, 2, 3, 1], 3, "files").expect("three"), [2, 1, 3]);
        let refused = distinct(&[1, 2, 3], 2, "files").expect_err("one too many");
        assert_eq!(refused.to_string(), "3 files are named, and one request may name 2");
    }
}
