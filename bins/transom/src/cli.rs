//! The command line. Settings are environment variables; the few flags go before them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// One server that speaks Open WebUI's HTTP API: every model behind one credential, your documents in every answer.
#[derive(Debug, Parser)]
#[command(name = "transom", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the server
    #[command(after_help = transom_config::as_text())]
    Serve(Serve),
    /// Makes the data folder and the database, and starts nothing
    Init(Init),
    /// Makes, lists and changes accounts from the shell
    User(User),
    /// Shows and resets settings that an administrator changed while a server ran
    Settings(Settings),
    /// Looks at the data folder and says what is wrong with it
    Doctor(Doctor),
    /// Prints the description of the HTTP API, in OpenAPI 3, and starts nothing
    Openapi,
    /// Internal: reads documents for the server that started it, and can do nothing else
    ///
    /// The server starts as many of these as it processes files at once, and talks to them through standard input.
    /// Before one takes a document, it gives up files, network and most memory. It ends with the server.
    #[command(hide = true)]
    Extract,
    /// Confines itself and becomes a function's process, for the server itself
    ///
    /// The server starts one of these for each function in Python. It gives up files and privileges, and then runs Python in its place.
    #[command(hide = true)]
    Confine {
        /// What it may do, as the server writes it
        confinement: String,
    },
}

/// `transom serve`.
#[derive(Args, Debug)]
pub struct Serve {
    /// Address to listen on; goes before HOST
    #[arg(long)]
    pub host: Option<String>,
    /// Port to listen on; goes before PORT
    #[arg(long)]
    pub port: Option<String>,
    #[command(flatten)]
    folder: Folder,
}

/// `transom init`.
#[derive(Args, Debug)]
pub struct Init {
    #[command(flatten)]
    folder: Folder,
}

/// `transom settings`.
#[derive(Args, Debug)]
pub struct Settings {
    #[command(flatten)]
    folder: Folder,
    /// What to do.
    #[command(subcommand)]
    pub action: SettingsAction,
}

/// What can be done with settings that were changed while a server ran.
#[derive(Debug, Subcommand)]
pub enum SettingsAction {
    /// Lists them: variable, its value now, and what the server would start with otherwise
    List,
    /// Forgets them, so that the variables hold again from the next start on
    Reset {
        /// The variable of the one to forget; without it, all of them
        name: Option<String>,
    },
}

/// `transom user`.
#[derive(Args, Debug)]
pub struct User {
    #[command(flatten)]
    folder: Folder,
    /// What to do.
    #[command(subcommand)]
    pub action: UserAction,
}

/// What can be done with accounts. Passwords are read from standard input, so that no shell keeps them.
#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// Makes an account; its password is the first line of standard input
    Create {
        /// Its e-mail address
        email: String,
        /// Its name; unset, the e-mail address's beginning
        #[arg(long)]
        name: Option<String>,
        /// Its role
        #[arg(long, value_enum, default_value = "user")]
        role: RoleName,
    },
    /// Lists accounts: e-mail address, role, name
    List,
    /// Changes an account's role and ends its sessions
    Role {
        /// Its e-mail address
        email: String,
        /// Its new role
        role: RoleName,
    },
    /// Sets an account's password, the first line of standard input, and ends its sessions
    Password {
        /// Its e-mail address
        email: String,
    },
}

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// May do everything.
    Admin,
    /// May use the server.
    User,
    /// Waits for an administrator.
    Pending,
}

/// `transom doctor`. Run it while the server is stopped.
#[derive(Args, Debug)]
pub struct Doctor {
    #[command(flatten)]
    folder: Folder,
    /// Make every vector anew with the present embedding model
    #[arg(long)]
    pub reindex: bool,
    /// Put right what can be put right: remove what belongs to no file, and embed files again whose vectors are missing
    #[arg(long)]
    pub fix: bool,
    /// With --fix, remove what belongs to no file also where not one stored object belongs to a file of this database
    #[arg(long, requires = "fix")]
    pub remove_orphans: bool,
}

#[derive(Args, Debug)]
struct Folder {
    /// The data folder; goes before DATA_DIR
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

impl Command {
    /// The variables that flags go before.
    pub(crate) fn overrides(&self) -> Vec<(String, String)> {
        let (folder, more) = match self {
            Self::Extract | Self::Confine { .. } | Self::Openapi => return Vec::new(),
            Self::Serve(serve) => (&serve.folder, vec![("HOST", serve.host.clone()), ("PORT", serve.port.clone())]),
            Self::Init(init) => (&init.folder, vec![]),
            Self::User(user) => (&user.folder, vec![]),
            Self::Settings(settings) => (&settings.folder, vec![]),
            Self::Doctor(doctor) => (&doctor.folder, vec![]),
        };
        let folder = ("DATA_DIR", folder.data_dir.as_ref().map(|path| path.to_string_lossy().into_owned()));
        more.into_iter().chain([folder]).filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serves_help_lists_every_variable() {
        let mut command = Cli::command();
        let help = command.find_subcommand_mut("serve").map(|serve| serve.render_help().to_string()).unwrap_or_default();
        for variable in transom_config::VARIABLES {
            assert!(help.contains(variable.name), "{}", variable.name);
        }
    }

    #[test]
    fn flags_go_before_variables() {
        let cli = Cli::try_parse_from(["transom", "serve", "--port", "8080", "--data-dir", "/srv/transom"]).expect("it parses");
        assert_eq!(cli.command.overrides(), [("PORT".to_owned(), "8080".to_owned()), ("DATA_DIR".to_owned(), "/srv/transom".to_owned())]);
    }
}
