//! What a crate of ours brings along, all the way down: a program that depends on one light crate must not wait for a database, a
//! vector store or a server framework to compile.
//!
//! `edges` judges the lines of manifests; this judges what cargo resolves them to, so that a framework cannot come in through a crate of others.

use std::collections::{BTreeMap, BTreeSet};

use crate::place::{Node, Resolved};

/// Crates that programs use by themselves, without a server around them.
const LIGHT: &[&str] = &[
    "transom-domain",
    "transom-llm",
    "transom-vector",
    "transom-ingest",
    "transom-index",
    "transom-auth",
    "transom-confine",
    "transom-words",
    "transom-fetch",
    "transom-embed",
    "transom-rerank",
    "transom-sandbox",
    "transom-upstream",
    "transom-provider-openai",
    "transom-provider-ollama",
    "transom-provider-function",
    "folder-answers",
];

/// What none of them may bring along.
const HEAVY: &[&str] = &["lancedb", "lance", "datafusion", "actix-web", "sea-orm", "sqlx-core"];

/// Crates above those that may bring some of it, and what they may not.
const ABOVE: &[(&str, &[&str])] = &[
    ("transom-app", &["lancedb", "lance", "datafusion", "actix-web"]),
    ("transom-api", &["lancedb", "lance", "datafusion"]),
    ("mounted", &["lancedb", "lance", "datafusion"]),
];

/// Light crates that bring along something heavy, and through whom.
pub fn check(resolved: &Resolved) -> Vec<String> {
    let light = LIGHT.iter().map(|name| (*name, HEAVY));
    let all = light.chain(ABOVE.iter().copied());
    all.flat_map(|(name, heavy)| match brought(resolved, name) {
        Some(ways) => heavy.iter().filter_map(|heavy| Some(format!("{name} must not bring {heavy} along: {}", ways.get(heavy)?))).collect(),
        None => vec![format!("{name} is named in xtask/src/tidy/closure.rs, and there is no such crate")],
    })
    .collect()
}

/// The crates that a program gets with `name`, each with a way that leads to it; tests and build scripts left aside.
fn brought<'a>(resolved: &'a Resolved, name: &str) -> Option<BTreeMap<&'a str, String>> {
    let nodes: BTreeMap<&str, &Node> = resolved.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let start = resolved.packages.iter().find(|package| package.name == name)?;
    let names: BTreeMap<&str, &str> = resolved.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let (mut seen, mut ways) = (BTreeSet::from([start.id.as_str()]), BTreeMap::new());
    let mut left = vec![(start.id.as_str(), name.to_owned())];
    while let Some((id, way)) = left.pop() {
        for next in nodes.get(id).into_iter().flat_map(|node| &node.deps) {
            let ordinary = next.dep_kinds.iter().any(|kind| kind.kind.is_none());
            if let Some(name) = names.get(next.pkg.as_str()).filter(|_| ordinary && seen.insert(next.pkg.as_str())) {
                let way = format!("{way} → {name}");
                ways.entry(*name).or_insert_with(|| way.clone());
                left.push((next.pkg.as_str(), way));
            }
        }
    }
    Some(ways)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolved(kind: &str) -> Resolved {
        let kind = if kind.is_empty() { json!(null) } else { json!(kind) };
        let packages = json!([{"id": "1", "name": "light"}, {"id": "2", "name": "between"}, {"id": "3", "name": "lancedb"}]);
        let nodes = json!([
            {"id": "1", "deps": [{"pkg": "2", "dep_kinds": [{"kind": null}]}]},
            {"id": "2", "deps": [{"pkg": "3", "dep_kinds": [{"kind": kind}]}]},
            {"id": "3", "deps": []},
        ]);
        Resolved { packages: serde_json::from_value(packages).expect("packages"), nodes: serde_json::from_value(nodes).expect("nodes") }
    }

    #[test]
    fn what_comes_in_through_another_crate_is_found_with_its_way() {
        let found = resolved("");
        let ways = brought(&found, "light").expect("it is there");
        assert_eq!(ways["lancedb"], "light → between → lancedb");
    }

    #[test]
    fn what_only_tests_need_is_not_brought_along() {
        assert!(!brought(&resolved("dev"), "light").expect("it is there").contains_key("lancedb"));
    }

    #[test]
    fn a_name_that_is_nobodys_is_told() {
        assert_eq!(check(&resolved("")).len(), LIGHT.len() + ABOVE.len());
    }
}
