//! One run: what stands where, and the rounds.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::Options;
use crate::report::Report;
use crate::sample::Processes;
use crate::scenarios::Scenario;
use crate::server::{self, Running, Setting, Transom};
use crate::target::Target;

/// What a scenario has to work with.
pub struct Bench {
    pub report: Report,
    /// The server's program.
    pub binary: PathBuf,
    /// Where the upstream listens.
    pub upstream: String,
    /// The upstream itself, what stands in front of it, and the other gateways.
    pub targets: Vec<Target>,
    /// Streams at once.
    pub streams: u32,
    /// From 0.
    pub round: u32,
    folder: TempDir,
}

/// What is called directly.
pub const DIRECT: &str = "direct";

/// What must not fail.
const OURS: [&str; 3] = [DIRECT, "nginx", "Transom"];

impl Bench {
    /// The targets in this round's order, so that none is always the first.
    pub fn in_turn(&self) -> Vec<Target> {
        let mut targets = self.targets.clone();
        let first = self.round as usize % targets.len();
        targets.rotate_left(first);
        targets
    }

    /// The server that the scenarios share, with an API key.
    pub fn transom(&self) -> Result<Target, String> {
        self.named("Transom").ok_or_else(|| "the server is not there".to_owned())
    }

    /// The upstream itself.
    pub fn direct(&self) -> Result<Target, String> {
        self.named(DIRECT).ok_or_else(|| "the upstream is not there".to_owned())
    }

    /// What a target did. That another gateway fails is a line below the table; that one of ours does ends the run.
    pub fn excuse<T>(&mut self, target: &str, done: Result<T, String>) -> Result<Option<T>, String> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(error) if OURS.contains(&target) => Err(error),
            Err(error) => {
                self.report.note(format!("Without a figure, because it failed: {error}"));
                Ok(None)
            }
        }
    }

    pub fn named(&self, name: &str) -> Option<Target> {
        self.targets.iter().find(|target| target.name == name).cloned()
    }

    /// A setting on a new folder.
    pub fn setting(&self, name: &str) -> Result<Setting, String> {
        let folder = self.folder.path().join(format!("{name}-{}", self.round));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        Ok(Setting::new(&self.binary, &folder, &self.upstream))
    }
}

/// Everything that runs while the scenarios do.
struct House {
    _upstream: Running,
    _nginx: Option<Running>,
    transom: Transom,
}

pub async fn run(options: Options) -> Result<(), String> {
    let (rounds, write) = (options.rounds, options.write || options.only.is_empty());
    let page = options.page.clone();
    let chosen: Vec<Scenario> = if options.only.is_empty() { Scenario::ALL.to_vec() } else { options.only.clone() };
    let (mut bench, house) = set_up(options).await?;
    for round in 0..rounds {
        bench.round = round;
        for scenario in &chosen {
            eprintln!("round {} of {rounds}: {scenario:?}", round + 1);
            scenario.measure(&mut bench).await?;
        }
    }
    house.transom.stop()?;
    print(&bench.report.markdown(rounds));
    if write { bench.report.write(&page, rounds) } else { Ok(()) }
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn print(table: &str) {
    println!("{table}");
}

async fn set_up(options: Options) -> Result<(Bench, House), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (upstream, address) = server::upstream(options.upstream_port)?;
    let mut report = Report::default();
    let direct = Target::at(DIRECT, &format!("http://{address}/v1"))?;
    let nginx = server::nginx(folder.path(), &address).await?;
    if nginx.is_none() {
        report.note("nginx is not installed, so its column is missing.".to_owned());
    }
    let transom = Transom::start(&Setting::new(&options.server, folder.path(), &address)).await?;
    let session = transom.sign_up().await?;
    let key = transom.key(&session).await?;
    let (nginx, before) = nginx.unzip();
    let mut targets: Vec<Target> = [direct].into_iter().chain(before).chain([key]).collect();
    for (name, url) in &options.peer {
        let mut peer = Target::at(name, url)?;
        peer.key = options.peer_key.iter().find(|(named, _)| named == name).map(|(_, key)| key.clone());
        let processes = Processes::listening_on(&peer.authority);
        targets.push(peer.with_processes(processes));
    }
    let bench = Bench { report, binary: options.server, upstream: address, targets, streams: options.streams, round: 0, folder };
    Ok((bench, House { _upstream: upstream, _nginx: nginx, transom }))
}
