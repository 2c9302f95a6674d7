//! Which paths a program of this machine needs, and how to leave some out of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What programs read of the system: themselves, their libraries, names and addresses, certificates, time zones. No folder of
/// users, no state of services, and of `/etc` only what holds no secret.
pub const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/timezone",
    // Where the file of name servers is a link to, and is replaced while programs run.
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/systemd/resolve",
    // The process itself, and what is known of the machine. Other processes are not in it.
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys",
    "/proc/uptime",
    "/proc/version",
    "/sys/devices/system",
];

/// What lies below those and is nobody's business: private keys, and settings of programs that an administrator installed.
const NEVER: &[&str] = &[
    "/etc/ssl/private",
    "/etc/pki/CA/private",
    "/etc/pki/private",
    "/etc/pki/tls/private",
    "/usr/home",
    "/usr/local/etc",
    "/usr/local/var",
];

/// Devices that hold nothing.
pub(crate) const DEVICES: &[&str] = &["/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];

/// The paths that may be read, where those that are `hidden` may not: a folder above a hidden one is replaced by what else is in it.
/// A path that is missing is left out, and so are links on the way, whose targets are somewhere else.
pub(crate) fn readable(wanted: &[PathBuf], hidden: &[PathBuf]) -> BTreeSet<PathBuf> {
    let never = NEVER.iter().map(PathBuf::from);
    let hidden: Vec<PathBuf> = hidden.iter().cloned().chain(never).filter_map(|path| path.canonicalize().ok()).collect();
    let mut found = BTreeSet::new();
    for path in wanted.iter().filter_map(|path| path.canonicalize().ok()) {
        without(&path, &hidden, &mut found);
    }
    found
}

fn without(path: &Path, hidden: &[PathBuf], found: &mut BTreeSet<PathBuf>) {
    if hidden.iter().any(|hidden| hidden == path) {
        return;
    }
    if !hidden.iter().any(|hidden| hidden.starts_with(path)) {
        found.insert(path.to_owned());
        return;
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            without(&entry.path(), hidden, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_folder_above_a_hidden_one_is_replaced_by_its_other_entries() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        for name in ["lib", "app/code", "app/data/uploads"] {
            std::fs::create_dir_all(root.join(name)).expect("a folder");
        }
        symlink(root.join("app/data"), root.join("lib-of-data")).expect("a link");
        std::fs::write(root.join("app/data/secret"), "x").expect("a file");
        let below = |names: &[&str]| names.iter().map(|name| root.join(name)).collect::<BTreeSet<_>>();

        assert_eq!(readable(std::slice::from_ref(&root), &[root.join("app/data")]), below(&["lib", "app/code"]));
        assert_eq!(readable(std::slice::from_ref(&root), &[root.join("app/data/secret")]), below(&["lib", "app/code", "app/data/uploads"]));
        assert!(readable(&[root.join("app/data")], &[root.join("app/data")]).is_empty());
        // What somebody asks for by its own name inside a hidden folder is theirs.
        assert_eq!(readable(&[root.join("app/data/uploads")], &[root.join("app/data")]), below(&["app/data/uploads"]));
        assert!(readable(&[root.join("missing")], &[]).is_empty());
    }

    #[test]
    fn nothing_of_the_system_list_shows_a_private_key_or_another_process() {
        let wanted: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
        let found = readable(&wanted, &[]);
        for secret in ["/etc/ssl/private", "/etc/shadow", "/root", "/home", "/proc/1", "/run"] {
            assert!(!found.iter().any(|path| Path::new(secret).starts_with(path)), "{secret}");
        }
    }
}
