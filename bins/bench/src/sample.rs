//! What processes cost, read from `/proc`.

use std::fs;
use std::path::Path;

/// A process and its descendants, looked up anew at each reading.
#[derive(Clone, Copy, Debug)]
pub struct Processes(pub u32);

/// One reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Time on a processor, in nanoseconds, of the threads that live.
    pub cpu: u64,
    /// Resident memory, in KiB.
    pub resident: u64,
    /// Its part that no file backs.
    pub anonymous: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Processes {
    /// Whoever listens on this port of the loopback, where we may look.
    pub fn listening_on(authority: &str) -> Option<Self> {
        let port: u16 = authority.rsplit_once(':')?.1.parse().ok()?;
        let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .into_iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .flat_map(|table| {
                let listening = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|fields| {
                    fields.get(3) == Some(&"0A") && fields.get(1).is_some_and(|local| local.ends_with(&format!(":{port:04X}")))
                });
                listening.filter_map(|fields| Some(format!("socket:[{}]", fields.get(9)?))).collect::<Vec<_>>()
            })
            .collect();
        let holds = |id: &u32| {
            let descriptors = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
            descriptors.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|to| sockets.iter().any(|socket| to == Path::new(socket)))
        };
        // A parent has a smaller number than its children, who share the socket.
        let mut all = processes();
        all.sort_unstable();
        all.into_iter().find(holds).map(Self)
    }

    pub fn read(self) -> Reading {
        let mut sum = Reading::default();
        for id in self.family() {
            let one = read(id);
            sum.cpu += one.cpu;
            sum.resident += one.resident;
            sum.anonymous += one.anonymous;
            sum.descriptors += one.descriptors;
        }
        sum
    }

    /// Itself and all that descend from it.
    fn family(self) -> Vec<u32> {
        let parents: Vec<(u32, u32)> = processes().into_iter().filter_map(|id| Some((id, parent(id)?))).collect();
        let mut family = vec![self.0];
        let mut looked_at = 0;
        while let Some(of) = family.get(looked_at).copied() {
            family.extend(parents.iter().filter(|(_, parent)| *parent == of).map(|(id, _)| *id));
            looked_at += 1;
        }
        family
    }
}

fn processes() -> Vec<u32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn parent(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn read(id: u32) -> Reading {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let on_processor = |entry: fs::DirEntry| {
        let times = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        times.split_whitespace().next()?.parse::<u64>().ok()
    };
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    Reading {
        cpu: tasks.filter_map(on_processor).sum(),
        resident: field("VmRSS:"),
        anonymous: field("RssAnon:"),
        descriptors: fs::read_dir(format!("/proc/{id}/fd")).map_or(0, |entries| entries.count() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_process_is_read() {
        let reading = Processes(std::process::id()).read();
        assert!(reading.cpu > 0 && reading.resident > 0 && reading.descriptors > 2, "{reading:?}");
    }

    #[test]
    fn a_listener_is_found_by_its_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        assert!(Processes::listening_on(&address).is_some());
    }
}
