//! How many processes a child has become.

use std::io;

/// What a child and everything that it started take together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processes besides the child itself, those that ended and that nobody asked about among them.
    pub processes: usize,
    /// Memory that is theirs alone, in bytes, without what they share.
    pub memory: u64,
}

/// What process `id` and those that it started take. Counting ends soon after `most`, so that it stays cheap where there are many.
/// Processes whose parent ended are found too, where `id` was started by a [`Confinement`](crate::Confinement), which has them
/// handed on to it.
///
/// # Errors
/// Where the system keeps no such list.
pub fn group_usage(id: u32, most: usize) -> io::Result<Usage> {
    let mut usage = Usage { processes: 0, memory: memory_of(id) };
    let mut left = children(id)?;
    while let Some(id) = left.pop() {
        usage.processes += 1;
        usage.memory += memory_of(id);
        if usage.processes > most {
            break;
        }
        // One that has ended meanwhile has no children.
        left.extend(children(id).unwrap_or_default());
    }
    Ok(usage)
}

fn children(id: u32) -> io::Result<Vec<u32>> {
    // A kernel that keeps no lists is noticed here; threads may end meanwhile.
    let mut lists = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    for thread in std::fs::read_dir(format!("/proc/{id}/task"))?.flatten() {
        if thread.file_name().to_str() != Some(&id.to_string()) {
            lists.push_str(&std::fs::read_to_string(thread.path().join("children")).unwrap_or_default());
        }
    }
    Ok(lists.split_whitespace().filter_map(|id| id.parse().ok()).collect())
}

/// Memory that is a process's alone; 0 for one that has ended.
fn memory_of(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Processes and threads of this process's account, as the kernel counts them against its limit.
pub(crate) fn of_this_account() -> io::Result<u64> {
    let own = rustix::process::getuid().as_raw().to_string();
    let mut count = 0;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        if !entry.file_name().to_string_lossy().bytes().all(|digit| digit.is_ascii_digit()) {
            continue;
        }
        let Ok(status) = std::fs::read_to_string(entry.path().join("status")) else { continue };
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).and_then(|rest| rest.split_whitespace().next());
        if field("Uid:") == Some(own.as_str()) {
            count += field("Threads:").and_then(|threads| threads.parse::<u64>().ok()).unwrap_or(1);
        }
    }
    Ok(count)
}
