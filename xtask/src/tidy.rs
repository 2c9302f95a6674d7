//! What the compiler does not check: which crate may know which, how manifests are written, that crates have a front page,
//! that the book's links lead somewhere and that it knows every warning and error of the log.

mod book;
mod closure;
mod edges;
mod log;
mod manifests;
mod sources;

use crate::place;

/// Past this a file is named, as a question: what wants to move out?
const LONG_FILE: usize = 500;

/// Checks everything and says all that is wrong.
pub fn run() -> Result<(), String> {
    let findings = findings()?;
    for (path, lines) in sources::long_files(&place::metadata()?, LONG_FILE)? {
        println!("note: {path} has {lines} lines; what wants to move out?");
    }
    if findings.is_empty() {
        println!("tidy: nothing to say");
        return Ok(());
    }
    Err(format!("{}\ntidy: {} to put right", findings.join("\n"), findings.len()))
}

fn findings() -> Result<Vec<String>, String> {
    let metadata = place::metadata()?;
    let mut findings = edges::check(&metadata.packages);
    findings.extend(closure::check(&place::resolved()?));
    findings.extend(manifests::check(&metadata)?);
    findings.extend(sources::check(&metadata)?);
    findings.extend(book::check(&place::root())?);
    findings.extend(log::check(&metadata)?);
    Ok(findings)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_workspace_is_tidy() {
        let findings = super::findings().expect("the workspace can be read");
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
