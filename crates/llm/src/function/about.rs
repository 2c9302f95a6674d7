//! What a function says of itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FunctionKind {
    /// Answers chat calls as a model.
    Pipe,
    /// Looks at the calls of other models.
    Filter,
    /// A button under an answer.
    Action,
}

impl FunctionKind {
    /// `pipe`, `filter` or `action`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pipe => "pipe",
            Self::Filter => "filter",
            Self::Action => "action",
        }
    }
}

/// What a function's code says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FunctionAbout {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: FunctionKind,
    /// Its front matter: `title`, `author`, `version`, `requirements` and what else it says.
    pub manifest: Map<String, Value>,
    /// Whether a pipe lists its models itself.
    pub manifold: bool,
    /// Whether it has an `inlet`.
    pub inlet: bool,
    /// Whether it has a `stream`.
    pub stream: bool,
    /// Whether it has an `outlet`.
    pub outlet: bool,
    /// Whether a user switches the filter on for each request.
    pub toggle: bool,
    /// Whether the filter looks after a request's files itself, so that the server does not.
    pub file_handler: bool,
    /// A filter with a smaller one comes first. A stored valve `priority` wins over it: see [`FunctionAbout::priority`].
    pub priority: i64,
    /// The address of its icon, or the icon itself as `data:` address.
    pub icon: Option<String>,
    /// The JSON schema of the administrator's settings.
    pub valves: Option<Value>,
    /// The JSON schema of each user's settings.
    pub user_valves: Option<Value>,
}

impl Default for FunctionAbout {
    /// A pipe that is one model and has no settings.
    fn default() -> Self {
        Self {
            kind: FunctionKind::Pipe,
            manifest: Map::new(),
            manifold: false,
            inlet: false,
            stream: false,
            outlet: false,
            toggle: false,
            file_handler: false,
            priority: 0,
            icon: None,
            valves: None,
            user_valves: None,
        }
    }
}

impl FunctionAbout {
    /// The filter's place under these stored valves.
    pub fn priority(&self, valves: &Map<String, Value>) -> i64 {
        valves.get("priority").and_then(Value::as_i64).unwrap_or(self.priority)
    }
}

/// A model that a pipe offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionModel {
    /// What follows the function's id and a dot; `None` where the function is a single model.
    pub sub_id: Option<String>,
    /// What it is called, the pipe's own name in front of it included; `None` for what the administrator called the function.
    pub name: Option<String>,
}

impl FunctionModel {
    /// The full id: `function`, or `function.sub-id`.
    pub fn id(&self, function: &str) -> String {
        match &self.sub_id {
            Some(sub) => format!("{function}.{sub}"),
            None => function.to_owned(),
        }
    }
}

/// Whose settings of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Valves {
    /// The administrator's.
    Admin,
    /// Each user's own.
    User,
}

/// Why a function cannot be loaded, or a value cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// The code does not load, or is no function.
    #[error("{reason}{}", .line.map(|line| format!(" (line {line})")).unwrap_or_default())]
    Code {
        /// What is wrong, in the words of its language.
        reason: String,
        /// The line of the code, from 1.
        line: Option<u32>,
    },
    /// Values that the function's rules do not allow.
    #[error("{0}")]
    Valves(String),
    /// Functions of this language cannot run here: why, and what helps. Fit for the client.
    #[error("{0}")]
    Unavailable(String),
}
