//! The book's page of settings says what the code says. `UPDATE_BOOK=1 cargo test -p transom-config` writes it anew.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

const MARK: &str = "<!-- From here on written by `UPDATE_BOOK=1 cargo test -p transom-config`. -->\n";

#[test]
fn the_books_page_of_settings_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/configuration.md");
    let page = fs::read_to_string(&path).unwrap();
    let (words, tables) = page.split_once(MARK).expect("the page has its mark");
    let expected = format!("\n{}\n", transom_config::as_markdown().trim());
    if std::env::var_os("UPDATE_BOOK").is_some() {
        fs::write(&path, format!("{words}{MARK}{expected}")).unwrap();
        return;
    }
    assert!(tables == expected, "docs/src/configuration.md is out of date: run UPDATE_BOOK=1 cargo test -p transom-config");
}
