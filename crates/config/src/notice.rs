//! Variables that have no effect: they are said at start, so that nobody believes that they have one.

use crate::reader::Reader;
use crate::refused::REFUSED;
use crate::{USER_PERMISSIONS, VARIABLES};

/// The names of Open WebUI's variables, one a line, of the version whose API is spoken.
const REFERENCE: &str = include_str!("reference-0.12.4.txt");

/// The beginning of the names that are Transom's alone.
const OWN: &str = "TRANSOM_";

/// Groups of settings that say who may do what: a name there that nobody understands stops the start.
const GROUPS_OF_ACCESS: [&str; 2] = ["Accounts", "API keys"];

/// Something that is set and has no effect, or not the whole of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Variables of Open WebUI that mean nothing here.
    Unused(Vec<String>),
    /// A variable that nobody knows, and the name that is closest to it.
    Unknown {
        /// As it is set.
        name: String,
        /// What may be meant.
        nearest: &'static str,
    },
    /// Keys beyond the last address, which are not used.
    SpareKeys {
        /// How many keys there are.
        keys: usize,
        /// How many addresses.
        addresses: usize,
    },
}

/// The names of every variable of Open WebUI, whether it has an effect here or not.
pub fn reference_variables() -> impl Iterator<Item = &'static str> {
    REFERENCE.lines().filter(|name| !name.is_empty())
}

/// Notes what is set and has no effect. What could be meant to restrict access is a problem instead.
pub(crate) fn look(reader: &mut Reader) {
    let mut unused = Vec::new();
    for (name, value) in reader.all() {
        if is_honoured(&name) || REFUSED.iter().any(|refused| refused.name == name) {
            continue;
        }
        if reference_variables().any(|known| known == name) {
            unused.push(name);
        } else if let Some(nearest) = nearest(&name).filter(|_| !is_service_link(&name, &value)) {
            if is_about_access(nearest) && is_misspelt(&name, nearest) {
                let sentence = format!(
                    "{name} is not known: {nearest} may be meant. Correct or unset it; a misspelt setting of access stops the start."
                );
                reader.problem(&name, sentence);
            } else {
                reader.notice(Notice::Unknown { name, nearest });
            }
        }
    }
    if !unused.is_empty() {
        reader.notice(Notice::Unused(unused));
    }
}

/// Whether a variable has an effect.
pub(crate) fn is_honoured(name: &str) -> bool {
    name.starts_with(USER_PERMISSIONS) || VARIABLES.iter().any(|variable| variable.name == name)
}

fn is_about_access(name: &str) -> bool {
    name == USER_PERMISSIONS || VARIABLES.iter().any(|variable| variable.name == name && GROUPS_OF_ACCESS.contains(&variable.group))
}

/// Whether two names differ in a letter or two; a shared word alone may be another program's variable, which must not stop the start.
fn is_misspelt(name: &str, known: &str) -> bool {
    known == USER_PERMISSIONS || letters_apart(&name.to_ascii_uppercase(), known) <= 2
}

fn letters_apart(name: &str, known: &str) -> usize {
    strsim::damerau_levenshtein(name, known)
}

/// The name that is meant where this one is a misspelling; also the closest one for every name that can only be meant for Transom.
fn nearest(name: &str) -> Option<&'static str> {
    let upper = name.to_ascii_uppercase();
    if upper.starts_with(USER_PERMISSIONS.trim_end_matches("S_")) {
        return Some(USER_PERMISSIONS);
    }
    let known = || VARIABLES.iter().map(|variable| variable.name).chain(REFUSED.iter().map(|refused| refused.name));
    if upper.starts_with(OWN) {
        return known().filter(|known| known.starts_with(OWN)).min_by_key(|known| letters_apart(&upper, known));
    }
    known().filter(|known| is_near(&upper, known)).min_by_key(|known| letters_apart(&upper, known))
}

/// Whether one is likely a misspelling of the other: a letter or two, or a word too many or too few. Short names are everybody's.
fn is_near(name: &str, known: &str) -> bool {
    let letters = match known.len() {
        0..8 => return false,
        8..12 => 1,
        _ => 2,
    };
    if letters_apart(name, known) <= letters {
        return true;
    }
    let (mut shorter, mut longer): (Vec<&str>, Vec<&str>) = (name.split('_').collect(), known.split('_').collect());
    if shorter.len() > longer.len() {
        std::mem::swap(&mut shorter, &mut longer);
    }
    let same_start = shorter.first() == longer.first() || (shorter.len() >= 3 && shorter.last() == longer.last());
    let mut rest = longer.iter();
    longer.len() >= 3 && longer.len() == shorter.len() + 1 && same_start && shorter.iter().all(|word| rest.any(|other| other == word))
}

/// Kubernetes sets such variables for every service, and one may be called `transom`.
fn is_service_link(name: &str, value: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.contains("_TCP")
        || name.contains("_UDP")
        || value.starts_with("tcp://")
        || value.starts_with("udp://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_names_are_near_and_other_peoples_are_not() {
        for (name, meant) in [
            ("ENABLE_SINGUP", "ENABLE_SIGNUP"),
            ("enable_signup", "ENABLE_SIGNUP"),
            ("OPENAI_BASE_URL", "OPENAI_API_BASE_URL"),
            ("OLLAMA_URL", "OLLAMA_BASE_URL"),
            ("DATA_DIRS", "DATA_DIR"),
            ("WEBUI_SECRET_KEYS", "WEBUI_SECRET_KEY"),
            ("USER_PERMISSION_CHAT_DELETE", USER_PERMISSIONS),
            ("TRANSOM_JOB", "TRANSOM_JOBS"),
        ] {
            assert_eq!(nearest(name), Some(meant), "{name}");
        }
        assert!(nearest("TRANSOM_NOTHING_LIKE_IT").is_some_and(|found| found.starts_with(OWN)), "whoever sets it means us");
        for name in ["PATH", "HOME", "HOSTNAME", "POST", "LOG_LEVEL", "SECRET_KEY", "BASE_URL", "API_KEY", "OLLAMA_HOST", "XDG_DATA_DIRS"] {
            assert_eq!(nearest(name), None, "{name}");
        }
    }

    #[test]
    fn the_list_of_the_references_variables_is_sorted_and_has_each_once() {
        let names: Vec<&str> = reference_variables().collect();
        assert!(names.len() > 900 && names.is_sorted_by(|one, next| one < next));
    }
}
