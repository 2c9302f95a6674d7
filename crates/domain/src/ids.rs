//! Ids: opaque texts, one type each, so that a file's id cannot be passed for a user's.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new id: a random UUID (version 4), as text.
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4().to_string())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// An account.
    UserId
);
id!(
    /// Whoever works on background jobs: one worker of one run of the server.
    WorkerId
);
id!(
    /// A group of accounts.
    GroupId
);
id!(
    /// An uploaded file.
    FileId
);
id!(
    /// A knowledge collection.
    KnowledgeId
);
id!(
    /// A model as clients name it: `gpt-4-turbo`, `llama3.2:latest`, or a preset's own id.
    ModelId
);
id!(
    /// A function that an administrator wrote, or that the server brings along.
    FunctionId
);
id!(
    /// What a function was at one time.
    VersionId
);
id!(
    /// One configured upstream.
    ConnectionId
);
id!(
    /// A unit of background work.
    JobId
);
