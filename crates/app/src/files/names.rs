//! Names of files as clients send them.

/// Characters of a name that are kept; file systems of those who download it allow 255 bytes.
const LONGEST: usize = 200;

/// The last part of a path of any system, without control characters; `None` where nothing is left.
///
/// ```
/// use transom_app::files::base_name;
/// assert_eq!(base_name("../../evil.txt").as_deref(), Some("evil.txt"));
/// assert_eq!(base_name(r"C:\Users\me\notes.md").as_deref(), Some("notes.md"));
/// assert_eq!(base_name("../.."), None);
/// ```
pub fn base_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control()).collect();
    let kept = kept.trim();
    if kept.is_empty() || kept == "." || kept == ".." {
        return None;
    }
    if kept.chars().count() <= LONGEST {
        return Some(kept.to_owned());
    }
    // The extension says how to read it, so it stays.
    let extension: String = extension(kept).filter(|e| e.len() <= 16).map(|e| format!(".{e}")).unwrap_or_default();
    let stem: String = kept.chars().take(LONGEST - extension.len()).collect();
    Some(format!("{stem}{extension}"))
}

/// The extension in lower case, without the dot.
pub(super) fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_folders_and_control_characters() {
        assert_eq!(base_name("/etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(base_name("a\r\nb\0.txt").as_deref(), Some("ab.txt"));
        assert_eq!(base_name("..\\..\\x.txt").as_deref(), Some("x.txt"));
        assert_eq!(base_name("folder/"), None);
        assert_eq!(base_name(".."), None);
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = base_name(&format!("{}.pdf", "é".repeat(500))).expect("a name");
        assert_eq!(name.chars().count(), LONGEST);
        assert!(name.ends_with("é.pdf"));
    }

    #[test]
    fn an_extension_is_what_follows_the_last_dot() {
        assert_eq!(extension("a.tar.GZ").as_deref(), Some("gz"));
        assert_eq!(extension(".bashrc"), None);
        assert_eq!(extension("README"), None);
    }
}
