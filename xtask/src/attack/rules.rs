//! Who may see and do what: the whole table that the access matrix is judged by.

use super::description::Operation;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Nobody,
    Pending,
    StrangerByToken,
    StrangerByKey,
    Reader,
    Writer,
    FormerReader,
    FormerWriter,
    Admin,
}

impl Who {
    /// All but nobody.
    pub const WITH_ACCOUNT: [Self; 8] = [
        Self::Pending,
        Self::StrangerByToken,
        Self::StrangerByKey,
        Self::Reader,
        Self::Writer,
        Self::FormerReader,
        Self::FormerWriter,
        Self::Admin,
    ];

    /// Those who may change nothing of the victim's.
    pub const WITHOUT_WRITE: [Self; 7] =
        [Self::Nobody, Self::Pending, Self::StrangerByToken, Self::StrangerByKey, Self::Reader, Self::FormerReader, Self::FormerWriter];
}

/// Whose secret a canary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// No answer may hold it.
    Nobodys,
    /// The victim's own; administrators see everything but keys.
    Victims,
    /// The victim shares it with a reader and a writer.
    Shared,
    /// Functions and groups are the administrators'.
    Administrators,
}

/// A text that occurs once, and tells where an answer got it from.
#[derive(Clone, Debug)]
pub struct Canary {
    pub text: String,
    pub secret: Secret,
}

impl Canary {
    pub fn new(text: &str, secret: Secret) -> Self {
        Self { text: text.to_owned(), secret }
    }

    /// Whether an answer to this caller may hold it.
    pub fn may_be_seen_by(&self, who: Who) -> bool {
        match self.secret {
            Secret::Nobodys => false,
            Secret::Victims | Secret::Administrators => who == Who::Admin,
            Secret::Shared => matches!(who, Who::Reader | Who::Writer | Who::Admin),
        }
    }
}

/// What a pending account may call: it sees itself, and can leave.
const PENDING_MAY: [(&str, &str); 3] =
    [("GET", "/api/v1/auths/"), ("POST", "/api/v1/auths/update/password"), ("POST", "/api/v1/auths/update/profile")];

/// Calls after which a caller's own credential may be over.
const ENDING: [&str; 4] = ["/api/v1/auths/signout", "/api/v1/auths/api_key", "/api/v1/auths/update/password", "/sessions/revoke"];

/// Whether a caller of this kind must be refused whatever it sends.
pub fn is_shut(operation: &Operation, who: Who) -> bool {
    let listed = || PENDING_MAY.contains(&(operation.method.as_str(), operation.path.as_str()));
    match who {
        Who::Nobody => !operation.is_public,
        Who::Pending => !operation.is_public && !listed(),
        _ => false,
    }
}

/// Whether the call may end the caller's own credential.
pub fn ends_credentials(operation: &Operation) -> bool {
    operation.changes() && ENDING.iter().any(|ending| operation.path.contains(ending))
}

/// Whether an administrator's call takes from the others what they are tried with, and so comes last.
pub fn is_sweeping(operation: &Operation) -> bool {
    let path = &operation.path;
    operation.method == "DELETE"
        || ["/reset", "/sync", "/import", "/config", "/embedding/update", "/permissions", "/delete"].iter().any(|part| path.contains(part))
        || ends_credentials(operation)
}
