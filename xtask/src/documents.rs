//! What documents cost: time to the answer, time until they can be asked, where the time goes, and memory at peak.
//!
//! Each case has a server and a data folder of its own. Times of the stages are the server's own, from its log. Memory is read from
//! the system several times a second: the server's resident memory at its peak, and that of its children, which read the documents.

mod made;
mod server;
mod table;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use server::{Server, Uploader};
use table::{Row, Stages};

use crate::{place, run};

/// What can be chosen.
#[derive(clap::Args)]
pub struct Options {
    /// Use a release build of the server
    #[arg(long)]
    release: bool,
    /// Measure this server in place of one built from here
    #[arg(long, conflicts_with = "release")]
    server: Option<PathBuf>,
    /// Measure these cases alone; the page is then left as it is
    #[arg(long, value_enum)]
    only: Vec<Case>,
    /// A hundredth of everything, to see that it works; the page is left as it is
    #[arg(long)]
    trial: bool,
    /// The page whose table is replaced
    #[arg(long, default_value = "docs/src/documents.md")]
    page: PathBuf,
}

/// What is uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Case {
    /// 10 MB of plain text in one file
    Text,
    /// A thousand files of 2 kB
    Small,
    /// A PDF of 500 pages
    Pdf,
    /// Ten files of 500 MB at once
    Large,
}

const CASES: [Case; 4] = [Case::Text, Case::Small, Case::Pdf, Case::Large];

/// Files and bytes of a case, for its row.
struct Load {
    name: &'static str,
    files: Vec<PathBuf>,
    /// How many are on their way at a time.
    at_once: usize,
}

/// Measures, prints, and writes the table into the page.
pub fn run(options: &Options) -> Result<(), String> {
    let binary = run::server(options.release, options.server.as_deref())?;
    let cases: Vec<Case> = CASES.into_iter().filter(|case| options.only.is_empty() || options.only.contains(case)).collect();
    let mut rows = Vec::new();
    for case in cases {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let load = load(case, folder.path(), if options.trial { 100 } else { 1 }).map_err(|error| error.to_string())?;
        let row = measure(&binary, &load, folder.path(), options.trial)?;
        println!("{}", row.line());
        rows.push(row);
    }
    let text = table::markdown(&rows);
    println!("\n{text}");
    if options.only.is_empty() && !options.trial { table::write(&place::root().join(&options.page), &text) } else { Ok(()) }
}

/// The files of a case, made one in `part` as large.
fn load(case: Case, folder: &Path, part: usize) -> std::io::Result<Load> {
    let file = |name: &str| folder.join(name);
    Ok(match case {
        Case::Text => {
            made::text(&file("text.txt"), 10_000_000 / part)?;
            Load { name: "10 MB of plain text", files: vec![file("text.txt")], at_once: 1 }
        }
        Case::Small => {
            let files: Vec<PathBuf> = (0..1000 / part).map(|n| file(&format!("small-{n}.txt"))).collect();
            for (n, path) in files.iter().enumerate() {
                made::text_from(path, n, 2000)?;
            }
            Load { name: "1,000 files of 2 kB", files, at_once: 4 }
        }
        Case::Pdf => {
            made::pdf(&file("pages.pdf"), 500 / part)?;
            Load { name: "a PDF of 500 pages", files: vec![file("pages.pdf")], at_once: 1 }
        }
        Case::Large => {
            made::repeated(&file("large.txt"), 500_000_000 / part)?;
            Load { name: "ten files of 500 MB at once", files: vec![file("large.txt"); 10], at_once: 10 }
        }
    })
}

fn measure(binary: &Path, load: &Load, folder: &Path, trial: bool) -> Result<Row, String> {
    let server = Server::start(binary, folder, trial)?;
    let uploader = server.sign_up()?;
    server.forget_peaks();
    let begin = Instant::now();
    let (ids, mut times) = upload_all(&uploader, load)?;
    let uploaded = begin.elapsed();
    let ends = uploader.wait_for(&ids, Duration::from_secs(3600))?;
    let ended = begin.elapsed();
    let (memory, log) = server.stop()?;
    times.sort();
    Ok(Row {
        name: load.name,
        answered: times[times.len() / 2],
        slowest: times[times.len() - 1],
        uploaded,
        ended,
        ends,
        stages: Stages::read(&log),
        memory,
    })
}

/// Uploads everything, several at a time; the ids in their order, and how long each answer took.
fn upload_all(uploader: &Uploader, load: &Load) -> Result<(Vec<String>, Vec<Duration>), String> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let one_after_the_other = || {
        let mut done = Vec::new();
        while let Some(path) = load.files.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            let begin = Instant::now();
            done.push((uploader.upload(path)?, begin.elapsed()));
        }
        Ok::<_, String>(done)
    };
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..load.at_once).map(|_| scope.spawn(one_after_the_other)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| "an uploading thread panicked".to_owned())?)
            .collect::<Result<Vec<_>, String>>()
    })?;
    Ok(done.into_iter().flatten().unzip())
}
