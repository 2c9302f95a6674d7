//! What child processes are kept from: files, system calls, privileges, and how many processes they may be.
//!
//! Two parts of the server run code that nobody vouches for: parsers of foreign documents, and functions that administrators
//! install. Both start a child process that gives up what it does not need before that code runs. The steps are here:
//!
//! * [`limit`], [`limit_memory`]: resource limits of the calling process.
//! * [`restrict_files`]: Landlock. Afterwards only the given paths can be opened; without any path, no file and no connection.
//! * [`Calls`]: a seccomp filter, as a list of what is allowed or of what is refused.
//! * [`drop_privileges`]: no capabilities, and none to be gained by starting a program.
//! * [`group_usage`]: how many processes a child has become, and how much memory they hold.
//! * [`hide_memory`]: what the server does for itself, so that its children cannot read it.
//!
//! [`Confinement`] puts them together for a child that is another program. The server starts itself with a sub-command that calls
//! [`run`], which confines its own process and then becomes that program:
//!
//! ```no_run
//! use transom_confine::Confinement;
//!
//! # fn main() -> std::io::Result<()> {
//! let confinement = Confinement { program: "/usr/bin/python3".into(), write: vec!["/srv/own".into()], ..Confinement::default() };
//! let mut command = std::process::Command::new("/proc/self/exe");
//! command.arg("confine").arg(confinement.argument()?);
//! # Ok(())
//! # }
//! ```
//!
//! Everything here is Linux's. On other systems a child has its resource limits and nothing else; [`Protection::of_this_system`]
//! says what holds where.

mod launch;
mod limits;
mod paths;
mod processes;
#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod system;

pub use launch::{Confinement, run};
pub use limits::{hide_memory, limit, limit_memory};
pub use paths::SYSTEM;
pub use processes::{Usage, group_usage};
pub use rustix::process::Resource;
#[cfg(target_os = "linux")]
pub use system::{Calls, Is};
pub use system::{drop_privileges, restrict_files};

/// What the system can keep a child from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// The version of Landlock's interface; 0 where the kernel has none, or has it switched off.
    pub landlock: u32,
    /// System calls can be filtered.
    pub calls: bool,
}

impl Protection {
    /// Asks the running system.
    pub fn of_this_system() -> Self {
        Self { landlock: system::landlock_version(), calls: system::FILTERS_CALLS }
    }

    /// What is missing, in words; nothing where everything is there.
    pub fn missing(&self) -> Vec<&'static str> {
        let files = match self.landlock {
            0 => Some("Landlock (any file of the server's account can be read and written)"),
            1..6 => Some("Landlock's rule for signals (Linux 6.12)"),
            _ => None,
        };
        let calls = (!self.calls).then_some("a filter of system calls");
        files.into_iter().chain(calls).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_in_words() {
        assert!(Protection { landlock: 6, calls: true }.missing().is_empty());
        assert_eq!(Protection { landlock: 0, calls: false }.missing().len(), 2);
        assert!(Protection { landlock: 3, calls: true }.missing()[0].contains("signals"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn asking_the_system_confines_nobody() {
        Protection::of_this_system();
        assert!(std::fs::read_dir("/").is_ok());
    }
}
