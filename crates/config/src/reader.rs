//! Reads values by their variable's kind and gathers what is wrong.

use std::collections::BTreeMap;

use secrecy::SecretString;
use url::Url;

use crate::{Kind, Notice, VARIABLES, Variable, check};

/// What is wrong with one variable: a sentence that names it and says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable.
    pub variable: String,
    /// The sentence.
    pub sentence: String,
}

/// Everything that is wrong, one line a problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sentences: Vec<_> = self.0.iter().map(|problem| problem.sentence.as_str()).collect();
        f.write_str(&sentences.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// The environment's values while they are read.
pub(crate) struct Reader {
    values: BTreeMap<String, String>,
    problems: Vec<Problem>,
    notices: Vec<Notice>,
}

impl Reader {
    /// Keeps what is set to something, and checks every value against its variable's kind.
    pub fn new(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let trimmed = |name: &str, value: String| if is_verbatim(name) { value } else { value.trim().to_owned() };
        let set = vars.into_iter().filter(|(_, value)| !value.trim().is_empty());
        let values = set.map(|(name, value)| (name.clone(), trimmed(&name, value))).collect();
        let mut reader = Self { values, problems: Vec::new(), notices: Vec::new() };
        for variable in VARIABLES {
            let Some(value) = reader.values.get(variable.name) else { continue };
            if !check::fits(&variable.kind, value) {
                let sentence = wrong_value(variable.name, &variable.kind, value);
                reader.problem(variable.name, sentence);
                // What follows reads the default instead, and so finds only what else is wrong.
                reader.values.remove(variable.name);
            }
        }
        reader
    }

    /// Adds a problem.
    pub fn problem(&mut self, variable: &str, sentence: String) {
        self.problems.push(Problem { variable: variable.into(), sentence });
    }

    /// Adds what is set and has no effect.
    pub fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Everything that has no effect.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Everything that was wrong.
    pub fn into_problems(self) -> Problems {
        Problems(self.problems)
    }

    /// Every variable that is set, known or not.
    pub fn all(&self) -> Vec<(String, String)> {
        self.values.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The value that a variable is set to, also one that has no effect.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value, or the default; `None` where that is nothing.
    pub fn text(&self, name: &str) -> Option<String> {
        let default = || variable(name).map(|variable| variable.default.to_owned()).filter(|default| !default.is_empty());
        self.values.get(name).cloned().or_else(default)
    }

    /// Whether it is set to something that may be used.
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The value of a switch.
    pub fn switch(&self, name: &str) -> bool {
        self.text(name).and_then(|value| check::switch(&value)).unwrap_or_default()
    }

    /// The value of a number that always has one.
    pub fn number<T: std::str::FromStr + Default>(&self, name: &str) -> T {
        self.some_number(name).unwrap_or_default()
    }

    /// The value of a number that may be unset.
    pub fn some_number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// The value of a choice, in lower case; empty where there is none.
    pub fn choice(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_ascii_lowercase()
    }

    /// A secret.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// Secrets in order; an empty place stays a place.
    pub fn secrets(&self, name: &str) -> Option<Vec<Option<SecretString>>> {
        let secret = |part: &str| (!part.is_empty()).then(|| SecretString::from(part.to_owned()));
        self.text(name).map(|value| value.split(';').map(str::trim).map(secret).collect())
    }

    /// Words with `between` between them.
    pub fn words(&self, name: &str, between: char) -> Vec<String> {
        self.text(name).map(|value| check::list(&value, between)).unwrap_or_default()
    }

    /// A base address.
    pub fn address(&self, name: &str) -> Option<Url> {
        check::address(&self.text(name)?)
    }

    /// Base addresses in order, without empty places.
    pub fn addresses(&self, name: &str) -> Option<Vec<Url>> {
        Some(self.text(name)?.split(';').filter_map(check::address).collect())
    }

    /// The switches whose names begin with `prefix`, without it; a wrong one is a problem.
    pub fn switches(&mut self, prefix: &str) -> BTreeMap<String, bool> {
        let mut switches = BTreeMap::new();
        let matching: Vec<_> =
            self.values.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(name, value)| (name.clone(), value.clone())).collect();
        for (name, value) in matching {
            match check::switch(&value) {
                Some(on) => drop(switches.insert(name[prefix.len()..].to_owned(), on)),
                None => self.problem(&name, wrong_value(&name, &Kind::Switch, &value)),
            }
        }
        switches
    }
}

/// Whether the white space around a value counts.
fn is_verbatim(name: &str) -> bool {
    VARIABLES.iter().any(|variable| variable.name == name && variable.kind == Kind::Verbatim)
}

fn variable(name: &str) -> Option<&'static Variable> {
    let found = VARIABLES.iter().find(|variable| variable.name == name);
    debug_assert!(found.is_some(), "{name} is not in VARIABLES");
    found
}

fn wrong_value(name: &str, kind: &Kind, value: &str) -> String {
    let allowed = kind.allowed();
    if kind.is_secret() {
        return format!("{name} is not usable: it must be {allowed}.");
    }
    let shown: String = value.chars().take(40).collect();
    format!("{name} is {shown:?}: it must be {allowed}.")
}
