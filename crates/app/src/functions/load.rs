//! Code from an address.

use transom_domain::Caller;

use super::Functions;
use crate::Error;
use crate::accounts::admin_only;

/// Code as it was found.
pub struct Loaded {
    /// What its address calls it.
    pub name: String,
    /// The code.
    pub content: String,
}

impl Functions {
    /// Fetches code from an address, for an administrator to look at; nothing is kept. Pages of GitHub stand for the files they show.
    pub async fn load(&self, caller: &Caller, url: &str) -> Result<Loaded, Error> {
        admin_only(caller)?;
        self.runtime()?;
        let Some(fetcher) = &self.fetcher else {
            return Err(Error::Invalid("this server fetches nothing from addresses".to_owned()));
        };
        let url = raw_url(url);
        let document = fetcher.fetch(&url).await.map_err(|error| Error::Invalid(error.to_string()))?;
        let content = String::from_utf8(document.bytes.to_vec()).map_err(|_| Error::Invalid("what is there is no text".to_owned()))?;
        if content.trim().is_empty() {
            return Err(Error::Invalid("there is nothing at this address".to_owned()));
        }
        Ok(Loaded { name: name_of(&url), content })
    }
}

/// The file behind a page of GitHub: of a folder, its `main.py`.
fn raw_url(url: &str) -> String {
    let parts = url.strip_prefix("https://github.com/").map(|rest| rest.splitn(5, '/').collect::<Vec<_>>());
    match parts.as_deref() {
        Some([owner, repository, "blob", branch, path]) => raw(owner, repository, branch, path),
        Some([owner, repository, "tree", branch, path]) => {
            raw(owner, repository, branch, &format!("{}/main.py", path.trim_end_matches('/')))
        }
        _ => url.to_owned(),
    }
}

fn raw(owner: &str, repository: &str, branch: &str, path: &str) -> String {
    format!("https://raw.githubusercontent.com/{owner}/{repository}/refs/heads/{branch}/{path}")
}

/// The file's name without its ending; the folder's where the file is called as every folder's main file is.
fn name_of(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let mut parts = path.rsplit('/');
    let (file, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match file.strip_suffix(".py") {
        Some(name) if !["main", "index", "__init__"].contains(&name) => name.to_owned(),
        _ if !folder.is_empty() => folder.to_owned(),
        _ => "function".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_github_stand_for_their_files() {
        let raw = "https://raw.githubusercontent.com/o/r/refs/heads/main/a/b.py";
        assert_eq!(raw_url("https://github.com/o/r/blob/main/a/b.py"), raw);
        assert_eq!(raw_url("https://github.com/o/r/tree/main/a/"), raw.replace("b.py", "main.py"));
        assert_eq!(raw_url("https://example.com/o/r/blob/main/x.py"), "https://example.com/o/r/blob/main/x.py");
    }

    #[test]
    fn a_name_is_the_files_or_its_folders() {
        assert_eq!(name_of("https://x.test/a/echo.py?raw=1"), "echo");
        assert_eq!(name_of("https://x.test/echo/main.py"), "echo");
        assert_eq!(name_of("https://x.test/echo/"), "x.test");
    }
}
