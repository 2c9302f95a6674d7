//! What functions were before, and going back to it.

use transom_domain::{Caller, FunctionId, FunctionRecord, FunctionVersion, User, VersionId};

use super::{Functions, missing};
use crate::Error;

/// How many versions a page has.
const PAGE: u64 = 20;

/// A version with who made it.
pub struct VersionView {
    /// The version.
    pub version: FunctionVersion,
    /// The account that made it, where it is still there.
    pub user: Option<User>,
}

/// Two versions, and what differs between their codes.
pub struct VersionDiff {
    /// The one.
    pub from: FunctionVersion,
    /// The other.
    pub to: FunctionVersion,
    /// The lines that differ: `-` in front of those of the one, `+` of the other, a space of both.
    pub lines: Vec<String>,
}

impl Functions {
    /// A page of a function's versions, from 1, latest first.
    pub async fn history(&self, caller: &Caller, id: &FunctionId, page: u64) -> Result<Vec<VersionView>, Error> {
        self.stored(caller, id).await?;
        let skip = page.saturating_sub(1).saturating_mul(PAGE);
        let versions = self.store.function_versions(caller, id, skip, PAGE).await?.ok_or_else(|| missing(id))?;
        let ids: Vec<_> = versions.iter().filter_map(|version| version.user_id.clone()).collect();
        let users = self.store.users_by_id(&ids).await?;
        let made = |version: &FunctionVersion| users.iter().find(|user| Some(&user.id) == version.user_id.as_ref()).cloned();
        Ok(versions.into_iter().map(|version| VersionView { user: made(&version), version }).collect())
    }

    /// One version.
    pub async fn version(&self, caller: &Caller, id: &FunctionId, version: &VersionId) -> Result<VersionView, Error> {
        self.stored(caller, id).await?;
        let version = self.store.function_version(caller, id, version).await?.ok_or_else(no_version)?;
        let user = match &version.user_id {
            Some(id) => self.store.user(id).await?,
            None => None,
        };
        Ok(VersionView { version, user })
    }

    /// What differs between two versions.
    pub async fn compare(&self, caller: &Caller, id: &FunctionId, from: &VersionId, to: &VersionId) -> Result<VersionDiff, Error> {
        let from = self.version(caller, id, from).await?.version;
        let to = self.version(caller, id, to).await?.version;
        let lines = differences(&from.snapshot.content, &to.snapshot.content);
        Ok(VersionDiff { from, to, lines })
    }

    /// Makes a function what it was at a version. Its code is loaded first, as at every change.
    pub async fn restore(&self, caller: &Caller, id: &FunctionId, version: &VersionId) -> Result<FunctionRecord, Error> {
        let kept = self.version(caller, id, version).await?.version;
        let (about, loaded) = self.about_of(id, &kept.snapshot.content).await?;
        let stored = self.store.restore_function(caller, id, version, about).await?.ok_or_else(no_version)?;
        self.changed(id, Some(loaded)).await?;
        Ok(stored.record)
    }

    /// Deletes a version; not the one that the function is at.
    pub async fn delete_version(&self, caller: &Caller, id: &FunctionId, version: &VersionId) -> Result<(), Error> {
        let stored = self.stored(caller, id).await?;
        if stored.record.version_id.as_ref() == Some(version) {
            return Err(Error::Invalid("the function is at this version; go to another one first".to_owned()));
        }
        if self.store.delete_function_version(caller, id, version).await? { Ok(()) } else { Err(no_version()) }
    }
}

fn no_version() -> Error {
    Error::NotFound("the function has no such version".to_owned())
}

/// Line by line: equal ends stay, and what is between them goes and comes.
fn differences(from: &str, to: &str) -> Vec<String> {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    if from == to {
        return Vec::new();
    }
    let head = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let tail = from[head..].iter().rev().zip(to[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let marked = |mark: char, lines: &[&str]| lines.iter().map(|line| format!("{mark}{line}")).collect::<Vec<_>>();
    [
        marked(' ', &from[..head]),
        marked('-', &from[head..from.len() - tail]),
        marked('+', &to[head..to.len() - tail]),
        marked(' ', &from[from.len() - tail..]),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_what_is_between_equal_ends() {
        assert_eq!(differences("a\nb\nc", "a\nx\ny\nc"), [" a", "-b", "+x", "+y", " c"]);
        assert_eq!(differences("a\na", "a"), [" a", "-a"]);
        assert_eq!(differences("", "a"), ["+a"]);
        assert!(differences("a\n", "a").is_empty());
    }
}
