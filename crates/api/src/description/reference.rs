//! The names that Open WebUI's own description gives to the operations which this server has too.
//!
//! Clients that were generated from that description call methods named by its operation ids, grouped by its tags. Ours uses
//! the same, so that a client regenerated from it keeps its names. The table holds every operation of version 0.12.4; `proxy_openai`
//! serves four methods under one id there, and has one for each method here.

use std::collections::HashMap;
use std::sync::LazyLock;

/// One line an operation: method, path, operation id and tag, separated by tabs. The tag may be empty.
const TABLE: &str = include_str!("reference.tsv");

/// An operation as the reference describes it.
#[derive(Debug, PartialEq)]
pub(super) struct Reference {
    /// The path with the reference's names for its parameters.
    pub(super) path: &'static str,
    pub(super) operation_id: &'static str,
    /// `None` where the reference groups the operation under no tag.
    pub(super) tag: Option<&'static str>,
}

/// By method, and then by the shape of the path.
static OPERATIONS: LazyLock<HashMap<&str, HashMap<String, Reference>>> = LazyLock::new(|| {
    let mut operations: HashMap<&str, HashMap<String, Reference>> = HashMap::new();
    for line in TABLE.lines() {
        let mut columns = line.split('\t');
        let (Some(method), Some(path), Some(operation_id)) = (columns.next(), columns.next(), columns.next()) else { continue };
        let tag = columns.next().filter(|tag| !tag.is_empty());
        operations.entry(method).or_default().insert(shape(path), Reference { path, operation_id, tag });
    }
    operations
});

/// The reference's operation with this method and a path of the same shape: parameters may have other names.
pub(super) fn operation(method: &str, path: &str) -> Option<&'static Reference> {
    OPERATIONS.get(method)?.get(&shape(path))
}

/// The reference's path of this shape, whatever its methods.
pub(super) fn path(path: &str) -> Option<&'static str> {
    let shape = shape(path);
    OPERATIONS.values().find_map(|operations| operations.get(&shape)).map(|operation| operation.path)
}

/// A path without the names of its parameters and without a slash at its end.
fn shape(path: &str) -> String {
    let mut shape = String::new();
    let mut rest = path.trim_end_matches('/');
    while let Some((before, after)) = rest.split_once('{') {
        shape.extend([before, "{}"]);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    shape + rest
}

/// The names of a path's parameters, in order.
pub(super) fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_whatever_its_parameters_are_called() {
        let found = operation("GET", "/api/v1/users/{id}").expect("the reference has it");
        assert_eq!(found.path, "/api/v1/users/{user_id}");
        assert_eq!((found.operation_id, found.tag), ("get_user_by_id_api_v1_users__user_id__get", Some("users")));
        assert_eq!(operation("GET", "/api/v1/transom/status"), None);
    }

    #[test]
    fn every_line_of_the_table_is_an_operation_of_its_own() {
        let operations: Vec<&Reference> = OPERATIONS.values().flat_map(HashMap::values).collect();
        assert_eq!(operations.len(), TABLE.lines().count());
        let ids: std::collections::BTreeSet<_> = operations.iter().map(|operation| operation.operation_id).collect();
        assert_eq!(ids.len(), operations.len());
    }
}
