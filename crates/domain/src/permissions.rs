//! What accounts may do in general: a tree of switches, two levels deep (`features.api_keys`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A tree of switches. What is not there is off; unknown names are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(pub Map<String, Value>);

impl Permissions {
    /// Whether the switch at `path` (`workspace.knowledge`) is on.
    pub fn allows(&self, path: &str) -> bool {
        let Some((section, name)) = path.split_once('.') else { return false };
        self.0.get(section).and_then(|section| section.get(name)) == Some(&Value::Bool(true))
    }

    /// Adds what `other` allows: a switch is on when either has it on.
    pub fn add(&mut self, other: &Permissions) {
        for (section, switches) in &other.0 {
            let Value::Object(switches) = switches else { continue };
            let Value::Object(mine) = self.0.entry(section.clone()).or_insert_with(|| Value::Object(Map::new())) else { continue };
            for (name, on) in switches {
                let slot = mine.entry(name.clone()).or_insert(Value::Bool(false));
                if on == &Value::Bool(true) {
                    *slot = Value::Bool(true);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(value: Value) -> Permissions {
        serde_json::from_value(value).expect("a tree")
    }

    #[test]
    fn what_is_not_there_is_off() {
        let permissions = tree(json!({"chat": {"file_upload": true, "delete": "yes"}}));
        assert!(permissions.allows("chat.file_upload"));
        assert!(!permissions.allows("chat.delete"));
        assert!(!permissions.allows("features.api_keys"));
        assert!(!permissions.allows("chat"));
    }

    #[test]
    fn groups_only_ever_add() {
        let mut permissions = tree(json!({"features": {"api_keys": false, "notes": true}}));
        permissions.add(&tree(json!({"features": {"api_keys": true, "notes": false}, "workspace": {"knowledge": true}})));
        assert!(
            permissions.allows("features.api_keys") && permissions.allows("features.notes") && permissions.allows("workspace.knowledge")
        );
    }
}
