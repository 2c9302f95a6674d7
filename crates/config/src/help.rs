//! The list of variables as text for a terminal and as Markdown for the book.

use crate::{USER_PERMISSIONS, VARIABLES, Variable};

const PERMISSIONS_MEANING: &str = "Switches what accounts may do by default, such as USER_PERMISSIONS_FEATURES_API_KEYS=true.";

/// Every variable with its default, what is allowed and a line that says what it means, grouped.
pub fn as_text() -> String {
    let mut text = String::from("Environment (set to nothing counts as unset):\n");
    for (group, variables) in groups() {
        text += &format!("\n{group}:\n");
        for variable in variables {
            let default = if variable.default.is_empty() { "unset".into() } else { variable.default.to_owned() };
            text += &format!("  {} [default: {default}]\n      {}\n", variable.name, variable.meaning);
            text += &format!("      Allowed: {}\n", variable.kind.allowed());
        }
        if group == "Accounts" {
            text += &format!("  {USER_PERMISSIONS}* [default: unset]\n      {PERMISSIONS_MEANING}\n      Allowed: true, false, 1 or 0\n");
        }
    }
    text
}

/// The same as tables, one a group.
pub fn as_markdown() -> String {
    let mut text = String::new();
    for (group, variables) in groups() {
        text += &format!("## {group}\n\n| Variable | Default | Allowed | Meaning |\n|---|---|---|---|\n");
        for variable in variables {
            let default = if variable.default.is_empty() { String::new() } else { format!("`{}`", variable.default) };
            text += &format!("| `{}` | {default} | {} | {} |\n", variable.name, variable.kind.allowed(), variable.meaning);
        }
        if group == "Accounts" {
            text += &format!("| `{USER_PERMISSIONS}*` |  | true, false, 1 or 0 | {PERMISSIONS_MEANING} |\n");
        }
        text += "\n";
    }
    text
}

/// The variables by group, both in the order of the list.
fn groups() -> Vec<(&'static str, Vec<&'static Variable>)> {
    let mut groups: Vec<(&'static str, Vec<&'static Variable>)> = Vec::new();
    for variable in VARIABLES {
        match groups.last_mut() {
            Some((group, variables)) if *group == variable.group => variables.push(variable),
            _ => groups.push((variable.group, vec![variable])),
        }
    }
    groups
}
